"""Too much and too little: classes left out, data learned by heart, data not learned."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from chainrule.diagnosis.case import LITTLE, NOTHING, Case, Data
from chainrule.diagnosis.checks.data import NO_RECORD, NO_ROWS
from chainrule.diagnosis.findings import Advice, Answer, Found, Unknown
from chainrule.training.evidence import rarest_class

FORGOTTEN, ENOUGH = 0.5, 50
GAP, LARGE_GAP = 0.12, 0.25
MISSED, NEIGHBOURS = 0.1, 10
# Fewer rows are no help in telling what others would have learned from them.
FEWEST_ROWS = 4 * NEIGHBOURS
# Drawn weights grow when something is learned.
SHRUNK, PENALTIES = 0.5, ("alpha", "l2", "l1", "weight_decay")
NO_HELD = "there were no validation rows; pass X_val and y_val, or fit with early_stopping=True"


def imbalance_ignored(case: Case) -> Answer:
    """A rare class that is not recognised, and no weight for it."""
    if not case.classes or case.parameters.get("class_weight") is not None:
        return None
    facts = case.facts
    if facts is None or not facts.counts:
        return Unknown(NO_RECORD)
    counts, rarest = np.array(facts.counts), rarest_class(facts.counts)
    if rarest < 0:
        return None
    share = float(counts[rarest] / counts.sum())
    recall = _recall(case, rarest)
    if isnan(recall):
        few = f"there are too few rows of class {case.classes[rarest]!r}"
        return Unknown(few if case.data else f"{few} in the record; {NO_ROWS}")
    if recall >= FORGOTTEN:
        return None
    return Found(
        "serious" if recall < FORGOTTEN / 2 and counts[rarest] >= ENOUGH else "warning",
        f"Class {case.classes[rarest]!r} is {100 * share:.2g} % of the rows, and {100 * recall:.0f} % of its rows are "
        f"recognised; always answering the most frequent class is right in {100 * counts.max() / counts.sum():.1f} % of the "
        "rows.",
        {"class": str(case.classes[rarest]), "share": share, "recall": recall},
        (
            Advice("class_weight", "'balanced' (now None)"),
            Advice("scoring", "'balanced_accuracy' or 'f1_macro', so that early stopping sees the rare class"),
        ),
        since=1,
    )


def _recall(case: Case, rarest: int) -> float:
    """Of the rarest class: on the rows given, else as recorded."""
    label = case.classes[rarest]
    if case.data is not None and case.model is not None:
        rows = np.flatnonzero(case.data.y == label)
        if len(rows) >= 8:
            return float((case.predicted(case.data)[rows] == label).mean())
    looks = case.looks
    return looks[-1].rare_recall if looks else nan


def overfitting(case: Case) -> Answer:
    """Much better on the rows trained on than on others."""
    if case.data is not None and case.held is not None and case.model is not None:
        name, trained, held = "score", case.score(case.data), case.score(case.held)
        margin = 2 * _uncertainty(case, case.held)
    else:
        name, trained, held = "share of the loss removed", *_curves(case)
        margin = 0.0
        if isnan(held):
            return Unknown(NO_HELD if case.held is None else f"{NO_HELD}; beside X_val it takes X and y")
    gap = trained - max(held, 0 if case.classes else -1)
    if not gap > GAP + margin:
        return None
    epochs = [epoch.validation_loss for epoch in case.history if epoch.validation_loss is not None]
    best = int(np.argmin(epochs)) + 1 if epochs else 0
    turned = f" The validation loss was least in epoch {best} of {len(epochs)}." if epochs else ""
    alpha = float(case.parameters.get("alpha", 0))
    return Found(
        "serious" if gap > LARGE_GAP + margin else "warning",
        f"On the rows trained on the {name} is {trained:.3f}, on others {held:.3f}.{turned}",
        {"trained": trained, "held": held, "gap": gap, "best_epoch": best or None},
        (
            Advice("early_stopping", "True, which keeps the weights of the best epoch"),
            Advice("alpha", f"{max(100 * alpha, 0.1):g} (now {alpha:g}), or weight_decay with solver='adamw'"),
            Advice("dropout", f"0.2 to 0.5 (now {case.parameters.get('dropout', 0)})"),
            Advice("hidden_layer_sizes", f"fewer units (now {tuple(case.network.widths[1:-1])})"),
            Advice("the rows", "more of them: nothing helps as much"),
        ),
        since=1,
    )


def _uncertainty(case: Case, held: Data) -> float:
    """Standard error of the score on these rows: of a share, or of a mean squared error over the variance."""
    if case.classes:
        score = case.score(held)
        return float((score * (1 - score) / len(held.y)) ** 0.5)
    if held.y.ndim != 1 or not held.y.std() > 0:
        return 0.0
    errors = np.square(held.y - np.ravel(case.predicted(held)))
    return float(errors.std() / len(errors) ** 0.5 / held.y.var())


def _curves(case: Case) -> tuple[float, float]:
    """Shares of the baseline's loss removed on training and validation rows, at the epoch whose weights were kept."""
    known = [epoch for epoch in case.history if epoch.validation_loss is not None and np.isfinite(epoch.loss)]
    if not known or not case.baseline > 0:
        return nan, nan
    best = [epoch for epoch in known if epoch.best] or known
    kept = best[-1]
    assert kept.validation_loss is not None
    return 1 - kept.loss / case.baseline, 1 - kept.validation_loss / case.baseline


def underfitting(case: Case) -> Answer:
    """A loss not far below that of a constant, on the very rows that were trained on."""
    if case.diverged:
        return None
    if isnan(case.learned):
        return Unknown(f"the loss of the best constant prediction is not known; {NO_ROWS}")
    if not case.learned < LITTLE:
        return None
    if not _comparable(case):
        if case.learned >= NOTHING:
            return Unknown(f"the targets may be noisy, or the network too small for them; {NO_ROWS}")
        return _too_little(
            case, f"The network removes {100 * max(case.learned, 0):.1f} % of the loss of a constant", {}
        )
    assert case.data is not None
    reached, possible = case.score(case.data), reference_score(case.data, bool(case.classes))
    if possible - reached < MISSED:
        return None
    return _too_little(
        case,
        f"The network's score on its own training rows is {reached:.3f}; {NEIGHBOURS} nearest neighbours reach {possible:.3f} on "
        "rows left out",
        {"score": reached, "reference": possible},
    )


def _too_little(case: Case, told: str, numbers: dict[str, float]) -> Found:
    dropout = max((layer.dropout for layer in case.network.layers), default=0.0)
    linear = all(layer.function.name == "identity" for layer in case.network.layers[:-1])
    widths = tuple(case.network.widths[1:-1])
    advice = [Advice("dropout", f"0.1 or 0 (now {dropout:g})")] if dropout >= 0.5 else []
    if linear:
        advice.append(
            Advice("hidden_layer_sizes", "(64,) with activation='relu': without a hidden non-linearity it is linear")
        )
    else:
        wider = tuple(4 * max(width, 8) for width in widths) or (64,)
        advice.append(Advice("hidden_layer_sizes", f"{wider} (now {widths})"))
    advice += [
        Advice("max_iter", f"more epochs (now {case.parameters.get('max_iter')})"),
        Advice("the columns", "if nothing helps: they may say little about the target"),
    ]
    return Found(
        "serious" if case.failed or numbers.get("reference", 0) - numbers.get("score", 0) > 2 * MISSED else "warning",
        f"{told}.",
        {"learned": case.learned, **numbers},
        tuple(advice),
        since=1,
    )


def penalty_too_strong(case: Case) -> Answer:
    """Weights that a penalty pulled towards zero while little was learned."""
    used = {name: float(value) for name in PENALTIES if (value := case.parameters.get(name))}
    if not used or case.diverged:
        return None
    if len(case.looks) < 2 or isnan(case.learned):
        return Unknown(NO_RECORD)
    first, last = (float(np.linalg.norm(one.weights)) for one in (case.looks[0], case.looks[-1]))
    if case.looks[0].epoch or not last < SHRUNK * first or not (case.failed or (case.poor and _missed(case) >= MISSED)):
        return None
    return Found(
        "serious",
        f"The parameters shrank to {100 * last / first:.2g} % of the size they were drawn with, and "
        f"{100 * max(case.learned, 0):.0f} % of a constant's loss is removed.",
        {"size": last / first, "learned": case.learned, **used},
        tuple(Advice(name, f"{value / 1000:g} (now {value:g})") for name, value in used.items()),
        since=1,
    )


def _comparable(case: Case) -> bool:
    """Whether nearest neighbours can be asked what there is to learn."""
    return (
        case.data is not None and case.model is not None and case.data.y.ndim == 1 and len(case.data.y) >= FEWEST_ROWS
    )


def _missed(case: Case) -> float:
    """How much better nearest neighbours are on rows left out than the network on its own; 0 where nobody can tell."""
    if case.data is None or not _comparable(case):
        return 0.0
    return reference_score(case.data, bool(case.classes)) - case.score(case.data)


def reference_score(data: Data, classes: bool) -> float:
    """Accuracy or R2 of the nearest neighbours, on every second row after learning the others."""
    kind = KNeighborsClassifier if classes else KNeighborsRegressor
    X = StandardScaler().fit_transform(data.dense)
    halves = np.arange(len(X)) % 2
    scores = [
        kind(n_neighbors=min(NEIGHBOURS, int((halves != side).sum())))
        .fit(X[halves != side], data.y[halves != side])
        .score(X[halves == side], data.y[halves == side])
        for side in (0, 1)
    ]
    return float(np.mean(scores))
