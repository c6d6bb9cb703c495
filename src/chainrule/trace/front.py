"""`trace`: the explanation of some data rows' way through a network, forward, backward and one step further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from chainrule.engines import StepSettings, checked_inputs, checked_theta, prepared, refuse_non_finite
from chainrule.engines.arrays import checked_state
from chainrule.engines.reference import draw_masks
from chainrule.formulas.lookup import Array
from chainrule.formulas.schedules import Constant
from chainrule.formulas.solvers import SGD, Solver, get_solver
from chainrule.formulas.targets import check_targets
from chainrule.network import Network
from chainrule.trace.build import filled
from chainrule.trace.formulas import Describer, Formulas
from chainrule.trace.header import ROWS_MOST, UNIT_LIMIT, UNIT_MOST, DataRow, Header
from chainrule.trace.numbers import (
    Numbers,
    Pass,
    Step,
    given_numbers,
    prediction_numbers,
    step_numbers,
    tape_numbers,
)
from chainrule.trace.plans.check import sample
from chainrule.trace.record import Trace
from chainrule.training import Settings, TrainingState

GRADIENT_DESCENT = SGD(momentum=0.0, nesterov=False)
# Step of the central differences where the inputs are of the size of 1: the cube root of the rounding error.
DIFFERENCE = 6e-6
LEVELS = ("auto", "unit", "layer")


@dataclass(frozen=True)
class View:
    """How much is shown.

    Parameters
    ----------
    level : {"auto", "unit", "layer"}
        Rows for every unit, or for every layer only; "auto" takes units up to `UNIT_LIMIT` parameters times data rows.
    check : bool
        Whether gradients and step are checked against finite differences.
    sample : int
        Gradients checked of each array where not all are.
    """

    level: str = "auto"
    check: bool = True
    sample: int = 4

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"level must be 'auto', 'unit' or 'layer'; got {self.level!r}.")
        if not isinstance(self.sample, int) or isinstance(self.sample, bool) or self.sample < 1:
            raise ValueError(f"sample must be a whole number, at least 1; got {self.sample!r}.")

    def level_of(self, parameters: int, rows: int) -> str:
        """The level of a network of that size.

        Raises
        ------
        ValueError
            If unit rows are asked for where they would be too many.
        """
        if self.level == "unit" and parameters * rows > UNIT_MOST:
            raise ValueError(
                f"level='unit' writes rows for every parameter: {parameters} parameters times {rows} data row(s) are more than "
                f"{UNIT_MOST}. Take level='layer' and open single units by trace.unit(layer, unit), or fewer data rows."
            )
        small = parameters * rows <= UNIT_LIMIT
        return ("unit" if small else "layer") if self.level == "auto" else self.level


def trace(
    network: Network,
    theta: Any,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    solver: str | Solver | None = GRADIENT_DESCENT,
    learning_rate_init: float = 0.1,
    alpha: float = 0.0,
    l2: float = 0.0,
    l1: float = 0.0,
    weight_decay: float = 0.0,
    max_norm: float | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    layer_rates: Sequence[float] | None = None,
    state: TrainingState | None = None,
    training: bool = True,
    level: str = "auto",
    check: bool = True,
    sample: int = 4,
    input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
) -> Trace:
    """Explain every number of some rows' way through a network (lecture 001, 'Backpropagation example, step by step').

    Parameters
    ----------
    network : Network
        The network.
    theta : ndarray of shape (P,)
        Its parameters; the explanation is computed in float64.
    X : array or sparse matrix of shape (n, inputs)
        The rows, one batch together.
    y : ndarray of shape (n, targets) or (n,), optional
        Encoded targets; without them the trace ends with the prediction.
    sample_weight : ndarray of shape (n,), optional
        Weights of the rows.
    solver : str, Solver or None
        Whose step is shown; by default gradient descent. None leaves the step out.
    learning_rate_init : float
        The rate of the step.
    alpha, l2, l1, weight_decay, max_norm, clip_norm, clip_value, layer_rates
        As in `train`.
    state : TrainingState, optional
        Where the training stands: the solver's vectors, the number of steps, the seed of the dropout masks. By default it begins.
    training : bool
        Whether the forward pass with targets is that of a training step: dropout masks, statistics of this batch. Otherwise
        that of a prediction, as it always is without targets.
    level : {"auto", "unit", "layer"}
        Rows for every unit, or for layers only; "auto" decides by size.
    check : bool
        Whether gradients are compared with central differences, and the step with its first-order prediction.
    sample : int
        How many gradients of each array are compared where not all are.
    input_names, output_names : sequence of str
        For renderers; by default x0, x1, ... and the outputs' numbers.

    Returns
    -------
    Trace
        Header and rows; ``trace.verify()`` derives all of them anew.

    Raises
    ------
    ValueError
        If something has the wrong shape, a target lies outside the loss's range, a number is impossible, the network cannot
        be trained, or there are too many rows.
    """
    given = dict(locals())
    if state is not None and not isinstance(state, TrainingState):
        raise TypeError(f"state must be a TrainingState, such as training.state, or None; got {type(state).__name__}.")
    theta = checked_theta(network, theta)
    described = {"dtype": str(theta.dtype), **_names(network, input_names, output_names)}
    theta, view = theta.astype(np.float64), View(level, check, sample)
    if y is None:
        return explain_prediction(network, theta, X, view, described)
    chosen = GRADIENT_DESCENT if solver is None else get_solver(solver)
    step = step_of(chosen, network, given, learning_rate_init, state)
    penalties = step.settings
    passed = checked_pass(network, theta, X, y, sample_weight, state if training else None, training, penalties)
    if step.state:
        step = replace(step, state=checked_state(step.state, chosen.slots, theta))
    return explain(passed, None if solver is None else step, penalties, state, training, view, described)


STEP_OPTIONS = (
    "alpha",
    "l2",
    "l1",
    "weight_decay",
    "max_norm",
    "clip_norm",
    "clip_value",
    "layer_rates",
)


def _names(network: Network, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Any]:
    """Names for renderers, checked."""
    named = {}
    for what, given, count in (("input_names", inputs, network.inputs), ("output_names", outputs, network.outputs)):
        found = tuple(str(name) for name in given)
        if len(found) not in (0, count):
            raise ValueError(f"{what} must name all {count}, got {len(found)}.")
        prefix = "x" if what == "input_names" else "output "
        named[what] = found or tuple(f"{prefix}{place}" for place in range(count))
    return named


def step_of(solver: Solver, network: Network, given: dict[str, Any], rate: Any, state: TrainingState | None) -> Step:
    """The coming step.

    Raises
    ------
    ValueError
        If one of the settings in `given` is impossible, or does not go with solver or network.
    """
    factors = given["layer_rates"]
    settings = Settings(
        solver=solver,
        schedule=Constant(),  # the rate of one step is given
        learning_rate_init=rate,
        **{**{name: given[name] for name in STEP_OPTIONS}, "layer_rates": None if factors is None else tuple(factors)},
    )
    if settings.layer_rates is not None and len(settings.layer_rates) != len(network.layers):
        raise ValueError(
            f"layer_rates needs one factor for each of the network's {len(network.layers)} layers, got "
            f"{len(settings.layer_rates)}."
        )
    begun = state is not None and set(state.solver_state) == set(solver.slots) and state.t > 0
    vectors = state.solver_state if begun and state is not None else {}
    t, carried = (state.t, state.carried) if begun and state is not None else (0, 0.0)
    return Step(solver, dict(vectors), t + 1, float(rate), solver.carried(carried, float(rate)), settings.step)


def checked_pass(
    network: Network,
    theta: Array,
    X: Any,
    y: Any,
    sample_weight: Any,
    state: TrainingState | None,
    training: bool,
    settings: StepSettings,
) -> Pass:
    """Checked data with the dropout masks of the coming step.

    Raises
    ------
    ValueError
        If something has the wrong shape or lies outside its range, or there are too many rows.
    """
    network.check_trainable()
    data = prepared(network, _dense(X), y, sample_weight, np.float64)
    refuse_non_finite(data)
    check_targets(network.objective.target_ranges, data.Y)
    _check_rows(len(data.Y))
    seed, step = (0, 0) if state is None else (state.dropout_seed or 0, state.t)
    masks = draw_masks(network, seed, step, len(data.Y), np.float64) if training else None
    moving = training and (data.sample_weight is None or np.count_nonzero(data.sample_weight) > 1) and len(data.Y) > 1
    frozen = [k for k, layer in enumerate(network.layers) if layer.batch_norm and (not moving or k in settings.frozen)]
    return Pass(network, theta, data.X, data.Y, data.sample_weight, masks, tuple(frozen))


def _dense(X: Any) -> Any:
    return X.toarray() if hasattr(X, "toarray") else X


def _check_rows(rows: int) -> None:
    if not 1 <= rows <= ROWS_MOST:
        raise ValueError(f"X has {rows} rows; a trace explains from 1 to {ROWS_MOST} rows. Choose some, such as X[:1].")


def explain_prediction(network: Network, theta: Array, X: Any, view: View, described: dict[str, Any]) -> Trace:
    """The forward pass of a prediction."""
    X = checked_inputs(network, _dense(X), np.float64)
    _check_rows(len(X))
    if not np.isfinite(X).all():
        raise ValueError("X must be finite; it holds NaN or infinity.")
    frozen = tuple(k for k, layer in enumerate(network.layers) if layer.batch_norm)
    passed = Pass(network, theta, X, None, frozen=frozen)
    describer = Describer()
    header = Header(
        describer.network(network),
        len(X),
        ("input", "forward"),
        view.level_of(network.n_parameters, len(X)),
        training=False,
        frozen=frozen,
        **{"data": _rows(len(X)), **described},
    )
    numbers = given_numbers(passed) | prediction_numbers(passed)
    return Trace(header, filled(header, numbers, Formulas(describer.own)), describer.own)


def _rows(count: int) -> tuple[DataRow, ...]:
    return tuple(DataRow(number) for number in range(1, count + 1))


def explain(
    passed: Pass,
    step: Step | None,
    penalties: StepSettings,
    state: TrainingState | None,
    training: bool,
    view: View,
    described: dict[str, Any],
) -> Trace:
    """All stages: forward, loss, backward, the step, the check."""
    network, describer = passed.network, Describer()
    assert passed.Y is not None
    if step is not None and not step.state:
        step = replace(step, state=step.solver.init(passed.theta))
    done = passed.tape(penalties)
    stages = ("input", "forward", "loss", "backward", *(["update"] if step else []), *(["check"] if view.check else []))
    seed, taken = (0, 0) if state is None or not passed.masked else (state.dropout_seed or 0, state.t)
    header = Header(
        describer.network(network),
        len(passed.X),
        stages,
        view.level_of(network.n_parameters, len(passed.X)),
        weighted=passed.weight is not None,
        training=training,
        masked=passed.masked,
        dropout_seed=seed,
        dropout_step=taken,
        frozen=passed.frozen,
        alpha=float(penalties.alpha),
        l2=float(penalties.l2),
        l1=float(penalties.l1),
        solver=None if step is None else describer.solver(step.solver),
        step={} if step is None else _described_step(step),
        **{"data": _rows(len(passed.X)), **described},
    )
    if network.objective.reported_mean and network.outputs > 1:
        told = "The objective adds up the outputs, as the gradient needs it; training reports their mean."
        header = replace(header, notes=(*header.notes, told))
    if view.check:
        header = replace(header, check=_check(header, done.gradient[: network.n_trained], passed, view.sample))
    numbers: Numbers = given_numbers(passed) | tape_numbers(passed, done)
    if step is not None:
        numbers |= step_numbers(passed, done, step)
    return Trace(header, filled(header, numbers, Formulas(describer.own)), describer.own)


def _described_step(step: Step) -> dict[str, Any]:
    penalties = ("alpha", "l2", "l1", "seed")
    limits = {field.name: getattr(step.settings, field.name) for field in fields(step.settings)}
    rates = step.settings.layer_rates
    own = {"rate": step.rate, "t": step.t, "carried": step.carried}
    return {
        **own,
        **{name: value for name, value in limits.items() if name not in penalties},
        "layer_rates": None if rates is None else [float(rate) for rate in rates],
    }


def _check(header: Header, gradient: Array, passed: Pass, most: int) -> dict[str, Any]:
    """Step of the differences: smaller where inputs are large, whose weights act so much more."""
    size = max(1.0, float(np.abs(passed.X).max(initial=0.0)))
    places = range(gradient.size) if header.level == "unit" else sample(header, gradient, most)
    floor = max(1e-12, 1e-4 * float(np.abs(gradient[np.isfinite(gradient)]).max(initial=0.0)))
    return {"step": DIFFERENCE / size, "places": list(places), "floor": floor, "sample": most}
