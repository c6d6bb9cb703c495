"""The validation set of a fit: the user's own, or rows held out for early stopping."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import TrainingData
from chainrule.estimators.guard import refuse_labels
from chainrule.estimators.inputs import training_arrays
from chainrule.estimators.scoring import Monitor
from chainrule.estimators.weights import Weigh
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import Solver
from chainrule.network import Network
from chainrule.training import Validation, hold_out


class Held(NamedTuple):
    """The user's own validation set."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None


class Split(NamedTuple):
    """The rows to train on (None for all) and the validation set, if there is one."""

    rows: NDArray[np.int64] | None
    validation: Validation | None


Rows = NDArray[np.int64]


def drawn_rows(
    estimator: Any, Y: Array, held: Held, solver: Solver, rng: np.random.RandomState
) -> tuple[Rows, Rows] | None:
    """Rows to train on and rows held out for early stopping; None where none are."""
    if held.X is not None or not estimator.early_stopping or not solver.stochastic:
        return None
    return hold_out(len(Y), estimator.validation_fraction, rng, estimator._stratify(Y))


def split(
    estimator: Any,
    network: Network,
    data: TrainingData,
    y: Any,
    held: Held,
    weigh: Weigh,
    drawn: tuple[Rows, Rows] | None,
) -> Split:
    """Training and validation rows; `y` are the training targets as the user gave them, `drawn` comes from `drawn_rows`.

    Raises
    ------
    ValueError
        If the user's validation set is incomplete, does not fit the training data or is too small for its score.
    """
    if (held.X is None) != (held.y is None):
        raise ValueError("X_val and y_val belong together: pass both or neither.")
    if held.X is None and held.sample_weight is not None:
        raise ValueError("sample_weight_val belongs to a validation set: pass X_val and y_val too.")
    if drawn is None:
        estimator._know_training_rows(data, y, None)
        return Split(None, None if held.X is None else _own(estimator, network, data, held, weigh))
    rows, held_rows = drawn
    estimator._know_training_rows(data, y, rows)
    return Split(rows, _scored(estimator, network, data, y, held_rows))


def _own(estimator: Any, network: Network, data: TrainingData, held: Held, weigh: Weigh) -> Validation:
    if estimator._numeric_y:
        refuse_labels(estimator, held.y, "y_val")
    X, y = training_arrays(estimator, held.X, held.y, False, estimator._numeric_y, "y_val")
    X = X.astype(data.X.dtype, copy=False)
    Y = estimator._encode(y, data.X.dtype)
    if Y.shape[1] != data.Y.shape[1]:
        raise ValueError(f"y_val must have {data.Y.shape[1]} outputs, like y; got {Y.shape[1]}.")
    least = estimator._least_validation_rows
    if len(Y) < least and estimator.scoring is None:
        raise ValueError(
            f"X_val has {len(Y)} row, but its score needs at least {least}; give more rows, or none, or scoring='loss'."
        )
    weight = weigh(Y, estimator._checked_weight(held.sample_weight, X))
    return _scored(estimator, network, TrainingData(X, Y, weight), y, None)


def _scored(estimator: Any, network: Network, data: TrainingData, y: Any, rows: NDArray[np.int64] | None) -> Validation:
    """The validation set with its score: by default accuracy or R², straight from the outputs."""
    X, Y, weight = data.X, data.Y, data.sample_weight
    if estimator.scoring == "loss":
        return Validation(X, Y, weight, None, rows)
    direct = estimator._score_function(network) if estimator.scoring is None else None
    if direct is not None:
        return Validation(X, Y, weight, direct, rows)

    def part(values: Any) -> Any:
        return values if rows is None or values is None else values[rows]

    held_weight: Array | None = part(weight)
    return Validation(X, Y, weight, None, rows, Monitor(estimator, network, part(X), part(y), held_weight))
