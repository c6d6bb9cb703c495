"""What every fit records: it changes nothing, draws nothing, keeps no rows, and its numbers are right."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.dummy import DummyClassifier
from sklearn.metrics import log_loss

import chainrule
from chainrule import Dense, Network
from chainrule.engines import ENGINES
from chainrule.estimators import watching
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.losses import LOSSES
from chainrule.training import evidence, recording
from chainrule.training.evidence import Probe, constant_loss, explained_by_one, facts, flat_parts, look, spread_rows

RNG = np.random.RandomState(0)
X = RNG.standard_normal((300, 5))
Y_CLASS = (X[:, 0] + X[:, 1] > 0).astype(int)
Y_NUMBER = X[:, 0] - X[:, 1] ** 2
KINDS = {
    "adam": {}, "sgd": {"solver": "sgd", "learning_rate_init": 0.05}, "lbfgs": {"solver": "lbfgs"},
    "dropout": {"dropout": 0.3}, "batch norm": {"batch_norm": True}, "early stopping": {"early_stopping": True},
    "float32": {"dtype": "float32"}, "reference": {"engine": "reference"}, "tanh": {"activation": "tanh"},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.5},
}  # fmt: skip


def fit(rows=X, y=Y_CLASS, **parameters):
    kind = chainrule.MLPClassifier if y.dtype.kind == "i" else chainrule.MLPRegressor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**{"hidden_layer_sizes": (12, 8), "max_iter": 40, "random_state": 0, **parameters}).fit(rows, y)


def state(model):
    """All that a fit leaves behind and that must not depend on the recording."""
    resume = model._state
    parts = [model.theta_, model.loss_curve_, model.validation_scores_ or [], model.n_iter_, model.t_]
    return [np.asarray(part) for part in (*parts, *resume.solver_state.values(), [resume.t, resume.rate, resume.peak])]


@pytest.mark.parametrize("name", KINDS)
def test_recording_changes_no_bit_and_draws_no_number(name, monkeypatch):
    np.random.seed(3)
    stream = np.random.RandomState(5)
    recorded = fit(**KINDS[name], **{"random_state": stream})
    after, everyones = stream.randint(2**31), np.random.get_state()[1].copy()
    monkeypatch.setattr(watching, "recorder_of", lambda *given: None)
    stream = np.random.RandomState(5)
    bare = fit(**KINDS[name], **{"random_state": stream})
    assert not hasattr(bare, "_recording")
    for with_looks, without in zip(state(recorded), state(bare), strict=True):
        np.testing.assert_array_equal(with_looks, without)
    assert stream.randint(2**31) == after
    np.random.seed(3)
    np.testing.assert_array_equal(np.random.get_state()[1], everyones)


@pytest.mark.parametrize("how", ["warm_start", "partial_fit"])
def test_going_on_is_as_without_recording(how, monkeypatch):
    def trained():
        model = chainrule.MLPClassifier((6,), max_iter=3, warm_start=True, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(7):
                model.fit(X, Y_CLASS) if how == "warm_start" else model.partial_fit(X, Y_CLASS, classes=[0, 1])
        return model

    recorded = trained()
    monkeypatch.setattr(watching, "recorder_of", lambda *given: None)
    bare = trained()
    np.testing.assert_array_equal(recorded.theta_, bare.theta_)
    numbers = [one.epoch for one in recorded._recording.evidence.looks]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert numbers[-1] == (21 if how == "warm_start" else numbers[-1])


def test_looks_are_at_powers_of_two_and_at_the_end():
    big = fit(hidden_layer_sizes=(200, 200), max_iter=11)
    assert [one.epoch for one in big._recording.evidence.looks] == [0, 1, 2, 4, 8, 11]
    tiny = fit(hidden_layer_sizes=(2,), max_iter=11)
    assert [one.epoch for one in tiny._recording.evidence.looks] == [0, 11]


def test_large_networks_are_measured_at_once(monkeypatch):
    waiting = fit(max_iter=8)
    monkeypatch.setattr(recording, "MOST_WAITING", 0)
    at_once = fit(max_iter=8)
    assert all(isinstance(one, evidence.Look) for one in at_once._recording.looks)
    for one, other in zip(at_once._recording.evidence.looks, waiting._recording.evidence.looks, strict=True):
        assert one.loss == other.loss
        np.testing.assert_array_equal(one.gradients, other.gradients)


def test_a_users_own_formula_is_not_called_after_the_training():
    calls = []

    def value(z):
        calls.append(len(z))
        return np.tanh(z)

    own = Activation("own", value, lambda z, a: 1 - a * a, r"\tanh")
    model = fit(activation=own, max_iter=3)
    done = len(calls)
    assert model._recording.evidence.looks
    assert len(calls) > done


def rows_in(bytes_, row):
    return any(row.astype(dtype).tobytes() in bytes_ for dtype in (np.float64, np.float32))


def test_pickles_and_files_hold_numbers_and_no_rows(tmp_path):
    model = fit(hidden_layer_sizes=(4,))
    data = pickle.dumps(model)
    assert not any(rows_in(data, row[:2]) for row in X)
    again = pickle.loads(data)
    chainrule.save(model, tmp_path / "m.safetensors")
    content = (tmp_path / "m.safetensors").read_bytes()
    assert not any(rows_in(content, row[:2]) for row in X)
    loaded = chainrule.load(tmp_path / "m.safetensors")
    for other in (again, loaded):
        assert other._recording.evidence.facts == model._recording.evidence.facts
        assert other._recording.evidence.outcome == "max_iter"
        assert other.diagnose().to_dict() == model.diagnose().to_dict()
    assert len(data) < len(pickle.dumps(vars(model)["history_"])) + 30_000


def test_a_file_of_a_time_before_is_read_and_a_forged_one_refused(tmp_path):
    from chainrule.models.container import read, write

    model = fit(hidden_layer_sizes=(4,), max_iter=5)
    path = tmp_path / "m.safetensors"
    chainrule.save(model, path)
    document, arrays = read(path)
    write(path, document, {name: array for name, array in arrays.items() if not name.startswith("evidence.")})
    old = chainrule.load(path)
    assert not hasattr(old, "_recording")
    assert old.diagnose().healthy is not None
    for name, bad in (("looks", np.zeros((2, 9))), ("outcome", np.array([7])), ("facts", np.full(16, 0.5)[:3])):
        write(path, document, {**arrays, f"evidence.{name}": bad})
        with pytest.raises(chainrule.ModelFileError, match="evidence"):
            chainrule.load(path)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_a_look_measures_what_the_engine_computes(engine):
    net = Network(5, (Dense(7, "relu"), Dense(4, "tanh"), Dense(1, "logistic")), "log_loss")
    theta, target = net.init(0), Y_CLASS[:, None].astype(float)
    found = look(net, theta, Probe(X, target, None, 300, 50, target.sum(axis=0)), 3)
    loss, gradient = net.loss_and_gradient(theta, X, target, engine=engine)
    assert found.loss == pytest.approx(loss, rel=1e-12)
    views = net.views(gradient)
    expected = [np.hypot(np.linalg.norm(W), np.linalg.norm(b)) for W, b in zip(views.W, views.b, strict=True)]
    np.testing.assert_allclose(found.gradients, expected, rtol=1e-9)
    first, second, _ = net.activations(theta, X)
    assert found.dead[0] == (first <= 0).all(axis=0).mean()
    assert np.isnan(found.dead[1])
    assert found.saturated[1] == (1 - second**2 <= 0.05).mean()


def test_a_silent_unit_is_counted():
    net = Network(2, (Dense(4, "relu"), Dense(1)), "squared_error")
    theta = net.init(0)
    net.views(theta).b[0][:3] = -100
    rows = RNG.standard_normal((20, 2))
    assert look(net, theta, Probe(rows, rows[:, :1], None, 20, 20, np.zeros(1)), 0).dead[0] == 0.75


@pytest.mark.parametrize("name", [name for name, one in ACTIVATIONS.items() if one.hidden and not one.untrainable])
def test_flat_parts_of_every_activation(name):
    function = ACTIVATIONS[name]
    far = np.full((3, 2), -60.0)
    dead, saturated = flat_parts(function, far, function.value(far))
    bounded = name in ("tanh", "logistic")
    if bounded:
        assert np.isnan(dead)
        assert saturated == 1
    elif name in ("identity", "leaky_relu", "softmax"):
        assert np.isnan(dead)
        assert np.isnan(saturated)
    else:
        assert dead == 1
        assert np.isnan(saturated)


@pytest.mark.parametrize(("most", "count"), [(64, 64), (64, 65), (64, 150), (64, 257), (64, 10_000), (8, 1_000_003)])
def test_rows_are_spread_evenly_and_differ(most, count):
    rows = spread_rows(count, most)
    assert len(np.unique(rows)) == most
    assert 0 <= rows.min() <= rows.max() < count
    assert np.abs(np.histogram(rows, 4, (0, count))[0] - most / 4).max() <= 2


class TestFacts:
    def test_scales_and_counts_are_those_of_numpy(self):
        net = Network(5, (Dense(3), Dense(1, "logistic")), "log_loss")
        wide = X * [1, 10, 0.1, 1000, 0] + [0, 0, 0, 0, 7]
        target = Y_CLASS[:, None].astype(float)
        for rows in (wide, csr_array(wide)):
            found = facts(net, Probe(rows, target, None, 300, 50, target.sum(axis=0)))
            sizes = np.sqrt((wide**2).mean(axis=0))
            assert found.largest_scale == pytest.approx(sizes[3])
            assert (found.largest_column, found.smallest_column, found.constant) == (3, 2, 1)
            assert found.median_scale == pytest.approx(np.median(sizes[:4]))
            assert found.counts == (300 - Y_CLASS.sum(), Y_CLASS.sum())

    def test_the_best_constant_is_scikit_learns_prior(self):
        labels = RNG.choice(3, 200, p=[0.7, 0.2, 0.1])
        net = Network(2, (Dense(3, "softmax"),), "log_loss")
        prior = DummyClassifier(strategy="prior").fit(np.zeros((200, 1)), labels)
        expected = log_loss(labels, prior.predict_proba(np.zeros((200, 1))))
        assert constant_loss(net, np.eye(3)[labels]) == pytest.approx(expected, rel=1e-6)

    @pytest.mark.parametrize("name", ["squared_error", "mse", "absolute_error", "huber", "poisson", "quantile"])
    def test_the_best_constant_of_numbers(self, name):
        target = np.exp(RNG.standard_normal((201, 1)))
        output = LOSSES[name].default_output if name in LOSSES else "identity"
        net = Network(1, (Dense(1, output),), name)
        function = net.layers[-1].function
        grid = np.linspace(-6, 6, 4001)
        values = [
            net.objective.rows(target, (z := np.full_like(target, at)), function.value(z), function).mean()
            for at in grid
        ]
        assert constant_loss(net, target) <= min(values) * (1 + 2e-2)
        assert constant_loss(net, target) >= min(values) * (1 - 1e-3)

    def test_one_column_explains(self):
        noise = RNG.standard_normal(2000)
        z = RNG.standard_normal(2000)
        columns = np.column_stack([z, z**2, RNG.standard_normal(2000), np.round(z)])
        _, found = explained_by_one(columns, (z**2 + noise)[:, None])
        # Var(z**2) = 2 and Var(noise) = 1: two thirds; the square knows as much as z, an independent column nothing.
        np.testing.assert_allclose(found[:3], [2 / 3, 2 / 3, 0], atol=0.06)
        assert 0.4 < found[3] < 0.7

    def test_one_column_decides_classes(self):
        labels = RNG.choice(3, 90)
        columns = np.column_stack([labels * 10 + RNG.uniform(size=90), RNG.standard_normal(90), labels == 1])
        _, found = explained_by_one(columns, np.eye(3)[labels])
        assert found[0] == pytest.approx(1)
        assert abs(found[1]) < 0.3
        assert 0.3 < found[2] < 0.8

    def test_a_rare_class_has_rows_of_its_own(self):
        labels = np.zeros(1000, int)
        labels[::40] = 1
        model = fit(RNG.standard_normal((1000, 3)) + labels[:, None] * 4, labels, learning_rate_init=0.01)
        assert model._recording.evidence.looks[-1].rare_recall > 0.9
        assert np.isnan(fit()._recording.evidence.looks[-1].rare_recall)
