"""What `train` refuses, and what it makes of row numbers, permutations, weights and earlier best parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from chainrule import MLPRegressor, train
from chainrule.engines import ENGINES, TrainingData
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.schedules import SCHEDULES, Cosine, OneCycle, Schedule
from chainrule.formulas.solvers import SGD, Adam
from chainrule.network import Dense, Network
from chainrule.training import TrainingState, Validation

RNG = np.random.RandomState(0)
X = RNG.randn(40, 3)
LABELS = (X[:, 0] > 0.3).astype(float)
NETWORK = Network(3, (Dense(4, "tanh"), Dense(1, "logistic")), "log_loss")
THETA = NETWORK.init(0)
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(NETWORK, np.float64) is None]
engines = pytest.mark.parametrize("engine", USABLE)


def run(**options):
    training = train(NETWORK, options.pop("theta", THETA), options.pop("X", X), options.pop("y", LABELS), **options)
    list(training)
    return training


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": []}, "rows must be one list of whole numbers, at least one"),
        ({"rows": [[0, 1]]}, r"rows must be .* got shape \(1, 2\)"),
        ({"rows": [0.0, 1.0]}, "rows must be .* got shape .* of float64"),
        ({"rows": np.zeros(40, bool)}, "rows must be"),
        ({"rows": np.ones(39, bool)}, "rows must be .* a mask of 40 booleans"),
        ({"rows": [0, 40]}, "rows must lie between 0 and 39, got numbers from 0 to 40"),
        ({"rows": [-1]}, "rows must lie between 0 and 39, got numbers from -1 to -1"),
        ({"batch_size": 0}, "batch_size must be 'auto' or a whole number, at least 1; got 0"),
        ({"batch_size": 2.5}, "batch_size must be 'auto' or a whole number"),
        ({"batch_size": "all"}, "batch_size must be 'auto'"),
        ({"max_iter": 0}, "max_iter must be a whole number, at least 1; got 0"),
        ({"max_iter": 1.5}, "max_iter must be"),
        ({"alpha": -1e-9}, "alpha must be a finite number, at least 0"),
        ({"alpha": np.inf}, "alpha must be a finite number"),
        ({"learning_rate_init": 0.0}, "learning_rate_init must be a finite number above 0"),
        ({"learning_rate_init": np.nan}, "learning_rate_init must be"),
        ({"tol": np.nan}, "tol must be a finite number"),
        ({"n_iter_no_change": np.nan}, "n_iter_no_change must be"),
        ({"n_threads": 0}, "n_threads must be a whole number from 1 to 4096"),
        ({"n_threads": 10**9}, "n_threads must be a whole number from 1 to 4096"),
        ({"X": np.where(X > 2, np.nan, X)}, "X must be finite in float64"),
        ({"X": X * 1e39, "theta": THETA.astype(np.float32)}, "X must be finite in float32"),
        ({"X": scipy.sparse.csr_matrix(X * np.inf)}, "X must be finite"),
        ({"y": np.where(X[:, 0] > 1, np.inf, LABELS)}, "y must be finite"),
        ({"X": X[:0], "y": LABELS[:0]}, "X has no rows"),
        ({"theta": THETA.astype(np.float16)}, "theta must be float32 or float64"),
        ({"sample_weight": -np.ones(40)}, "sample_weight must be finite and not negative"),
        ({"sample_weight": np.zeros(40)}, "sample_weight is zero for every row"),
        ({"sample_weight": np.arange(40) > 9, "rows": [1, 2]}, "zero for every row to train on"),
        ({"validation": (X,)}, r"validation must be a Validation, \(X, y\) or \(X, y, sample_weight\)"),
        ({"validation": X}, "validation must be a Validation"),
        ({"validation": Validation(X[:, :2], LABELS)}, r"validation: X must have shape \(n, 3\)"),
        ({"validation": Validation(X, LABELS[:9])}, "validation: y must hold encoded targets"),
        ({"validation": Validation(X, LABELS, rows=[50])}, "validation: rows must lie between 0 and 39"),
        ({"validation": (X, LABELS, np.arange(40) > 99)}, "validation: sample_weight is zero"),
    ],
)
def test_impossible_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        run(**options)


@engines
def test_rows_may_be_a_list_or_a_mask(engine):
    numbers = np.flatnonzero(X[:, 1] > 0)
    expected = run(rows=numbers, engine=engine, max_iter=3, random_state=0).theta
    for rows in (numbers.tolist(), X[:, 1] > 0, numbers.astype(np.int32)):
        np.testing.assert_array_equal(run(rows=rows, engine=engine, max_iter=3, random_state=0).theta, expected)


@engines
def test_a_validation_object_is_prepared_like_a_pair(engine):
    scores = []
    for theta in (THETA, THETA.astype(np.float32)):
        for held in ((X, LABELS), Validation(X, LABELS), Validation(X[::-1], LABELS[::-1], rows=range(39, -1, -1))):
            training = train(NETWORK, theta, X, LABELS, validation=held, engine=engine, max_iter=2, random_state=0)
            scores.append([epoch.validation_loss for epoch in training])
    np.testing.assert_allclose(scores, [scores[0]] * 6, rtol=1e-5)


@engines
def test_whole_numbers_as_parameters_are_float64(engine):
    training = run(theta=np.ones(len(THETA), int), engine=engine, max_iter=2, random_state=0)
    np.testing.assert_array_equal(
        training.theta, run(theta=np.ones(len(THETA)), engine=engine, max_iter=2, random_state=0).theta
    )


@engines
def test_an_order_of_other_rows_is_not_resumed(engine):
    rows = np.arange(10)
    before = run(rows=np.arange(20, 30), engine=engine, max_iter=2, random_state=0)
    options = {"rows": rows, "engine": engine, "shuffle": False, "max_iter": 2, "batch_size": 4, "theta": before.theta}
    resumed = run(resume=before.state, **options)
    np.testing.assert_array_equal(resumed.theta, run(resume=replace(before.state, order=None), **options).theta)
    assert sorted(resumed.state.order) == list(rows)


@engines
@pytest.mark.parametrize("solver", [SGD(), Adam()])
def test_solver_states_of_another_length_are_refused(engine, solver):
    state = TrainingState({slot: np.zeros(5) for slot in solver.slots}, t=3)
    said = rf"the solver's state '{solver.slots[0]}' has shape \(5,\), expected \({len(THETA)},\)"
    with pytest.raises(ValueError, match=said):
        run(solver=solver, resume=state, engine=engine)
    with pytest.raises(ValueError, match=f"lacks '{solver.slots[0]}'"):
        ENGINES[engine].session(NETWORK, THETA, TrainingData(X, LABELS[:, None]), solver, state={}, t=1)


def held_out_loss(theta, labels):
    return NETWORK.loss_and_gradient(theta, X, labels)[0]


@engines
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_best_parameters_are_judged_by_the_present_validation_set(engine, solver):
    """Trained towards LABELS, then away from them: what was best for the first set is not for the second."""
    options = {"engine": engine, "solver": solver, "stop_on": "loss", "random_state": 0, "alpha": 0.1}
    first = run(validation=(X, LABELS), learning_rate_init=0.05, max_iter=20, **options)
    resumed = {"theta": first.theta, "resume": first.state, "learning_rate_init": 1e-6, "max_iter": 1}
    second = run(validation=(X, 1 - LABELS), y=1 - LABELS, **resumed, **options)
    candidates = [first.best_theta, first.theta, second.theta]
    losses = [held_out_loss(theta, 1 - LABELS) for theta in candidates]
    np.testing.assert_array_equal(second.best_theta, candidates[int(np.argmin(losses))])
    assert second.state.peak == pytest.approx(-min(losses), rel=1e-9)
    without = run(**resumed, **options)
    np.testing.assert_array_equal(without.best_theta, without.theta)
    assert without.state.best_theta is None and without.state.peak == -np.inf


@engines
def test_best_parameters_survive_a_pause_on_the_same_validation_set(engine):
    options = {
        "engine": engine,
        "learning_rate_init": 0.5,
        "stop_on": "validation",
        "validation": (X[20:], LABELS[20:]),
    }
    options |= {"n_iter_no_change": 50}
    whole = run(X=X[:20], y=LABELS[:20], max_iter=30, random_state=0, **options)
    theta, state = THETA, None
    for _ in range(3):
        part = run(X=X[:20], y=LABELS[:20], max_iter=10, random_state=0, theta=theta, resume=state, **options)
        theta, state = part.theta, part.state
    np.testing.assert_array_equal(part.best_theta, whole.best_theta)
    assert not np.array_equal(whole.best_theta, whole.theta)
    assert (part.state.peak, part.state.patience) == (whole.state.peak, whole.state.patience)


@engines
def test_batches_of_weight_zero_are_absent(engine):
    """Training on rows 0 to 9 in two batches is training on all with no weight on the others, norms included."""
    weight = (np.arange(40) < 10).astype(float)
    options = {"solver": "sgd", "batch_size": 5, "shuffle": False, "max_iter": 2, "engine": engine}
    whole = list(train(NETWORK, THETA, X, LABELS, sample_weight=weight, **options))
    few = list(train(NETWORK, THETA, X[:10], LABELS[:10], **options))
    for one, other in zip(whole, few, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-12)
        np.testing.assert_allclose(one.gradient_norms, other.gradient_norms, rtol=1e-9)
        np.testing.assert_allclose(one.update_norms, other.update_norms, rtol=1e-9)
        assert (one.gradient_norms > 0).all()


RANGES = {"poisson": (0, np.inf), "log_loss": (0, 1), "hinge": (0, 1), "perceptron": (0, 1)}


@pytest.mark.parametrize("loss", LOSSES)
def test_targets_outside_the_losss_range_are_refused(loss):
    """At every door, by row and column; the ends of the range are allowed, and so is anything where there is no range."""
    low, high = RANGES.get(loss, (-np.inf, np.inf))
    network = Network(3, [Dense(2, LOSSES[loss].default_output)], loss)
    theta, y = network.init(0), np.tile([max(low, -9.0), min(high, 9.0)], (40, 1)).astype(float)
    doors = (
        lambda y: list(train(network, theta, X, y, max_iter=1)),
        lambda y: network.loss_and_gradient(theta, X, y),
        lambda y: train(network, theta, X, np.abs(y) % 1, validation=(X, y)),
    )
    for door in doors:
        door(y)
        for beyond in {low - 0.5, high + 0.5} - {-np.inf, np.inf}:
            wrong = y.copy()
            wrong[7, 1] = beyond
            with pytest.raises(ValueError, match=rf"y has {beyond:g} in row 7, column 1, .* loss '{loss}' must"):
                door(wrong)


@pytest.mark.parametrize("loss", ["hinge", "perceptron", "log_loss"])
def test_signs_as_targets_are_refused_with_advice(loss):
    network = Network(3, [Dense(1, LOSSES[loss].default_output if loss != "log_loss" else "logistic")], loss)
    with pytest.raises(ValueError, match=r"\[0, 1\]\. Labels of -1 and 1 must be given as 0 and 1: \(y \+ 1\) / 2"):
        train(network, network.init(0), X, 2 * LABELS - 1)


def test_each_head_has_its_own_range():
    heads = Heads([Head(1, "identity", "mse"), Head(2, "exp", "poisson"), Head(1, "identity", "hinge")])
    network = Network(3, [Dense(4, heads)], heads)
    theta, y = network.init(0), np.tile([-5.0, 7.0, 0.0, 1.0], (40, 1))
    network.loss_and_gradient(theta, X, y)
    for column, value, said in ((1, -1, "'poisson' must be at least 0"), (3, 1.5, r"'hinge' must lie in \[0, 1\]")):
        wrong = y.copy()
        wrong[4, column] = value
        with pytest.raises(ValueError, match=f"y has {value} in row 4, column {column}, .* {said}"):
            network.loss_and_gradient(theta, X, wrong)


@pytest.mark.parametrize(
    "given", [0.5, {0: 0.5, 1: 1}, {0.5, 1.0}, "ab", np.array(0.5), np.ones((2, 2)), [[1], 1], [1, None]]
)
def test_layer_rates_are_a_sequence_of_numbers(given):
    with pytest.raises(ValueError, match=r"layer_rates must be (a sequence of numbers|one finite number), .*; got "):
        run(layer_rates=given)


def test_layer_rates_in_every_form():
    rates = [0.0, 0.5]
    expected = run(layer_rates=rates, max_iter=2, random_state=0).theta
    for form in (tuple(rates), np.array(rates), pd.Series(rates)):
        np.testing.assert_array_equal(run(layer_rates=form, max_iter=2, random_state=0).theta, expected)
    with pytest.raises(ValueError, match="layer_rates needs one factor for each of the network's 2 layers"):
        run(layer_rates=np.ones(3))


@dataclass(frozen=True)
class Mine(Schedule):
    """Gives back what it is given."""

    given: object = None

    def rates(self, clock):
        return self.given


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (0.1, r"shape \(\)"),
        ([0.1, 0.2, 0.3], r"shape \(3,\)"),
        (np.full((4, 1), 0.1), r"shape \(4, 1\)"),
        ([0.1, 0.2, np.nan, 0.3], "nan for step 2"),
        ([0.1, np.inf, 0.1, 0.3], "inf for step 1"),
        ([0.1, 0.2, 0.1, -0.3], "-0.3 for step 3"),
        ("fast", "'fast'"),
        (None, r"shape \(\)"),
    ],
)
def test_rates_of_an_own_schedule_that_cannot_be(given, found):
    said = rf"rates of schedule Mine for epoch 0 .* each of its 4 step\(s\), shape \(4,\); got {found}\."
    with pytest.raises(ValueError, match=said):
        run(learning_rate=Mine(given=given), batch_size=10)


def test_rates_of_an_own_schedule_may_be_a_list():
    rates = [0.1, 0, 1, 0.2]
    expected = run(learning_rate=Mine(given=np.array(rates)), batch_size=10, max_iter=2, random_state=0).theta
    np.testing.assert_array_equal(
        run(learning_rate=Mine(given=rates), batch_size=10, max_iter=2, random_state=0).theta, expected
    )


@pytest.mark.parametrize("kind", [Cosine, OneCycle])
def test_a_course_goes_on_exactly_if_its_epochs_are_given(kind):
    """As `TrainingState` says: without `epochs` each call is a course of its own."""
    options = {"batch_size": 10, "random_state": 0, "n_iter_no_change": np.inf}

    def halves(schedule):
        first = run(learning_rate=schedule, max_iter=3, **options)
        return run(learning_rate=schedule, max_iter=3, theta=first.theta, resume=first.state, **options).theta

    whole = run(learning_rate=kind(epochs=6), max_iter=6, **options).theta
    np.testing.assert_array_equal(halves(kind(epochs=6)), whole)
    assert not np.allclose(halves(kind()), whole, rtol=1e-6)


@pytest.mark.parametrize("name", SCHEDULES)
def test_lbfgs_has_no_rate_for_a_schedule_to_change(name):
    """scikit-learn's own schedules are ignored, as there; for the others somebody waits in vain."""
    for schedule in (SCHEDULES[name](), SCHEDULES[name](warmup=2)):
        if schedule.warmup or name not in ("constant", "invscaling", "adaptive"):
            with pytest.raises(
                ValueError, match=r"solver .lbfgs. has no learning rate that learning_rate=.* could change"
            ):
                run(solver="lbfgs", learning_rate=schedule)
            with pytest.raises(ValueError, match="has no learning rate"):
                MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs", learning_rate=schedule).fit(X, LABELS)
        else:
            run(solver="lbfgs", learning_rate=schedule, max_iter=3)
