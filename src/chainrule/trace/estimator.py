"""`trace_estimator`: the explanation of a fitted estimator's rows, with its own solver, penalties and state."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from chainrule.engines.arrays import checked_state
from chainrule.estimators import parameters
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.cells import cells_of
from chainrule.estimators.inputs import training_arrays
from chainrule.estimators.looking import passed_through, unwrapped
from chainrule.estimators.perceptron import Perceptron
from chainrule.formulas.lookup import Array
from chainrule.network import Network
from chainrule.trace.front import STEP_OPTIONS, View, checked_pass, explain, explain_prediction, step_of
from chainrule.trace.header import DataRow
from chainrule.trace.perceptron import trace_perceptron
from chainrule.trace.record import Trace
from chainrule.training import TrainingState

# What the caller may say of the rows in the user's terms.
WORDS = ("data", "input_names", "target_name", "target_scale", "notes")


def trace_estimator(
    estimator: Any,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    training: bool = True,
    level: str = "auto",
    check: bool = True,
    sample: int = 4,
    **described: Any,
) -> Trace:
    """Explain every number of some rows' way through a fitted estimator, and the next step its solver would take on them.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, MLPMultiTask, Perceptron, Pipeline that ends in one, or search for one
        A fitted one; nothing of it is changed.
    X : {array-like, sparse matrix, data frame} of shape (n, n_features)
        The rows, as for `predict`; with targets they are one batch.
    y : array-like, optional
        Targets as for `fit`; without them the trace ends with the prediction.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows; class weights given as numbers are multiplied in.
    training : bool
        Whether the forward pass with targets is that of a training step; see `chainrule.trace.trace`.
    level : {"auto", "unit", "layer"}
        Rows for every unit, or for layers only.
    check : bool
        Whether gradients and step are checked by finite differences.
    sample : int
        How many gradients of each array are checked where not all are.
    **described
        Fields of `Header` in the user's terms: `data`, `target_name`, `target_scale`, `notes`, `input_names`.

    Returns
    -------
    Trace
        Header and rows.

    Raises
    ------
    TypeError
        If it is no such estimator, or there is no such option.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If X or y do not fit it, or there are too many rows.
    """
    odd = sorted(set(described) - set(WORDS))
    if odd:
        known = ("training", "level", "check", "sample", *WORDS)
        raise TypeError(f"trace got an unexpected option {odd[0]!r}; known are {', '.join(known)}.")
    steps, inner = unwrapped(estimator)
    if not isinstance(inner, (BaseMLP, Perceptron)):
        raise TypeError(
            "a trace explains MLPClassifier, MLPRegressor, MLPMultiTask or Perceptron, or a pipeline that ends in one; got "
            f"{type(inner).__name__}. For rows of a table and its model use trace_table, for a network of your own Network.trace."
        )
    check_is_fitted(inner, ("coefs_", "coef_"), all_or_any=any)
    seen, view = passed_through(steps, X), View(level, check, sample)
    words: dict[str, Any] = {**_input_names(estimator, inner), **described}
    if isinstance(inner, Perceptron):
        done = trace_perceptron(inner, seen, y, sample_weight, view, words)
    else:
        done = _explained(inner, seen, y, sample_weight, training, view, words)
    return done if "data" in words else Trace(replace(done.header, data=_data(inner, X, seen, y)), done.rows, done.own)


def _explained(
    estimator: BaseMLP, X: Any, y: Any, sample_weight: Any, training: bool, view: View, words: dict[str, Any]
) -> Trace:
    """The trace of rows as the estimator itself gets them."""
    network, theta, rows = estimator._ready(X)
    theta, notes = theta.astype(np.float64), [*words.pop("notes", ())]
    words = {
        "dtype": str(vars(estimator)["theta_"].dtype),
        "output_names": _output_names(estimator, network),
        "notes": tuple(notes),
        **words,
    }
    if y is None:
        return explain_prediction(network, theta, rows, view, words)
    rows, Y, weight = _encoded(estimator, X, y, sample_weight, notes)
    state = _state(estimator, notes)
    step = _step(estimator, network, theta, state, notes)
    passed = checked_pass(network, theta, rows, Y, weight, state if training else None, training, step.settings)
    return explain(passed, step, step.settings, state, training, view, {**words, "notes": tuple(notes)})


def _encoded(estimator: Any, X: Any, y: Any, sample_weight: Any, notes: list[str]) -> tuple[Any, Array, Any]:
    """Rows, encoded targets and weights as the estimator's own training takes them."""
    rows, read = training_arrays(estimator, X, y, False, estimator._numeric_y)
    Y: Array = estimator._encode(read, rows.dtype)
    weight = estimator._checked_weight(sample_weight, rows)
    given = vars(estimator).get("class_weight")
    if _balanced(given):
        notes.append(
            "class_weight='balanced' goes by all training rows, which are not known here: the rows are unweighted."
        )
    else:
        weight = estimator._weighting(Y, weight)(Y, weight)
    return rows, Y, weight


def _balanced(class_weight: Any) -> bool:
    entries = class_weight.values() if isinstance(class_weight, dict) else class_weight
    return isinstance(class_weight, str) or (
        isinstance(entries, (list, tuple)) and any(isinstance(one, str) for one in entries)
    )


def _state(estimator: Any, notes: list[str]) -> TrainingState:
    """Where the training stands; a fresh one if the model does not know."""
    state: TrainingState | None = vars(estimator).get("_state")
    if state is None:
        return TrainingState()
    if vars(estimator).get("_last") is not None:
        notes.append(
            "The parameters are those of the best epoch; the solver's state is that of the last one, from which training goes on."
        )
    return state


def _step(estimator: Any, network: Network, theta: Array, state: TrainingState, notes: list[str]) -> Any:
    """The step that the estimator's solver would take next."""
    given = {name: getattr(estimator, name) for name in STEP_OPTIONS}
    given["weight_decay"] = parameters.weight_decay_of(estimator)
    history = vars(estimator).get("history_") or []
    rate = history[-1].learning_rate if history and isfinite(history[-1].learning_rate) else 0.0
    if rate <= 0:
        rate = float(estimator.learning_rate_init)
    elif rate != estimator.learning_rate_init:
        notes.append("The learning rate is that of the last step of the training.")
    solver = parameters.solver_of(estimator)
    if not solver.stochastic:
        notes.append(
            "L-BFGS takes no step from one batch: shown is what its first iteration would be, on these rows, from the "
            "fitted parameters: along the negative gradient, as far as its line search goes."
        )
    if given["alpha"]:
        notes.append(
            "alpha is divided by the sum of the weights of the batch shown, as in a training step with this batch."
        )
    step = step_of(solver, network, given, rate, state)
    return replace(step, state=checked_state(step.state, solver.slots, theta)) if step.state else step


def _output_names(estimator: Any, network: Network) -> tuple[str, ...]:
    """Classes where outputs belong to them, else numbers."""
    classes = vars(estimator).get("classes_")
    known = list(classes) if isinstance(classes, np.ndarray) else []
    if len(known) == network.outputs:
        return tuple(map(str, known))
    if len(known) == 2 and network.outputs == 1:
        return (str(known[1]),)
    return tuple(f"output {place}" for place in range(network.outputs))


def _input_names(whole: Any, estimator: Any) -> dict[str, Any]:
    """What the network's inputs are called: by itself, else by the steps before it, else x0, x1, ..."""
    prepares = hasattr(estimator, "feature_names_in_") or hasattr(estimator, "preparation_")
    whole = getattr(whole, "best_estimator_", whole)
    if hasattr(whole, "steps") and len(whole.steps) > 1 and not prepares:
        try:
            return {"input_names": tuple(map(str, whole[:-1].get_feature_names_out()))}
        except (AttributeError, NotFittedError, ValueError):
            pass  # not every transformer names what it makes
    if isinstance(estimator, BaseMLP):
        return {"input_names": tuple(map(str, estimator.get_encoded_feature_names_out()))}
    named = getattr(estimator, "feature_names_in_", None)
    return {} if named is None else {"input_names": tuple(map(str, named))}


def _data(estimator: Any, X: Any, seen: Any, y: Any) -> tuple[DataRow, ...]:
    """The rows in the user's terms; their cells where they are not just what the network sees."""
    predicted = estimator.predict(seen)
    raw: list[dict[str, Any]] = [{} for _ in predicted]
    if hasattr(X, "columns"):
        cells = cells_of(X, None)
        named = [(str(name), column) for name, column in zip(X.columns, cells.columns, strict=True)]
        raw = [{name: _item(column, row) for name, column in named} for row in range(len(raw))]
    elif seen is not X or hasattr(estimator, "preparation_"):
        columns = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=object).T
        raw = [{f"x{place}": _item(column, row) for place, column in enumerate(columns)} for row in range(len(raw))]
    return tuple(
        DataRow(row + 1, cells, None if y is None else _item(y, row), _item(predicted, row))
        for row, cells in enumerate(raw)
    )


def _item(values: Any, row: int) -> Any:
    """One row's cell or label as plain data."""
    if hasattr(values, "iloc"):
        found = values.iloc[row]
    elif hasattr(values, "columns") and hasattr(values, "row"):
        found = list(values.row(row))
    else:
        found = np.asarray(values, dtype=object)[row] if not isinstance(values, np.ndarray) else values[row]
    found = found.tolist() if hasattr(found, "tolist") else found
    return found if found is None or isinstance(found, (bool, int, float, str, list)) else str(found)
