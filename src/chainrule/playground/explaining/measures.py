"""The read-outs explained: what a loss, an accuracy, an R² is made of, with the numbers in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.playground.checked import option
from chainrule.playground.describing import finite
from chainrule.playground.explaining.readouts import WHOLE
from chainrule.playground.pictures.spaces import outputs, passes

if TYPE_CHECKING:
    from chainrule.playground.session import Session

# Rows that a mean is spelled out for, and that a list of rows shows.
SPELLED, LISTED = 3, 12


def explain_metric(session: Session, what: Mapping[str, Any]) -> dict[str, Any]:
    """A read-out: its formula, the same with numbers, and the rows that weigh most.

    Parameters
    ----------
    session : Session
        Whose.
    what : dict
        "name", such as "test_loss"; where it belongs to a layer its "layer", of a confusion matrix "truth" and "predicted".

    Raises
    ------
    ValueError
        If there is no such read-out.
    """
    name = str(what.get("name", ""))
    part, _, measure = name.partition("_")
    if name in WHOLE:
        told = WHOLE[name](session, what)
    elif part in ("train", "test") and measure in MEASURES:
        rows = session.data.train if part == "train" else session.data.test
        if not len(rows):
            raise ValueError("there are no rows to test on.")
        told = MEASURES[measure](session, rows, what)
        told["title"] += " of the rows trained on" if part == "train" else " of the rows not trained on"
    else:
        known = [*(f"{one}_{other}" for one in ("train", "test") for other in MEASURES), *WHOLE]
        raise ValueError(f"there is no read-out {name!r:.40}; known are {', '.join(known)}.")
    return {
        "title": told.pop("title"),
        "id": name,
        "forward": [{"id": name, "stage": "loss", "name": told.pop("name"), "parents": [], **told}],
        "backward": [],
        "update": [],
        "value": told["value"],
        "sentence": told["text"],
        "row": None,
    }


def _loss(session: Session, rows: Any, what: Mapping[str, Any]) -> dict[str, Any]:
    network, built = session.built.network, session.built
    out = outputs(session, built.X[rows])
    with np.errstate(all="ignore"):
        scores = _scores(session, rows)
        values = network.objective.rows(built.Y[rows], scores, out, network.layers[-1].function)
    mean = network.objective.reported(float(values.mean()), network.outputs)
    worst = np.argsort(-values)[:SPELLED]
    listed = " + ".join(f"{value:.4g}" for value in values[:SPELLED])
    more = " + …" if len(values) > SPELLED else ""
    return {
        "title": f"mean {network.objective.name}",
        "name": "loss",
        "formula": "the sum of the rows' losses / the number of rows",
        "latex": r"\frac{1}{N} \sum_r \left(" + network.objective.latex + r"\right)",
        "numbers": f"({listed}{more}) / {len(values)}",
        "value": finite(mean),
        "text": "How far predictions are from targets on average, without penalties. "
        + f"The rows {', '.join(str(int(rows[one])) for one in worst)} cost most: "
        + ", ".join(f"{values[one]:.4g}" for one in worst) + ".",
    }  # fmt: skip


def _scores(session: Session, rows: Any) -> Any:
    return passes(session, session.built.X[rows])[0][-1]


def _score(session: Session, rows: Any, what: Mapping[str, Any]) -> dict[str, Any]:
    built, data = session.built, session.data
    out = outputs(session, built.X[rows])
    if data.task == "classification":
        right = int(np.count_nonzero(built.decided(out) == data.y[rows]))
        return {
            "title": "accuracy",
            "name": "accuracy",
            "formula": "rows whose class is right / rows",
            "latex": r"\frac{1}{N} \sum_r [\hat{y}_r = y_r]",
            "numbers": f"{right} / {len(rows)}",
            "value": right / len(rows),
            "text": "The share of rows whose predicted class is the true one.",
        }
    errors, spread = _squares(session, out, rows)
    return {
        "title": "R²",
        "name": "R²",
        "formula": "1 − sum of squared errors / sum of squared distances from the mean",
        "latex": r"1 - \frac{\sum_r (y_r - \hat{y}_r)^2}{\sum_r (y_r - \bar{y})^2}",
        "numbers": f"1 − {errors:.6g} / {spread:.6g}",
        "value": finite(1 - errors / spread) if spread else None,
        "text": "The share of the targets' variance that the network explains; 0 is what the mean alone would do.",
    }


def _squares(session: Session, out: Any, rows: Any) -> tuple[float, float]:
    values = session.built.in_units(out)[:, out.shape[1] // 2].astype(np.float64)
    truth = session.data.y[rows]
    return float(np.square(truth - values).sum()), float(np.square(truth - truth.mean()).sum())


def _rmse(session: Session, rows: Any, what: Mapping[str, Any]) -> dict[str, Any]:
    if session.data.task == "classification":
        raise ValueError("a root mean squared error is for numbers; these are classes.")
    errors, _ = _squares(session, outputs(session, session.built.X[rows]), rows)
    return {
        "title": "root mean squared error",
        "name": "RMSE",
        "formula": "root of (sum of squared errors / rows)",
        "latex": r"\sqrt{\frac{1}{N} \sum_r (y_r - \hat{y}_r)^2}",
        "numbers": f"√({errors:.6g} / {len(rows)})",
        "value": finite((errors / len(rows)) ** 0.5),
        "text": "How far predictions are off, in the target's own unit.",
    }


def _confusion(session: Session, rows: Any, what: Mapping[str, Any]) -> dict[str, Any]:
    built, data = session.built, session.data
    if data.task == "regression":
        raise ValueError("only classes can be confused; these are numbers.")
    truth, predicted = (option(what, name, 0, 0, len(data.classes) - 1) for name in ("truth", "predicted"))
    decided = built.decided(outputs(session, built.X[rows]))
    own = rows[(data.y[rows] == truth) & (decided == predicted)]
    total = int(np.count_nonzero(data.y[rows] == truth))
    listed = ", ".join(map(str, own[:LISTED].tolist())) + (", …" if len(own) > LISTED else "")
    said, meant = data.classes[predicted], data.classes[truth]
    return {
        "title": f"class {meant} taken for {said}" if truth != predicted else f"class {meant} recognised",
        "name": "rows",
        "formula": "rows of that class that the network puts into this one",
        "latex": r"\sum_r [y_r = i] \, [\hat{y}_r = j]",
        "numbers": f"{len(own)} of {total}",
        "value": len(own),
        "text": f"Of {total} rows of class {meant}, {len(own)} are said to be {said}."
        + (f" They are the rows {listed}." if len(own) else ""),
    }


MEASURES: dict[str, Callable[[Session, Any, Mapping[str, Any]], dict[str, Any]]] = {
    "loss": _loss,
    "score": _score,
    "rmse": _rmse,
    "confusion": _confusion,
}
