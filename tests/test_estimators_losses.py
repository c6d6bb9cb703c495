"""Losses and output activations of the estimators, against scipy, scikit-learn and statistics of the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.special
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LinearRegression, QuantileRegressor
from sklearn.metrics import d2_pinball_score, mean_gamma_deviance, mean_pinball_loss, r2_score
from sklearn.utils.estimator_checks import check_estimator

from chainrule import Loss, MLPClassifier, MLPRegressor
from chainrule.estimators.parameters import NOT_FOR_CLASSES, NOT_FOR_NUMBERS
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES, Huber, LogLoss, Quantile
from chainrule.formulas.targets import TargetRange
from tests.targets_of_kinds import X, y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SAMPLE = np.random.RandomState(0).exponential(size=301) + np.arange(301) / 1000
NOTHING = np.zeros((301, 1))


def located(loss, sample=SAMPLE, **options):
    """What a network without layers and without inputs worth the name predicts: the best constant."""
    options = {"solver": "adam", "learning_rate_init": 0.05, "learning_rate": "exponential", "tol": 0.0, **options}
    model = MLPRegressor(loss, (), batch_size=len(sample), max_iter=1500, n_iter_no_change=np.inf, alpha=0.0, **options)
    model.set_params(random_state=0, learning_rate="cosine")
    return model.fit(NOTHING[: len(sample)], sample).predict([[0.0]])[0]


def huber_location(delta):
    return scipy.optimize.minimize_scalar(
        lambda at: scipy.special.huber(delta, SAMPLE - at).sum(), bounds=(0, 5), options={"xatol": 1e-10}
    ).x


CONSTANTS = {
    "squared_error": ("squared_error", SAMPLE.mean()),
    "mse": ("mse", SAMPLE.mean()),
    "poisson": ("poisson", SAMPLE.mean()),
    "absolute_error": ("absolute_error", np.median(SAMPLE)),
    "quantile": ("quantile", np.median(SAMPLE)),
    "quantile 0.9": (Quantile(0.9), np.quantile(SAMPLE, 0.9)),
    "huber": ("huber", huber_location(1.0)),
    "huber 0.1": (Huber(0.1), huber_location(0.1)),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_the_best_constant_is_the_statistic_of_the_loss(name):
    loss, expected = CONSTANTS[name]
    assert located(loss) == pytest.approx(expected, abs=0.01)


def test_every_loss_for_numbers_has_its_statistic():
    assert set(LOSSES) - NOT_FOR_NUMBERS <= set(CONSTANTS)


def test_several_quantiles_do_not_cross_and_cover_their_shares():
    levels = (0.1, 0.5, 0.9)
    rng = np.random.RandomState(0)
    inputs = rng.uniform(-1, 1, (600, 1))
    targets = inputs[:, 0] + (0.2 + np.abs(inputs[:, 0])) * rng.normal(size=600)
    model = MLPRegressor(Quantile(levels), (20,), max_iter=400, learning_rate_init=0.01, random_state=0)
    model.fit(inputs, targets, X_val=inputs, y_val=targets)
    predicted = model.predict(inputs)
    assert predicted.shape == (600, 3) and model.n_outputs_ == 3 and model.out_activation_ == "ordered"
    assert (np.diff(predicted, axis=1) >= 0).all()
    assert (targets[:, None] <= predicted).mean(axis=0) == pytest.approx(levels, abs=0.04)
    losses = [mean_pinball_loss(targets, column, alpha=q) for q, column in zip(levels, predicted.T, strict=True)]
    best = int(np.argmax(model.validation_scores_))
    assert model.validation_loss_curve_[best] == pytest.approx(np.mean(losses))
    skill = [d2_pinball_score(targets, column, alpha=q) for q, column in zip(levels, predicted.T, strict=True)]
    assert model.score(inputs, targets) == pytest.approx(np.mean(skill)) == pytest.approx(model.best_validation_score_)


def test_one_quantile_is_scikit_learns_linear_quantile():
    rng = np.random.RandomState(1)
    inputs = rng.normal(size=(200, 2))
    targets = inputs @ [1.0, -2.0] + rng.exponential(size=200)
    theirs = QuantileRegressor(quantile=0.8, alpha=0.0).fit(inputs, targets)
    mine = MLPRegressor(Quantile(0.8), (), batch_size=200, max_iter=3000, learning_rate_init=0.05, random_state=0)
    mine.set_params(alpha=0.0, learning_rate="cosine", tol=0.0, n_iter_no_change=np.inf).fit(inputs, targets)
    np.testing.assert_allclose(mine.coefs_[0][:, 0], theirs.coef_, atol=0.02)
    assert mine.score(inputs, targets) == r2_score(targets, mine.predict(inputs))


def test_several_quantiles_want_one_target_column():
    with pytest.raises(ValueError, match=r"needs 1 target column\(s\), got 2"):
        MLPRegressor(Quantile((0.1, 0.9)), (3,)).fit(X, X[:, :2])


CLASS_LOSSES = sorted(set(LOSSES) - NOT_FOR_CLASSES)


@pytest.mark.parametrize("loss", CLASS_LOSSES)
@pytest.mark.parametrize("labels", ["three classes", "two classes", "several labels"])
def test_every_loss_for_classes_learns_and_is_validated_as_it_is_scored(loss, labels):
    inputs, targets = X, {"three classes": y, "two classes": np.array(["no", "yes"])[(y == 1).astype(int)]}.get(labels)
    if targets is None:
        inputs, targets = make_multilabel_classification(150, 8, n_classes=3, random_state=0)
        inputs = inputs / inputs.std(axis=0)
    model = MLPClassifier((10,), loss=loss, learning_rate_init=0.02, max_iter=150, random_state=0)
    model.fit(inputs, targets, X_val=inputs, y_val=targets)
    assert model.score(inputs, targets) > (0.6 if labels == "several labels" else 0.85)
    assert model.best_validation_score_ == model.score(inputs, targets)
    assert hasattr(model, "predict_proba") != hasattr(model, "decision_function")


def test_the_losses_of_the_other_task_are_refused():
    for loss in NOT_FOR_CLASSES:
        for given in (loss, LOSSES[loss]):
            with pytest.raises(
                ValueError, match=f"loss '{loss}' is made for numbers; to predict them, use MLPRegressor"
            ):
                MLPClassifier(loss=given).fit(X, y)
    for loss in NOT_FOR_NUMBERS:
        for given in (loss, LOSSES[loss]):
            with pytest.raises(
                ValueError, match=f"loss '{loss}' is made for classes; to predict them, use MLPClassifier"
            ):
                MLPRegressor(loss=given).fit(X, X[:, 0])
    for kind, target in ((MLPClassifier, y), (MLPRegressor, X[:, 0])):
        with pytest.raises(ValueError, match=r"'loss' parameter .* must be a str among"):
            kind(loss="nonsense").fit(X, target)


@pytest.mark.parametrize("name", [name for name, one in ACTIVATIONS.items() if not one.hidden or one.untrainable])
def test_what_is_no_hidden_activation_is_refused_with_the_reason(name):
    why = "is an output activation, not for hidden layers" if not ACTIVATIONS[name].hidden else "loss 'perceptron'"
    for sizes, given, place in (((3,), name, 0), ((3,), [name], 0), ((3, 3), ["relu", name], 1)):
        with pytest.raises(ValueError, match=f"layer {place}: .*'{name}'.*{why}"):
            MLPClassifier(sizes, activation=given).fit(X, y)


@pytest.mark.parametrize("loss", ["hinge", "perceptron"])
def test_margin_losses_have_scores_and_no_probabilities(loss):
    three = MLPClassifier((6,), loss=loss, max_iter=20, random_state=0).fit(X, y)
    scores = three.decision_function(X)
    np.testing.assert_array_equal(scores, three.network_.predict(three.theta_, X))
    np.testing.assert_array_equal(three.predict(X), scores.argmax(axis=1))
    two = MLPClassifier((6,), loss=loss, max_iter=20, random_state=0).fit(X, y == 1)
    assert two.decision_function(X).shape == (150,)
    np.testing.assert_array_equal(two.predict(X), two.decision_function(X) > 0)
    for name in ("predict_proba", "predict_log_proba"):
        assert not hasattr(clone(two), name)
        with pytest.raises(AttributeError, match=name):
            getattr(two, name)
    with pytest.raises(AttributeError) as caught:
        _ = two.predict_proba
    assert f"loss='{loss}'" in str(caught.value.__cause__) and "decision_function" in str(caught.value.__cause__)


def test_hinge_is_the_linear_support_vector_machine():
    """The minimum of the hinge loss with an L2 penalty, found by scipy on the same objective."""
    labels, t, l2 = y == 1, np.where(y == 1, 1.0, -1.0), 0.05

    def objective(w):
        return np.maximum(0, 1 - t * (X @ w[:4] + w[4])).mean() + l2 / 2 * w[:4] @ w[:4]

    exact = min(
        (
            scipy.optimize.minimize(objective, np.zeros(5), method=m, options={"maxiter": 20000})
            for m in ("Powell", "SLSQP")
        ),
        key=lambda found: found.fun,
    )
    model = MLPClassifier((), loss="hinge", l2=l2, alpha=0.0, batch_size=150, max_iter=3000, learning_rate_init=0.05)
    model.set_params(learning_rate="cosine", tol=0.0, n_iter_no_change=np.inf, random_state=0).fit(X, labels)
    assert objective(np.append(model.coefs_[0][:, 0], model.intercepts_[0])) == pytest.approx(exact.fun, rel=2e-3)


def test_step_outputs_decide_by_their_scores():
    """Rosenblatt's units: several may fire, so the largest score counts, in validation as in prediction."""
    model = MLPClassifier((), loss="perceptron", output_activation="step", max_iter=30, random_state=0)
    model.fit(X, y, X_val=X, y_val=y)
    scores = X @ model.coefs_[0] + model.intercepts_[0]
    np.testing.assert_allclose(model.decision_function(X), scores)
    np.testing.assert_array_equal(model.predict(X), scores.argmax(axis=1))
    assert model.out_activation_ == "step" and model.best_validation_score_ == model.score(X, y)


def test_sigmoid_outputs_with_squared_error_as_in_the_lectures():
    model = MLPClassifier((6,), loss="squared_error", output_activation="logistic", max_iter=300, random_state=0).fit(
        X, y
    )
    z = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0) @ model.coefs_[1] + model.intercepts_[1]
    outputs = scipy.special.expit(z)
    np.testing.assert_allclose(model.predict_proba(X), outputs / outputs.sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(model.predict(X), outputs.argmax(axis=1))
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(1)


def test_linear_outputs_are_regression_on_indicators():
    labels = y == 1
    model = MLPClassifier(
        (), loss="squared_error", output_activation="identity", alpha=0.0, solver="lbfgs", random_state=0
    )
    model.fit(X, labels)
    expected = LinearRegression().fit(X, labels).predict(X)
    np.testing.assert_allclose(model.decision_function(X), expected - 0.5, atol=1e-3)
    np.testing.assert_array_equal(model.predict(X), model.decision_function(X) > 0)


def test_softmax_needs_classes_that_exclude_each_other():
    for targets, kind in ((y == 1, "binary"), (np.eye(3, dtype=int)[y], "multilabel-indicator")):
        with pytest.raises(ValueError, match=f"softmax.*for {kind} targets take 'logistic'"):
            MLPClassifier((3,), output_activation="softmax").fit(X, targets)


def test_smoothed_labels_bound_the_confidence():
    """The best probability under label smoothing e with K classes is 1 - e + e / K (Szegedy et al. 2016, section 7)."""
    inputs, targets = np.eye(3), [0, 1, 2]
    model = MLPClassifier((), loss=LogLoss(label_smoothing=0.3), solver="lbfgs", alpha=0.0, tol=1e-9, max_iter=2000)
    probability = model.set_params(random_state=0).fit(inputs, targets).predict_proba(inputs)
    np.testing.assert_allclose(probability, 0.7 * np.eye(3) + 0.1, atol=1e-5)


def own_value(y, a):
    return (np.cosh(np.clip(a - y, -30, 30)) - 1).sum(axis=1)


def own_slope(y, a):
    return np.sinh(np.clip(a - y, -30, 30))


def test_own_loss_finds_its_own_location():
    own = Loss("cosh", own_value, own_slope, r"\cosh(a - y) - 1")
    model = MLPRegressor(own, (), solver="lbfgs", tol=1e-9, alpha=0.0, random_state=0).fit(NOTHING, SAMPLE)
    exact = scipy.optimize.minimize_scalar(lambda at: np.cosh(SAMPLE - at).sum()).x
    assert model.predict([[0.0]])[0] == pytest.approx(exact, abs=1e-5)
    assert model.engine_ == "reference" and clone(model).loss == own


def test_the_documented_gamma_loss_finds_the_mean():
    page = Path(__file__).parent.parent / "docs" / "decisions" / "left-to-own-formulas.md"
    space: dict = {}
    exec(page.read_text().split("```python")[1].split("```")[0], space)
    model = MLPRegressor(
        space["gamma"], (), output_activation="exp", solver="lbfgs", tol=1e-9, alpha=0.0, random_state=0
    )
    assert model.fit(NOTHING, SAMPLE + 0.1).predict([[0.0]])[0] == pytest.approx(SAMPLE.mean() + 0.1, rel=1e-5)
    deviance = mean_gamma_deviance(SAMPLE + 0.1, np.full(301, SAMPLE.mean() + 0.1))
    assert model.loss_ == pytest.approx(deviance / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("high", "targets", "said"),
    [
        (np.inf, [1.0, -0.5], "loss='cosh' needs y >= 0; the smallest value of y is -0.5"),
        (1.0, [0.5, 2.5], r"loss='cosh' needs y in \[0, 1\]; the largest value of y is 2.5"),
        (1.0, [[0.0, -3.0], [2.0, 0.0]], r"loss='cosh' needs y in \[0, 1\]; the smallest value of y is -3"),
    ],
)
def test_targets_outside_the_range_of_an_own_loss_are_refused(high, targets, said):
    own = Loss("cosh", own_value, own_slope, "", target_ranges=(TargetRange(0, high, "cosh"),))
    with pytest.raises(ValueError, match=said):
        MLPRegressor(own, ()).fit(np.eye(2), targets)
    MLPRegressor(own, (), solver="lbfgs").fit(np.eye(2), np.abs(targets) > 0.7)


def test_the_range_of_a_head_is_asked_of_its_columns():
    heads = Heads((Head(1, "identity", "mse"), Head(1, "exp", "poisson")))
    with pytest.raises(ValueError, match="loss='poisson' needs y >= 0; the smallest value of y is -2"):
        MLPRegressor(heads, ()).fit(np.eye(2), [[-9.0, 1.0], [0.0, -2.0]])
    MLPRegressor(heads, (), solver="lbfgs").fit(np.eye(2), [[-9.0, 1.0], [0.0, 2.0]])


def test_meta_estimators_see_what_scikit_learns_mlp_shows():
    """They prefer decision_function; as scikit-learn's MLP has none, ours has none where it has probabilities."""
    assert not hasattr(MLPClassifier(), "decision_function") and hasattr(MLPClassifier(), "predict_proba")
    for loss in ("log_loss", "hinge"):
        model = MLPClassifier((6,), loss=loss, max_iter=30, random_state=0)
        calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
        assert calibrated.score(X, y) > 0.6 and calibrated.predict_proba(X).shape == (150, 3)


CHECKED = [
    MLPClassifier(loss="hinge", max_iter=100),
    MLPClassifier(loss="squared_error", output_activation="logistic", max_iter=100),
    MLPRegressor("huber", max_iter=100),
    MLPRegressor(Quantile(0.5), max_iter=100),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", CHECKED, ids=repr)
def test_common_checks_of_scikit_learn(model):
    check_estimator(model)
