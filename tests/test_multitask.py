"""`MLPMultiTask`: each head beside the estimator of its kind, the sum of losses beside PyTorch, tables as they come."""

from __future__ import annotations

import inspect
import pickle
import re
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import parametrize_with_checks

import chainrule
from chainrule import Huber, LogLoss, MLPClassifier, MLPMultiTask, MLPRegressor, Quantile, fit_many
from chainrule.engines import ENGINES
from chainrule.estimators import validating
from chainrule.estimators.parameters import NOT_FOR_CLASSES, NOT_FOR_NUMBERS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.targets import TargetRange
from tests.targets_of_kinds import FRAME, LEARNS, NAMES, QUICK, SIZES, WEIGHT, WIDTH, X, y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def standardised(values, weight=None):
    mean = np.average(values, weights=weight)
    return (values - mean) / np.sqrt(np.average((values - mean) ** 2, weights=weight))


# --- one head is the estimator of its kind ---------------------------------------------------------------------------


@pytest.mark.parametrize("early", [False, True], ids=["all rows", "early stopping"])
@pytest.mark.parametrize("labels", [NAMES, X[:, 2] > 0.3, y], ids=["three", "two", "whole numbers"])
@pytest.mark.parametrize("engine", ENGINES)
def test_one_head_of_classes_is_the_classifier(labels, early, engine):
    options = {**QUICK, "engine": engine, "early_stopping": early}
    mine = MLPMultiTask(tasks=["class"], **options).fit(X, labels.reshape(-1, 1), WEIGHT + 1)
    alone = MLPClassifier(**options).fit(X, labels, WEIGHT + 1)
    np.testing.assert_allclose(mine.theta_, alone.theta_, rtol=1e-12)
    np.testing.assert_allclose(mine.loss_curve_, alone.loss_curve_, rtol=1e-12)
    np.testing.assert_array_equal(mine.predict(X)[:, 0], alone.predict(X))
    np.testing.assert_allclose(mine.predict_proba(X)[0], alone.predict_proba(X), rtol=1e-12)
    assert mine.score(X, labels.reshape(-1, 1)) == alone.score(X, labels)
    if early:
        assert mine.validation_scores_ == pytest.approx(alone.validation_scores_)


@pytest.mark.parametrize("loss", [*sorted(set(LOSSES) - NOT_FOR_CLASSES), LogLoss(label_smoothing=0.1)], ids=str)
def test_one_head_of_classes_with_every_loss(loss):
    mine = MLPMultiTask(losses=loss, **QUICK).fit(X, NAMES.reshape(-1, 1))
    alone = MLPClassifier(loss=loss, **QUICK).fit(X, NAMES)
    np.testing.assert_allclose(mine.theta_, alone.theta_, rtol=1e-12)
    np.testing.assert_array_equal(mine.predict(X)[:, 0], alone.predict(X))
    (probabilities,) = mine.predict_proba(X)
    assert (probabilities is None) == (not hasattr(alone, "predict_proba"))


@pytest.mark.parametrize("loss", [*sorted(set(LOSSES) - NOT_FOR_NUMBERS), Huber(0.3), Quantile(0.9)], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_one_head_of_numbers_is_the_regressor_on_a_standardised_target(loss, engine):
    options = {**QUICK, "engine": engine}
    mean = np.average(WIDTH, weights=WEIGHT)
    target = WIDTH / mean if loss == "poisson" else standardised(WIDTH, WEIGHT)
    mine = MLPMultiTask(losses=loss, **options).fit(X, WIDTH.reshape(-1, 1), WEIGHT)
    alone = MLPRegressor(loss, **options).fit(X, target, WEIGHT)
    np.testing.assert_allclose(mine.theta_, alone.theta_, rtol=1e-8)
    back = np.polyfit(target, WIDTH, 1)
    np.testing.assert_allclose(mine.predict(X)[:, 0], np.polyval(back, alone.predict(X)), rtol=1e-8)
    score = r2_score(WIDTH, mine.predict(X)[:, 0])
    assert mine.score(X, WIDTH.reshape(-1, 1)) == pytest.approx(score)


def test_units_of_a_column_of_numbers_do_not_matter():
    model, other = (MLPMultiTask(**QUICK) for _ in range(2))
    model.fit(X, FRAME)
    other.fit(X, FRAME.assign(width=FRAME["width"] * 1e6 - 3e8))
    np.testing.assert_allclose(model.theta_, other.theta_, rtol=1e-6)
    np.testing.assert_allclose(model.predict(X)["width"] * 1e6 - 3e8, other.predict(X)["width"], rtol=1e-6)


def test_float32_does_not_round_a_large_number():
    """1e8 + small differences are all alike in float32, but not after standardising in float64."""
    target = np.stack([1e8 + X[:, 2], X[:, 3]], axis=1)
    model = MLPMultiTask(**LEARNS).fit(X.astype(np.float32), target)
    assert model.theta_.dtype == np.float32 and model.scores(X.astype(np.float32), target)[0] > 0.95


# --- the sum of the heads' losses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_training_is_descent_on_the_weighted_sum_as_pytorch_has_it(engine):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    options = {"solver": "sgd", "momentum": 0.0, "batch_size": len(X), "shuffle": False, "alpha": 0.0, "engine": engine}
    start = MLPMultiTask((5,), activation="tanh", max_iter=1, random_state=0).fit(X, FRAME)
    model = MLPMultiTask(
        (5,), activation="tanh", max_iter=20, init=start.theta_, loss_weights={"width": 3.0, "long": 0.5},
        learning_rate_init=0.1, **options,
    ).fit(X, FRAME, WEIGHT)  # fmt: skip
    W = [torch.tensor(part.copy(), requires_grad=True) for part in (*start.coefs_, *start.intercepts_)]
    inputs, weight = torch.tensor(X), torch.tensor(WEIGHT)
    numbers, long = torch.tensor(standardised(WIDTH, WEIGHT)), torch.tensor((X[:, 2] > 0.3).astype(float))
    curve = []
    for _ in range(20):
        z = torch.tanh(inputs @ W[0] + W[2]) @ W[1] + W[3]
        rows = functional.cross_entropy(z[:, :3], torch.tensor(y), reduction="none")
        rows = rows + 3.0 * 0.5 * (z[:, 3] - numbers) ** 2
        rows = rows + 0.5 * functional.binary_cross_entropy_with_logits(z[:, 4], long, reduction="none")
        total = (weight * rows).sum() / weight.sum()
        curve.append(total.item())
        gradients = torch.autograd.grad(total, W)
        with torch.no_grad():
            for part, gradient in zip(W, gradients, strict=True):
                part -= 0.1 * gradient
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-9)
    for mine, theirs in zip((*model.coefs_, *model.intercepts_), W, strict=True):
        np.testing.assert_allclose(mine, theirs.detach().numpy(), rtol=1e-8, atol=1e-12)


def test_integer_weights_are_repeated_rows():
    options = {**QUICK, "solver": "lbfgs", "max_iter": 30}
    rows = np.repeat(np.arange(len(X)), WEIGHT.astype(int))
    weighted = MLPMultiTask(**options).fit(X, FRAME, WEIGHT)
    repeated = MLPMultiTask(**options).fit(X[rows], FRAME.iloc[rows])
    np.testing.assert_allclose(weighted.loss_curve_[:5], repeated.loss_curve_[:5], rtol=1e-8)
    np.testing.assert_allclose(weighted.predict(X)["width"], repeated.predict(X)["width"], rtol=1e-3)
    assert weighted.tasks_[1].scale == pytest.approx(repeated.tasks_[1].scale, rel=1e-12)


@pytest.mark.parametrize(
    "given, tables",
    [
        (
            {"species": {"setosa": 2.0, "virginica": 0.5}, "long": "balanced"},
            [{"setosa": 2.0, "virginica": 0.5}, "balanced"],
        ),
        ([None, None, "balanced"], [None, "balanced"]),
        ("balanced", ["balanced", "balanced"]),
    ],
    ids=str,
)
def test_class_weights_are_weights_of_rows(given, tables):
    weight = np.ones(len(X))
    for name, table in zip(("species", "long"), tables, strict=True):
        full = {"versicolor": 1.0, **table} if isinstance(table, dict) else table
        weight *= compute_sample_weight(full, FRAME[name])
    mine = MLPMultiTask(class_weight=given, **QUICK).fit(X, FRAME)
    other = MLPMultiTask(**QUICK).fit(X, FRAME, weight)
    np.testing.assert_allclose(mine.theta_, other.theta_, rtol=1e-9)


# --- validation, going on, partial_fit -------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weights"])
def test_numbers_are_standardised_by_the_training_part_alone(monkeypatch, weight):
    drawn = []

    def watched(*arguments):
        drawn.append(validating_hold_out(*arguments))
        return drawn[-1]

    validating_hold_out = validating.hold_out
    monkeypatch.setattr(validating, "hold_out", watched)
    model = MLPMultiTask(early_stopping=True, **QUICK).fit(X, FRAME, weight)
    rows, held = drawn[0]
    part = None if weight is None else weight[rows]
    width = model.tasks_[1]
    np.testing.assert_allclose((WIDTH[rows] - width.centre) / width.scale, standardised(WIDTH[rows], part), rtol=1e-10)
    held_weight = None if weight is None else weight[held]
    assert model.best_validation_score_ == pytest.approx(model.score(X[held], FRAME.iloc[held], held_weight))


@pytest.mark.parametrize(
    "scoring", [None, "loss", lambda model, X, y: accuracy_score(y["species"], model.predict(X)["species"])]
)
@pytest.mark.parametrize("own", [False, True], ids=["held out", "own set"])
def test_the_best_epoch_is_chosen_by_the_score(scoring, own):
    model = MLPMultiTask(early_stopping=True, scoring=scoring, **{**LEARNS, "max_iter": 30})
    model.fit(X[::2], FRAME[::2], **({"X_val": X[1::2], "y_val": FRAME[1::2]} if own else {}))
    assert model.best_validation_score_ == max(model.validation_scores_)
    if not own or scoring == "loss":
        return
    measured = model.score(X[1::2], FRAME[1::2]) if scoring is None else scoring(model, X[1::2], FRAME[1::2])
    assert model.best_validation_score_ == pytest.approx(measured)


def test_warm_start_goes_on_on_the_same_scale():
    whole = MLPMultiTask(shuffle=False, **QUICK).fit(X, FRAME)
    parts = MLPMultiTask(shuffle=False, warm_start=True, **{**QUICK, "max_iter": 4}).fit(X, FRAME)
    scale = parts.tasks_[1].scale
    np.testing.assert_array_equal(parts.fit(X, FRAME).theta_, whole.theta_)
    assert parts.fit(X, FRAME.assign(width=WIDTH * 2)).tasks_[1].scale == scale


def test_going_on_takes_the_losses_asked_for_now():
    model = MLPMultiTask(warm_start=True, **QUICK).fit(X, FRAME)
    model.set_params(losses={"width": "huber", "species": "hinge"}, loss_weights={"long": 2.0}).fit(X, FRAME)
    assert [str(head.loss) for head in model.network_.loss.heads] == ["hinge", "huber", "log_loss"]
    assert [head.weight for head in model.network_.loss.heads] == [1.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="'width' of y: loss 'poisson' cannot go on"):
        model.set_params(losses={"width": "poisson"}).fit(X, FRAME)


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [(0.0, np.inf, WIDTH.mean()), (0.0, 1e6, 1.0), (-np.inf, 1e6, 1.0), (0.1, np.inf, 1.0)],
)
def test_a_column_is_not_standardised_out_of_the_range_of_its_loss(low, high, scale):
    asked = replace(LOSSES["mse"], name="mine", target_ranges=(TargetRange(low, high, "mine"),))
    model = MLPMultiTask(losses={"width": asked}, warm_start=True, **QUICK).fit(X, FRAME)
    assert model.tasks_[1].centre == 0 and model.tasks_[1].scale == pytest.approx(scale)
    beyond = -3.0 if low > -np.inf else 2e6
    with pytest.raises(ValueError, match=rf"'width'.*: found {re.escape(f'{beyond:g}')}; loss='mine' needs numbers "):
        model.fit(X, FRAME.assign(width=np.append(WIDTH[1:], beyond)))
    with pytest.raises(ValueError, match="'width' of y: loss 'mine' cannot go on"):
        MLPMultiTask(warm_start=True, **QUICK).fit(X, FRAME).set_params(losses={"width": asked}).fit(X, FRAME)


def test_partial_fit_needs_the_classes_once():
    model = MLPMultiTask(**QUICK)
    with pytest.raises(ValueError, match=r"classes must be passed on the first call to partial_fit.*'species'"):
        model.partial_fit(X, FRAME)
    with pytest.raises(ValueError, match="classes are given for column 'width'"):
        model.partial_fit(X, FRAME, classes=[list(NAMES), [1.0], [False, True]])
    known = {"species": np.unique(NAMES).astype(object), "long": [False, True]}
    for start in range(0, 150, 50):  # one species at a time
        model.partial_fit(X[start : start + 50], FRAME[start : start + 50], classes=known)
    assert model.tasks_[1].centre == pytest.approx(WIDTH[:50].mean())
    with pytest.raises(ValueError, match="`classes` of column 'long' is not the same"):
        model.partial_fit(X, FRAME, classes={"long": [0, 1, 2]})
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        MLPMultiTask(class_weight={"long": "balanced"}).partial_fit(X, FRAME, classes=known)
    MLPMultiTask(class_weight={"long": {True: 2.0, False: 1.0}}, **QUICK).partial_fit(X, FRAME, classes=known)


INPUTS, LABELS = make_multilabel_classification(150, 4, n_classes=3, random_state=0)
OUTPUTS = {
    "multilabel": (MLPClassifier(), LABELS, {"classes": [0, 1, 2]}),
    "multiclass-multioutput": (
        MLPClassifier(), np.stack([NAMES, SIZES], axis=1), {"classes": [np.unique(NAMES), np.unique(SIZES)]}
    ),
    "several numbers": (MLPRegressor(), X[:, :2] * 2, {}),
    "quantiles": (MLPRegressor(Quantile((0.1, 0.5, 0.9))), X[:, 2], {}),
    "counts": (MLPRegressor("poisson"), y, {}),
    "mixed": (MLPMultiTask(), FRAME, {"classes": {"species": np.unique(NAMES), "long": [False, True]}}),
}  # fmt: skip


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weights"])
@pytest.mark.parametrize("kind, targets, known", OUTPUTS.values(), ids=OUTPUTS)
def test_wish_20_partial_fit_for_outputs_of_every_kind(kind, targets, known, weight):
    """Call by call as epoch by epoch, and pickled in between."""
    options = {"hidden_layer_sizes": (6,), "shuffle": False, "random_state": 0, "batch_size": 50}
    parts, whole = (clone(kind).set_params(**options) for _ in range(2))
    for _ in range(3):
        parts = pickle.loads(pickle.dumps(parts.partial_fit(INPUTS, targets, sample_weight=weight, **known)))
    whole.set_params(max_iter=3).fit(INPUTS, targets, weight)
    np.testing.assert_array_equal(parts.theta_, whole.theta_)
    assert parts.score(INPUTS, targets) == whole.score(INPUTS, targets)


# --- within scikit-learn ---------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([MLPMultiTask(max_iter=50)])
def test_common_checks(estimator, check):
    check(estimator)


def test_parameters_are_those_of_the_regressor():
    mine, theirs = (inspect.signature(kind).parameters for kind in (MLPMultiTask, MLPRegressor))
    own = {"tasks", "losses", "loss_weights", "class_weight"}
    assert set(mine) - own == set(theirs) - {"loss", "output_activation"}
    assert all(mine[name].default == theirs[name].default for name in set(mine) - own)
    model = MLPMultiTask((3,), "tanh", tasks=["class"], dropout=0.1)
    assert clone(model).get_params() == model.get_params() and clone(model).dropout == 0.1
    with pytest.raises(ValueError, match="'l1' parameter of MLPMultiTask"):
        MLPMultiTask(l1=-1.0).fit(X, FRAME)


def test_copies_predict_the_same(tmp_path):
    model = MLPMultiTask(**QUICK).fit(X, FRAME)
    joblib.dump(model, tmp_path / "model")
    for copy in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")):
        pd.testing.assert_frame_equal(copy.predict(X), model.predict(X))
        np.testing.assert_array_equal(copy.partial_fit(X, FRAME).theta_, clone_of(model).partial_fit(X, FRAME).theta_)


def clone_of(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize(
    "table", [FRAME, pl.from_pandas(FRAME), FRAME.to_numpy(object)], ids=["pandas", "polars", "array"]
)
def test_pipelines_searches_and_many_at_once(table):
    folds = KFold(3, shuffle=True, random_state=0)
    pipeline = make_pipeline(StandardScaler(), MLPMultiTask(**{**LEARNS, "max_iter": 40}))
    scores = cross_val_score(pipeline, X, table, cv=folds)
    assert scores.min() > 0.8
    grid = {"mlpmultitask__alpha": [1e-4, 1.0]}
    mine = chainrule.GridSearchCV(pipeline, grid, cv=folds).fit(X, table)
    theirs = GridSearchCV(pipeline, grid, cv=folds).fit(X, table)
    np.testing.assert_array_equal(mine.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])
    assert theirs.cv_results_["mean_test_score"][0] == pytest.approx(scores.mean())
    together = fit_many([MLPMultiTask(**{**QUICK, "random_state": seed}) for seed in range(3)], X, table)
    np.testing.assert_array_equal(together[2].theta_, MLPMultiTask(**{**QUICK, "random_state": 2}).fit(X, table).theta_)


def test_features_and_names():
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = MLPMultiTask(**QUICK).fit(frame, FRAME)
    assert list(model.feature_names_in_) == ["a", "b", "c", "d"] and model.transform(frame).shape == (150, 6)
    assert model.get_feature_names_out()[0] == "mlpmultitask0"
    np.testing.assert_allclose(
        model.transform(frame), np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0), atol=1e-12
    )
    assert model.input_gradients(frame).shape == (150, 5, 4)
    assert not hasattr(MLPMultiTask(**QUICK).fit(X, X[:, :2]), "predict_proba")


def test_reaching_max_iter_warns_as_ever():
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        MLPMultiTask(**QUICK).fit(X, FRAME)
