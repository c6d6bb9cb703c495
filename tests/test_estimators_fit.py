"""What chainrule's estimators do beyond scikit-learn's: validation sets, true continuation, objects, views, limits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import SGD, Adam, Adaptive, DivergenceError, InvScaling, MLPClassifier, MLPRegressor
from chainrule.engines import ENGINES
from chainrule.estimators.scores import accuracy, r2, subset_accuracy
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.network import Dense, Network

PROBE = Network(2, (Dense(1, "identity"),), "squared_error")
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(PROBE, np.float64) is None]
engines = pytest.mark.parametrize("engine", USABLE)
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
LAYOUTS = [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.csr_array, np.asfortranarray]
X, y = load_iris(return_X_y=True)
X_train, y_train, X_val, y_val = X[::2], y[::2], X[1::2], y[1::2]


@quiet
@engines
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_own_validation_set(engine, solver):
    weight = np.random.RandomState(0).uniform(0, 1, len(y_val))
    model = MLPClassifier((6,), solver=solver, learning_rate_init=0.05, max_iter=30, random_state=0, engine=engine)
    model.fit(X_train, y_train, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    scores, losses = model.validation_scores_, model.validation_loss_curve_
    assert len(scores) == len(losses) == len(model.loss_curve_) == len(model.history_) == model.n_iter_
    best = int(np.argmax(scores))
    assert model.best_validation_score_ == scores[best]
    assert accuracy_score(y_val, model.predict(X_val), sample_weight=weight) == pytest.approx(scores[best])
    expected = log_loss(y_val, model.predict_proba(X_val), sample_weight=weight)
    assert losses[best] == pytest.approx(expected, rel=1e-9)
    assert [epoch.validation_score for epoch in model.history_] == scores


@quiet
@engines
def test_early_stopping_on_own_validation_set_uses_all_training_rows(engine):
    patience = {"early_stopping": True, "tol": 0.01, "n_iter_no_change": 3}
    model = MLPRegressor(hidden_layer_sizes=(6,), random_state=0, engine=engine, **patience)
    model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    assert model.t_ == model.n_iter_ * len(X_train)
    assert model.n_iter_ < 200 and model.best_loss_ is None
    assert r2_score(y_val, model.predict(X_val)) == pytest.approx(model.best_validation_score_)


@quiet
def test_validation_set_through_a_pipeline():
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier((6,), max_iter=20, random_state=0).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    scaler = StandardScaler().fit(X_train)
    alone = MLPClassifier((6,), max_iter=20, random_state=0)
    alone.fit(scaler.transform(X_train), y_train, X_val=scaler.transform(X_val), y_val=y_val)
    assert pipeline[-1].validation_scores_ == alone.validation_scores_
    np.testing.assert_array_equal(pipeline[-1].theta_, alone.theta_)


def test_validation_sets_that_do_not_fit_are_refused():
    model = MLPClassifier(max_iter=2)
    with pytest.raises(ValueError, match="X_val and y_val belong together"):
        model.fit(X, y, X_val=X)
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`.*'y' has \[0 1 7\]"):
        model.fit(X, y, X_val=X[:3], y_val=[0, 1, 7])
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4"):
        model.fit(X, y, X_val=X[:, :3], y_val=y)


@engines
@quiet
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_twenty_times_one_epoch_is_one_time_twenty(engine, solver, schedule):
    options = {"solver": solver, "learning_rate": schedule, "shuffle": False, "random_state": 0, "batch_size": 32}
    options |= {"hidden_layer_sizes": (6,), "engine": engine}
    whole = MLPClassifier(max_iter=20, **options).fit(X, y)
    warm = MLPClassifier(max_iter=1, warm_start=True, **options)
    partial = MLPClassifier(**options)
    for _ in range(20):
        warm.fit(X, y)
        partial.partial_fit(X, y, classes=[0, 1, 2])
    for model in (warm, partial):
        np.testing.assert_array_equal(model.theta_, whole.theta_)
        assert model.loss_curve_ == whole.loss_curve_
        assert (model.t_, model.n_iter_) == (whole.t_, 1)
        assert [epoch.number for epoch in model.history_] == list(range(1, 21))


@engines
@quiet
def test_continuation_goes_on_from_the_last_epoch_not_from_the_best(engine):
    options = {"hidden_layer_sizes": (6,), "shuffle": False, "random_state": 0, "learning_rate_init": 0.1}
    held = {"X_val": X_val, "y_val": y_val}
    whole = MLPClassifier(max_iter=16, engine=engine, **options).fit(X_train, y_train, **held)
    warm = MLPClassifier(max_iter=4, warm_start=True, engine=engine, **options)
    for _ in range(4):
        warm.fit(X_train, y_train, **held)
    assert warm.validation_scores_ == whole.validation_scores_
    np.testing.assert_array_equal(warm.theta_, whole.theta_)
    assert np.argmax(whole.validation_scores_) < 15


@quiet
def test_a_new_learning_rate_counts_when_going_on():
    model = MLPClassifier((4,), max_iter=2, warm_start=True, random_state=0).fit(X, y)
    model.set_params(learning_rate_init=0.5).fit(X, y)
    assert [epoch.learning_rate for epoch in model.history_] == [0.001, 0.001, 0.5, 0.5]


@quiet
def test_going_on_with_another_network_is_refused():
    model = MLPClassifier((4,), max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="layers 4-4-3, but now 4-5-3 are asked for"):
        model.set_params(hidden_layer_sizes=(5,)).fit(X, y)


@engines
@quiet
def test_parameters_are_views_and_assignments_count(engine):
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0, engine=engine).fit(X, y)
    assert all(np.shares_memory(part, model.theta_) for part in (*model.coefs_, *model.intercepts_))
    packed = np.concatenate([part.ravel() for part in (*model.coefs_, *model.intercepts_)])
    np.testing.assert_array_equal(packed, model.theta_)
    model.intercepts_[-1][...] += 1
    shifted = model.predict(X)
    model.intercepts_[-1] = model.intercepts_[-1] + 1
    np.testing.assert_allclose(model.predict(X), shifted + 1)
    model.coefs_ = [coef * 0 for coef in model.coefs_]
    np.testing.assert_allclose(model.predict(X), model.intercepts_[-1][0])


@engines
@quiet
def test_dtype(engine):
    double = X.astype(np.float64)
    forced = MLPClassifier((4,), max_iter=3, random_state=0, dtype="float32", engine=engine).fit(double, y)
    given = MLPClassifier((4,), max_iter=3, random_state=0, engine=engine).fit(double.astype(np.float32), y)
    assert forced.theta_.dtype == given.theta_.dtype == np.float32
    np.testing.assert_array_equal(forced.theta_, given.theta_)
    assert forced.predict_proba(double).dtype == np.float32
    widened = MLPClassifier((4,), max_iter=3, random_state=0, dtype=np.float64, engine=engine).fit(X.astype("f4"), y)
    assert widened.theta_.dtype == np.float64


@quiet
@engines
def test_lbfgs_has_a_loss_curve_in_either_precision(engine):
    for data in (X, X.astype(np.float32)):
        model = MLPClassifier((5,), solver="lbfgs", max_iter=40, random_state=0, engine=engine).fit(data, y)
        assert model.theta_.dtype == data.dtype and model.t_ == 0
        assert len(model.loss_curve_) == model.n_iter_ == 40 and model.loss_curve_[-1] == model.loss_
        assert np.all(np.diff(model.loss_curve_) < 0)


@quiet
def test_solver_and_schedule_objects_and_activation_lists():
    named = MLPClassifier((5, 4), solver="sgd", momentum=0.6, nesterovs_momentum=False, max_iter=5, random_state=0)
    named.set_params(learning_rate="invscaling", power_t=0.2)
    objects = MLPClassifier((5, 4), ["relu", "relu"], solver=SGD(0.6, False), max_iter=5, random_state=0)
    objects.set_params(learning_rate=InvScaling(0.2))
    np.testing.assert_array_equal(named.fit(X, y).theta_, objects.fit(X, y).theta_)
    scheduled = MLPClassifier((5,), solver=Adam(), learning_rate=Adaptive(2.0), tol=1.0, n_iter_no_change=1, max_iter=9)
    rates = [epoch.learning_rate for epoch in scheduled.fit(X, y).history_]
    assert rates[0] == 0.001 and rates[-1] < 0.001
    mixed = MLPClassifier((5, 4), ["tanh", "logistic"], max_iter=2).fit(X, y)
    assert [layer.activation for layer in mixed.network_.layers] == ["tanh", "logistic", "softmax"]


@quiet
def test_own_activation_runs_on_the_reference_engine_and_says_so():
    relu = ACTIVATIONS["relu"]
    own = Activation("relu", relu.value, relu.slope, relu.latex)
    model = MLPClassifier((5,), own, max_iter=5, random_state=0).fit(X, y)
    named = MLPClassifier((5,), "relu", max_iter=5, random_state=0, engine="reference").fit(X, y)
    assert model.engine_ == "reference"
    np.testing.assert_array_equal(model.theta_, named.theta_)
    if "native" in USABLE:
        with pytest.raises(ValueError, match="engine 'native' cannot compute this network"):
            model.set_params(engine="native").fit(X, y)


def test_divergence():
    inputs, targets = make_regression(100, 5, random_state=0)
    wild = MLPRegressor("squared_error", 50, "identity", solver="sgd", learning_rate_init=1.0, random_state=0)
    said = r"^Solver produced non-finite parameter weights.*epoch \d+ at learning rate 1"
    with pytest.raises(DivergenceError, match=said):
        wild.fit(inputs, targets)
    assert not hasattr(wild, "coefs_")
    with pytest.warns(ConvergenceWarning, match="Training stops here"):
        wild.set_params(early_stopping=True).fit(inputs, targets)
    assert np.isfinite(wild.theta_).all() and np.isnan(wild.validation_scores_[-1])
    assert wild.n_iter_ < 200 and np.isfinite(wild.predict(inputs)).all()
    with pytest.raises(ValueError, match="loss='poisson' needs y >= 0; the smallest value of y is -"):
        MLPRegressor(loss="poisson").fit(inputs, targets)


@engines
def test_interrupt_keeps_the_model_so_far(engine, monkeypatch):
    options = {"hidden_layer_sizes": (4,), "random_state": 0, "engine": engine}
    kind = type(ENGINES[engine].session(PROBE, PROBE.init(0), _two_rows(), Adam()))
    original, calls = kind.epoch, []

    def epoch(self, *arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(self, *arguments)

    monkeypatch.setattr(kind, "epoch", epoch)
    monkeypatch.setattr(kind, "group", lambda *arguments: None)  # epoch by epoch
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = MLPClassifier(max_iter=50, **options).fit(X, y)
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        three = MLPClassifier(max_iter=3, **options).fit(X, y)
    assert model.n_iter_ == 3
    np.testing.assert_array_equal(model.theta_, three.theta_)


def _two_rows():
    from chainrule.engines import TrainingData

    return TrainingData(np.zeros((2, 2)), np.zeros((2, 1)))


@quiet
@pytest.mark.parametrize("make", LAYOUTS)
def test_layouts_of_X_do_not_matter_and_are_left_alone(make):
    thin = np.where(X > 1.5, X, 0)
    expected = MLPClassifier((5,), max_iter=5, random_state=0).fit(thin, y)
    given = make(thin)
    before = given.copy()
    model = MLPClassifier((5,), max_iter=5, random_state=0).fit(given, y)
    np.testing.assert_allclose(model.theta_, expected.theta_, rtol=1e-9)
    np.testing.assert_allclose(model.predict_proba(given), expected.predict_proba(thin), rtol=1e-9)
    assert abs(given - before).max() == 0


@quiet
def test_unsorted_and_duplicate_sparse_entries():
    parts = (np.array([1.0, 2, 3, 4, 5]), np.array([2, 0, 2, 1, 0]), np.array([0, 3, 4, 5]))
    messy = scipy.sparse.csr_array(parts, (3, 3))
    before = messy.indices.copy()
    dense = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0).fit(messy.toarray(), [0.0, 1, 2])
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0).fit(messy, [0.0, 1, 2])
    np.testing.assert_allclose(model.theta_, dense.theta_, rtol=1e-9)
    np.testing.assert_array_equal(messy.indices, before)


@quiet
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library):
    frames = pytest.importorskip(library)
    names = ["a", "b", "c", "d"]
    frame = frames.DataFrame({name: X[:, i] for i, name in enumerate(names)})
    model = MLPClassifier((5,), max_iter=5, random_state=0).fit(frame, frames.Series(y), X_val=frame, y_val=y)
    plain = MLPClassifier((5,), max_iter=5, random_state=0).fit(X, y, X_val=X, y_val=y)
    assert model.feature_names_in_.tolist() == names
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(model.predict_proba(frame), plain.predict_proba(X))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)


@quiet
def test_multilabel_sparse_targets():
    targets = np.stack([y == 0, y == 1, X[:, 0] > 5.5], axis=1).astype(int)
    dense = MLPClassifier((5,), max_iter=5, random_state=0).fit(X, targets)
    model = MLPClassifier((5,), max_iter=5, random_state=0).fit(X, scipy.sparse.csr_matrix(targets))
    assert scipy.sparse.issparse(model.predict(X))
    np.testing.assert_array_equal(model.predict(X).toarray(), dense.predict(X))


def test_scores_are_scikit_learns():
    rng = np.random.RandomState(0)
    weight = rng.uniform(0, 2, 30)
    labels, outputs = rng.randint(0, 3, 30), rng.uniform(0, 1, (30, 3))
    for w in (None, weight):
        found = accuracy(np.eye(3)[labels], outputs, w)
        assert found == pytest.approx(accuracy_score(labels, outputs.argmax(1), sample_weight=w), rel=1e-15)
        several = rng.randint(0, 2, (30, 3))
        found = subset_accuracy(several, outputs, w)
        assert found == pytest.approx(accuracy_score(several, outputs > 0.5, sample_weight=w), rel=1e-15)
        numbers = rng.randn(30, 3)
        numbers[:, 2] = 1.0
        guesses = rng.randn(30, 3)
        assert r2(numbers, guesses, w) == pytest.approx(r2_score(numbers, guesses, sample_weight=w), rel=1e-12)
        assert r2(numbers[:, 2:], numbers[:, 2:], w) == 1.0
    assert np.isnan(accuracy(np.eye(3), np.full((3, 3), np.nan))) and np.isnan(r2(numbers[:1], numbers[:1]))


@quiet
def test_verbose_prints_what_scikit_learn_prints(capsys):
    shape, settings = (4,), {"tol": 0.5, "n_iter_no_change": 2, "random_state": 0, "verbose": True, "max_iter": 60}
    adaptive = {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 1e-5}
    variants = [{}, {"early_stopping": True}, adaptive]
    for more in variants:
        sklearn.neural_network.MLPClassifier(shape, **settings, **more).fit(X, y)
        theirs = capsys.readouterr().out
        MLPClassifier(shape, **settings, **more).fit(X, y)
        assert capsys.readouterr().out == theirs
        assert "Stopping." in theirs
    MLPClassifier(shape, solver="lbfgs", verbose=True, max_iter=3).fit(X, y)
    assert capsys.readouterr().out.count("Iteration") == 3


def test_warnings_are_scikit_learns():
    inputs, targets = make_classification(40, random_state=0)
    cases = [{"max_iter": 2}, {"max_iter": 2, "solver": "lbfgs"}, {"max_iter": 2, "batch_size": 100}]
    for parameters in cases:
        texts = []
        for kind in (sklearn.neural_network.MLPClassifier, MLPClassifier):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                kind(random_state=0, **parameters).fit(inputs, targets)
            texts.append([(warning.category, str(warning.message)) for warning in caught])
        assert texts[0] == texts[1] and texts[0]


@quiet
def test_every_engine_and_thread_count_learns_the_same():
    first = MLPClassifier((8,), max_iter=5, random_state=0, engine=USABLE[0], n_threads=1).fit(X, y)
    for threads in (2, 3):
        again = MLPClassifier((8,), max_iter=5, random_state=0, engine=USABLE[0], n_threads=threads).fit(X, y)
        np.testing.assert_array_equal(again.theta_, first.theta_)
    for engine in USABLE[1:]:
        other = MLPClassifier((8,), max_iter=5, random_state=0, engine=engine).fit(X, y)
        np.testing.assert_allclose(other.theta_, first.theta_, rtol=1e-9, atol=1e-12)
