"""`scoring`: scikit-learn's scorers, functions and the loss choose the best epoch and stop the training, weights included."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer, make_scorer, mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight

from chainrule import MLPClassifier, MLPRegressor
from tests.targets_of_kinds import X, y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NAMES = np.array(["b", "a", "c"])[y]
X_train, X_val, y_train, y_val = train_test_split(X, NAMES, random_state=0, stratify=y)
NUMBERS_train, NUMBERS_val = X_train[:, 0] ** 2, X_val[:, 0] ** 2
WEIGHT = np.random.RandomState(0).uniform(0.1, 3, len(X_val))


def classifier(**options):
    options = {"learning_rate_init": 0.02, "max_iter": 25, "random_state": 0, **options}
    return MLPClassifier((6,), **options)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("scoring", ["accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr", "balanced_accuracy"])
def test_validation_scores_are_those_of_the_scorer(scoring, weight):
    model = classifier(scoring=scoring).fit(X_train, y_train, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    scores = model.validation_scores_
    options = {} if weight is None else {"sample_weight": weight}
    assert len(scores) == model.n_iter_ and model.best_validation_score_ == max(scores)
    assert get_scorer(scoring)(model, X_val, y_val, **options) == pytest.approx(max(scores), rel=1e-12)
    assert [epoch.validation_score for epoch in model.history_] == scores


def test_every_epoch_is_scored_with_its_own_parameters():
    """An estimator trained epoch by epoch meets the same scores."""
    whole = classifier(scoring="neg_log_loss", shuffle=False, max_iter=5)
    whole.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    model, scores = classifier(shuffle=False), []
    for _ in range(5):
        model.partial_fit(X_train, y_train, classes=["a", "b", "c"])
        scores.append(get_scorer("neg_log_loss")(model, X_val, y_val))
    np.testing.assert_allclose(whole.validation_scores_, scores, rtol=1e-12)


@pytest.mark.parametrize("scoring", ["neg_mean_absolute_error", "r2", "explained_variance"])
def test_regressors_too(scoring):
    model = MLPRegressor(hidden_layer_sizes=(8,), scoring=scoring, max_iter=30, random_state=0)
    model.fit(X_train, NUMBERS_train, X_val=X_val, y_val=NUMBERS_val, sample_weight_val=WEIGHT)
    expected = get_scorer(scoring)(model, X_val, NUMBERS_val, sample_weight=WEIGHT)
    assert expected == pytest.approx(model.best_validation_score_)


def test_the_best_epoch_is_the_one_of_the_chosen_score():
    bests = {}
    for scoring in (None, "neg_log_loss", "loss", make_scorer(mean_absolute_error, greater_is_better=False)):
        model = MLPRegressor if callable(scoring) else MLPClassifier
        if callable(scoring):
            model = MLPRegressor(hidden_layer_sizes=(6,), scoring=scoring, max_iter=60, random_state=0, tol=0.0)
            model.fit(X_train, NUMBERS_train, X_val=X_val, y_val=NUMBERS_val)
        else:
            model = classifier(scoring=scoring, max_iter=60, learning_rate_init=0.05)
            model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
        values = np.asarray(model.validation_scores_)
        assert [epoch.best for epoch in model.history_][int(values.argmax())]
        bests[str(scoring)] = int(values.argmax())
    assert bests["loss"] == bests["neg_log_loss"] != bests["None"]


def test_loss_as_scoring_is_the_validation_loss_negated():
    model = classifier(scoring="loss", early_stopping=True, max_iter=300, learning_rate_init=0.1, n_iter_no_change=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    losses = np.asarray(model.validation_loss_curve_)
    np.testing.assert_array_equal(model.validation_scores_, -losses)
    assert model.best_validation_score_ == -losses.min()
    assert -get_scorer("neg_log_loss")(model, X_val, y_val) == pytest.approx(losses.min())
    # scikit-learn's rule of patience, spelled out: more than 5 epochs in a row not better than the best by tol.
    best, count, stopped = np.inf, 0, None
    for epoch, loss in enumerate(losses, 1):
        count = count + 1 if loss > best - model.tol else 0
        best = min(best, loss)
        if count > 5:
            stopped = epoch
            break
    assert stopped == model.n_iter_ < 300


def test_held_out_rows_are_scored_with_the_labels_of_the_user():
    seen = []

    def scorer(estimator, rows, labels, sample_weight=None):
        seen.append((rows, labels, sample_weight))
        return estimator.score(rows, labels, sample_weight)

    weight = np.random.RandomState(1).uniform(0.5, 2, len(X))
    model = classifier(scoring=scorer, early_stopping=True, max_iter=4).fit(X, NAMES, sample_weight=weight)
    rows, labels, weights = seen[0]
    places = [np.flatnonzero((row == X).all(axis=1))[0] for row in rows]
    assert len(rows) == 15 and len(seen) == 4
    assert all(NAMES[place] == label for place, label in zip(places, labels, strict=True))
    assert set(weights) <= set(weight) and model.validation_scores_[0] <= 1
    default = classifier(early_stopping=True, max_iter=4).fit(X, NAMES, sample_weight=weight)
    np.testing.assert_allclose(model.validation_scores_, default.validation_scores_)
    np.testing.assert_array_equal(model.theta_, default.theta_)


def test_class_weights_count_in_the_score():
    model = classifier(scoring="accuracy", class_weight="balanced", max_iter=8)
    rare = np.where(y == 0, "x", "other")
    model.fit(X, rare, X_val=X, y_val=rare)
    expected = get_scorer("accuracy")(model, X, rare, sample_weight=compute_sample_weight("balanced", rare))
    assert expected == pytest.approx(model.best_validation_score_)


def test_data_frames_and_lbfgs():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = classifier(scoring="neg_log_loss", solver="lbfgs").fit(frame, NAMES, X_val=frame, y_val=NAMES)
    assert get_scorer("neg_log_loss")(model, frame, NAMES) == pytest.approx(max(model.validation_scores_))


def test_what_is_refused():
    def plain(estimator, rows, labels):
        return 1.0

    validation = {"X_val": X_val, "y_val": y_val}
    assert classifier(scoring=plain, max_iter=2).fit(X_train, y_train, **validation).validation_scores_ == [1.0, 1.0]
    cases = [
        ({"scoring": "acuracy"}, {}, "'scoring' parameter of MLPClassifier must be"),
        (
            {"scoring": plain},
            {"sample_weight_val": WEIGHT},
            "does not take sample_weight, but the validation rows have",
        ),
        ({"scoring": lambda e, r, t: "good"}, {}, "must give one number, got 'good'"),
        ({"scoring": mean_absolute_error}, {}, "make_scorer"),
        ({"scoring": "neg_log_loss", "loss": "hinge"}, {}, "scoring='neg_log_loss' cannot be used with MLPClassifier"),
    ]
    for options, more, message in cases:
        with pytest.raises(ValueError, match=message):
            classifier(**options).fit(X_train, y_train, **validation, **more)


def test_one_validation_row_is_enough_for_the_loss():
    one = {"X_val": X_val[:1], "y_val": NUMBERS_val[:1]}
    with pytest.raises(ValueError, match="or scoring='loss'"):
        MLPRegressor(max_iter=2).fit(X_train, NUMBERS_train, **one)
    model = MLPRegressor(max_iter=2, scoring="loss").fit(X_train, NUMBERS_train, **one)
    squared = 0.5 * (model.predict(X_val[:1]) - NUMBERS_val[:1]) ** 2
    assert min(model.validation_loss_curve_) == pytest.approx(squared[0])


def test_verbose_prints_the_watched_loss(capsys):
    model = classifier(scoring="loss", verbose=True, max_iter=1).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    assert f"Validation loss: {model.validation_loss_curve_[0]:f}" in capsys.readouterr().out
