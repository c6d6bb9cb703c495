"""The network as pure data: layers, loss, and where each parameter lives in the flat vector theta.

theta holds all weight matrices in layer order (row-major, shape (inputs, outputs)), then all biases. Penalties apply to the
weights only, hence to a prefix of theta. Nothing is computed here; `predict` and `loss_and_gradient` hand over to an engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from chainrule.formulas.activations import Activation, get_activation
from chainrule.formulas.initializers import Initializer, get_initializer
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, get_loss


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: ``a = activation(x W + b)``.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str or Activation
        Its activation.
    """

    units: int
    activation: str | Activation = "relu"

    def __post_init__(self) -> None:
        if not isinstance(self.units, (int, np.integer)) or isinstance(self.units, bool) or self.units < 1:
            raise ValueError(f"a layer needs a whole number of units, at least 1; got units={self.units!r}.")
        get_activation(self.activation)

    @property
    def function(self) -> Activation:
        """The activation itself."""
        return get_activation(self.activation)


class Views(NamedTuple):
    """The parameters of each layer, as views into theta: ``W[k] (I, O)``, ``b[k] (O,)``."""

    W: list[Array]
    b: list[Array]


@dataclass(frozen=True)
class Network:
    """A feed-forward network: what it is, not how it is computed.

    Parameters
    ----------
    inputs : int
        Number of input features.
    layers : sequence of Dense
        Hidden layers and the output layer, in order.
    loss : str or Loss
        The loss it is trained on; it must go with the last layer's activation.

    Raises
    ------
    ValueError
        If a hidden layer uses an output-only activation, or loss and output activation do not go together.
    """

    inputs: int
    layers: tuple[Dense, ...]
    loss: str | Loss = "squared_error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if not isinstance(self.inputs, (int, np.integer)) or self.inputs < 1:
            raise ValueError(f"a network needs at least one input, got inputs={self.inputs!r}.")
        if not self.layers or not all(isinstance(layer, Dense) for layer in self.layers):
            raise ValueError("layers must be a sequence of at least one Dense layer.")
        for place, layer in enumerate(self.layers[:-1]):
            if not layer.function.hidden:
                raise ValueError(
                    f"layer {place}: {layer.function.name!r} is an output activation, not for hidden layers."
                )
        self.objective.check_output(self.layers[-1].function)

    @property
    def objective(self) -> Loss:
        """The loss itself."""
        return get_loss(self.loss)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, the input layer first."""
        return (int(self.inputs), *(int(layer.units) for layer in self.layers))

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.widths[-1]

    @property
    def n_weights(self) -> int:
        """Length of theta's prefix that holds the weights (the part that penalties apply to)."""
        return sum(fan_in * fan_out for fan_in, fan_out in pairwise(self.widths))

    @property
    def n_parameters(self) -> int:
        """Length of theta."""
        return self.n_weights + sum(self.widths[1:])

    def views(self, theta: Array) -> Views:
        """Views of each layer's parameters; writing to them changes theta."""
        theta = np.asarray(theta)
        if theta.shape != (self.n_parameters,):
            raise ValueError(f"theta must have shape ({self.n_parameters},) for this network, got {theta.shape}.")
        weights, biases, at = [], [], 0
        for fan_in, fan_out in pairwise(self.widths):
            weights.append(theta[at : at + fan_in * fan_out].reshape(fan_in, fan_out))
            at += fan_in * fan_out
        for fan_out in self.widths[1:]:
            biases.append(theta[at : at + fan_out])
            at += fan_out
        return Views(weights, biases)

    def pack(self, weights: Sequence[Array], biases: Sequence[Array]) -> Array:
        """The flat theta of these matrices and vectors (a copy)."""
        theta: Array = np.concatenate([np.ravel(part) for part in (*weights, *biases)])
        self.views(theta)
        return theta

    def init(
        self,
        seed: int | np.random.RandomState | None = None,
        initializer: str | Initializer = "glorot_uniform",
        dtype: type[np.floating[Any]] | np.dtype[Any] = np.float64,
        output_like: str | None = None,
    ) -> Array:
        """Draw the initial theta, layer by layer, weights before biases.

        The output layer is drawn for the activation `output_like`, by default the last hidden layer's: scikit-learn
        draws all layers for the hidden activation.
        """
        rng = seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)
        draw = get_initializer(initializer)
        hidden = [layer.function.name for layer in self.layers[:-1]]
        drawn_for = [*hidden, output_like or (hidden[-1] if hidden else "identity")]
        shapes = zip(pairwise(self.widths), drawn_for, strict=True)
        drawn = [draw(rng, fan_in, fan_out, name) for (fan_in, fan_out), name in shapes]
        return self.pack([w for w, _ in drawn], [b for _, b in drawn]).astype(dtype, copy=False)

    def predict(self, theta: Array, X: Any, *, engine: str = "auto", n_threads: int = 1) -> Array:
        """Output activations for each row of `X`, shape (N, K), computed in theta's precision."""
        from chainrule.engines import choose

        return choose(engine, self, theta.dtype).predict(self, theta, X, n_threads=n_threads)

    def loss_and_gradient(
        self,
        theta: Array,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        alpha: float = 0.0,
        engine: str = "auto",
        n_threads: int = 1,
    ) -> tuple[float, Array]:
        """The objective J (summed over outputs, see docs/architecture.md) and its gradient, shape (P,)."""
        from chainrule.engines import choose

        chosen = choose(engine, self, theta.dtype)
        return chosen.loss_and_gradient(
            self, theta, X, y, sample_weight=sample_weight, alpha=alpha, n_threads=n_threads
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for model files.

        Raises
        ------
        ValueError
            If the network uses a user's own activation or loss, which plain data cannot hold.
        """
        named = [layer.activation for layer in self.layers] + [self.loss]
        own = [part for part in named if not isinstance(part, str)]
        if own:
            raise ValueError(f"a network with its own {own[0].name!r} object cannot be written as plain data.")
        layers = [{"units": int(layer.units), "activation": layer.activation} for layer in self.layers]
        return {"inputs": int(self.inputs), "layers": layers, "loss": self.loss}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Network:
        """The network that `to_dict` described."""
        layers = tuple(Dense(layer["units"], layer["activation"]) for layer in data["layers"])
        return cls(data["inputs"], layers, data["loss"])
