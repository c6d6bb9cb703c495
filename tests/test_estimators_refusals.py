"""What the estimators refuse, with which words, and that a failed call leaves a fitted estimator as it was."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network
from sklearn import config_context
from sklearn.callback import ProgressBar
from sklearn.datasets import load_iris

from chainrule import DivergenceError, MLPClassifier, MLPRegressor
from chainrule.engines import ENGINES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
NUMBERS = X[:, 0] + X[:, 1]


def classifier(**options):
    return MLPClassifier(**{"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0, **options})


def regressor(**options):
    return MLPRegressor(**{"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0, **options})


WILD = {"solver": "sgd", "learning_rate_init": 1e6, "activation": "identity", "max_iter": 50}
FAILURES = {
    "other features": ({}, lambda m: m.fit(X[:, :2], np.where(y == 2, 7, y), sample_weight=[1.0])),
    "other names": ({}, lambda m: m.fit(named(X), y[:-1])),
    "weights": ({}, lambda m: m.fit(X[:, :3], ["a", "b"] * 75, sample_weight=-np.ones(150))),
    "validation set": ({}, lambda m: m.fit(X[:, :3], y == 0, X_val=X, y_val=y == 0)),
    "too small a split": ({"early_stopping": True}, lambda m: m.fit(X[:5, :3], [0, 1, 0, 1, 0])),
    "partial_fit": ({}, lambda m: m.partial_fit(X, y + 5)),
    "parameters": ({"alpha": -1.0}, lambda m: m.fit(X[:, :2], y)),
    "divergence": (WILD, lambda m: m.fit(X[:, :3] * 1e6, y == 0)),
    "divergence, warm": ({**WILD, "warm_start": True, "max_iter": 5}, lambda m: m.fit(X * 1e120, y)),
}


def named(table):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(table, columns=list("abcd"))


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("callbacks", [False, True])
def test_a_failed_call_leaves_the_estimator_as_it_was(name, callbacks):
    changed, call = FAILURES[name]
    model = classifier().fit(X, y)
    if callbacks:
        model.set_callbacks(ProgressBar())
    model.set_params(**changed)
    attributes, before = dict(vars(model)), pickle.dumps({**vars(model), "_skl_callbacks": None})
    with pytest.raises(ValueError):
        call(model)
    left = {key: value for key, value in vars(model).items() if "callback" not in key}
    assert left.keys() == {key for key in attributes if "callback" not in key}
    assert all(left[key] is attributes[key] for key in left)
    assert pickle.dumps({**{key: attributes[key] for key in attributes}, "_skl_callbacks": None}) == before
    np.testing.assert_array_equal(model.predict(X), classifier().fit(X, y).predict(X))
    assert model.score(X, y) == classifier().fit(X, y).score(X, y)


def test_a_failed_first_call_leaves_nothing():
    for call in (
        lambda m: m.fit(X, y, sample_weight=[1.0]),
        lambda m: m.partial_fit(X, y, classes=[0, 1]),
        lambda m: m.set_params(**WILD).fit(X * 1e6, y),
    ):
        model = classifier()
        with pytest.raises(ValueError):
            call(model)
        assert set(vars(model)) == set(vars(classifier()))
    model = regressor(**WILD).fit(X / 100, NUMBERS / 100, X_val=X / 100, y_val=NUMBERS / 100)
    theta = model.theta_.copy()
    with pytest.raises(DivergenceError):
        model.fit(X, NUMBERS)
    np.testing.assert_array_equal(model.theta_, theta)


def test_curves_of_a_copy_are_its_own():
    model = classifier().fit(X, y, X_val=X, y_val=y)
    twin = copy.copy(model)
    lengths = [len(model.loss_curve_), len(model.history_)]
    twin.partial_fit(X, y)
    assert [len(model.loss_curve_), len(model.history_)] == lengths == [3, 3]
    assert [len(twin.loss_curve_), len(twin.history_)] == [4, 4]


@pytest.mark.parametrize("engine", list(ENGINES))
def test_interrupt_before_the_first_epoch(engine, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    model = classifier(engine=engine)
    fitted = classifier(engine=engine).fit(X, y)
    kind = type(ENGINES[engine].session(model.fit(X, y).network_, model.theta_, data(), sgd()))
    for way in ("epoch", "group"):
        monkeypatch.setattr(kind, way, interrupted, raising=False)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        fresh = classifier(engine=engine).fit(X, y)
    assert (fresh.n_iter_, fresh.loss_curve_, fresh.history_, fresh.t_) == (0, [], [], 0)
    np.testing.assert_array_equal(fresh.theta_, fresh.network_.init(0))
    assert fresh.predict(X).shape == y.shape
    theta, curve = fitted.theta_.copy(), list(fitted.loss_curve_)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        fitted.set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(fitted.theta_, theta)
    assert fitted.loss_curve_ == curve and fitted.loss_ == curve[-1]


def data():
    from chainrule.engines import TrainingData

    return TrainingData(X, np.eye(3)[y])


def sgd():
    from chainrule import SGD

    return SGD()


def test_validation_sets_of_today_decide():
    """Trained on labels, then on the opposite ones: the kept parameters are judged by the second validation set."""
    labels = (y > 0).astype(int)
    options = {"learning_rate_init": 0.05, "max_iter": 60, "warm_start": True, "n_iter_no_change": 99}
    model = classifier(**options).fit(X, labels, X_val=X, y_val=labels)
    assert model.best_validation_score_ == 1.0
    model.fit(X, 1 - labels, X_val=X, y_val=1 - labels)
    assert model.score(X, 1 - labels) == model.best_validation_score_ > 0.9
    model.set_params(max_iter=1).fit(X, 1 - labels)
    assert model.best_validation_score_ is None
    np.testing.assert_array_equal(
        model.theta_, np.concatenate([p.ravel() for p in (*model.coefs_, *model.intercepts_)])
    )
    model.intercepts_ = [intercept * 0 for intercept in model.intercepts_]
    model.fit(X, 1 - labels, X_val=X, y_val=1 - labels)
    assert model.score(X, 1 - labels) == model.best_validation_score_


def test_parameters_written_into_are_where_training_goes_on():
    """With a validation set there are two sets of parameters, the last and the best; the user's take the place of both."""
    options = {"shuffle": False, "solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.2, "max_iter": 20}
    model = classifier(warm_start=True, **options).fit(X, y, X_val=X, y_val=y)
    assert not np.array_equal(model.theta_, model._last)
    for part in (*model.coefs_, *model.intercepts_):
        part[...] = 0.1
    same = model.network_.init(0) * 0 + 0.1
    model.set_params(max_iter=1, learning_rate_init=1e-3, alpha=0.0).fit(X, y)
    _, gradient = model.network_.loss_and_gradient(same, X, np.eye(3)[y])
    np.testing.assert_allclose(model.theta_, same - 1e-3 * gradient, rtol=1e-9)


def test_replaced_parameters_are_checked_one_by_one():
    model = classifier().fit(X, y)
    for name, parts in (
        ("coefs_", [model.coefs_[0], model.coefs_[1].T]),
        ("coefs_", model.coefs_[:1]),
        ("intercepts_", [model.intercepts_[1], model.intercepts_[0]]),
    ):
        changed = copy.deepcopy(model)
        setattr(changed, name, parts)
        with pytest.raises(ValueError, match=f"{name} must hold arrays of shapes .* got"):
            changed.predict(X)
        with pytest.raises(ValueError, match=f"{name} must hold arrays of shapes"):
            changed.partial_fit(X, y)
    model.n_features_in_ = 3
    with pytest.raises(ValueError, match="X has 3 features, but the network of this MLPClassifier has 4 inputs"):
        model.predict(X[:, :3].copy())


CALLS = [
    (lambda: classifier().fit(X, y, -np.ones(150)), "Negative values in data passed to `sample_weight`"),
    (lambda: classifier().fit(X, y, np.where(y == 0, np.nan, 1)), "contains NaN"),
    (lambda: classifier().fit(X, y, np.zeros(150)), "weight"),
    (lambda: classifier(hidden_layer_sizes=(3, 2.5)).fit(X, y), r"hidden_layer_sizes must be whole .* \[3, 2.5\]"),
    (lambda: classifier(hidden_layer_sizes="12").fit(X, y), "hidden_layer_sizes"),
    (lambda: classifier(hidden_layer_sizes=[True]).fit(X, y), "hidden_layer_sizes must be whole numbers"),
    (lambda: classifier(hidden_layer_sizes=10**30).fit(X, y), "hidden_layer_sizes must be at most 2147483647 each"),
    (lambda: classifier(hidden_layer_sizes=(2**31,)).fit(X, y), "hidden_layer_sizes must be at most"),
    (lambda: classifier(hidden_layer_sizes=(2**30, 2**30)).fit(X, y), "hidden_layer_sizes asks for layers 4-10737"),
    (lambda: classifier(n_threads=10**9).fit(X, y), "'n_threads' parameter"),
    (lambda: classifier(dtype=np.dtype("int32")).fit(X, y), "'dtype' parameter"),
    (lambda: classifier().fit(X, y, sample_weight_val=np.ones(3)), "sample_weight_val belongs to a validation set"),
    (lambda: regressor().fit(X, load_iris().target_names[y]), "y must be numbers for MLPRegressor.*use MLPClassifier"),
    (lambda: regressor().fit(X, ["setosa"] * 150), "y must be numbers for MLPRegressor, but it holds 'setosa'"),
    (lambda: regressor().fit(X, NUMBERS, X_val=X[:2], y_val=["a", "b"]), "y_val must be numbers for MLPRegressor"),
    (lambda: regressor().fit(X, NUMBERS, X_val=X[:1], y_val=[1.0]), "X_val has 1 row, but its score needs at least 2"),
    (lambda: classifier().fit(X, y).predict(X.astype(str)), "dtype='numeric' is not compatible with"),
    (lambda: classifier().fit(X, y).predict([["1", "2", "3", "4"]]), "dtype='numeric' is not compatible with"),
]


@pytest.mark.parametrize(("call", "message"), CALLS, ids=range(len(CALLS)))
def test_wrong_calls_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_networks_larger_than_memory_name_the_parameter(monkeypatch):
    def too_large(*arguments, **options):
        raise MemoryError("Unable to allocate 64.0 GiB")

    monkeypatch.setattr("chainrule.network.Network.init", too_large)
    with pytest.raises(MemoryError, match=r"hidden_layer_sizes=\(4,\) makes a network of 35 parameters.*64.0 GiB"):
        classifier().fit(X, y)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_damaged_sparse_matrices_are_refused(engine):
    damaged = scipy.sparse.csr_matrix(X)
    damaged.indices[5] = 10**6
    with pytest.raises(ValueError, match="the sparse matrix is damaged: column indices from 0 to 1000000"):
        classifier(engine=engine).fit(damaged, y)
    with pytest.raises(ValueError, match="the sparse matrix is damaged"):
        classifier(engine=engine).fit(X, y).predict(damaged)


def test_unknown_solvers_have_no_partial_fit():
    for kind in (sklearn.neural_network.MLPClassifier, MLPClassifier):
        assert not hasattr(kind(solver="adams"), "partial_fit") and hasattr(kind(solver="sgd"), "partial_fit")
    assert not hasattr(MLPClassifier(solver=None), "partial_fit")


def test_unknown_labels_are_told_as_scikit_learn_tells_them():
    texts = []
    for kind in (sklearn.neural_network.MLPClassifier, MLPClassifier):
        model = kind((4,), random_state=0).partial_fit(X, y, classes=[0, 1, 2])
        with pytest.raises(ValueError) as caught:
            model.partial_fit(X[:3], [0, 1, 7])
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_parameter_validation_can_be_skipped():
    for kind in (sklearn.neural_network.MLPClassifier, MLPClassifier):
        model = kind((4,), max_iter=2, power_t=-1.0)  # power_t is of no use to adam
        with pytest.raises(ValueError, match="'power_t' parameter"):
            model.fit(X, y)
        with config_context(skip_parameter_validation=True), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert model.fit(X, y).n_iter_ == 2


def test_dtype_as_a_numpy_dtype():
    assert classifier(dtype=np.dtype("float32")).fit(X, y).theta_.dtype == np.float32


def test_predictions_have_the_precision_of_the_fit():
    model = classifier().fit(X.astype(np.float32), y)
    assert model.predict_proba(X).dtype == np.float32
    assert classifier().fit(X, y).predict_proba(X.astype(np.float32)).dtype == np.float64
