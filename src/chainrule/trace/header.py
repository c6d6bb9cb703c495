"""What a trace is about: the network, the data rows, the step; everything that decides which rows there must be."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from chainrule.trace.formulas import elementwise, fused, levels

# Unit rows are written by themselves up to this many trained parameters times data rows.
UNIT_LIMIT = 200
# The most that can be asked for.
UNIT_MOST = 4000
ROWS_MOST = 1000


@dataclass(frozen=True)
class DataRow:
    """One data row as the user knows it; words for renderers, not claims.

    Parameters
    ----------
    number : int
        Its number in the data, from 1, as people count.
    raw : dict
        Column -> cell as text or number; empty where there was no table.
    target, prediction : str, int, float, bool, list or None
        In the user's terms; None if unknown.
    """

    number: int
    raw: dict[str, Any] = field(default_factory=dict)
    target: Any = None
    prediction: Any = None


@dataclass(frozen=True)
class Group:
    """Outputs that share an activation and a loss: the output layer, or one head of it.

    Parameters
    ----------
    number : int
        Counts heads from 0.
    start, stop : int
        Its outputs.
    activation, loss : plain data
        As in `Header.network`.
    factor : float
        Of its loss.
    """

    number: int
    start: int
    stop: int
    activation: Any
    loss: Any
    factor: float = 1.0

    @property
    def units(self) -> range:
        """Its outputs."""
        return range(self.start, self.stop)

    @property
    def loss_name(self) -> str:
        """The table's name of its loss; empty for a user's own."""
        return str(self.loss if isinstance(self.loss, str) else self.loss.get("name", ""))

    @cached_property
    def fused(self) -> bool:
        """Whether loss and activation have a fused form."""
        return fused(self.loss, self.activation)

    @cached_property
    def elementwise(self) -> bool:
        """Whether each output depends on its own score only."""
        return elementwise(self.activation)

    @cached_property
    def targets(self) -> range:
        """Its target columns; only heads without levels stand beside others."""
        return range(self.start, self.start + (self.stop - self.start) // levels(self.loss))


@dataclass(frozen=True)
class Header:
    """What a trace is about.

    Parameters
    ----------
    network : dict
        As `Network.to_dict` says, a user's own formulas as `{"own": name, ...}`.
    rows : int
        Data rows.
    stages : tuple of str
        The stages that follow.
    level : {"unit", "layer"}
        Whether every unit has rows of its own.
    opened : tuple of (layer, unit)
        Units that have rows of their own in a layer-level trace.
    weighted : bool
        Whether there are sample weights.
    training : bool
        Whether the forward pass is that of a training step, else that of a prediction.
    masked : tuple of int or None
        Layers whose output has a dropout mask; None stands for the inputs.
    dropout_seed, dropout_step : int
        Of the masks: the training's seed, and the steps before this one.
    frozen : tuple of int
        Layers whose batch normalisation goes by the running statistics.
    alpha, l2, l1 : float
        Penalties of the objective.
    solver : dict or None
        The solver and its hyper-parameters; None where there is no update.
    step : dict
        "rate", "t", "carried", "weight_decay", "max_norm", "clip_norm", "clip_value", "layer_rates"; empty without solver.
    check : dict
        "step" of the differences, "places" in theta that are checked, "floor" of the relative error; empty without check.
    input_names, output_names : tuple of str
        In the user's terms.
    target_name : str
        The same.
    target_scale : (float, float)
        Centre and scale that turn a scaled target into the user's.
    data : tuple of DataRow
        The rows in the user's terms.
    dtype : str
        Precision of the model; a trace is computed in float64.
    notes : tuple of str
        What else the reader should know.
    """

    network: dict[str, Any]
    rows: int
    stages: tuple[str, ...]
    level: str
    opened: tuple[tuple[int, int], ...] = ()
    weighted: bool = False
    training: bool = True
    masked: tuple[int | None, ...] = ()
    dropout_seed: int = 0
    dropout_step: int = 0
    frozen: tuple[int, ...] = ()
    alpha: float = 0.0
    l2: float = 0.0
    l1: float = 0.0
    solver: dict[str, Any] | None = None
    step: dict[str, Any] = field(default_factory=dict)
    check: dict[str, Any] = field(default_factory=dict)
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    target_name: str = ""
    target_scale: tuple[float, float] = (0.0, 1.0)
    data: tuple[DataRow, ...] = ()
    dtype: str = "float64"
    notes: tuple[str, ...] = ()

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, the inputs first."""
        return (self.network["inputs"], *(layer["units"] for layer in self.network["layers"]))

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self.network["layers"])

    @property
    def headed(self) -> bool:
        """Whether the outputs belong to heads with losses of their own."""
        return isinstance(self.network["loss"], dict) and "heads" in self.network["loss"]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The heads; one for all outputs where there are none."""
        loss, output = self.network["loss"], self.network["layers"][-1]["activation"]
        if not self.headed:
            return (Group(0, 0, self.widths[-1], output, loss),)
        groups: list[Group] = []
        for number, head in enumerate(loss["heads"]):
            start = groups[-1].stop if groups else 0
            groups.append(Group(number, start, start + head["units"], head["activation"], head["loss"], head["weight"]))
        return tuple(groups)

    @property
    def targets(self) -> int:
        """Target columns."""
        return self.groups[-1].targets.stop

    def group(self, unit: int) -> Group:
        """The group of an output."""
        return next(group for group in self.groups if unit in group.units)

    def activation(self, layer: int, unit: int) -> Any:
        """The activation of a unit, in plain form."""
        return self.group(unit).activation if layer == self.depth - 1 else self.network["layers"][layer]["activation"]

    def normalized(self, layer: int) -> bool:
        """Whether a layer has batch normalisation."""
        return bool(self.network["layers"][layer].get("batch_norm"))

    @cached_property
    def parameter_counts(self) -> tuple[dict[str, int], ...]:
        """For each layer its weights, biases and parameters of batch normalisation."""
        return tuple(
            {"weights": fan_in * units, "biases": units, "normalization": 3 * units * self.normalized(k)}
            for k, (fan_in, units) in enumerate(pairwise(self.widths))
        )

    @property
    def n_parameters(self) -> int:
        """Length of theta."""
        return sum(sum(counts.values()) for counts in self.parameter_counts)

    @property
    def n_trained(self) -> int:
        """Parameters that have a gradient: all but the running statistics of batch normalisation."""
        return self.n_parameters - sum(2 * self.widths[k + 1] for k in range(self.depth) if self.normalized(k))

    @property
    def decayed(self) -> bool:
        """Whether the objective has an L2 penalty."""
        return bool(self.alpha or self.l2)

    @property
    def single(self) -> bool:
        """Whether one unweighted data row makes sums over the data superfluous."""
        return self.rows == 1 and not self.weighted

    def shows(self, layer: int, unit: int) -> bool:
        """Whether a unit has rows of its own."""
        return self.level == "unit" or (layer, unit) in self.opened

    def parameters(self, trained: bool = False) -> list[tuple[str, int]]:
        """Kind and layer of every array of parameters, in theta's order."""
        kinds = ["weight", "bias", "scale"] + ([] if trained else ["running_mean", "running_variance"])
        normalized = [k for k in range(self.depth) if self.normalized(k)]
        return [(kind, k) for kind in kinds for k in (range(self.depth) if kind in ("weight", "bias") else normalized)]
