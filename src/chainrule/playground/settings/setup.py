"""What a playground is set to, as frozen data: data, network, training, run and view. Every field carries its control.

Plain data come in from files, addresses and other people's links, so nothing in them is believed: what is unknown is ignored,
what is impossible is repaired, and each time a note says so.
"""

# ruff: noqa: RUF009 (`held` makes a field of the standard library)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, NamedTuple

from chainrule.engines import ENGINES
from chainrule.formulas.activations import ACTIVATIONS, ALIASES
from chainrule.formulas.schedules import Constant, Schedule
from chainrule.formulas.solvers import SGD, Solver
from chainrule.playground.settings.controls import Control, held
from chainrule.playground.settings.families import Repair, formula_to_plain
from chainrule.playground.settings.features import FEATURES
from chainrule.playground.settings.limits import LIMITS

VERSION = 1
SOURCES = ("toy", "points", "table", "rival")
TASKS = ("classification", "regression")
HIDDEN = tuple(name for name, entry in ACTIVATIONS.items() if entry.hidden and not entry.untrainable)
MOST_SEED = 2**31 - 1
RATES = (1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
PENALTIES = (0.0, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)


class Note(NamedTuple):
    """Something the user should know.

    Parameters
    ----------
    level : {"repaired", "ignored", "info", "warning"}
        Why it is said.
    field : str
        What it is about, such as "training.learning_rate".
    text : str
        A sentence.
    """

    level: str
    field: str
    text: str

    def to_plain(self) -> dict[str, str]:
        """Plain data."""
        return self._asdict()


@dataclass(frozen=True)
class DataSetup:
    """Which data, how they are made, and how they are divided."""

    source: str = held("choice", "toy", "data", choices=SOURCES)
    name: str = held("text", "circle", "data")
    n: int = held("whole", 500, "data", low=10, high=LIMITS.toy, scale="log", suggested=(100, 200, 500, 1000, 2000))
    noise: float = held("number", 0.0, "data", low=0.0, high=1.0)
    seed: int | str = held("seed", 0, "data", low=0, high=MOST_SEED)
    train: float = held("number", 0.5, "data", low=0.1, high=1.0, suggested=(0.5, 0.8), label="share trained on")
    split_seed: int = held("whole", 0, "data", low=0, high=MOST_SEED)
    stratified: bool = held("flag", True, "data")
    scale: bool = held("flag", False, "data", label="standardise inputs")
    points: tuple[tuple[float, ...], ...] = held("points", (), "data", high=LIMITS.points)
    task: str | None = held("choice", None, "data", choices=TASKS, optional=True)
    target: str | None = held("text", None, "data", optional=True)
    columns: tuple[str, ...] | None = held("names", None, "data", optional=True)
    digest: str = held("text", "", "data")


@dataclass(frozen=True)
class LayerSetup:
    """One hidden layer."""

    units: int = held("whole", 4, "grow", low=1, high=LIMITS.units)
    activation: str = held("choice", "tanh", "live", choices=HIDDEN)
    dropout: float = held("number", 0.0, "live", low=0.0, high=0.95)
    batch_norm: bool = held("flag", False, "grow")


@dataclass(frozen=True)
class NetworkSetup:
    """Which network."""

    features: tuple[str, ...] = held("names", ("x1", "x2"), "grow", choices=tuple(FEATURES))
    layers: tuple[LayerSetup, ...] = held("layers", (LayerSetup(4), LayerSetup(2)), "grow")
    input_dropout: float = held("number", 0.0, "live", low=0.0, high=0.95)
    output: str | None = held("choice", None, "live", choices=tuple(ACTIVATIONS), optional=True)
    loss: Any = held("formula", None, "live", family="loss", optional=True)
    initializer: Any = held("formula", "glorot_uniform", "reset", family="initializer")
    seed: int = held("whole", 0, "reset", low=0, high=MOST_SEED)


@dataclass(frozen=True)
class TrainingSetup:
    """How it is trained; the names are those of `chainrule.train`."""

    solver: Solver = held("formula", SGD(momentum=0.0, nesterov=False), "live", family="solver")
    schedule: Schedule = held("formula", Constant(), "live", family="schedule")
    learning_rate: float = held("number", 0.03, "live", low=1e-7, high=100.0, scale="log", suggested=RATES)
    batch_size: int = held("whole", 10, "live", low=1, high=LIMITS.rows, scale="log", suggested=(1, 10, 30, 100))
    shuffle: bool = held("flag", True, "live")
    seed: int = held("whole", 0, "reset", low=0, high=MOST_SEED)
    alpha: float = held("number", 0.0, "live", low=0.0, high=1e6, scale="log", suggested=PENALTIES)
    l2: float = held("number", 0.0, "live", low=0.0, high=1e3, scale="log", suggested=PENALTIES)
    l1: float = held("number", 0.0, "live", low=0.0, high=1e3, scale="log", suggested=PENALTIES)
    weight_decay: float = held("number", 0.0, "live", low=0.0, high=1e3, scale="log", suggested=PENALTIES)
    max_norm: float | None = held("number", None, "live", low=1e-3, high=1e3, scale="log", optional=True)
    clip_norm: float | None = held("number", None, "live", low=1e-6, high=1e6, scale="log", optional=True)
    clip_value: float | None = held("number", None, "live", low=1e-6, high=1e6, scale="log", optional=True)


@dataclass(frozen=True)
class Until:
    """When a run stops by itself; whichever comes first."""

    epochs: int | None = held("whole", None, "view", low=1, high=1e9, scale="log", optional=True)
    train_loss: float | None = held("number", None, "view", low=0.0, high=1e9, optional=True)
    test_loss: float | None = held("number", None, "view", low=0.0, high=1e9, optional=True)
    score: float | None = held("number", None, "view", low=-1e3, high=1.0, optional=True)
    seconds: float | None = held("number", None, "view", low=0.0, high=1e6, optional=True)
    patience: int | None = held("whole", None, "view", low=1, high=1e9, scale="log", optional=True)


@dataclass(frozen=True)
class RunSetup:
    """How it is run."""

    until: Until = held("branch", Until(), "view")
    engine: str = held("choice", "auto", "live", choices=("auto", *ENGINES))
    dtype: str = held("choice", "float64", "live", choices=("float64", "float32"))
    compat: bool = held("flag", False, "reset", label="as TensorFlow Playground computes")


@dataclass(frozen=True)
class ViewSetup:
    """What the map shows of data with more than two inputs."""

    plane: str = held("choice", "axes", "view", choices=("axes", "principal"))
    axes: tuple[str, ...] = held("names", (), "view")
    at: tuple[tuple[str, Any], ...] = held("places", (), "view")


@dataclass(frozen=True)
class Setup:
    """Everything a playground is set to.

    Parameters
    ----------
    data, network, training, run, view
        Its parts; each field's control says what it may hold.
    """

    data: DataSetup = held("branch", DataSetup(), "data")
    network: NetworkSetup = held("branch", NetworkSetup(), "grow")
    training: TrainingSetup = held("branch", TrainingSetup(), "live")
    run: RunSetup = held("branch", RunSetup(), "view")
    view: ViewSetup = held("branch", ViewSetup(), "view")

    def to_plain(self) -> dict[str, Any]:
        """Plain JSON data, complete."""
        return {"version": VERSION, **_branch_to_plain(self)}

    @classmethod
    def from_plain(cls, given: Any) -> tuple[Setup, list[Note]]:
        """The setup that plain data describe, and what had to be changed about them."""
        return changed(Setup(), given)

    def changed(self, given: Any) -> tuple[Setup, list[Note]]:
        """This setup with whatever the plain data say; see `from_plain`."""
        return changed(self, given)


def changed(base: Any, given: Any) -> tuple[Setup, list[Note]]:
    """A setup with whatever nested plain data say, and notes."""
    notes: list[Note] = []
    if not isinstance(given, Mapping):
        return base, [Note("ignored", "", "the setup is not an object with named parts; it was left out.")]
    told = dict(given)
    version = told.pop("version", VERSION)
    if version != VERSION:
        notes.append(Note("warning", "version", f"made by version {version!r:.20}; this is version {VERSION}."))
    return _branch(base, told, "", notes), notes


def _branch(base: Any, told: Any, path: str, notes: list[Note]) -> Any:
    if not isinstance(told, Mapping):
        notes.append(Note("repaired", path, "expected an object with named fields; left as it was."))
        return base
    known = {field.name: field for field in fields(base)}
    found: dict[str, Any] = {}
    for name, value in told.items():
        place = f"{path}.{name}"[:80] if path else str(name)[:80]
        if name not in known:
            notes.append(Note("ignored", place, "there is no such field; it was left out."))
            continue
        found[name] = _value(known[name].metadata["control"], getattr(base, name), value, place, notes)
    return replace(base, **found) if found else base


def _value(control: Control, present: Any, given: Any, path: str, notes: list[Note]) -> Any:
    if control.kind == "branch":
        return _branch(present, given, path, notes)
    if control.kind == "layers":
        return _layers(control, given, path, notes)
    try:
        return control.repaired(given)
    except Repair as repair:
        notes.append(Note("repaired", path, str(repair)))
        return repair.instead


def _layers(control: Control, given: Any, path: str, notes: list[Note]) -> tuple[LayerSetup, ...]:
    if not isinstance(given, (list, tuple)):
        notes.append(Note("repaired", path, "expected a list of layers; the usual ones are taken."))
        default: tuple[LayerSetup, ...] = control.default
        return default
    if len(given) > LIMITS.layers:
        notes.append(Note("repaired", path, f"{len(given)} hidden layers; the first {LIMITS.layers} are kept."))
    listed = given[: LIMITS.layers]
    return tuple(_layer(one, f"{path}.{place}", notes) for place, one in enumerate(listed))


def _layer(given: Any, path: str, notes: list[Note]) -> LayerSetup:
    if isinstance(given, LayerSetup):
        return given
    if isinstance(given, Mapping) and given.get("activation") in ALIASES:
        given = {**given, "activation": ALIASES[given["activation"]]}
    layer: LayerSetup = _branch(LayerSetup(), given, path, notes)
    return layer


def _branch_to_plain(branch: Any) -> dict[str, Any]:
    return {field.name: _to_plain(field.metadata["control"], getattr(branch, field.name)) for field in fields(branch)}


def _to_plain(control: Control, value: Any) -> Any:
    if value is None:
        return None
    if control.kind == "formula":
        return formula_to_plain(value)
    if control.kind == "places":
        return dict(value)
    if isinstance(value, tuple):
        return [
            _branch_to_plain(one) if is_dataclass(one) else list(one) if isinstance(one, tuple) else one
            for one in value
        ]
    return _branch_to_plain(value) if is_dataclass(value) else value


def every_field(branch: Any, path: str = "") -> Iterator[tuple[str, Control, Any]]:
    """Path, control and value of every field that is no branch itself."""
    for field in fields(branch):
        control, value, place = field.metadata["control"], getattr(branch, field.name), f"{path}{field.name}"
        if control.kind == "branch":
            yield from every_field(value, f"{place}.")
        else:
            yield place, control, value


def nested(paths: Mapping[str, Any]) -> dict[str, Any]:
    """Nested plain data from values by dotted path: ``{"training.l1": 0}`` to ``{"training": {"l1": 0}}``."""
    if not isinstance(paths, Mapping):
        raise ValueError(f"changes are an object of values by dotted path, not {paths!r:.40}.")
    found: dict[str, Any] = {}
    for path, value in paths.items():
        *branches, last = str(path).split(".")
        at = found
        for branch in branches:
            deeper = at.setdefault(branch, {})
            at = deeper if isinstance(deeper, dict) else at
        at[last] = value
    return found
