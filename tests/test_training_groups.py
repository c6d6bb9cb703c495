"""Groups of epochs in one call of the engine. Oracle: iterating, epoch by epoch, with NumPy's own permutations."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import dataclass, fields

import numpy as np
import pytest
import scipy.sparse

from chainrule import DivergenceError, train
from chainrule.engines import ENGINES
from chainrule.formulas.schedules import SCHEDULES, Constant, Schedule
from chainrule.formulas.solvers import LBFGS, SOLVERS
from chainrule.network import Dense, Network
from chainrule.training import Patience, groups

RNG = np.random.RandomState(0)
X = RNG.randn(60, 3)
LABELS = (X[:, 0] + 0.5 * X[:, 1] ** 2 > 0.3).astype(float)
WEIGHT = np.where(np.arange(60) % 4 == 0, 0.0, RNG.rand(60))
NETWORK = Network(3, (Dense(5, "tanh"), Dense(1, "logistic")), "log_loss")
DROPPED = Network(
    3, (Dense(5, "relu", dropout=0.3), Dense(4, "tanh", batch_norm=True), Dense(1, "logistic")), "log_loss"
)
TIMED = "seconds"


@dataclass(frozen=True)
class OwnSchedule(Schedule):
    """A user's own: known to nobody in advance."""

    def course(self, clock):
        return np.full(clock.steps, clock.initial / (1 + clock.epoch))


CASES = {
    "adam": {},
    "to the end": {"max_iter": 25, "tol": 0.0, "n_iter_no_change": np.inf},
    "converges": {"max_iter": 400, "tol": 1e-2, "n_iter_no_change": 3},
    "at once": {"max_iter": 400, "tol": 1e9, "n_iter_no_change": 0},
    "tolerance of single precision": {"max_iter": 400, "tol": np.float32(1e-2), "n_iter_no_change": 2.5},
    "batches": {"batch_size": 7, "max_iter": 40},
    "no shuffle": {"shuffle": False, "batch_size": 7, "max_iter": 40},
    "weights": {"sample_weight": WEIGHT, "batch_size": 2, "max_iter": 20},
    "weights, rows shown": {"sample_weight": WEIGHT, "batch_size": 2, "max_iter": 20, "learning_rate": "invscaling"},
    "rows": {"rows": np.arange(50, 10, -1), "batch_size": 16, "max_iter": 30},
    "own schedule": {"learning_rate": OwnSchedule(), "max_iter": 30},
    "warm-up": {"learning_rate": Constant(warmup=5.5), "max_iter": 30},
    "course longer than a group": {"learning_rate": "cosine", "max_iter": 100, "tol": 0.0},
    "adaptive": {"learning_rate": "adaptive", "solver": "sgd", "tol": 1e-2, "n_iter_no_change": 2, "max_iter": 300},
    "clipped": {"clip_norm": 0.01, "max_norm": 0.5, "l1": 1e-3, "max_iter": 30},
    "validation": {"validation": (X[:20], LABELS[:20]), "max_iter": 30},
    "single precision": {"single": True, "max_iter": 60},
    "dropout and batch normalisation": {"network": DROPPED, "batch_size": 20, "max_iter": 30},
    "sparse": {"sparse": True, "max_iter": 30},
    "threads": {"n_threads": 3, "max_iter": 30},
    **{f"solver {name}": {"solver": name, "max_iter": 30} for name in SOLVERS},
    **{f"schedule {name}": {"learning_rate": name, "max_iter": 50, "batch_size": 16} for name in SCHEDULES},
}


def begun(case, engine="native", **changes):
    options = {"random_state": 3, "engine": engine} | case | changes
    network = options.pop("network", NETWORK)
    dtype = np.float32 if options.pop("single", False) else np.float64
    matrix = scipy.sparse.csr_array(X) if options.pop("sparse", False) else X
    return train(network, network.init(0, dtype=dtype), matrix, LABELS, **options)


def assert_same_epochs(found, wanted):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        for name in {field.name for field in fields(other)} - {TIMED}:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
        assert one.seconds > 0


def assert_same_training(found, wanted):
    assert (found.outcome, found.complaint) == (wanted.outcome, wanted.complaint)
    assert found.theta.tobytes() == wanted.theta.tobytes()
    assert found.best_theta.tobytes() == wanted.best_theta.tobytes()
    one, other = found.state, wanted.state
    for field in fields(other):
        np.testing.assert_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_run_is_iterating(case):
    wanted, found = begun(case), begun(case)
    assert_same_epochs(found.run(), list(wanted))
    assert_same_training(found, wanted)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_run_in_parts_between_iterating(case):
    wanted, found = begun(case), begun(case)
    epochs, thetas, most = [], {}, 1
    for epoch in wanted:
        epochs.append(epoch)
        thetas[epoch.number] = wanted.theta
    seen = []
    while found.outcome == "running":
        seen += found.run(most)
        seen += [epoch for epoch in [next(iter(found), None)] if epoch is not None]
        np.testing.assert_array_equal(found.theta, thetas[seen[-1].number])
        most *= 2
    assert_same_epochs(seen, epochs)
    assert_same_training(found, wanted)


def test_the_reference_engine_runs_too():
    wanted, found = begun({"max_iter": 12}, "reference"), begun({"max_iter": 12}, "reference")
    assert_same_epochs(found.run(5) + found.run(), list(wanted))
    assert_same_training(found, wanted)


@pytest.mark.filterwarnings("ignore:get_state and legacy")
@pytest.mark.parametrize("n", [1, 2, 3, 17, 255, 256, 257, 700])
def test_permutations_are_numpys(n):
    """The engine's last order and the stream's state after it, beside as many calls of `RandomState.permutation`."""
    for bits in (np.random.MT19937(5), np.random.PCG64(5)):
        ours, theirs = np.random.RandomState(bits), np.random.RandomState(type(bits)(5))
        for stream in (ours, theirs):
            stream.standard_normal(3)  # leaves half a pair of normal numbers in the state
        options = {"max_iter": 9, "tol": 0.0, "n_iter_no_change": np.inf, "engine": "native"}
        training = train(NETWORK, NETWORK.init(0), np.ones((n, 3)), np.ones(n), random_state=ours, **options)
        training.run()
        wanted = np.arange(n)
        for _ in range(9):
            wanted = wanted[theirs.permutation(n)]
        np.testing.assert_array_equal(training.state.order, wanted)
        np.testing.assert_equal(ours.get_state(legacy=False), theirs.get_state(legacy=False))


def test_a_subclass_of_random_state_is_asked_for_its_permutations():
    class Backwards(np.random.RandomState):
        def permutation(self, n):
            return np.arange(n)[::-1]

    training = train(NETWORK, NETWORK.init(0), X, LABELS, random_state=Backwards(0), max_iter=3)
    training.run()
    np.testing.assert_array_equal(training.state.order, np.arange(60)[::-1])


def test_the_global_stream():
    orders = []
    for run in (True, False):
        np.random.seed(7)
        training = begun({"random_state": None, "max_iter": 10})
        _ = training.run() if run else list(training)
        orders.append((training.state.order.tolist(), np.random.rand()))
    assert orders[0] == orders[1]
    np.random.seed(7)
    training = begun({"random_state": None, "max_iter": 10})
    thread = threading.Thread(target=training.run)
    thread.start()
    thread.join()
    assert (training.state.order.tolist(), np.random.rand()) == orders[0]


def test_patience_in_the_engine_is_patience():
    """The stopping rule on given losses: each group ends where `Patience` says so."""
    losses = [epoch.loss for epoch in begun({"max_iter": 300, "tol": 0.0, "n_iter_no_change": np.inf})]
    for tol in (0.0, 1e-4, 1e-3, 3e-3, 1e-2):
        for wait in (0, 1, 4, 10):
            patience, count = Patience(), 0
            for count, loss in enumerate(losses, 1):  # noqa: B007
                patience = patience.after(-loss, tol)
                if patience.count > wait:
                    break
            training = begun({"max_iter": 300, "tol": tol, "n_iter_no_change": wait})
            assert len(training.run()) == count
            assert training.state.patience == patience


@pytest.mark.parametrize("rate", [2.0, 1e5])
def test_divergence(rate):
    network = Network(3, (Dense(8, "identity"), Dense(1, "identity")), "squared_error")
    options = {"solver": "sgd", "learning_rate_init": rate, "max_iter": 900, "random_state": 0}
    both = [train(network, network.init(0), X, LABELS, **options) for _ in range(2)]
    seen, messages = [], []
    with pytest.raises(DivergenceError) as caught:
        seen.extend(both[0])
    messages.append(str(caught.value))
    with pytest.raises(DivergenceError) as caught:
        both[1].run()
    messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert both[0].outcome == both[1].outcome == "diverged"
    assert both[0].state.epochs == both[1].state.epochs
    assert both[0].state.patience == both[1].state.patience


def test_a_closed_training_does_not_run():
    training = begun({})
    first = training.run(2)
    training.close()
    assert len(first) == 2 and training.run() == [] and training.outcome == "running"


def test_check_comes_between_epochs_and_may_end_the_run(monkeypatch):
    monkeypatch.setattr(groups, "SECONDS", 0.0)  # after each epoch
    asked = []
    training = begun({"max_iter": 20})
    assert len(training.run(check=lambda: asked.append(training.state.epochs))) == 20
    assert asked[:20] == list(range(20))

    def end():
        if training.state.epochs == 5:
            raise LookupError("enough")

    training = begun({"max_iter": 20})
    with pytest.raises(LookupError, match="enough"):
        training.run(check=end)
    assert training.state.epochs == 5


def test_time_does_not_change_numbers(monkeypatch):
    wanted, found = begun({"max_iter": 50}), begun({"max_iter": 50})
    epochs = wanted.run()
    monkeypatch.setattr(groups, "SECONDS", 1e-5)
    assert_same_epochs(found.run(), epochs)
    assert_same_training(found, wanted)


@pytest.mark.skipif(sys.platform == "win32", reason="signals to the own process differ there")
@pytest.mark.skipif("native" not in ENGINES, reason="needs the native engine")
def test_signals_end_a_group(monkeypatch):
    monkeypatch.setattr(groups, "SECONDS", 1e9)
    monkeypatch.setattr(groups, "MOST", 10**6)
    forever = {"max_iter": 10**6, "tol": 0.0, "n_iter_no_change": np.inf}
    training = begun(forever)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        epochs = training.run()
    assert training.outcome == "interrupted" and training.run() == []
    assert len(epochs) == training.state.epochs > 10
    # The interruption lies between two epochs, or after the permutation of one that was not finished.
    again = begun(forever | {"max_iter": len(epochs)})
    assert_same_epochs(again.run(), epochs)
    if training.state.t == again.state.t:
        assert training.theta.tobytes() == again.theta.tobytes()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_what_a_signals_handler_raises_goes_through(monkeypatch):
    monkeypatch.setattr(groups, "SECONDS", 1e9)
    monkeypatch.setattr(groups, "MOST", 10**6)

    def late(number, frame):
        raise TimeoutError("too slow")

    before = signal.signal(signal.SIGALRM, late)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        training = begun({"max_iter": 10**6, "tol": 0.0, "n_iter_no_change": np.inf})
        with pytest.raises(TimeoutError, match="too slow"):
            training.run()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert np.isfinite(training.theta).all()


def test_solvers_are_all_tried():
    assert {name for name, solver in SOLVERS.items() if not solver.stochastic} == {LBFGS.name}
