"""Several networks at once. Oracle: fitting one by one, and scikit-learn's own searches over the same estimators."""

from __future__ import annotations

import _thread
import signal
import threading
import time
import warnings

import numpy as np
import pytest
import scipy.sparse
import scipy.stats
import sklearn
import sklearn.model_selection as reference
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer, make_scorer, r2_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.estimators.job import Job
from chainrule.estimators.many import fit_many
from chainrule.estimators.search import GridSearchCV, RandomizedSearchCV, threads_of
from chainrule.estimators.shortcuts import quick_accuracy, quick_r2

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(90, 6, n_informative=4, n_classes=3, random_state=0)
WEIGHT = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)
GRID = {"hidden_layer_sizes": [(4,), (5, 3)], "alpha": [1e-4, 1e-1], "activation": ["relu", "tanh"]}


def small(**changes):
    return MLPClassifier(**{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, "n_threads": None} | changes)


def varied():
    return [
        small(),
        small(random_state=1),
        small(solver="sgd", momentum=0.5),
        small(solver="lbfgs"),
        small(early_stopping=True),
    ]


def assert_same_fit(ours, theirs):
    assert ours.theta_.tobytes() == theirs.theta_.tobytes()
    assert ours.loss_curve_ == theirs.loss_curve_
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.get_params().keys() == theirs.get_params().keys()
    assert {**ours.get_params(), "random_state": 0} == {**theirs.get_params(), "random_state": 0}


@pytest.mark.parametrize("n_threads", [1, 2, 7, None])
def test_same_bits_as_one_by_one(n_threads):
    together = fit_many(varied(), X, y, WEIGHT, n_threads=n_threads)
    for ours, alone in zip(together, varied(), strict=True):
        assert_same_fit(ours, alone.fit(X, y, WEIGHT))


def test_parts_of_the_rows():
    some = np.arange(0, 90, 2)
    rows = [some, None, np.arange(90) < 40, some.copy(), some[::-1]]
    together = fit_many(varied(), X, y, WEIGHT, rows=rows)
    for ours, alone, part in zip(together, varied(), rows, strict=True):
        chosen = slice(None) if part is None else part
        assert_same_fit(ours, alone.fit(X[chosen], y[chosen], WEIGHT[chosen]))
    for ours, alone in zip(fit_many(varied(), X, y, rows=some), varied(), strict=True):
        assert_same_fit(ours, alone.fit(X[some], y[some]))


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        lambda X: (8 * X).astype(int),
        np.ndarray.tolist,
        scipy.sparse.csc_matrix,
        lambda X: X.astype("f4"),
    ],
)
def test_every_form_of_X(form):
    for ours, alone in zip(fit_many(varied(), form(X), y), varied(), strict=True):
        assert_same_fit(ours, alone.fit(form(X), y))


def test_data_frames_keep_their_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    for ours in fit_many(varied(), frame, y):
        assert list(ours.feature_names_in_) == list("abcdef")


def test_pipelines_and_weights():
    pipes = [make_pipeline(StandardScaler(), each) for each in varied()]
    for ours, alone in zip(fit_many(pipes, X, y, WEIGHT), varied(), strict=True):
        alone = make_pipeline(StandardScaler(), alone).fit(X, y, mlpclassifier__sample_weight=WEIGHT)
        assert_same_fit(ours[-1], alone[-1])


def test_rows_asked_for_twice_are_taken_out_once(monkeypatch):
    import chainrule.estimators.many as many

    taken = []
    original = many._safe_indexing
    monkeypatch.setattr(many, "_safe_indexing", lambda data, rows: taken.append(len(rows)) or original(data, rows))
    fit_many(
        [small(random_state=seed) for seed in range(6)], X, y, rows=[np.arange(40 + 10 * (i % 2)) for i in range(6)]
    )
    assert sorted(taken) == [40, 40, 50, 50]  # X and y, once for each of the two parts


def test_the_first_failure_is_raised_and_names_its_place():
    estimators = [small(), small(alpha=-1.0), small(), small(alpha=-2.0)]
    with pytest.raises(ValueError, match="'alpha' parameter of MLPClassifier") as caught:
        fit_many(estimators, X, y, n_threads=2)
    assert any("estimators[1]" in note for note in caught.value.__notes__)
    assert hasattr(estimators[0], "theta_")
    assert not hasattr(estimators[1], "theta_")


def test_refusals():
    one = small()
    with pytest.raises(ValueError, match=r"estimators\[0\] and estimators\[2\] are the same object"):
        fit_many([one, small(), one], X, y)
    stream = np.random.RandomState(0)
    with pytest.raises(ValueError, match=r"estimators\[0\] and estimators\[1\] share a RandomState"):
        fit_many([small(random_state=stream), small(random_state=stream)], X, y)
    with pytest.raises(TypeError, match=r"estimators\[1\] must be"):
        fit_many([small(), LogisticRegression()], X, y)
    with pytest.raises(ValueError, match="one entry for each of the 2 estimators"):
        fit_many([small(), small(random_state=1)], X, y, rows=[np.arange(3)] * 3)
    with pytest.raises(ValueError, match=r"rows\[1\].*between 0 and 89"):
        fit_many([small(), small()], X, y, rows=[None, [90]])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fit_many([small()], X, y[:-1])
    assert fit_many([], X, y) == []


def test_own_random_state_objects():
    seeds = [np.random.RandomState(seed) for seed in range(3)]
    ours = fit_many([small(random_state=seed) for seed in seeds], X, y)
    for seed, each in enumerate(ours):
        assert each.random_state is seeds[seed]
        assert_same_fit(each, small(random_state=np.random.RandomState(seed)).fit(X, y))


def ctrl_c():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.parametrize("send", [ctrl_c, _thread.interrupt_main])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_interrupt_stops_every_network(send, n_threads):
    begun = []
    estimators = [small(max_iter=10**6, tol=0.0, n_iter_no_change=np.inf, random_state=seed) for seed in range(5)]
    for each in estimators:
        each._on_epoch = begun.append

    def interrupt():
        while len(begun) < 50:
            time.sleep(0.01)
        send()

    helper = threading.Thread(target=interrupt)
    helper.start()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyboardInterrupt):
            fit_many(estimators, X, y, n_threads=n_threads)
    helper.join()
    epochs = len(begun)
    time.sleep(0.05)
    assert len(begun) == epochs
    assert not any(hasattr(each, "theta_") for each in estimators)
    assert all(each.n_threads is None for each in estimators)


def test_networks_train_at_the_same_time():
    both = threading.Barrier(2, timeout=30)
    estimators = [small(), small(random_state=1)]
    for each in estimators:
        each._on_epoch = lambda epoch: both.wait() if epoch.number == 1 else None
    fit_many(estimators, X, y, n_threads=2)  # BrokenBarrierError if one waited for the other


def test_limits_of_the_process_are_respected():
    with threadpool_limits(1):
        seen = Job(8, lambda place, check: threading.current_thread().name, str).run()
    assert set(seen) == {"chainrule-0"}
    assert threads_of(3) == 3
    with pytest.raises(ValueError, match="n_jobs must not be 0"):
        threads_of(0)


def test_threads_know_the_configuration():
    with sklearn.config_context(skip_parameter_validation=True, assume_finite=True):
        seen = Job(4, lambda place, check: sklearn.get_config(), str).run(2)
        assert all(each == sklearn.get_config() for each in seen)


def test_warnings_arrive_and_filters_stay():
    def noisy(place, check):
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            time.sleep(0.001 * (place % 3))

    before = list(warnings.filters)
    Job(40, noisy, str).run(4)
    assert warnings.filters == before
    with pytest.warns(ConvergenceWarning) as caught:
        warnings.simplefilter("always")
        fit_many([small(max_iter=2, random_state=seed) for seed in range(6)], X, y, n_threads=3)
    assert len(caught) == 6


def assert_same_search(ours, theirs):
    times = {"mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time"}
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    for name in set(theirs.cv_results_) - times:
        np.testing.assert_array_equal(ours.cv_results_[name], theirs.cv_results_[name], err_msg=name)
    names = {name for name in vars(theirs) if name.endswith("_")}
    assert {name for name in vars(ours) if name.endswith("_")} == names
    for name in names & {"best_params_", "best_index_", "best_score_", "n_splits_", "multimetric_"}:
        assert getattr(ours, name) == getattr(theirs, name), name
    if theirs.refit:
        assert ours.best_estimator_.get_params() == theirs.best_estimator_.get_params()
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def refit_second(results):
    return 1


SEARCHES = {
    "plain": {},
    "train scores": {"return_train_score": True},
    "no refit": {"refit": False},
    "refit by function": {"refit": refit_second},
    "metric": {"scoring": "neg_log_loss"},
    "accuracy by name": {"scoring": "accuracy"},
    "weighted metric": {"scoring": make_scorer(lambda a, b: float((a == b).sum()), greater_is_better=False)},
    "metrics": {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro", "return_train_score": True},
    "function": {"scoring": lambda e, X, y: {"a": e.score(X, y), "b": 1.0}, "refit": "a"},
    "shuffled folds": {"cv": KFold(3, shuffle=True, random_state=1)},
    "given folds": {"cv": [(np.arange(60), np.arange(60, 90)), (np.arange(30, 90), np.arange(30))]},
    "two threads": {"n_jobs": 2},
    "all but one": {"n_jobs": -2},
}


@pytest.mark.parametrize("settings", SEARCHES.values(), ids=SEARCHES)
def test_same_as_scikit_learns_search(settings):
    ours = GridSearchCV(small(), GRID, **{"cv": 3} | settings).fit(X, y)
    theirs = reference.GridSearchCV(small(), GRID, **{"cv": 3} | settings | {"n_jobs": None}).fit(X, y)
    assert_same_search(ours, theirs)


def test_same_as_scikit_learns_randomized_search():
    ranges = {"alpha": scipy.stats.loguniform(1e-5, 1e-1), "hidden_layer_sizes": [(3,), (4,)]}
    for state in (0, np.random.RandomState(3)):
        both = [kind(small(), ranges, n_iter=5, cv=2, random_state=clone(state, safe=False)) for kind in
                (RandomizedSearchCV, reference.RandomizedSearchCV)]  # fmt: skip
        assert_same_search(*(search.fit(X, y) for search in both))


@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_squared_error"])
def test_regressor(scoring):
    R, r = make_regression(90, 6, random_state=0)
    base = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0)
    both = [kind(base, {"alpha": [0.1, 1.0]}, cv=3, scoring=scoring) for kind in (GridSearchCV, reference.GridSearchCV)]
    assert_same_search(*(search.fit(R, r) for search in both))
    both = [kind(base, {"alpha": [0.1, 1.0]}, cv=3, scoring=scoring) for kind in (GridSearchCV, reference.GridSearchCV)]
    assert_same_search(*(search.fit(R, r, sample_weight=WEIGHT) for search in both))


def test_weights():
    both = [kind(small(), {"alpha": [0.1, 1.0]}, cv=3) for kind in (GridSearchCV, reference.GridSearchCV)]
    assert_same_search(*(search.fit(X, y, sample_weight=WEIGHT) for search in both))


def test_routed_metadata():
    scorer = get_scorer("accuracy")
    with sklearn.config_context(enable_metadata_routing=True):
        base = small().set_fit_request(sample_weight=True)
        both = [
            kind(
                base,
                {"alpha": [0.1, 1.0]},
                cv=reference.GroupKFold(3),
                scoring=scorer.set_score_request(sample_weight=True),
            )
            for kind in (GridSearchCV, reference.GridSearchCV)
        ]
        assert_same_search(*(search.fit(X, y, sample_weight=WEIGHT, groups=np.arange(90) // 9) for search in both))


def test_pipeline_search_and_replaced_steps():
    pipe = make_pipeline(StandardScaler(), small())
    grids = (
        {"mlpclassifier__alpha": [0.1, 1.0], "standardscaler": [StandardScaler(), "passthrough"]},
        {"mlpclassifier": [small(alpha=0.5), LogisticRegression()]},
    )
    for grid in grids:
        both = [kind(pipe, grid, cv=3) for kind in (GridSearchCV, reference.GridSearchCV)]
        ours, theirs = (search.fit(X, y) for search in both)
        for name in ("mean_test_score", "std_test_score", "rank_test_score"):
            np.testing.assert_array_equal(ours.cv_results_[name], theirs.cv_results_[name])


def test_estimators_of_others_are_searched_as_by_scikit_learn():
    both = [kind(LogisticRegression(), {"C": [0.1, 1.0]}, cv=3) for kind in (GridSearchCV, reference.GridSearchCV)]
    assert_same_search(*(search.fit(X, y) for search in both))


def test_failing_candidates():
    grid = {"alpha": [0.1, -1.0]}
    both = [kind(small(), grid, cv=3, error_score=-7.0) for kind in (GridSearchCV, reference.GridSearchCV)]
    searches = []
    for search in both:
        with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6"):
            searches.append(search.fit(X, y))
    assert_same_search(*searches)
    assert list(searches[0].cv_results_["mean_test_score"] == -7.0) == [False, True]
    with pytest.raises(ValueError, match="'alpha' parameter") as caught:
        GridSearchCV(small(), grid, cv=3, error_score="raise").fit(X, y)
    assert "candidate {'alpha': -1.0}, fold 0" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match="All the 3 fits failed"):
        GridSearchCV(small(), {"alpha": [-1.0]}, cv=3).fit(X, y)
    with pytest.raises(ValueError, match="Invalid parameter 'alfa'"):
        GridSearchCV(small(), {"alfa": [1.0]}, cv=3).fit(X, y)


def test_folds_are_taken_out_once(monkeypatch):
    import chainrule.estimators.search as search

    taken = []
    original = search._safe_indexing
    monkeypatch.setattr(search, "_safe_indexing", lambda data, rows: taken.append(data is X) or original(data, rows))
    GridSearchCV(small(), GRID, cv=3, refit=False).fit(X, y)
    assert sum(taken) == 6  # training and test rows of three folds, for eight candidates


def test_clone_and_parameters_are_scikit_learns():
    for ours, theirs in ((GridSearchCV, reference.GridSearchCV), (RandomizedSearchCV, reference.RandomizedSearchCV)):
        assert ours._get_param_names() == theirs._get_param_names()
        copied = clone(ours(small(), {"alpha": [1.0]}, cv=4))
        assert (copied.cv, type(copied)) == (4, ours)


def labels_and_predictions():
    rng = np.random.default_rng(0)
    few, words = rng.integers(0, 3, 50), rng.choice(["a", "bc"], 50)
    yield few, np.roll(few, 1)
    yield words, words[::-1].copy()
    yield words, np.where(words == "a", "bc", "longer")
    yield few > 1, few > 0
    yield np.arange(9), np.arange(9)
    yield few.astype(object), few
    yield few.tolist(), few
    yield np.ones(4, int), np.ones(4, int)


@pytest.mark.parametrize("pair", list(labels_and_predictions()))
def test_quick_accuracy(pair):
    score = quick_accuracy(*pair)
    assert score is None or score == accuracy_score(*pair)
    assert (score is not None) == all(type(each) is np.ndarray and each.dtype != object for each in pair) or len(
        pair[0]
    ) < 10


@pytest.mark.parametrize("n", [1, 2, 3, 17, 1000, 100_001])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_quick_r2(n, dtype):
    rng = np.random.default_rng(n)
    truth = (1e3 + rng.standard_normal(n)).astype(dtype)
    predicted = (truth + rng.standard_normal(n)).astype(dtype)
    score = quick_r2(truth, predicted)
    assert score == (None if n == 1 else r2_score(truth, predicted))
    assert quick_r2(truth, truth) is None
    assert quick_r2(np.ones(n), np.zeros(n)) is None
