"""What a training leaves behind to be judged by: numbers about the data and, at some epochs, about the network. Never rows.

`facts` and `look` measure; when a training measures is said in `recording`. Everything is computed by the reference engine's
`tape`, as in a training step without dropout, on few rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from scipy.stats import rankdata

from chainrule.engines.reference import layer_norms, tape
from chainrule.formulas.activations import Activation
from chainrule.formulas.lookup import Array
from chainrule.network import Network

Vector = NDArray[np.float64]
# Columns that are compared with the targets one by one; the rest of a wider X is sampled evenly.
MOST_COLUMNS = 2000
# Rows of a class without which nothing is said about it.
FEWEST = 8
# Parts of an activation's steepest slope: below the first a unit passes next to no gradient on, below the second none.
QUIET, SILENT = 0.05, 0.001


@dataclass(frozen=True, eq=False)
class Probe:
    """The few training rows that are looked at, and what they belong to.

    Parameters
    ----------
    X : array or CSR of shape (n, I)
        Inputs.
    Y : ndarray of shape (n, targets)
        Encoded targets.
    weight : ndarray of shape (n,) or None
        Weights of the rows.
    rows, batch : int
        Rows of the training and of a step.
    totals : ndarray of shape (targets,)
        Sums of the targets over all rows: for classes their counts.
    rare : array of shape (m, I) or None
        Rows of the rarest class, where there is a rare one.
    rarest : int
        Its number; -1 without.
    """

    X: Any
    Y: Array
    weight: Array | None
    rows: int
    batch: int
    totals: Vector
    rare: Any = None
    rarest: int = -1


@dataclass(frozen=True)
class Facts:
    """Numbers about the training rows; nan or -1 where there is none.

    Parameters
    ----------
    rows, batch, looked_at : int
        Rows of the training, of a step, and those that the numbers below come from.
    largest_scale, median_scale, smallest_scale : float
        Root mean squares of the columns of X that are not constant.
    largest_column, smallest_column : int
        Which columns those are.
    constant : int
        Number of columns that never change.
    single : float
        Share of the targets' variance that the best single column explains (1-nearest-neighbour, see `explained_by_one`).
    single_column : int
        That column.
    next_single : float
        The same of the second best.
    target_centre, target_deviation : float
        Mean and standard deviation of the target column that is largest in them.
    baseline : float
        Loss of the best constant prediction on the rows looked at (summed over outputs).
    counts : tuple of float
        Rows of each class, empty where the targets are none.
    """

    rows: int
    batch: int
    looked_at: int
    largest_scale: float = nan
    largest_column: int = -1
    median_scale: float = nan
    smallest_scale: float = nan
    smallest_column: int = -1
    constant: int = 0
    single: float = nan
    single_column: int = -1
    next_single: float = nan
    target_centre: float = nan
    target_deviation: float = nan
    baseline: float = nan
    counts: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Look:
    """The network after an epoch, on the rows looked at.

    Parameters
    ----------
    epoch : int
        After which; 0 is before the training.
    loss : float
        Mean loss without penalty and dropout, unweighted, summed over outputs.
    rare_recall : float
        Share of the rows of the rarest class that are recognised; nan without one.
    weights, gradients : ndarray of shape (L,)
        Norms of each layer's parameters, and of the gradient of the loss on these rows.
    spreads : ndarray of shape (L,)
        Root mean square of the pre-activations.
    dead : ndarray of shape (L,)
        Share of the units that are silent on every row, of activations that are flat on the left (relu); nan for others.
    saturated : ndarray of shape (L,)
        Share of rows and units on a flat part, of activations that are flat at both ends (tanh, logistic); nan for others.
    """

    epoch: int
    loss: float
    rare_recall: float
    weights: Vector
    gradients: Vector
    spreads: Vector
    dead: Vector
    saturated: Vector


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that a training recorded for its diagnosis.

    Parameters
    ----------
    facts : Facts
        About the data.
    looks : tuple of Look
        By epoch.
    outcome : str
        How the training ended: "converged", "max_iter", "diverged", "interrupted" or "running".
    """

    facts: Facts
    looks: tuple[Look, ...]
    outcome: str


def spread_rows(count: int, most: int) -> NDArray[np.int64]:
    """At most that many of `count` row numbers, evenly spread, the same every time.

    Multiples of the golden ratio modulo 1 fill an interval evenly and are in step with no periodic order of the rows (Weyl
    1916); two of n multiples are more than 1 / (4 n) apart, so the numbers differ.
    """
    if count <= most:
        return np.arange(count)
    if count < 4 * most:
        return np.arange(most) * count // most
    golden = (5**0.5 - 1) / 2
    places: NDArray[np.int64] = (np.arange(1, most + 1) * golden % 1 * count).astype(np.int64)
    return places


def has_classes(network: Network) -> bool:
    """Whether the targets are one-hot or 0/1 for one choice among classes."""
    name = network.layers[-1].function.name
    return name == "softmax" or (name == "logistic" and network.outputs == 1)


def class_counts(network: Network, totals: Vector, rows: int) -> tuple[float, ...]:
    """Rows of each class; empty where the targets are none."""
    if not has_classes(network):
        return ()
    counts: list[float] = totals.tolist()
    return tuple(counts) if len(counts) > 1 else (rows - counts[0], counts[0])


def rarest_class(counts: tuple[float, ...]) -> int:
    """Number of the rarest class that occurs, where it has less than half of an even share and less than a fifth; else -1."""
    present = [count for count in counts if count > 0]
    if len(present) < 2:
        return -1
    fewest = min(present)
    return counts.index(fewest) if fewest < min(0.2, 0.5 / len(present)) * sum(present) else -1


def facts(network: Network, probe: Probe) -> Facts:
    """Measure the data."""
    X = probe.X
    with np.errstate(all="ignore"):
        squares, means = _column_means(X)
        deviations = np.sqrt(np.maximum(squares - means**2, 0))
        moving = np.flatnonzero(deviations > 1e-9 * np.sqrt(squares))
        scales = np.sqrt(squares)[moving]
        columns, explained = explained_by_one(X, probe.Y)
        order = np.argsort(np.nan_to_num(explained, nan=-np.inf))
        centres, widths = np.abs(probe.Y.mean(axis=0)), probe.Y.std(axis=0)
        place = int(np.argmax(np.hypot(centres, widths)))
    some, two = len(scales) > 0, len(order) > 1
    return Facts(
        rows=probe.rows,
        batch=probe.batch,
        looked_at=len(probe.Y),
        largest_scale=float(scales.max()) if some else nan,
        largest_column=int(moving[scales.argmax()]) if some else -1,
        median_scale=float(np.median(scales)) if some else nan,
        smallest_scale=float(scales.min()) if some else nan,
        smallest_column=int(moving[scales.argmin()]) if some else -1,
        constant=len(squares) - len(moving),
        single=float(explained[order[-1]]) if len(order) else nan,
        single_column=int(columns[order[-1]]) if len(order) else -1,
        next_single=float(explained[order[-2]]) if two else nan,
        target_centre=float(probe.Y.mean(axis=0, dtype=np.float64)[place]),
        target_deviation=float(widths[place]),
        baseline=constant_loss(network, probe.Y),
        counts=class_counts(network, probe.totals, probe.rows),
    )


def _column_means(X: Any) -> tuple[Vector, Vector]:
    """Means of the squares and of the values of every column."""
    if hasattr(X, "tocsr"):
        wide = X.astype(np.float64)
        return np.ravel(wide.power(2).mean(axis=0)), np.ravel(wide.mean(axis=0))
    wide = np.asarray(X, np.float64)
    return np.square(wide).mean(axis=0), wide.mean(axis=0)


def explained_by_one(X: Any, Y: Array) -> tuple[NDArray[np.int64], Vector]:
    """How much of the targets' variance each column of X explains by itself, whatever the shape of the dependence.

    ``1 - mean |Y_r - Y_n(r)|**2 / (2 var Y)`` with n(r) the next row in the order of the column: neighbours differ only by
    what the column leaves open (the difference-based estimate of a noise variance: von Neumann 1941, Rice 1984). Rows with
    equal values are compared with their mean. Of classes, as many changes as a column in perfect order has are forgiven. Of
    one number it is at least the square of the rank correlation, which a monotonic dependence makes 1.

    Returns
    -------
    columns : ndarray of int
        The columns looked at; none where there are too few rows, or too few of all classes but one.
    explained : ndarray of float
        1 for a column that determines the targets, about 0 for one that says nothing.
    """
    wide = np.asarray(Y, np.float64)
    variance = float(wide.var(axis=0).sum())
    one_hot = bool(np.isin(wide, (0, 1)).all())
    _, counts = np.unique(wide, axis=0, return_counts=True)
    if len(wide) < 4 * FEWEST or not variance > 0 or (one_hot and np.count_nonzero(counts >= FEWEST) < 2):
        return np.empty(0, np.int64), np.empty(0)
    columns = spread_rows(X.shape[1], MOST_COLUMNS)
    dense = X[:, columns].toarray() if hasattr(X, "tocsr") else np.asarray(X)[:, columns]
    forgiven = float(np.square(np.diff(np.unique(wide, axis=0), axis=0)).sum()) if one_hot else 0.0
    explained = np.array([1 - _left_open(column, wide, forgiven) / variance for column in dense.T])
    if wide.shape[1] == 1 and not one_hot:
        ranks = np.array([rankdata(column) for column in (*dense.T, wide[:, 0])])
        explained = np.maximum(explained, np.square(np.corrcoef(ranks)[-1, :-1]))
    return columns, np.asarray(explained, np.float64)


def _left_open(column: Array, Y: Vector, forgiven: float) -> float:
    """Estimate of the targets' variance that is left when the column is known."""
    order = np.argsort(column, kind="stable")
    values, sorted_Y = column[order], Y[order]
    groups = np.concatenate(([0], np.cumsum(np.diff(values) != 0)))
    sizes = np.bincount(groups)
    if len(sizes) == 1:
        return float(Y.var(axis=0).sum())
    if sizes.max() == 1:
        changes = float(np.square(np.diff(sorted_Y, axis=0)).sum())
        return max(changes - forgiven, 0.0) / (2 * (len(Y) - 1))
    means = np.stack([np.bincount(groups, weights) / sizes for weights in sorted_Y.T], axis=1)
    inside = np.square(sorted_Y - means[groups]).sum(axis=1)
    freedom = np.maximum(sizes - 1, 1)[groups] / sizes[groups]
    # A value of its own is compared with the next value's mean.
    steps = np.square(np.diff(means, axis=0)).sum(axis=1) / 2
    nearest = np.concatenate((steps, steps[-1:]))[groups]
    return float(np.where(sizes[groups] == 1, nearest, inside / freedom).mean())


def constant_loss(network: Network, Y: Array) -> float:
    """Mean loss of the best prediction that is the same for every row (summed over outputs)."""
    objective, function = network.objective, network.layers[-1].function
    wide = np.asarray(Y, np.float64)

    def value(z: Vector) -> tuple[float, Vector]:
        scores = np.tile(z, (len(wide), 1))
        outputs = function.value(scores)
        slopes = objective.delta(wide, scores, outputs, function).mean(axis=0)
        return float(objective.rows(wide, scores, outputs, function).mean()), slopes

    start = np.zeros(network.outputs)
    if function.name == "identity" and objective.levels == 1:
        start = wide.mean(axis=0)
    with np.errstate(all="ignore"):
        found = scipy.optimize.minimize(value, start, jac=True, method="L-BFGS-B", options={"maxiter": 50})
        return float(min(found.fun, value(start)[0]))


def look(network: Network, theta: Array, probe: Probe, epoch: int) -> Look:
    """Measure the network."""
    weight = probe.weight
    if weight is not None and not weight.any():
        weight = None
    with np.errstate(all="ignore"):
        done = tape(network, theta, probe.X, probe.Y, weight)
        flat = [
            flat_parts(layer.function, z, a) for layer, z, a in zip(network.layers, done.z, done.a[1:], strict=True)
        ]
        flat[-1] = (nan, nan)
        return Look(
            epoch=epoch,
            loss=float(done.rows.mean(dtype=np.float64)),
            rare_recall=recall(network, theta, probe.rare, probe.rarest),
            weights=layer_norms(network, theta),
            gradients=layer_norms(network, done.gradient),
            spreads=np.array([np.sqrt(np.square(z, dtype=np.float64).mean()) for z in done.z]),
            dead=np.array([dead for dead, _ in flat]),
            saturated=np.array([saturated for _, saturated in flat]),
        )


def flat_parts(function: Activation, z: Array, a: Array) -> tuple[float, float]:
    """Share of units that are silent on every row, and of rows and units on a flat part; see `Look`."""
    flat = flat_rows(function, z, a)
    if flat is None:
        return nan, nan
    return (nan, float(flat.mean())) if saturates(function) else (float(flat.all(axis=0).mean()), nan)


def flat_rows(function: Activation, z: Array, a: Array) -> NDArray[np.bool_] | None:
    """Rows and units whose slope is nearly 0: below `QUIET` of the steepest where both ends are flat, else `SILENT` of it.

    None for an activation without a flat part.
    """
    if function.slope is None:
        return None
    slopes = _slopes(function)
    if slopes[0] > SILENT * slopes.max():
        return None
    found: NDArray[np.bool_] = np.abs(function.slope(z, a)) <= (QUIET if saturates(function) else SILENT) * slopes.max()
    return found


def saturates(function: Activation) -> bool:
    """Whether the activation is flat at both ends, as tanh is; relu is at one."""
    slopes = _slopes(function)
    return bool(max(slopes[0], slopes[-1]) <= SILENT * slopes.max())


def _slopes(function: Activation) -> Array:
    assert function.slope is not None
    grid = np.linspace(-30.0, 30.0, 241)
    return np.abs(function.slope(grid, function.value(grid)))


def recall(network: Network, theta: Array, X: Any, place: int) -> float:
    """Share of rows of one class that are recognised."""
    if X is None or not X.shape[0]:
        return nan
    outputs = network.predict(theta, X, engine="reference")
    found = outputs.argmax(axis=1) if outputs.shape[1] > 1 else outputs[:, 0] > 0.5
    return float((found == place).mean())
