"""The network as pure data: inputs, layers and loss.

Nothing is computed here: methods such as `predict` hand over to the rows above.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.formulas import own, plain
from chainrule.formulas.initializers import ActivationName, Initializer, get_initializer, glorot_uniform
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, LossFamily, get_loss
from chainrule.network.layers import Dense, check_probability
from chainrule.network.layout import Layout
from chainrule.network.plain import described_fields

if TYPE_CHECKING:
    from chainrule.engines.regions import LocalLinear, Regions
    from chainrule.engines.scalar import NetworkGraph
    from chainrule.trace import Trace


@dataclass(frozen=True)
class Network(Layout):
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
        check_probability("input_dropout", self.input_dropout)
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

    @property
    def has_dropout(self) -> bool:
        """Whether anything is left out in training steps."""
        return self.input_dropout > 0 or any(layer.dropout > 0 for layer in self.layers)

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
        from chainrule.engines import front

        return front.predict(self, theta, X, engine=engine, n_threads=n_threads)

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
        from chainrule.engines import front

        return front.loss_and_gradient(
            self, theta, X, y, sample_weight, alpha=alpha, l2=l2, engine=engine, n_threads=n_threads
        )

    def activations(self, theta: Array, X: Any) -> list[Array]:
        """What every layer puts out for each row of `X`; see `chainrule.engines.inspection.activations`."""
        from chainrule.engines import inspection

        return inspection.activations(self, theta, X)

    def input_gradient(self, theta: Array, X: Any, output: int | None = None) -> Array:
        """Derivatives of the outputs with respect to the inputs; see `chainrule.engines.inspection.input_gradient`."""
        from chainrule.engines import inspection

        return inspection.input_gradient(self, theta, X, output)

    def graph(self, theta: Array, x: Any, y: Any = None) -> NetworkGraph:
        """The network as a graph of scalars, up to a stated size; see `chainrule.engines.scalar.graph`."""
        from chainrule.engines import scalar

        return scalar.graph(self, theta, x, y)

    def local_linear(self, theta: Array, X: Any) -> LocalLinear:
        """The affine map in force at each row of `X`; see `chainrule.engines.regions.local_linear`."""
        from chainrule.engines import regions

        return regions.local_linear(self, theta, X)

    def linear_regions(self, theta: Array, limits: tuple[float, float, float, float], **plane: Any) -> Regions:
        """The pieces of a plane of inputs on which the network is one affine map, counted exactly.

        `plane` are origin, directions and max_regions of `chainrule.engines.regions.linear_regions`.
        """
        from chainrule.engines import regions

        return regions.linear_regions(self, theta, limits, **plane)

    def trace(self, theta: Array, X: Any, y: Any = None, **options: Any) -> Trace:
        """Every number of a forward and backward pass over a few rows, and of a step; see `chainrule.trace.trace`."""
        from chainrule.trace import trace

        return trace(self, theta, X, y, **options)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for model files; what has its default value is left out, but for units, activation and loss.

        Raises
        ------
        ValueError
            If the network uses a user's own activation or loss, which plain data cannot hold.
        """
        described = {
            "inputs": int(self.inputs),
            "layers": [layer.to_dict() for layer in self.layers],
            "loss": plain.loss_to_plain(self.loss),
        }
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
        fields = described_fields(data, kinds, "the network", ("input_dropout",))
        layers = tuple(Dense.from_dict(given, f"layer {place}") for place, given in enumerate(fields["layers"]))
        loss = plain.loss_from_plain(fields["loss"])
        return cls(fields["inputs"], layers, loss, fields.get("input_dropout", 0.0))
