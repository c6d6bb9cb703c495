"""The training loop itself: records, resuming, stopping, validation, divergence, interruption."""

from __future__ import annotations

import threading
import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle

from chainrule import DivergenceError, train
from chainrule.engines import ENGINES, EpochResult
from chainrule.network import Dense, Network
from chainrule.training import Epoch, Patience, Validation, hold_out

RNG = np.random.RandomState(0)
X = RNG.randn(50, 3)
LABELS = (X[:, 0] + 0.5 * X[:, 1] ** 2 > 0.3).astype(float)
NETWORK = Network(3, (Dense(5, "tanh"), Dense(1, "logistic")), "log_loss")
THETA = NETWORK.init(0)
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(NETWORK, np.float64) is None]
engines = pytest.mark.parametrize("engine", USABLE)


def _loss(epochs: list[Epoch]) -> list[float]:
    return [epoch.loss for epoch in epochs]


@engines
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive"])
def test_resumed_training_is_the_uninterrupted_one_bit_for_bit(engine, solver, schedule):
    options = {"solver": solver, "learning_rate": schedule, "batch_size": 16, "tol": 0.01, "n_iter_no_change": 2}
    options |= {"engine": engine, "random_state": 3}
    whole = train(NETWORK, THETA, X, LABELS, max_iter=20, **options)
    losses = _loss(list(whole))
    theta, state, pieces = THETA, None, []
    for _ in range(len(losses)):
        part = train(NETWORK, theta, X, LABELS, max_iter=1, resume=state, **options)
        pieces += _loss(list(part))
        theta, state = part.theta, part.state
    assert pieces == losses
    np.testing.assert_array_equal(theta, whole.theta)
    assert state.epochs == len(losses)


@engines
def test_leaving_the_loop_pauses(engine):
    options = {"engine": engine, "random_state": 3, "max_iter": 8}
    whole = list(train(NETWORK, THETA, X, LABELS, **options))
    paused = train(NETWORK, THETA, X, LABELS, **options)
    for epoch in paused:
        if epoch.number == 3:
            break
    assert [epoch.number for epoch in paused] == [4, 5, 6, 7, 8]
    np.testing.assert_array_equal(paused.theta, train_to_end(options))
    assert len(whole) == 8


def train_to_end(options):
    training = train(NETWORK, THETA, X, LABELS, **options)
    list(training)
    return training.theta


@engines
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_validation_loss_is_the_loss(engine, solver):
    """On the training rows, after an epoch: what scikit-learn's log_loss says of the predictions."""
    training = train(NETWORK, THETA, X, LABELS, solver=solver, max_iter=5, validation=(X, LABELS), engine=engine)
    for epoch in training:
        expected = log_loss(LABELS, NETWORK.predict(training.theta, X))
        assert epoch.validation_loss == pytest.approx(expected, rel=1e-9)
    weight = np.arange(50.0)
    training = train(NETWORK, THETA, X, LABELS, max_iter=2, validation=(X, LABELS, weight), engine=engine)
    for epoch in training:
        expected = log_loss(LABELS, NETWORK.predict(training.theta, X), sample_weight=weight)
        assert epoch.validation_loss == pytest.approx(expected, rel=1e-9)


@engines
def test_validation_loss_is_finite_for_saturated_scores(engine):
    wrong = THETA.copy()
    wrong[NETWORK.n_weights :][-1] = 1e4
    options = {"max_iter": 1, "validation": (X, LABELS), "learning_rate_init": 1e-9, "engine": engine}
    (epoch,) = train(NETWORK, wrong, X, LABELS, **options)
    assert epoch.validation_loss == pytest.approx(1e4 * (LABELS == 0).mean(), rel=1e-2)


@engines
def test_best_theta_is_that_of_the_best_epoch(engine):
    options = {"engine": engine, "learning_rate_init": 0.3, "max_iter": 30, "stop_on": "loss", "random_state": 0}
    training = train(NETWORK, THETA, X[:20], LABELS[:20], validation=(X[20:], LABELS[20:]), **options)
    seen = [(epoch.validation_loss, training.theta, epoch.best) for epoch in training]
    losses = [loss for loss, _, _ in seen]
    best = int(np.argmin(losses))
    assert best < len(seen) - 1
    np.testing.assert_array_equal(training.best_theta, seen[best][1])
    assert [flag for _, _, flag in seen] == [i == 0 or loss < min(losses[:i]) for i, loss in enumerate(losses)]


def test_held_out_rows_are_those_of_train_test_split():
    for labels in (None, np.arange(50) % 3 == 0):
        rows, held = hold_out(50, 0.1, np.random.RandomState(4), labels)
        rng = np.random.RandomState(4)
        expected = train_test_split(np.arange(50), test_size=0.1, random_state=rng, stratify=labels)
        np.testing.assert_array_equal(rows, expected[0])
        np.testing.assert_array_equal(held, expected[1])
    with pytest.raises(ValueError, match="validation set is too small"):
        hold_out(5, 0.1, np.random.RandomState(0))


@engines
def test_rows_by_index_are_the_rows_themselves(engine):
    rows, held = hold_out(50, 0.3, np.random.RandomState(4))
    weight = np.linspace(0.5, 2, 50)
    score = lambda Y, a, w: -float(np.average(np.abs(Y - a)[:, 0], weights=w))  # noqa: E731
    target = LABELS[:, None]
    for matrix in (X, scipy.sparse.csr_array(X)):
        by_index = train(
            NETWORK,
            THETA,
            matrix,
            LABELS,
            sample_weight=weight,
            rows=rows,
            validation=Validation(matrix, target, weight, score, held),
            random_state=1,
            max_iter=4,
            engine=engine,
        )
        copied = train(
            NETWORK,
            THETA,
            X[rows],
            LABELS[rows],
            sample_weight=weight[rows],
            validation=Validation(X[held], target[held], weight[held], score),
            random_state=1,
            max_iter=4,
            engine=engine,
        )
        for one, other in zip(by_index, copied, strict=True):
            assert one.loss == pytest.approx(other.loss, rel=1e-12)
            assert one.validation_score == pytest.approx(other.validation_score, rel=1e-12)


def test_permutations_are_scikit_learns():
    orders = []

    class Watching:
        theta, state, t = THETA, {}, 0

        def epoch(self, order, rates, batch_size):
            orders.append(order.copy())
            return EpochResult(1.0, len(order), np.zeros(2), np.zeros(2))

    training = train(NETWORK, THETA, X, LABELS, max_iter=4, random_state=9, engine="reference")
    training._session = Watching()
    list(training)
    rng, expected = np.random.RandomState(9), np.arange(50)
    for order in orders:
        expected = shuffle(expected, random_state=rng)
        np.testing.assert_array_equal(order, expected)
    assert len(orders) == 4


def test_patience_never_takes_nan_for_progress():
    patience = Patience()
    for value, count in ((0.5, 0), (np.nan, 1), (0.55, 2), (0.66, 0), (np.nan, 1), (-np.inf, 2)):
        patience = patience.after(value, 0.1)
        assert patience.count == count
    assert patience.best == 0.66


@engines
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_divergence_without_validation_is_an_error(engine, solver):
    network = Network(3, (Dense(8, "identity"), Dense(1, "identity")), "squared_error")
    inputs = X * (1e200 if solver == "lbfgs" else 1e5)
    training = train(network, network.init(0), inputs, LABELS, solver=solver, learning_rate_init=10.0, engine=engine)
    epochs = []
    with pytest.raises(DivergenceError) as caught:
        for epoch in training:
            epochs.append(epoch)
    text = str(caught.value)
    assert all(np.isfinite(epoch.loss) and np.isfinite(epoch.update_norms).all() for epoch in epochs)
    sentence = "Solver produced non-finite parameter weights. The input data may contain large values and need to be"
    assert text.startswith(sentence)
    assert f"in epoch {len(epochs) + 1}" in text and "scale the inputs" in text
    assert ("at learning rate 10;" in text) == (solver == "sgd")
    assert training.outcome == "diverged"


@engines
@pytest.mark.parametrize(
    ("solver", "scale", "rate"), [("sgd", 1, 2.0), ("adam", 1, 1e200), ("lbfgs", 1e200, 1.0), ("lbfgs", 3e152, 1.0)]
)
def test_divergence_with_validation_keeps_the_best_weights(engine, solver, scale, rate):
    network = Network(3, (Dense(8, "identity"), Dense(1, "identity")), "squared_error")
    training = train(
        network,
        network.init(0),
        X * scale,
        LABELS,
        solver=solver,
        learning_rate_init=rate,
        validation=(X, LABELS),
        engine=engine,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning, match="Solver produced non-finite .* the best parameters before"):
        epochs = list(training)
    assert training.outcome == "diverged" and epochs[-1].note
    assert not np.isfinite(epochs[-1].loss) or not np.isfinite(epochs[-1].update_norms).all()
    assert np.isnan(epochs[-1].validation_loss)
    assert all(np.isfinite(epoch.loss) for epoch in epochs[:-1])
    assert np.isfinite(training.best_theta).all()


@engines
def test_interrupt_keeps_the_model_so_far(engine):
    training = train(NETWORK, THETA, X, LABELS, max_iter=50, random_state=1, engine=engine)
    whole, taken = training._session, []

    class Interrupted:
        theta = property(lambda self: whole.theta)

        def epoch(self, *arguments):
            if len(taken) == 4:
                raise KeyboardInterrupt
            taken.append(1)
            return whole.epoch(*arguments)

    training._session = Interrupted()
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        epochs = list(training)
    assert len(epochs) == 4 and training.outcome == "interrupted"
    np.testing.assert_array_equal(training.theta, train_to_end({"max_iter": 4, "random_state": 1, "engine": engine}))


@engines
def test_lbfgs_is_scipys_search(engine):
    """Same iterates as scipy driven directly over the same loss."""
    loss = lambda theta: NETWORK.loss_and_gradient(theta, X, LABELS[:, None], alpha=0.1)  # noqa: E731
    points = []
    found = minimize(
        loss, THETA, jac=True, method="L-BFGS-B", options={"maxiter": 15, "gtol": 1e-4}, callback=points.append
    )
    training = train(NETWORK, THETA, X, LABELS, solver="lbfgs", alpha=0.1, max_iter=15, engine=engine)
    thetas = [training.theta for _ in training]
    assert len(thetas) == found.nit
    np.testing.assert_allclose(thetas, points, rtol=1e-6, atol=1e-9)
    assert training.outcome == "max_iter" and "TOTAL NO. OF ITERATIONS REACHED LIMIT" in training.complaint.upper()


def test_lbfgs_leaves_no_thread_behind():
    before = threading.active_count()
    training = train(NETWORK, THETA, X, LABELS, solver="lbfgs", max_iter=50)
    for epoch in training:
        if epoch.number == 3:
            break
    assert threading.active_count() == before + 1
    training.close()
    assert threading.active_count() == before
    list(train(NETWORK, THETA, X, LABELS, solver="lbfgs", max_iter=5))
    assert threading.active_count() == before


def test_lbfgs_stops_on_validation():
    options = {"solver": "lbfgs", "max_iter": 200, "tol": 0.0, "n_iter_no_change": 3}
    training = train(NETWORK, THETA, X[:20], LABELS[:20], validation=(X[20:], LABELS[20:]), **options)
    losses = [epoch.validation_loss for epoch in training]
    assert training.outcome == "converged"
    assert len(losses) - 1 - int(np.argmin(losses)) == 4


@engines
def test_epoch_records(engine):
    training = train(NETWORK, THETA, X, LABELS, solver="sgd", batch_size=50, max_iter=3, engine=engine, shuffle=False)
    theta = THETA
    for number, epoch in enumerate(training, 1):
        _, gradient = NETWORK.loss_and_gradient(theta, X, LABELS[:, None])
        parts = NETWORK.views(gradient)
        expected = [np.sqrt((W**2).sum() + (b**2).sum()) for W, b in zip(parts.W, parts.b, strict=True)]
        np.testing.assert_allclose(epoch.gradient_norms, expected, rtol=1e-9)
        moved = NETWORK.views(training.theta - theta)
        expected = [np.sqrt((W**2).sum() + (b**2).sum()) for W, b in zip(moved.W, moved.b, strict=True)]
        np.testing.assert_allclose(epoch.update_norms, expected, rtol=1e-9)
        assert epoch.number == number and epoch.learning_rate == 0.001 and epoch.seconds > 0
        assert epoch.validation_loss is None and epoch.validation_score is None
        theta = training.theta
    with pytest.raises(AttributeError):
        epoch.loss = 0.0
    assert replace(epoch, loss=0.0).number == 3


def test_wrong_calls_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"X must have shape \(n, 3\)"):
        train(NETWORK, THETA, X[:, :2], LABELS)
    with pytest.raises(ValueError, match="encoded targets of shape"):
        train(NETWORK, THETA, X, np.eye(3)[np.zeros(50, int)])
    with pytest.raises(ValueError, match="theta must have shape"):
        train(NETWORK, THETA[:-1], X, LABELS)
    with pytest.raises(ValueError, match="stop_on must be"):
        train(NETWORK, THETA, X, LABELS, stop_on="validation")
    with pytest.raises(ValueError, match=r"unknown solver 'adamm'.*Did you mean 'adam'"):
        train(NETWORK, THETA, X, LABELS, solver="adamm")
    with pytest.raises(ValueError, match="sample_weight must have shape"):
        train(NETWORK, THETA, X, LABELS, sample_weight=np.ones(3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(NETWORK, THETA, X, LABELS, batch_size=51)
    assert "batch_size" in str(caught[0].message)
