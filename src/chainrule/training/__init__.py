"""Training: `train` turns a network, parameters and data into an iterable of `Epoch` records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from chainrule.engines import TrainingData, checked_rows, checked_theta, choose, prepared, refuse_non_finite
from chainrule.formulas.lookup import Array
from chainrule.formulas.schedules import Schedule, get_schedule
from chainrule.formulas.solvers import Solver, get_solver
from chainrule.formulas.targets import check_targets
from chainrule.network import Network
from chainrule.training.records import Epoch, Patience, TrainingState
from chainrule.training.settings import Settings
from chainrule.training.threads import default_threads, threads_for
from chainrule.training.training import Training
from chainrule.training.validation import Validation, hold_out

# Arguments of `train` that `Settings` takes as they are.
UNCHANGED = (
    *("learning_rate_init", "alpha", "l2", "l1", "weight_decay", "max_norm", "clip_norm", "clip_value"),
    *("batch_size", "max_iter", "shuffle", "tol", "n_iter_no_change"),
)


def train(
    network: Network,
    theta: Array,
    X: Any,
    y: Any,
    *,
    solver: str | Solver = "adam",
    learning_rate: str | Schedule = "constant",
    learning_rate_init: float = 0.001,
    alpha: float = 0.0,
    l2: float = 0.0,
    l1: float = 0.0,
    weight_decay: float = 0.0,
    max_norm: float | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    layer_rates: Any = None,
    batch_size: int | str = "auto",
    max_iter: int = 200,
    shuffle: bool = True,
    random_state: int | np.random.RandomState | None = None,
    sample_weight: Any = None,
    rows: Any = None,
    validation: Validation | tuple[Any, ...] | None = None,
    stop_on: str | None = None,
    tol: float = 1e-4,
    n_iter_no_change: float = 10,
    engine: str = "auto",
    n_threads: int | None = None,
    resume: TrainingState | None = None,
) -> Training:
    """Train a network: ``for epoch in train(network, theta, X, y): print(epoch.loss)``.

    Parameters
    ----------
    network : Network
        What to train.
    theta : ndarray of shape (P,)
        Where to start, for example ``network.init(seed)``; it is not changed. Its precision is the training's.
    X : array or scipy sparse matrix of shape (n, inputs)
        Inputs; not copied if C-contiguous and of theta's type.
    y : array of shape (n,) or (n, targets)
        Encoded targets: one-hot for softmax, 0/1 for logistic outputs, numbers otherwise; one column for each output, or one
        for all levels of a quantile loss.
    solver : str or Solver
        A name of the table `SOLVERS` (chainrule/formulas/solvers.py), or an object such as ``Adam(beta_2=0.99)``.
    learning_rate : str or Schedule
        A name of the table `SCHEDULES` (chainrule/formulas/schedules.py), or an object such as ``Cosine(epochs=100)``.
    learning_rate_init : float
        The initial rate.
    alpha : float
        L2 penalty, as scikit-learn defines it (docs/architecture.md).
    l2, l1, weight_decay, max_norm, clip_norm, clip_value
        L2 penalty independent of the batch, L1 penalty, decoupled weight decay, most norm of the weights into a unit,
        most norm of the gradient, most magnitude of its components: see `StepSettings`.
    layer_rates : sequence of float or None
        Factor of the learning rate for each layer; 0 freezes it.
    batch_size : int or "auto"
        Rows per step; "auto" is at most 200.
    max_iter : int
        Most epochs (iterations for lbfgs) of this call.
    shuffle : bool
        Whether to permute the rows before each epoch.
    random_state : int, RandomState or None
        Source of the permutations.
    sample_weight : array of shape (n,) or None
        Weights of the rows.
    rows : array of int, mask of bool, or None
        Rows to train on, in this order; None means all.
    validation : Validation, (X, y), (X, y, sample_weight) or None
        Evaluated after each epoch; the best epoch's parameters are then `Training.best_theta`.
    stop_on : "loss", "validation" or None
        What must improve by `tol` within `n_iter_no_change` epochs; None: the validation set if there is one.
    tol : float
        Least improvement that counts; for lbfgs also the gradient tolerance.
    n_iter_no_change : int or inf
        Epochs without improvement that are tolerated.
    engine : str
        "auto", "native" or "reference".
    n_threads : int or None
        Threads; None: all that the process may use.
    resume : TrainingState or None
        `Training.state` of an earlier training; pass its `theta` too. `Cosine` and `OneCycle` go on exactly only with
        their field `epochs` given.

    Returns
    -------
    Training
        An iterable of `Epoch` that also has `theta`, `best_theta`, `state`, `outcome`.

    Raises
    ------
    ValueError
        If shapes, names or the validation set do not fit, or a target lies outside the loss's range.
    DivergenceError
        While iterating, if numbers become non-finite and there is no validation set to fall back on.
    """
    given = locals()
    theta = checked_theta(network, theta)
    chosen = get_solver(solver)
    data = _data(network, X, y, sample_weight, theta.dtype)
    validation = None if validation is None else _validation(network, validation, theta.dtype)
    watched = stop_on or ("loss" if validation is None else "validation")
    if watched not in ("loss", "validation") or (watched == "validation" and validation is None):
        raise ValueError(f"stop_on must be 'loss', or 'validation' beside a validation set; got {stop_on!r}.")
    settings = Settings(
        solver=chosen,
        schedule=get_schedule(learning_rate),
        **{name: given[name] for name in UNCHANGED},
        layer_rates=_layer_rates(layer_rates),
        watched=watched,
        n_threads=threads_for(n_threads),
    )
    return Training(
        network,
        theta,
        data,
        choose(engine, network, theta.dtype, chosen if chosen.stochastic else None),
        settings,
        check_random_state(random_state),
        rows=None if rows is None else checked_rows(rows, len(data.Y)),
        validation=validation,
        resume=resume,
    )


def _layer_rates(given: Any) -> tuple[float, ...] | None:
    if given is None:
        return None
    values = list(given) if hasattr(given, "__array__") and np.ndim(given) == 1 else given
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise ValueError(
            "layer_rates must be a sequence of numbers, one for each layer from the first to the output layer, such as "
            f"[0, 0.1, 1]; got {given!r}."
        )
    return tuple(values)


def _data(network: Network, X: Any, y: Any, sample_weight: Any, dtype: Any, where: str = "") -> TrainingData:
    data = prepared(network, X, y, sample_weight, dtype, where)
    refuse_non_finite(data, where)
    check_targets(network.objective.target_ranges, data.Y, where)
    return data


def _validation(network: Network, given: Validation | tuple[Any, ...], dtype: Any) -> Validation:
    if not isinstance(given, Validation):
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ValueError("validation must be a Validation, (X, y) or (X, y, sample_weight).")
        given = Validation(*given)
    data = _data(network, given.X, given.Y, given.sample_weight, dtype, "validation: ")
    rows = None if given.rows is None else checked_rows(given.rows, len(data.Y), "validation: ")
    return Validation(data.X, data.Y, data.sample_weight, given.score, rows, given.monitor)


__all__ = [
    "Epoch",
    "Patience",
    "Settings",
    "Training",
    "TrainingState",
    "Validation",
    "default_threads",
    "hold_out",
    "threads_for",
    "train",
]
