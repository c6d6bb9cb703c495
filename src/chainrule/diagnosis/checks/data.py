"""Faults of the data: scales, batches, rows that contradict each other, a column that gives the answer away, wrong labels."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from chainrule.diagnosis.case import Case, Data, Vector
from chainrule.diagnosis.findings import Advice, Answer, Found, Unknown

LARGE, SMALL, UNEVEN = 20.0, 0.02, 1000.0
LARGE_TARGET, SMALL_TARGET = 20.0, 0.03
FEW_ROWS, TINY = 8, 4
CONTRADICTIONS, COSTLY = 0.02, 0.1
GIVEN_AWAY, NEXT_BEST = 0.995, 0.9
NEIGHBOURS, PUREST, WRONG, EVERYWHERE = 15, 0.3, 0.08, 0.75
NO_RECORD = "the fit recorded nothing (an older model file); pass X and y"
NO_ROWS = "pass the training rows, diagnose(X, y)"


def unscaled_inputs(case: Case) -> Answer:
    """Columns whose size is far from 1."""
    found = case.facts
    if found is None:
        return Unknown(NO_RECORD)
    if isnan(found.largest_scale):
        return Unknown("no input changes from row to row")
    uneven = found.largest_scale / found.smallest_scale
    large, small = found.largest_scale > LARGE, found.median_scale < SMALL
    if not (large or small or (uneven > UNEVEN and case.poor)):
        return None
    told = f"{case.column(found.largest_column)} has size {found.largest_scale:.3g}"
    if found.smallest_column != found.largest_column:
        told += f", {case.column(found.smallest_column)} {found.smallest_scale:.3g}"
    return Found(
        case.severity() if case.learned < 0.9 or case.poor else "hint",
        f"The inputs' sizes (root mean squares of the columns): {told}, half of them are below {found.median_scale:.3g}.",
        {
            "largest": found.largest_scale,
            "largest_column": case.column(found.largest_column),
            "smallest": found.smallest_scale,
            "smallest_column": case.column(found.smallest_column),
            "median": found.median_scale,
        },
        (
            Advice("scale_features", "True, or a StandardScaler before the network in a pipeline"),
            Advice("the rows to predict", "scale them with the training rows' numbers; a pipeline does"),
        ),
    )


def unscaled_targets(case: Case) -> Answer:
    """Numbers to predict that are far from the size of the outputs."""
    found, network = case.facts, case.network
    if network.layers[-1].function.name != "identity" or case.classes:
        return None
    if found is None:
        return Unknown(NO_RECORD)
    size = float(np.hypot(found.target_centre, found.target_deviation))
    if not (size > LARGE_TARGET or found.target_deviation < SMALL_TARGET) or not case.learned < 0.9:
        return None
    return Found(
        case.severity() if case.poor else "hint",
        f"The target has mean {found.target_centre:.3g} and deviation {found.target_deviation:.3g}; the network starts at "
        "outputs of size 1.",
        {"mean": found.target_centre, "deviation": found.target_deviation},
        (Advice("the targets", "sklearn.compose.TransformedTargetRegressor(network, transformer=StandardScaler())"),),
    )


def small_normalised_batches(case: Case) -> Answer:
    """Batch normalisation over a handful of rows."""
    if not any(layer.batch_norm for layer in case.network.layers):
        return None
    if case.evidence is None:
        return Unknown(NO_RECORD)
    rows, batch = case.evidence.facts.rows, case.evidence.facts.batch
    rest = rows % batch
    if batch >= FEW_ROWS:
        return None
    error = (2 / max(batch - 1, 1)) ** 0.5
    told = f"A step normalises over {batch} rows" + (f", the last one of an epoch over {rest}" if rest else "")
    return Found(
        "serious" if batch <= TINY or case.poor else "warning",
        f"{told}; from {batch} rows a variance is known to about {100 * error:.0f} %.",
        {"batch": batch, "last_batch": rest or batch, "rows": rows, "relative_error_of_variance": error},
        (
            Advice("batch_size", f"{min(32, rows)} or more (now {batch})"),
            Advice("batch_norm", "False, where batches must stay small"),
        ),
    )


def contradictory_duplicates(case: Case) -> Answer:
    """Equal rows with unequal targets."""
    if case.data is None:
        return Unknown(NO_ROWS)
    data = case.data
    groups, codes = _groups(data), _codes(data.y)
    if codes is None:
        return Unknown("there are several targets")
    sizes = np.bincount(groups)
    lowest, highest = np.full(len(sizes), np.inf), np.full(len(sizes), -np.inf)
    np.minimum.at(lowest, groups, codes)
    np.maximum.at(highest, groups, codes)
    differ = highest - lowest > (0 if case.classes else 0.1 * codes.std())
    share, ceiling = float(differ[groups].mean()), _ceiling(groups, codes, bool(case.classes))
    if 1 - ceiling < CONTRADICTIONS:
        return None
    what = "of the answers right" if case.classes else "R2"
    return Found(
        "serious" if 1 - ceiling > COSTLY else "warning",
        f"{100 * share:.1f} % of the rows have a twin with the same inputs and another target; no model can get more than "
        f"{ceiling:.3f} {what} on these rows.",
        {"share": share, "groups": int(differ.sum()), "ceiling": ceiling, "looked_at": len(codes)},
        (
            Advice("the rows", "keep one of each group, or the majority's label; look up how they came to differ"),
            Advice("the columns", "add the one that tells the twins apart"),
        ),
    )


def _groups(data: Data) -> NDArray[np.int64]:
    """Number of the group of equal rows that each row is in."""
    _, groups = np.unique(data.dense, axis=0, return_inverse=True)
    return np.ravel(groups).astype(np.int64)


def _codes(y: NDArray[Any]) -> Vector | None:
    """One target as numbers: classes by their place."""
    if y.ndim != 1:
        return None
    return y.astype(np.float64) if y.dtype.kind == "f" else np.unique(y, return_inverse=True)[1].astype(np.float64)


def _ceiling(groups: NDArray[np.int64], codes: Vector, classes: bool) -> float:
    """The best score of a model that gives equal rows equal answers."""
    if not classes:
        means = np.bincount(groups, codes) / np.bincount(groups)
        return float(1 - np.square(codes - means[groups]).mean() / codes.var())
    pairs, counts = np.unique(np.stack([groups, codes.astype(np.int64)]), axis=1, return_counts=True)
    best = np.zeros(groups.max() + 1)
    np.maximum.at(best, pairs[0], counts)
    return float(best.sum() / len(codes))


def target_leak(case: Case) -> Answer:
    """One column that gives the answer away."""
    found = case.facts
    if found is None:
        return Unknown(NO_RECORD)
    if case.network.inputs < 2:
        return None
    if isnan(found.single):
        return Unknown(
            "there are too few rows of each class" if case.data else f"too few rows were recorded; {NO_ROWS}"
        )
    if found.single < GIVEN_AWAY or not found.next_single < NEXT_BEST:
        return None
    name = case.column(found.single_column)
    return Found(
        "warning",
        f"{name} alone explains {100 * found.single:.1f} % of the target, the next best column "
        f"{100 * max(found.next_single, 0):.0f} % ({found.looked_at} rows).",
        {"column": name, "explains": found.single, "next_best": found.next_single, "looked_at": found.looked_at},
        (
            Advice(
                "the columns",
                f"find out whether {name} is known when a prediction is needed; if it is made from the target or recorded after "
                "it, drop it",
            ),
        ),
    )


def label_noise(case: Case) -> Answer:
    """Labels that contradict a unanimous neighbourhood."""
    if not case.classes:
        return None
    if case.data is None:
        return Unknown(NO_ROWS)
    data = case.data
    codes = _codes(data.y)
    if codes is None or len(codes) < 10 * NEIGHBOURS:
        return Unknown(f"that takes one target and at least {10 * NEIGHBOURS} rows")
    near, counts = _agreement(data.dense, codes.astype(np.int64))
    agreed, contradicted = near.max(axis=1), near.argmax(axis=1) != codes
    purest = agreed >= np.quantile(agreed, 1 - PUREST)
    wrong, overall = float(contradicted[purest].mean()), float(contradicted.mean())
    chance = 1 - counts.max() / len(codes)
    if wrong < max(WRONG, EVERYWHERE * overall) or overall > 0.6 * chance:
        return None
    return Found(
        "serious" if case.failed else "warning",
        f"Where the {NEIGHBOURS} nearest rows agree best, {100 * wrong:.1f} % of the labels still contradict them; "
        f"over all rows it is {100 * overall:.1f} %.",
        {"share": wrong, "overall": overall, "rows": int(purest.sum()), "neighbours": NEIGHBOURS},
        (
            Advice("the labels", "check those of rows that a fitted network contradicts with confidence"),
            Advice(
                "loss", f"LogLoss(label_smoothing={max(0.05, round(wrong, 2)):g}), so that no label is learned by force"
            ),
            Advice("alpha", "larger, and early_stopping=True: wrong labels are learned last"),
        ),
    )


def _agreement(X: Vector, codes: NDArray[np.int64]) -> tuple[Vector, Vector]:
    """Share of each class among the nearest other rows (columns scaled alike), and the classes' counts."""
    deviations = X.std(axis=0)
    scaled = (X - X.mean(axis=0)) / np.where(deviations > 0, deviations, 1)
    places = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(scaled).kneighbors(scaled, return_distance=False)
    own = places == np.arange(len(X))[:, None]
    # Among equal rows a row need not be its own nearest neighbour: then the last one is left out.
    own[~own.any(axis=1), -1] = True
    others = codes[places[~own].reshape(len(X), NEIGHBOURS)]
    shares = np.stack([(others == label).mean(axis=1) for label in range(codes.max() + 1)], axis=1)
    return shares, np.bincount(codes).astype(np.float64)
