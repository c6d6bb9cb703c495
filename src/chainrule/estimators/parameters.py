"""What the constructor parameters mean: their allowed values, and the solver and schedule they name.

The network that they describe is in `architecture.py`, its first parameters in `starting.py`.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, Options, StrOptions

from chainrule.engines import ENGINES, MOST_THREADS
from chainrule.estimators.preparation import FROM_DTYPE
from chainrule.estimators.starting import Pretrained
from chainrule.formulas.activations import ACTIVATIONS, ALIASES, Activation
from chainrule.formulas.initializers import INITIALIZERS
from chainrule.formulas.losses import ALIASES as LOSS_ALIASES
from chainrule.formulas.losses import LOSSES, Loss, LossFamily
from chainrule.formulas.schedules import SCHEDULES, Constant, Schedule
from chainrule.formulas.solvers import SOLVERS, AdamW, Solver

# Which parameters feed which fields of the formulas chosen by name. What is not here keeps the formula's own default: adam's
# epsilon, for one, would be the wrong number for adagrad.
ADAMS = {"beta_1": "beta_1", "beta_2": "beta_2", "epsilon": "epsilon"}
SOLVER_FIELDS: dict[str, dict[str, str]] = {
    "sgd": {"momentum": "momentum", "nesterov": "nesterovs_momentum"},
    "adam": ADAMS,
    "adamw": ADAMS,
    "lbfgs": {"max_fun": "max_fun"},
}
SCHEDULE_FIELDS: dict[str, dict[str, str]] = {"invscaling": {"power_t": "power_t"}}
# scikit-learn documents these as "only used when solver='sgd'" and ignores them with its other solvers.
SGD_ONLY_SCHEDULES = ("invscaling", "adaptive")
OTHERS_OF_SCIKIT_LEARN = ("adam", "lbfgs")

NOT_FOR_NUMBERS = {"log_loss", "hinge", "perceptron"}
NOT_FOR_CLASSES = {"poisson", "quantile"}

AT_LEAST_0 = Interval(Real, 0, None, closed="left")
ABOVE_0 = Interval(Real, 0, None, closed="neither")
WHOLE = Interval(Integral, 1, None, closed="left")
SHARE = Interval(Real, 0, 1, closed="left")

# Names refused elsewhere with the reason (an output activation as a hidden one, a loss of the other task) are allowed here.
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", WHOLE],
    "activation": [StrOptions({*ACTIVATIONS, *ALIASES}), Activation, list, tuple],
    "solver": [StrOptions(set(SOLVERS)), Solver],
    "alpha": [AT_LEAST_0],
    "batch_size": [StrOptions({"auto"}), WHOLE],
    "learning_rate": [StrOptions(set(SCHEDULES)), Schedule],
    "learning_rate_init": [ABOVE_0],
    "power_t": [AT_LEAST_0],
    "max_iter": [WHOLE],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [AT_LEAST_0],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [SHARE],
    "beta_1": [SHARE],
    "beta_2": [SHARE],
    "epsilon": [ABOVE_0],
    "n_iter_no_change": [WHOLE, Options(Real, {np.inf})],
    "max_fun": [WHOLE],
    "n_threads": [Interval(Integral, 1, MOST_THREADS, closed="both"), None],
    "dtype": [
        StrOptions({"float32", "float64"}),
        Options(type, {np.float32, np.float64}),
        Options(np.dtype, {np.dtype(np.float32), np.dtype(np.float64)}),
        None,
    ],
    "engine": [StrOptions({"auto", *ENGINES})],
    "output_activation": [StrOptions({*ACTIVATIONS, *ALIASES}), Activation, None],
    "dropout": [SHARE, "array-like"],
    "batch_norm": ["boolean", "array-like"],
    "l2": [AT_LEAST_0],
    "l1": [AT_LEAST_0],
    "weight_decay": [AT_LEAST_0, None],
    "max_norm": [ABOVE_0, None],
    "clip_norm": [ABOVE_0, None],
    "clip_value": [ABOVE_0, None],
    "init": [StrOptions(set(INITIALIZERS)), callable, np.ndarray, list, tuple, Pretrained],
    "layer_rates": ["array-like", None],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "categorical_features": ["array-like", StrOptions({FROM_DTYPE}), None],
    "allow_nan": ["boolean"],
    "scale_features": ["boolean"],
}
REGRESSION: dict[str, list[Any]] = {
    **CONSTRAINTS,
    "loss": [StrOptions({*LOSSES, *LOSS_ALIASES}), Loss, LossFamily],
}
CLASSIFICATION: dict[str, list[Any]] = {
    **CONSTRAINTS,
    "loss": [StrOptions({*LOSSES, *LOSS_ALIASES}), Loss, LossFamily],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
}


def solver_kind(given: Any) -> Any:
    """Class or object of a solver parameter that may not have been validated yet."""
    return SOLVERS.get(given) if isinstance(given, str) else given


def is_stochastic(given: Any, unknown: bool = True) -> bool:
    """Whether a solver, by name, class or object, goes step by step; `unknown` for what is none."""
    return bool(getattr(solver_kind(given), "stochastic", unknown))


def solver_of(estimator: Any) -> Solver:
    """The solver with the hyper-parameters of the estimator.

    Raises
    ------
    ValueError
        If an AdamW object and `weight_decay` both set the decay.
    """
    given: str | Solver = estimator.solver
    decay = estimator.weight_decay
    if isinstance(given, AdamW) and decay is not None:
        raise ValueError(
            f"weight_decay={decay!r} and solver={given!r} both set the weight decay; leave weight_decay=None, or write "
            "solver='adamw'."
        )
    if isinstance(given, Solver):
        return given
    own = {"weight_decay": float(decay)} if given == "adamw" and decay is not None else {}
    return SOLVERS[given](**_given_for(given, SOLVER_FIELDS, estimator), **own)


def weight_decay_of(estimator: Any) -> float:
    """Weight decay beside the solver's own."""
    return 0.0 if estimator.solver == "adamw" or estimator.weight_decay is None else float(estimator.weight_decay)


def schedule_of(estimator: Any) -> Schedule:
    """The schedule with the hyper-parameters of the estimator."""
    given: str | Schedule = estimator.learning_rate
    if isinstance(given, Schedule):
        return given
    solver = estimator.solver
    if given in SGD_ONLY_SCHEDULES and isinstance(solver, str) and solver in OTHERS_OF_SCIKIT_LEARN:
        return Constant()
    return SCHEDULES[given](**_given_for(given, SCHEDULE_FIELDS, estimator))


def _given_for(name: str, table: dict[str, dict[str, str]], estimator: Any) -> dict[str, Any]:
    return {field: getattr(estimator, parameter) for field, parameter in table.get(name, {}).items()}


__all__ = [
    "CLASSIFICATION",
    "REGRESSION",
    "is_stochastic",
    "schedule_of",
    "solver_kind",
    "solver_of",
    "weight_decay_of",
]
