"""What the constructor parameters mean: their allowed values, and the formulas they name."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from chainrule.engines import ENGINES, MOST_THREADS
from chainrule.formulas.activations import ACTIVATIONS, ALIASES, Activation
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.schedules import SCHEDULES, Constant, Schedule
from chainrule.formulas.solvers import SOLVERS, Solver
from chainrule.network import Dense, Network

# scikit-learn's name of a parameter where the formula's own field is called differently.
RENAMED = {"nesterov": "nesterovs_momentum"}
# scikit-learn documents these as "only used when solver='sgd'" and ignores them otherwise.
SGD_ONLY_SCHEDULES = ("invscaling", "adaptive")

MOST_UNITS = 2**31 - 1
# What no machine of today has.
MOST_BYTES = 2**46

HIDDEN_ACTIVATIONS = {name for name, entry in ACTIVATIONS.items() if entry.hidden} | set(ALIASES)

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(HIDDEN_ACTIVATIONS), Activation, list, tuple],
    "solver": [StrOptions(set(SOLVERS)), Solver],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions(set(SCHEDULES)), Schedule],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "n_threads": [Interval(Integral, 1, MOST_THREADS, closed="both"), None],
    "dtype": [
        StrOptions({"float32", "float64"}),
        Options(type, {np.float32, np.float64}),
        Options(np.dtype, {np.dtype(np.float32), np.dtype(np.float64)}),
        None,
    ],
    "engine": [StrOptions({"auto", *ENGINES})],
}
REGRESSION_LOSSES: list[Any] = [StrOptions(set(LOSSES) - {"log_loss"}), Loss]


def hidden_layers(sizes: Any, activation: Any) -> tuple[Dense, ...]:
    """The hidden layers that `hidden_layer_sizes` and `activation` describe.

    Raises
    ------
    ValueError
        If a size is not a positive whole number or the activations are not one per hidden layer.
    """
    units = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if any(isinstance(width, bool) or not isinstance(width, Integral) for width in units):
        raise ValueError(f"hidden_layer_sizes must be whole numbers, the units of each hidden layer; got {units}.")
    if any(width <= 0 for width in units):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {units}.")
    if any(width > MOST_UNITS for width in units):
        raise ValueError(f"hidden_layer_sizes must be at most {MOST_UNITS} each, got {units}.")
    names = list(activation) if isinstance(activation, (list, tuple)) else [activation] * len(units)
    if len(names) != len(units):
        raise ValueError(
            f"activation, as a list, needs one entry per hidden layer: {len(units)} layers {units}, got {names}."
        )
    return tuple(Dense(width, name) for width, name in zip(units, names, strict=True))


def refuse_too_many(network: Network, dtype: Any) -> None:
    """Check that the parameters can be addressed at all.

    Raises
    ------
    ValueError
        If they cannot.
    """
    size = network.n_parameters * np.dtype(dtype).itemsize
    if size > MOST_BYTES:
        raise ValueError(
            f"hidden_layer_sizes asks for layers {'-'.join(map(str, network.widths))}: {network.n_parameters} parameters "
            f"in {size / 2**40:.0f} TiB. Take fewer units."
        )


def drawn_for(activation: Any, layers: tuple[Dense, ...]) -> str:
    """The activation for which the output layer's weights are drawn: scikit-learn takes the hidden one."""
    if layers:
        return layers[-1].function.name
    given = activation if isinstance(activation, (str, Activation)) else "identity"
    return Dense(1, given).function.name


def solver_kind(given: Any) -> Any:
    """Class or object of a solver parameter that may not have been validated yet."""
    return SOLVERS.get(given) if isinstance(given, str) else given


def solver_of(estimator: Any) -> Solver:
    """The solver with the hyper-parameters of the estimator."""
    given: str | Solver = estimator.solver
    return given if isinstance(given, Solver) else SOLVERS[given](**_named_alike(SOLVERS[given], estimator))


def schedule_of(estimator: Any) -> Schedule:
    """The schedule with the hyper-parameters of the estimator."""
    given: str | Schedule = estimator.learning_rate
    if isinstance(given, Schedule):
        return given
    if given in SGD_ONLY_SCHEDULES and isinstance(estimator.solver, str) and estimator.solver != "sgd":
        return Constant()
    return SCHEDULES[given](**_named_alike(SCHEDULES[given], estimator))


def _named_alike(formula: Any, estimator: Any) -> dict[str, Any]:
    names = {field.name: RENAMED.get(field.name, field.name) for field in fields(formula)}
    return {own: getattr(estimator, name) for own, name in names.items() if hasattr(estimator, name)}
