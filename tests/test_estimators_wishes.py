"""What users of scikit-learn's MLP have asked for (issue numbers are scikit-learn's), one test for each wish that is granted."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
from sklearn import config_context
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, get_scorer
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import check_class_weight_classifiers

from chainrule import Activation, Loss, MLPClassifier, MLPRegressor
from chainrule.estimators.parameters import NOT_FOR_CLASSES, NOT_FOR_NUMBERS
from chainrule.formulas.activations import ALIASES
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES, Quantile
from chainrule.formulas.solvers import SOLVERS
from tests.combinations import HIDDEN
from tests.targets_of_kinds import NAMES, X, y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
rng = np.random.RandomState(0)
COUNTS = rng.randint(0, 4, len(X))
REPEATED = np.repeat(np.arange(len(X)), COUNTS)
FULL_BATCH = {"solver": "sgd", "batch_size": 10_000, "shuffle": False, "learning_rate_init": 0.05, "random_state": 0}
STOCHASTIC = [name for name, kind in SOLVERS.items() if kind.stochastic]


@pytest.mark.parametrize("early", [False, True], ids=["all rows", "early stopping"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("given", ["balanced", {"setosa": 1.0, "versicolor": 3.0, "virginica": 0.5}], ids=str)
def test_wish_01_class_weight_is_the_matching_sample_weight(given, solver, early):
    """#9113: to the last bit, in training, validation and early stopping."""
    options = {"solver": solver, "max_iter": 12, "random_state": 0, "early_stopping": early}
    keep = np.arange(150) % 3 != 0  # not balanced any more
    keep[:50] = True
    weight = compute_sample_weight(given, NAMES[keep])
    by_class = MLPClassifier((6,), class_weight=given, **options).fit(X[keep], NAMES[keep])
    by_row = MLPClassifier((6,), **options).fit(X[keep], NAMES[keep], sample_weight=weight)
    np.testing.assert_array_equal(by_class.theta_, by_row.theta_)
    assert by_class.loss_curve_ == by_row.loss_curve_ and by_class.validation_scores_ == by_row.validation_scores_
    assert not np.allclose(by_class.theta_, MLPClassifier((6,), **options).fit(X[keep], NAMES[keep]).theta_)


def test_wish_01_class_weight_multiplies_sample_weight_and_counts_in_validation():
    given, own = {"setosa": 2.0, "versicolor": 0.0, "virginica": 1.0}, rng.uniform(0.5, 2, 150)
    factor = compute_sample_weight(given, NAMES)
    options = {"max_iter": 5, "random_state": 0}
    by_class = MLPClassifier((6,), class_weight=given, **options)
    by_class.fit(X, NAMES, own, X_val=X, y_val=NAMES, sample_weight_val=own)
    by_row = MLPClassifier((6,), **options)
    by_row.fit(X, NAMES, own * factor, X_val=X, y_val=NAMES, sample_weight_val=own * factor)
    np.testing.assert_array_equal(by_class.theta_, by_row.theta_)
    assert by_class.validation_loss_curve_ == by_row.validation_loss_curve_
    balanced = MLPClassifier((6,), class_weight="balanced", **options).fit(X, NAMES, COUNTS)
    repeated = compute_sample_weight("balanced", NAMES[REPEATED])
    table = dict(zip(NAMES[REPEATED], repeated, strict=True))
    again = MLPClassifier((6,), class_weight=table, **options).fit(X, NAMES, COUNTS)
    np.testing.assert_allclose(balanced.theta_, again.theta_, rtol=1e-10)


def test_wish_01_class_weight_for_several_labels_and_partial_fit():
    inputs, labels = make_multilabel_classification(80, 5, n_classes=3, random_state=0)
    tables = [{0: 1, 1: 3}, {0: 2, 1: 1}, {0: 0.5, 1: 1}]
    for given in ("balanced", tables):
        by_class = MLPClassifier((4,), class_weight=given, max_iter=3, random_state=0).fit(inputs, labels)
        by_row = MLPClassifier((4,), max_iter=3, random_state=0)
        by_row.fit(inputs, labels, sample_weight=compute_sample_weight(given, labels))
        np.testing.assert_array_equal(by_class.theta_, by_row.theta_)
    given = {0: 1.0, 1: 5.0, 2: 0.1}
    by_class, by_row = MLPClassifier((4,), class_weight=given, random_state=0), MLPClassifier((4,), random_state=0)
    for rows in (y == 0, y > 0):  # no batch holds all classes
        by_class.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        by_row.partial_fit(X[rows], y[rows], sample_weight=compute_sample_weight(given, y)[rows], classes=[0, 1, 2])
    np.testing.assert_array_equal(by_class.theta_, by_row.theta_)


def test_wish_01_class_weight_passes_scikit_learns_check_and_refuses_what_is_wrong():
    check_class_weight_classifiers("MLPClassifier", MLPClassifier())
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    for given, message in (
        ({0: -1.0}, r"finite numbers, at least 0; got \{0: -1.0\}"),
        ({0: 1, 7: 2}, "are not in class_weight"),
        ([{0: 1}], "must be a dict by class label"),
        ("even", "'class_weight' parameter of MLPClassifier"),
    ):
        with pytest.raises(ValueError, match=message):
            MLPClassifier(class_weight=given).fit(X, y)


LOSSES_OF = [(MLPClassifier, name) for name in sorted(set(LOSSES) - NOT_FOR_CLASSES)]
LOSSES_OF += [(MLPRegressor, name) for name in sorted(set(LOSSES) - NOT_FOR_NUMBERS)] + [
    (MLPRegressor, Quantile((0.2, 0.7)))
]


@pytest.mark.filterwarnings("ignore:Got `batch_size`")
@pytest.mark.parametrize(("kind", "loss"), LOSSES_OF, ids=str)
def test_wish_02_integer_weights_are_repeated_rows(kind, loss):
    """#30155: in training, validation loss, score and `score`, for every loss; full-batch steps."""
    targets = y if kind is MLPClassifier else np.abs(X[:, 0])
    options = {"hidden_layer_sizes": (5,), "loss": loss, "max_iter": 20, "alpha": 0.0, **FULL_BATCH}
    weighted, repeated = kind(**options), kind(**options)
    part = slice(0, None, 2)
    weighted.fit(X, targets, COUNTS, X_val=X[part], y_val=targets[part], sample_weight_val=COUNTS[part])
    rows = np.repeat(np.arange(150)[part], COUNTS[part])
    repeated.fit(X[REPEATED], targets[REPEATED], X_val=X[rows], y_val=targets[rows])
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(weighted.validation_loss_curve_, repeated.validation_loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(weighted.validation_scores_, repeated.validation_scores_, rtol=1e-9)
    np.testing.assert_allclose(weighted.theta_, repeated.theta_, rtol=1e-7, atol=1e-10)
    assert weighted.score(X, targets, COUNTS) == pytest.approx(
        weighted.score(X[REPEATED], targets[REPEATED]), rel=1e-12
    )


def test_wish_03_dropout_per_layer_including_the_input():
    """#6175: off when predicting; what it does to a linear model is in test_estimators_regularisation.py."""
    model = MLPClassifier((30, 20), dropout=[0.1, 0.3, 0.2], learning_rate_init=0.01, random_state=0).fit(X, y)
    a = X
    for layer, W, b in zip(model.network_.layers, model.coefs_, model.intercepts_, strict=True):
        a = layer.function.value(a @ W + b)
    np.testing.assert_allclose(model.predict_proba(X), a, rtol=1e-10)
    assert model.score(X, y) > 0.94
    without = MLPClassifier((30, 20), learning_rate_init=0.01, random_state=0).fit(X, y)
    assert model.loss_ > 1.5 * without.loss_  # the price of noise in training


def test_wish_04_activation_per_layer_more_of_them_and_own():
    """#10097, #11952, #26912, #30199."""
    hidden = sorted({*HIDDEN, *ALIASES})
    assert {"elu", "gelu", "selu", "leaky_relu", "softplus", "silu", "mish"} <= set(hidden)
    for first in hidden:
        model = MLPClassifier((8, 6), [first, "tanh"], learning_rate_init=0.02, max_iter=80, random_state=0).fit(X, y)
        assert model.score(X, y) > 0.9
        assert [layer.activation for layer in model.network_.layers] == [first, "tanh", "softmax"]
    own = Activation("gauss", lambda z: np.exp(-z * z), lambda z, a: -2 * z * a, "e^{-z^2}")
    model = MLPClassifier((8, 6), [own, "relu"], learning_rate_init=0.02, max_iter=80, random_state=0).fit(X, y)
    a = np.exp(-((X @ model.coefs_[0] + model.intercepts_[0]) ** 2))
    z = np.maximum(a @ model.coefs_[1] + model.intercepts_[1], 0) @ model.coefs_[2] + model.intercepts_[2]
    np.testing.assert_allclose(model.predict_proba(X), scipy.special.softmax(z, axis=1))
    assert model.engine_ == "reference" and model.score(X, y) > 0.9


def test_wish_05_other_losses_and_own_loss():
    """#14571, #18997, #30712: names, objects with hyper-parameters, and one's own; see test_estimators_losses.py."""
    own = Loss("own", lambda y, a: 0.5 * ((a - y) ** 2).sum(axis=1), lambda y, a: a - y, "", reported_mean=True)
    options = {"hidden_layer_sizes": (5,), "max_iter": 10, "random_state": 0}
    mine = MLPRegressor(own, **options).fit(X, X[:, 0])
    theirs = MLPRegressor("squared_error", engine="reference", **options).fit(X, X[:, 0])
    np.testing.assert_allclose(mine.theta_, theirs.theta_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(mine.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_wish_06_validation_set_of_my_choice_through_a_pipeline():
    """#18748: with weights and any score, transformed like the training rows."""
    with config_context(enable_metadata_routing=True):
        model = MLPClassifier((6,), max_iter=20, scoring="neg_log_loss", random_state=0)
        model.set_fit_request(X_val=True, y_val=True, sample_weight_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        rows, weight = X * 3 + 1, rng.uniform(size=75)
        pipeline.fit(rows[::2], y[::2], X_val=rows[1::2], y_val=y[1::2], sample_weight_val=weight)
        score = get_scorer("neg_log_loss")(pipeline, rows[1::2], y[1::2], sample_weight=weight)
    assert max(pipeline[-1].validation_scores_) == pytest.approx(score)


def test_wish_07_stop_on_the_metric_or_the_loss_and_keep_the_best_epoch():
    """#24411: the best epoch is restored with and without early stopping."""
    for scoring in ("loss", "balanced_accuracy", "neg_log_loss"):
        for early in (True, False):
            model = MLPClassifier((20,), scoring=scoring, early_stopping=early, max_iter=400, random_state=0, tol=1e-3)
            model.set_params(learning_rate_init=0.05, n_iter_no_change=5 if early else 10).fit(
                X[::2], y[::2], X_val=X[1::2], y_val=y[1::2]
            )
            name = "neg_log_loss" if scoring == "loss" else scoring
            assert get_scorer(name)(model, X[1::2], y[1::2]) == pytest.approx(max(model.validation_scores_))
            assert len(model.validation_scores_) == model.n_iter_ < 400


@pytest.mark.parametrize("solver", SOLVERS)
def test_wish_08_training_and_validation_curves_for_all_solvers(solver):
    """#18507, #10236: lbfgs too."""
    model = MLPClassifier((5,), solver=solver, max_iter=7, random_state=0).fit(X, y, X_val=X, y_val=y)
    curves = model.loss_curve_, model.validation_loss_curve_, model.validation_scores_, model.history_
    assert {len(curve) for curve in curves} == {model.n_iter_}
    assert np.isfinite(model.loss_curve_).all() and model.n_iter_ > 1


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_wish_12_training_truly_goes_on(solver):
    """#6091, #13656: n epochs at once are n epochs one by one; solver's state, dropout's masks and running statistics too."""
    options = {
        "dropout": 0.2,
        "batch_norm": True,
        "l1": 1e-3,
        "max_norm": 2.0,
        "learning_rate": "step",
        "shuffle": False,
    }
    options = {"solver": solver, "random_state": 0, "batch_size": 50, "learning_rate_init": 0.01, **options}
    whole = MLPClassifier((6,), max_iter=6, **options).fit(X, y)
    parts = MLPClassifier((6,), max_iter=2, warm_start=True, **options)
    for _ in range(3):
        parts.fit(X, y)
    np.testing.assert_array_equal(parts.theta_, whole.theta_)
    assert parts.loss_curve_ == whole.loss_curve_


def test_wish_13_l2_that_means_what_it_says():
    """#6780, #10477: `l2` does not depend on the rows of a batch, `alpha` is scikit-learn's, weight decay is separate."""
    options = {"alpha": 0.0, "solver": "lbfgs", "tol": 1e-10, "max_iter": 500, "random_state": 0}
    mine = MLPRegressor("squared_error", (), l2=0.1, **options).fit(X[:, :3], X[:, 3])
    np.testing.assert_allclose(mine.coefs_[0][:, 0], Ridge(0.1 * 150).fit(X[:, :3], X[:, 3]).coef_, atol=1e-6)
    steps = {
        "solver": "sgd",
        "momentum": 0.0,
        "max_iter": 400,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    sizes = []
    for batch in (10, 50, 150):
        model = MLPRegressor("squared_error", (), alpha=0.0, l2=0.1, batch_size=batch, learning_rate_init=0.05, **steps)
        sizes.append(model.set_params(learning_rate="cosine").fit(X[:, :3], X[:, 3]).coefs_[0][:, 0])
    np.testing.assert_allclose(sizes[0], mine.coefs_[0][:, 0], atol=5e-3)
    np.testing.assert_allclose(sizes[1], sizes[0], atol=5e-3)


COLUMNS = np.stack([NAMES, np.where(X[:, 0] > 0, "long", "short"), np.where(X[:, 1] > 0.5, "wide", NAMES)], axis=1)


@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_wish_20_several_columns_of_classes(way):
    """#26762, #12505: what scikit-learn does by a wrapper with one network per column, here by one network."""
    model = MLPClassifier((20,), learning_rate_init=0.02, max_iter=150, random_state=0)
    classes = [np.unique(column) for column in COLUMNS.T]
    if way == "fit":
        model.fit(X, COLUMNS, X_val=X, y_val=COLUMNS)
        assert model.best_validation_score_ == model.score(X, COLUMNS)
    else:
        for start in range(0, 150 * 150, 50):
            rows = np.arange(start, start + 50) % 150  # one species at a time: not every class in every call
            model.partial_fit(X[rows], COLUMNS[rows], classes=classes)
    wrapper = MultiOutputClassifier(MLPClassifier((20,), max_iter=2, random_state=0)).fit(X, COLUMNS)
    predicted, probabilities = model.predict(X), model.predict_proba(X)
    assert predicted.shape == wrapper.predict(X).shape and predicted.dtype.kind == "U"
    for place, (mine, theirs) in enumerate(zip(probabilities, wrapper.predict_proba(X), strict=True)):
        assert mine.shape == theirs.shape and mine.sum(axis=1) == pytest.approx(1)
        np.testing.assert_array_equal(model.classes_[place], wrapper.classes_[place])
        np.testing.assert_array_equal(predicted[:, place], classes[place][mine.argmax(axis=1)])
    right = [accuracy_score(*columns) for columns in zip(COLUMNS.T, predicted.T, strict=True)]
    assert min(right) > 0.85 and model.score(X, COLUMNS) == (predicted == COLUMNS).all(axis=1).mean()


def test_wish_20_one_column_of_several_is_the_same_as_alone():
    """Two columns that say the same are twice the loss of one: the same network when nothing but the loss counts."""
    twice = np.stack([NAMES, NAMES], axis=1)
    weight = compute_sample_weight([dict(zip(np.unique(NAMES), (1, 2, 3), strict=True))] * 2, twice)
    model = MLPClassifier((), class_weight=[dict(zip(np.unique(NAMES), (1, 2, 3), strict=True))] * 2, init="zeros")
    model.set_params(solver="sgd", momentum=0.0, max_iter=20, alpha=0.0, shuffle=False, random_state=0).fit(X, twice)
    alone = MLPClassifier(
        (), init="zeros", solver="sgd", momentum=0.0, max_iter=20, alpha=0.0, shuffle=False, random_state=0
    )
    alone.fit(X, NAMES, weight)
    for probability in model.predict_proba(X):
        np.testing.assert_allclose(probability, alone.predict_proba(X), rtol=1e-9)
    np.testing.assert_allclose(np.array(model.loss_curve_), 2 * np.array(alone.loss_curve_), rtol=1e-9)


@pytest.mark.parametrize("loss", ["hinge", "perceptron", "squared_error"])
def test_wish_20_several_columns_with_every_kind_of_loss(loss):
    model = MLPClassifier((20,), loss=loss, learning_rate_init=0.02, max_iter=100, random_state=0).fit(X, COLUMNS)
    assert model.score(X, COLUMNS) > 0.7
    if loss != "squared_error":
        scores = model.decision_function(X)
        np.testing.assert_array_equal(model.predict(X)[:, 0], np.unique(NAMES)[scores[0].argmax(axis=1)])
        np.testing.assert_array_equal(model.predict(X)[:, 1] == "short", scores[1] > 0)


@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_wish_20_class_and_number_on_one_network(way):
    """A head for the probability of a class, one for a number, each with its own loss; the weights balance them."""
    targets = np.stack([y == 1, X[:, 2] * 2 + 1], axis=1).astype(float)
    heads = Heads((Head(1, "logistic", "log_loss", weight=2.0), Head(1, "identity", "squared_error")))
    model = MLPRegressor(heads, (20,), learning_rate_init=0.02, max_iter=200, random_state=0)
    if way == "fit":
        model.fit(X, targets)
    else:
        for _ in range(200):
            model.partial_fit(X, targets)
    predicted = model.predict(X)
    assert accuracy_score(targets[:, 0], predicted[:, 0] > 0.5) > 0.95
    assert np.abs(predicted[:, 1] - targets[:, 1]).mean() < 0.2
    z = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0) @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(predicted, np.stack([scipy.special.expit(z[:, 0]), z[:, 1]], axis=1))


def test_wish_20_wrong_columns_are_refused():
    model = MLPClassifier((5,), max_iter=2, random_state=0).fit(X, COLUMNS)
    with pytest.raises(ValueError, match="y must hold 3 label columns"):
        model.partial_fit(X, COLUMNS[:, :2])
    with pytest.raises(ValueError, match="classes not in"):
        model.partial_fit(X, COLUMNS[:, ::-1])
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        model.partial_fit(X, COLUMNS, classes=[["a", "b"], ["c", "d"], ["e", "f"]])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(X, COLUMNS)


def test_wish_20_several_labels_with_partial_fit():
    """Call by call as epoch by epoch."""
    inputs, labels = make_multilabel_classification(150, 6, n_classes=4, random_state=0)
    model, whole = (MLPClassifier((20,), shuffle=False, random_state=0, max_iter=5) for _ in range(2))
    for _ in range(5):
        model.partial_fit(inputs, labels, classes=[0, 1, 2, 3])
    np.testing.assert_array_equal(model.theta_, whole.fit(inputs, labels).theta_)
    assert model.predict_proba(inputs).shape == (150, 4)


def test_next_in_line_start_weights_and_transfer():
    """#9232: see test_estimators_start.py; here that features learned from many rows help with few."""
    from chainrule.estimators.starting import Pretrained

    inputs, digits = load_digits(return_X_y=True)
    inputs, renamed = inputs / 16, digits * 7 % 10
    teacher = MLPClassifier((50, 20), max_iter=100, random_state=0).fit(inputs[300:], digits[300:])
    options = {"max_iter": 200, "learning_rate_init": 0.01, "random_state": 1}
    start = Pretrained(teacher)
    transferred = MLPClassifier((50, 20), init=start, layer_rates=[0, 0, 1], **options).fit(inputs[:30], renamed[:30])
    scratch = MLPClassifier((50, 20), **options).fit(inputs[:30], renamed[:30])
    np.testing.assert_array_equal(transferred.coefs_[1], teacher.coefs_[1])
    new = slice(60, 300)
    assert transferred.score(inputs[new], renamed[new]) > scratch.score(inputs[new], renamed[new]) + 0.04


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_next_in_line_schedules_for_every_solver(solver):
    """By name too; 'invscaling' and 'adaptive' mean nothing for adam only, as in scikit-learn."""
    options = {"solver": solver, "max_iter": 4, "batch_size": 150, "power_t": 0.25, "random_state": 0}
    rates = {}
    for name in ("constant", "invscaling", "exponential", "cosine"):
        model = MLPClassifier((3,), learning_rate=name, learning_rate_init=0.01, **options).fit(X, y)
        rates[name] = [epoch.learning_rate for epoch in model.history_]
    np.testing.assert_allclose(rates["constant"], 0.01)
    scaled = np.ones(4) if solver == "adam" else 1 / (1 + 150 * np.arange(4)) ** 0.25
    np.testing.assert_allclose(rates["invscaling"], 0.01 * scaled)
    np.testing.assert_allclose(rates["exponential"], 0.01 * 0.97 ** np.arange(4))
    np.testing.assert_allclose(rates["cosine"], 0.005 * (1 + np.cos(np.pi * np.arange(4) / 4)))


def test_next_in_line_batch_normalisation_does_not_see_where_the_inputs_lie():
    """Ioffe & Szegedy 2015: means are taken away, so inputs shifted by any amount train the same weights."""
    options = {"max_iter": 30, "batch_size": 30, "learning_rate_init": 0.01, "random_state": 0, "alpha": 0.0}
    here, there = (MLPClassifier((20,), batch_norm=True, **options).fit(X + shift, y) for shift in (0.0, 50.0))
    np.testing.assert_allclose(there.coefs_[0], here.coefs_[0], rtol=1e-4, atol=1e-6)
    without = [MLPClassifier((20,), **options).fit(X + shift, y).coefs_[0] for shift in (0.0, 50.0)]
    assert np.abs(without[0] - without[1]).max() > 0.01
    assert here.score(X, y) > 0.94
