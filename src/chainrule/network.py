"""The network as pure data: layers, loss, and where each parameter lives in the flat vector theta.

theta holds all weight matrices in layer order (row-major, shape (inputs, outputs)), then all biases. Penalties apply to the
weights only, hence to a prefix of theta. Layers with batch normalisation add their scales gamma, then the running means and
variances that predictions use; the shift beta is the layer's bias. Nothing is computed here; `predict` and
`loss_and_gradient` hand over to an engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from chainrule.formulas import own, plain
from chainrule.formulas.activations import Activation, OutputFamily, get_activation
from chainrule.formulas.initializers import ActivationName, Initializer, get_initializer, glorot_uniform
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, LossFamily, get_loss
from chainrule.formulas.targets import check_targets


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: ``a = activation(x W + b)``.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, Activation or Heads
        Its activation.
    dropout : float
        Probability that an output of this layer is left out in a training step (inverted dropout, Srivastava et al. 2014:
        the others are divided by ``1 - dropout``).
    batch_norm : bool
        Whether pre-activations are normalised over the batch before the activation (Ioffe & Szegedy 2015, algorithm 1):
        ``gamma * (x W - mean) / sqrt(variance + 1e-5) + b``. The linear part has no bias then: the mean would take it
        away again (lecture 002).
    """

    units: int
    activation: str | Activation | OutputFamily = "relu"
    dropout: float = 0.0
    batch_norm: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.units, (int, np.integer)) or isinstance(self.units, bool) or self.units < 1:
            raise ValueError(f"a layer needs a whole number of units, at least 1; got units={self.units!r}.")
        get_activation(self.activation)
        _check_probability("dropout", self.dropout)
        if not isinstance(self.batch_norm, (bool, np.bool_)):
            raise ValueError(f"batch_norm must be True or False, got {self.batch_norm!r}.")

    @property
    def function(self) -> Activation:
        """The activation itself."""
        return get_activation(self.activation)


def _check_probability(name: str, value: Any) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) < 1:
        raise ValueError(f"{name} must be a number from 0 to below 1, the share that is left out; got {value!r}.")


class Views(NamedTuple):
    """The parameters of each layer, as views into theta: ``W[k] (I, O)``, ``b[k] (O,)``.

    ``gamma[k]``, ``mean[k]`` and ``variance[k]``, shape (O,), belong to batch normalisation; None for layers without.
    """

    W: list[Array]
    b: list[Array]
    gamma: list[Array | None]
    mean: list[Array | None]
    variance: list[Array | None]


@dataclass(frozen=True)
class Network:
    """A feed-forward network: what it is, not how it is computed.

    Parameters
    ----------
    inputs : int
        Number of input features.
    layers : sequence of Dense
        Hidden layers and the output layer, in order.
    loss : str, Loss, or one with hyper-parameters such as Huber(2.0), Quantile(0.9), LogLoss(0.1), Heads
        The loss it is trained on; it must go with the last layer's activation.
    input_dropout : float
        Probability that an input is left out in a training step.

    Raises
    ------
    ValueError
        If a hidden layer uses an output-only activation, the output layer uses dropout or batch normalisation, or loss and
        output activation do not go together.
    """

    inputs: int
    layers: tuple[Dense, ...]
    loss: str | Loss | LossFamily = "squared_error"
    input_dropout: float = 0.0

    def __post_init__(self) -> None:
        given: Any = self.layers
        object.__setattr__(self, "layers", tuple(given) if isinstance(given, Iterable) else ())
        if not isinstance(self.inputs, (int, np.integer)) or isinstance(self.inputs, bool) or self.inputs < 1:
            raise ValueError(f"a network needs at least one input, got inputs={self.inputs!r}.")
        if not self.layers or not all(isinstance(layer, Dense) for layer in self.layers):
            raise ValueError(
                f"layers must be a sequence of at least one Dense layer, such as [Dense(8), Dense(1, 'identity')]; got {given!r}."
            )
        for place, layer in enumerate(self.layers[:-1]):
            if not layer.function.hidden:
                raise ValueError(
                    f"layer {place}: {layer.function.name!r} is an output activation, not for hidden layers."
                )
        last = self.layers[-1]
        for name in ("dropout", "batch_norm"):
            if getattr(last, name):
                raise ValueError(f"{name} is for hidden layers; the output layer has {name}={getattr(last, name)!r}.")
        _check_probability("input_dropout", self.input_dropout)
        self._check_formulas(last)

    def _check_formulas(self, last: Dense) -> None:
        """Loss and output layer go together; a user's own formulas have the slopes they say."""
        for layer in self.layers:
            if own.is_own(layer.function):
                own.check_activation(layer.function)
        loss = self.objective
        if own.is_own(loss):
            own.check_loss(loss, last.function)
        loss.check_output(last.function)
        if last.units % loss.levels:
            raise ValueError(
                f"loss {loss.name!r} needs {loss.levels} outputs for each target column, so the output layer cannot have "
                f"units={last.units}."
            )
        loss.n_outputs(self.targets)

    @property
    def targets(self) -> int:
        """Columns of the targets: as many as outputs, but for losses of several levels."""
        return int(self.layers[-1].units) // self.objective.levels

    def check_trainable(self) -> None:
        """Check that gradients can flow through the network.

        Raises
        ------
        ValueError
            If an activation has no useful slope (step); the message says what to use instead.
        """
        fused = self.objective.fused(self.layers[-1].function) is not None
        for place, layer in enumerate(self.layers[:-1] if fused else self.layers):
            if layer.function.untrainable:
                raise ValueError(
                    f"layer {place}: activation {layer.function.name!r} cannot be trained: {layer.function.untrainable}"
                )

    @property
    def objective(self) -> Loss:
        """The loss itself."""
        return get_loss(self.loss)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, the input layer first."""
        return (int(self.inputs), *(int(layer.units) for layer in self.layers))

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.widths[-1]

    @cached_property
    def n_weights(self) -> int:
        """Length of theta's prefix that holds the weights (the part that penalties apply to)."""
        return sum(fan_in * fan_out for fan_in, fan_out in pairwise(self.widths))

    @cached_property
    def n_affine(self) -> int:
        """Length of theta's prefix that holds weights and biases."""
        return self.n_weights + sum(self.widths[1:])

    @cached_property
    def n_normalized(self) -> int:
        """Units of all layers with batch normalisation."""
        return sum(int(layer.units) for layer in self.layers if layer.batch_norm)

    @cached_property
    def n_trained(self) -> int:
        """Length of theta's prefix that solvers change: all but the running statistics."""
        return self.n_affine + self.n_normalized

    @cached_property
    def n_parameters(self) -> int:
        """Length of theta."""
        return self.n_affine + 3 * self.n_normalized

    @cached_property
    def has_dropout(self) -> bool:
        """Whether anything is left out in training steps."""
        return self.input_dropout > 0 or any(layer.dropout > 0 for layer in self.layers)

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
        parts: list[list[Array | None]] = []
        for _ in range(3):
            parts.append([])
            for layer in self.layers:
                parts[-1].append(theta[at : at + layer.units] if layer.batch_norm else None)
                at += layer.units if layer.batch_norm else 0
        return Views(weights, biases, *parts)

    def pack(self, weights: Sequence[Array], biases: Sequence[Array], normalization: Array | None = None) -> Array:
        """The flat theta of these matrices and vectors (a copy).

        `normalization` is the rest of theta where layers have batch normalisation: all gamma, all running means, all
        running variances; by default 1, 0 and 1.

        Raises
        ------
        ValueError
            If one of them has not the shape that its layer needs.
        """
        shapes: list[tuple[int, ...]] = [*pairwise(self.widths), *((units,) for units in self.widths[1:])]
        found = [np.shape(part) for part in (*weights, *biases)]
        if found != shapes or len(weights) != len(biases):
            raise ValueError(f"weights and biases of this network have shapes {shapes}, got {found}.")
        if normalization is None:
            normalization = np.repeat([1.0, 0.0, 1.0], self.n_normalized)
        if np.shape(normalization) != (3 * self.n_normalized,):
            raise ValueError(
                f"normalization must have shape ({3 * self.n_normalized},), got {np.shape(normalization)}."
            )
        parts = [np.ravel(part) for part in (*weights, *biases)]
        theta: Array = np.concatenate([*parts, normalization] if self.n_normalized else parts)
        return theta

    def init(
        self,
        seed: int | np.random.RandomState | None = None,
        initializer: str | Initializer = "glorot_uniform",
        dtype: type[np.floating[Any]] | np.dtype[Any] = np.float64,
        output_like: str | None = None,
    ) -> Array:
        """Draw the initial theta, layer by layer, weights before biases.

        With `glorot_uniform` the output layer is drawn for the activation `output_like`, by default the last hidden
        layer's: scikit-learn draws all layers for the hidden activation. Other initializers draw it for its own. `auto` and
        `orthogonal` go by `Activation.gain`, also of a user's own activation. Layers with batch normalisation start with
        gamma 1 and beta 0.
        """
        rng = seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)
        draw = get_initializer(initializer)
        drawn_for: list[str] = [ActivationName(layer.function) for layer in self.layers]
        if draw is glorot_uniform:
            drawn_for[-1] = output_like or (drawn_for[-2] if len(drawn_for) > 1 else "identity")
        shapes = zip(pairwise(self.widths), drawn_for, strict=True)
        drawn = [draw(rng, fan_in, fan_out, name) for (fan_in, fan_out), name in shapes]
        biases = [b * (not layer.batch_norm) for layer, (_, b) in zip(self.layers, drawn, strict=True)]
        return self.pack([w for w, _ in drawn], biases).astype(dtype, copy=False)

    def predict(self, theta: Array, X: Any, *, engine: str = "auto", n_threads: int = 1) -> Array:
        """Output activations for each row of `X`, shape (N, K), computed in theta's precision.

        Raises
        ------
        ValueError
            If theta or X do not fit the network; the message says what was found and what was expected.
        """
        from chainrule.engines import checked_inputs, checked_theta, checked_threads, choose

        theta = checked_theta(self, theta)
        X, threads = checked_inputs(self, X, theta.dtype), checked_threads(n_threads)
        chosen = choose(engine, self, theta.dtype)
        if not X.shape[0]:
            return np.empty((0, self.outputs), theta.dtype)
        return chosen.predict(self, theta, X, n_threads=threads)

    def loss_and_gradient(
        self,
        theta: Array,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        alpha: float = 0.0,
        l2: float = 0.0,
        engine: str = "auto",
        n_threads: int = 1,
    ) -> tuple[float, Array]:
        """The objective J (summed over outputs, see docs/architecture.md) and its gradient, shape (P,).

        Batch normalisation uses the statistics of these rows, as in a training step; nothing is dropped out.

        Raises
        ------
        ValueError
            If an argument does not fit the network, X has no rows, a target lies outside the loss's range, or an activation
            cannot be trained.
        """
        from chainrule.engines import checked_theta, checked_threads, choose, prepared

        self.check_trainable()
        theta = checked_theta(self, theta)
        data = prepared(self, X, y, sample_weight, theta.dtype)
        check_targets(self.objective.target_ranges, data.Y)
        chosen, threads = choose(engine, self, theta.dtype), checked_threads(n_threads)
        return chosen.loss_and_gradient(
            self, theta, data.X, data.Y, data.sample_weight, alpha=alpha, l2=l2, n_threads=threads
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for model files; what has its default value is left out, but for units, activation and loss.

        Raises
        ------
        ValueError
            If the network uses a user's own activation or loss, which plain data cannot hold.
        """
        layers: list[dict[str, Any]] = []
        for layer in self.layers:
            layers.append({"units": int(layer.units), "activation": plain.activation_to_plain(layer.activation)})
            layers[-1] |= {"dropout": float(layer.dropout)} if layer.dropout else {}
            layers[-1] |= {"batch_norm": True} if layer.batch_norm else {}
        described = {"inputs": int(self.inputs), "layers": layers, "loss": plain.loss_to_plain(self.loss)}
        return described | ({"input_dropout": float(self.input_dropout)} if self.input_dropout else {})

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Network:
        """The network that `to_dict` described.

        Raises
        ------
        ValueError
            If a field is missing, unknown or holds something else; the message names it.
        """
        kinds = {"inputs": int, "layers": (list, tuple), "loss": (str, dict)}
        fields = _fields(data, kinds, "the network", ("input_dropout",))
        layers = []
        for place, given in enumerate(fields["layers"]):
            layer = _fields(
                given, {"units": int, "activation": (str, dict)}, f"layer {place}", ("dropout", "batch_norm")
            )
            activation = plain.activation_from_plain(layer["activation"])
            layers.append(Dense(layer["units"], activation, layer.get("dropout", 0.0), layer.get("batch_norm", False)))
        loss = plain.loss_from_plain(fields["loss"])
        return cls(fields["inputs"], tuple(layers), loss, fields.get("input_dropout", 0.0))


def _fields(data: Any, kinds: dict[str, Any], what: str, optional: tuple[str, ...]) -> dict[str, Any]:
    """Plain data checked to hold these fields, of these kinds, and no others but the optional ones."""
    if not isinstance(data, dict):
        raise ValueError(f"{what} must be described by a dict with the fields {list(kinds)}, got {data!r}.")
    for name, kind in kinds.items():
        if name not in data:
            raise ValueError(f"the description of {what} lacks the field {name!r}; it has {list(data)}.")
        if not isinstance(data[name], kind) or isinstance(data[name], bool):
            raise ValueError(f"the description of {what} has {name}={data[name]!r}, which is of the wrong type.")
    unknown = [name for name in data if name not in (*kinds, *optional)]
    if unknown:
        raise ValueError(
            f"the description of {what} has the unknown field {unknown[0]!r}; known are {[*kinds, *optional]}."
        )
    return data
