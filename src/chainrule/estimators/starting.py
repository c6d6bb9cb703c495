"""Where training starts: drawn weights, weights the user gives, or the hidden layers of a network trained before."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np

from chainrule.estimators.architecture import drawn_for, refuse_too_many
from chainrule.formulas.initializers import Initializer
from chainrule.formulas.lookup import Array
from chainrule.network import Network


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Start from the hidden layers of a fitted network, with their batch normalisation (lecture 004's pre-trained features).

    With `layer_rates` the layers taken over can be frozen (0) or learn more slowly (0.1, say) than the new ones.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or (Network, theta)
        Where the layers come from.
    layers : int or None
        How many hidden layers to take, from the inputs on; None takes all.
    rest : str or Initializer
        How the other layers are drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from chainrule import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> teacher = MLPClassifier((8, 4), max_iter=500, random_state=0).fit(X, y)
    >>> start = Pretrained(teacher, layers=1)
    >>> model = MLPClassifier((8, 4), init=start, layer_rates=[0, 1, 1], max_iter=500, random_state=1).fit(X, y == 2)
    >>> bool((model.coefs_[0] == teacher.coefs_[0]).all())
    True
    """

    estimator: Any
    layers: int | None = None
    rest: str | Initializer = "glorot_uniform"

    def source(self) -> tuple[Network, Array]:
        """Network and parameters that the layers come from.

        Raises
        ------
        TypeError
            If `estimator` is neither an estimator of this package nor a pair.
        ValueError
            If the estimator is not fitted, or theta does not fit the network.
        """
        given = self.estimator
        if isinstance(given, (tuple, list)) and len(given) == 2 and isinstance(given[0], Network):
            network, theta = given[0], np.asarray(given[1])
            network.views(theta)
            return network, theta
        if not hasattr(given, "_parameters"):
            raise TypeError(
                f"Pretrained: estimator must be a fitted MLPClassifier or MLPRegressor, or (Network, theta); got "
                f"{type(given).__name__}. Of a pipeline, give its last step."
            )
        if not hasattr(given, "coefs_"):
            raise ValueError(f"Pretrained: this {type(given).__name__} is not fitted yet; fit it first.")
        found: tuple[Network, Array] = given._parameters()
        return found

    def taken(self, source: Network) -> int:
        """How many hidden layers are taken."""
        hidden = len(source.layers) - 1
        if self.layers is None:
            return hidden
        whole = isinstance(self.layers, Integral) and not isinstance(self.layers, bool)
        if not whole or not 0 <= self.layers <= hidden:
            raise ValueError(
                f"Pretrained: layers must be a whole number from 0 to {hidden}, the hidden layers there are, or None for "
                f"all; got {self.layers!r}."
            )
        return int(self.layers)

    def put_into(self, network: Network, theta: Array) -> None:
        """Write the layers taken over into theta.

        Raises
        ------
        ValueError
            If the layers of the two networks differ.
        """
        source, learned = self.source()
        count = self.taken(source)
        _check_alike(source, network, count)
        kinds: Any = zip(network.views(theta), source.views(learned), strict=True)
        for mine, theirs in kinds:
            for place in range(count):
                if mine[place] is not None:
                    mine[place][...] = theirs[place]


def _check_alike(source: Network, network: Network, count: int) -> None:
    if count and source.inputs != network.inputs:
        raise ValueError(
            f"Pretrained: the network trained before has {source.inputs} inputs, X has {network.inputs} features."
        )
    if count > len(network.layers) - 1:
        raise ValueError(
            f"Pretrained: {count} hidden layers are to be taken over, but hidden_layer_sizes asks for "
            f"{len(network.layers) - 1}; give layers={len(network.layers) - 1}, or more hidden layers."
        )
    for place in range(count):
        theirs, mine = source.layers[place], network.layers[place]
        for name, found, wanted in (
            ("units", theirs.units, mine.units),
            ("activation", theirs.function.name, mine.function.name),
            ("batch_norm", bool(theirs.batch_norm), bool(mine.batch_norm)),
        ):
            if found != wanted:
                raise ValueError(
                    f"Pretrained: hidden layer {place} was trained with {name}={found!r}, here it has {wanted!r}; give the "
                    "same, or take fewer layers."
                )


def first_theta(estimator: Any, network: Network, dtype: Any, rng: np.random.RandomState) -> Array:
    """The parameters that `init` describes, in that precision.

    Raises
    ------
    ValueError
        If they do not fit the network or are not finite.
    MemoryError
        If there are too many.
    """
    refuse_too_many(network, dtype)
    given = estimator.init
    try:
        if isinstance(given, Pretrained):
            drawn = _drawn(estimator, network, dtype, rng, given.rest)
            given.put_into(network, drawn)
            return drawn
        if isinstance(given, str) or callable(given):
            return _drawn(estimator, network, dtype, rng, given)
    except MemoryError as error:
        raise MemoryError(
            f"hidden_layer_sizes={estimator.hidden_layer_sizes!r} makes a network of {network.n_parameters} parameters, "
            f"more than there is memory for: {error}"
        ) from None
    theta: Array = _given(network, given).astype(dtype)
    return theta


def _drawn(estimator: Any, network: Network, dtype: Any, rng: np.random.RandomState, how: str | Initializer) -> Array:
    return network.init(rng, how, dtype=dtype, output_like=drawn_for(estimator.activation, network))


def _given(network: Network, given: Any) -> Array:
    """Parameters from a flat vector or from (coefs, intercepts)."""
    shapes = list(pairwise(network.widths))
    expected = (
        f"a vector of {network.n_parameters} numbers, or (coefs, intercepts) with matrices of shapes {shapes} and their "
        "biases"
    )
    try:
        pair = not isinstance(given, np.ndarray) and len(given) == 2 and np.ndim(given[0]) != 0
    except ValueError:  # ragged: matrices of several shapes
        pair = True
    try:
        if pair:
            coefs, intercepts = ([np.asarray(part, np.float64) for part in parts] for parts in given)
            theta = network.pack(coefs, intercepts)
        else:
            theta = np.asarray(given, np.float64)
            network.views(theta)
    except (TypeError, ValueError) as error:
        raise ValueError(f"init must be {expected}: {error}") from None
    if not np.isfinite(theta).all():
        raise ValueError("init must hold finite numbers only; it holds NaN or infinity.")
    return theta
