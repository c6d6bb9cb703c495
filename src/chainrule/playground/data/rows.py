"""The rows a playground learns from: drawn, painted, shared or the user's own, divided into rows to train and to test on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from chainrule.datasets.rival import SHAPES, Start, start
from chainrule.datasets.toys import TOYS, make_toy
from chainrule.playground.data.source import Source
from chainrule.playground.settings.setup import DataSetup, Note, Setup

Vector = NDArray[np.float64]
Rows = NDArray[np.int64]
Limits = tuple[float, float, float, float]
# Labels that are whole numbers are classes as long as there are so few of them.
MOST_CLASSES, ROWS_PER_CLASS = 20, 5
# TensorFlow Playground's square.
REACH = 6.0
FEWEST = 2


@dataclass(frozen=True)
class Column:
    """A column of the data as the user knows it.

    Parameters
    ----------
    name, kind : str
        Its name, and what it holds ("numeric", "categorical", ...).
    used : bool
        Whether the network sees it.
    reason : str
        Why it is what it is.
    missing : int
        Empty cells.
    low, high, median : float or None
        Of its numbers.
    levels : tuple of str
        Of a categorical column, the most frequent first.
    """

    name: str
    kind: str = "numeric"
    used: bool = True
    reason: str = ""
    missing: int = 0
    low: float | None = None
    high: float | None = None
    median: float | None = None
    levels: tuple[str, ...] = ()

    @property
    def axis(self) -> bool:
        """Whether a map can have it as an axis."""
        return self.used and self.kind == "numeric"


@dataclass(frozen=True, eq=False)
class Data:
    """Rows, their targets, and what is known about them.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Coordinates of points; encoded inputs where there are more than two columns.
    y : ndarray of shape (n,)
        Class numbers, or values in the user's units.
    train, test : ndarray of int
        Row numbers.
    task : {"classification", "regression"}
        What is to be learned.
    columns : tuple of Column
        In the user's terms.
    inputs : tuple of str
        Names of the columns of X.
    classes : tuple of str
        In the order of their numbers.
    target : str
        Its name.
    centre, scale : float
        What is taken off a value, and what it is divided by, before it is learned.
    truth : callable or None
        ``X -> P(class 1)`` or ``X -> E[y]`` where it is known.
    reason, split, scaling : str
        In words: why this task, how the rows were divided, what was scaled.
    name, digest : str
        Of the data.
    encode : callable or None
        ``(cells by column) -> X`` of a table; see `chainrule.playground.data.tabular`.
    cells : dict or None
        A typical cell of each column used.
    values : dict or None
        The numbers of each numeric column, the median where missing.
    schema : TableSchema or None
        Of a table.
    origin : ndarray of int or None
        Which rows of the table these are; rows without a target are not among them.
    start : Start or None
        Start weights of a shared link.
    reach : float
        How far the map reaches at least: where points are painted it must not shrink to them.
    """

    X: Vector
    y: NDArray[Any]
    train: Rows
    test: Rows
    task: str
    columns: tuple[Column, ...]
    inputs: tuple[str, ...]
    classes: tuple[str, ...] = ()
    target: str = "y"
    centre: float = 0.0
    scale: float = 1.0
    truth: Callable[[Vector], Vector] | None = None
    reason: str = ""
    split: str = ""
    scaling: str = "the inputs are as they are"
    name: str = ""
    digest: str = ""
    encode: Callable[[dict[str, Any]], Vector] | None = None
    cells: dict[str, Any] | None = None
    values: dict[str, Vector] | None = None
    schema: Any = None
    origin: Rows | None = None
    start: Start | None = None
    reach: float = 0.0

    @property
    def dimension(self) -> int:
        """Number of inputs: 1 is a line, 2 the plane."""
        return int(self.X.shape[1])

    @property
    def counts(self) -> tuple[int, ...]:
        """Rows of each class."""
        return tuple(np.bincount(self.y, minlength=len(self.classes)).tolist()) if self.classes else ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.y)

    def box(self) -> Limits:
        """(left, right, bottom, top) of the map: on a line its y axis."""
        if self.dimension == 1:
            return (*around(self.X[:, 0]), *around(self.y.astype(np.float64)))
        if max(self.reach, np.abs(self.X[:, :2]).max(), 1e-9) > 0.6 * REACH:
            reach = max(REACH, float(ceil(np.abs(self.X[:, :2]).max())))
            if np.abs(self.X[:, :2]).max() < 100:
                return (-reach, reach, -reach, reach)
        return (*around(self.X[:, 0]), *around(self.X[:, 1]))


def around(values: Vector, margin: float = 0.08) -> tuple[float, float]:
    """An interval with some space around the values."""
    low, high = float(values.min()), float(values.max())
    space = margin * (high - low if high > low else 1.0)
    return low - space, high + space


def make_data(setup: Setup, source: Source | None) -> tuple[Data, list[Note]]:
    """The data of a setup.

    Parameters
    ----------
    setup : Setup
        Its part `data` counts, and the features for a link's start weights.
    source : Source or None
        The user's own data, where the setup names a table.

    Raises
    ------
    ValueError, TableError
        If they cannot be made; the message says what to do.
    """
    notes: list[Note] = []
    return BUILDERS[setup.data.source](setup, source, notes), notes


def _toy(setup: Setup, source: Source | None, notes: list[Note]) -> Data:
    asked = setup.data
    name = asked.name if asked.name in TOYS else "circle"
    if name != asked.name:
        notes.append(Note("repaired", "data.name", f"there is no toy problem {asked.name!r:.40}; circle is taken."))
    seed = asked.seed if isinstance(asked.seed, int) else 0
    toy, sample = TOYS[name], make_toy(name, asked.n, asked.noise, seed)
    # A few points may all be of one class; there are two all the same.
    count = max(int(sample.y.max()) + 1, 2)
    classes = tuple(map(str, range(count))) if toy.task == "classification" else ()
    truth = sample.posterior or sample.mean
    return _divided(
        _plain(sample.X, sample.y, toy.task, classes, name, truth=truth, reason=f"the toy problem {name}"), asked
    )


def _rival(setup: Setup, source: Source | None, notes: list[Note]) -> Data:
    asked = setup.data
    name = asked.name if asked.name in SHAPES else "circle"
    if name != asked.name:
        notes.append(Note("repaired", "data.name", f"there is no data set {asked.name!r:.40} there; circle is taken."))
    widths = (len(setup.network.features), *(layer.units for layer in setup.network.layers), 1)
    zero = setup.network.initializer == "zeros"
    begun = start(name, widths, str(asked.seed), min(asked.noise, 0.8), 100 * asked.train, zero)
    if setup.network.seed:
        other = start(name, widths, f"{asked.seed}#{setup.network.seed}", zero=zero)
        begun = replace(begun, weights=other.weights, biases=other.biases)
    regression = name.startswith("reg-")
    labels = begun.y if regression else (begun.y > 0).astype(np.int64)
    classes = () if regression else ("-1", "1")
    data = _plain(begun.X, labels, "regression" if regression else "classification", classes, name)
    rows = np.arange(data.rows)
    told = f"the first {begun.n_train} of the shuffled points train, as in TensorFlow Playground"
    return replace(data, train=rows[: begun.n_train], test=rows[begun.n_train :], split=told, start=begun)


def _points(setup: Setup, source: Source | None, notes: list[Note]) -> Data:
    listed = setup.data.points
    if len(listed) < FEWEST:
        raise ValueError(f"there are {len(listed)} points; draw at least {FEWEST}.")
    table = np.array(listed, np.float64)
    X, y = table[:, :-1], table[:, -1]
    painted = X.shape[1] == 2 and len(np.unique(y)) <= MOST_CLASSES and bool((y == np.floor(y)).all())
    asked = replace(setup.data, task="classification") if painted and setup.data.task is None else setup.data
    found = _divided(_learnable(X, y, asked, "drawn points", X.shape[1] == 1), asked)
    return replace(found, reach=REACH)


def _own(setup: Setup, source: Source | None, notes: list[Note]) -> Data:
    asked = setup.data
    if source is None:
        named = f" {asked.name!r}" if asked.name else ""
        raise ValueError(
            f"this setup needs your own data{named} (digest {asked.digest or 'unknown'}): open the file first."
        )
    if source.table is not None:
        from chainrule.playground.data.tabular import table_data  # here: tables are an extra

        return table_data(source, asked, notes)
    assert source.X is not None and source.y is not None
    chosen = list(range(len(source.names)))
    if asked.columns is not None and source.model is None:
        chosen = [place for place, name in enumerate(source.names) if name in asked.columns] or chosen
    names = tuple(source.names[place] for place in chosen)
    data = _learnable(source.X[:, chosen], source.y, asked, source.name, False, names, source.labels)
    return replace(_divided(data, asked), digest=source.digest)


BUILDERS: dict[str, Callable[[Setup, Source | None, list[Note]], Data]] = {
    "toy": _toy,
    "rival": _rival,
    "points": _points,
    "table": _own,
}


def _plain(
    X: Vector,
    y: NDArray[Any],
    task: str,
    classes: tuple[str, ...],
    name: str,
    *,
    truth: Callable[[Vector], Vector] | None = None,
    reason: str = "",
    names: tuple[str, ...] = (),
) -> Data:
    """Data whose columns are numbers as they are; nothing is divided yet."""
    names = names or tuple(f"x{place + 1}" for place in range(X.shape[1]))
    columns = tuple(_column(title, X[:, place]) for place, title in enumerate(names))
    none = np.empty(0, np.int64)
    return Data(X, y, none, none, task, columns, names, classes, truth=truth, name=name, reason=reason)


def _column(name: str, values: Vector) -> Column:
    return Column(name, low=float(values.min()), high=float(values.max()), median=float(np.median(values)))


def _learnable(
    X: Vector,
    y: NDArray[Any],
    asked: DataSetup,
    name: str,
    regression: bool,
    names: tuple[str, ...] = (),
    known: tuple[Any, ...] = (),
) -> Data:
    """Arrays with labels or values: the task is the one asked for, else what the values look like."""
    task, reason = (asked.task, f"{asked.task} was asked for") if asked.task else _inferred(y, regression)
    if task == "regression":
        try:
            values = np.asarray(y, np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"regression needs numbers as targets; found {y[0]!r:.40}.") from None
        if not np.isfinite(values).all():
            raise ValueError("regression needs finite targets.")
        return _plain(X, values, "regression", (), name, reason=reason, names=names)
    labels, codes = np.unique(y, return_inverse=True)
    if known and set(labels.tolist()) <= set(known):
        codes, labels = np.array([known.index(one) for one in y.tolist()]), np.array(known)
    if len(labels) > 1000:
        raise ValueError(f"{len(labels):,} different values are too many to be classes; choose the task regression.")
    classes = tuple(_label(one) for one in labels.tolist())
    if len(classes) == 1:
        # A single class can be learned as little as none; the other one is still to be drawn.
        other = "1" if classes[0] == "0" else "0"
        classes, codes = (
            (other, classes[0]) if other < classes[0] else (classes[0], other),
            codes + (other < classes[0]),
        )
    return _plain(X, codes.astype(np.int64).reshape(-1), "classification", classes, name, reason=reason, names=names)


def _label(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _inferred(y: NDArray[Any], regression: bool) -> tuple[str, str]:
    if y.dtype.kind not in "iuf":
        return "classification", "the targets are no numbers"
    if regression:
        return "regression", "points on a line"
    distinct = len(np.unique(y))
    whole = y.dtype.kind in "iu" or bool((y == np.floor(y)).all())
    if whole and distinct <= MOST_CLASSES and (distinct <= 2 or distinct * ROWS_PER_CLASS <= len(y)):
        return "classification", f"{distinct} different whole numbers"
    return "regression", f"{distinct:,} different numbers"


def _divided(data: Data, asked: DataSetup) -> Data:
    """The same with rows to train and to test on."""
    rows = np.arange(data.rows)
    if asked.train >= 1 or data.rows < 2 * FEWEST:
        return replace(data, train=rows, test=rows[:0], split="all rows train; there are none to test on")
    codes = data.y if data.task == "classification" and asked.stratified else None
    size = int(np.clip(round(asked.train * data.rows), 1, data.rows - 1))
    kept = codes is not None and _can_stratify(codes, size, data.rows)
    train, test = train_test_split(
        rows, train_size=size, random_state=asked.split_seed, stratify=codes if kept else None
    )
    told = "every class in the same proportion" if kept else "drawn at random"
    return replace(data, train=np.sort(train), test=np.sort(test), split=f"{told}, seed {asked.split_seed}")


def _can_stratify(codes: NDArray[Any], size: int, rows: int) -> bool:
    counts = np.bincount(codes)
    classes = np.count_nonzero(counts)
    return bool(counts[counts > 0].min() >= 2 and min(size, rows - size) >= classes)
