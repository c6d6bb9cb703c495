"""Table models with parameters of the user's own: what they lead to, and what a target does not allow."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from chainrule.errors import TableError
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.estimators.parameters import is_stochastic
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES, Huber, Quantile
from chainrule.formulas.schedules import Cosine
from chainrule.formulas.solvers import LBFGS, SOLVERS, Adam
from chainrule.formulas.words import in_words
from chainrule.tables import TableModel, read_table
from chainrule.tables.asking import NOT_FOR_TABLES, losses, outputs
from chainrule.tables.learner import Rows, loss
from chainrule.tables.settings import RATES, SMALL, STEPWISE, choose_settings, stepwise
from tests.command import PENGUINS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def penguins():
    return read_table(PENGUINS)


def chosen(rows, **asked):
    settings = choose_settings(rows, None, asked)
    return settings, {choice.name: choice.value for choice in settings.choices}


@pytest.mark.parametrize("name", STEPWISE)
def test_what_lbfgs_cannot_use_chooses_adam_and_says_why(name):
    settings, values = chosen(100, **{name: 0.5})
    assert values["solver"] == "adam"
    assert f"for {name}, " in next(choice.reason for choice in settings.choices if choice.name == "solver")
    assert stepwise({name: 0.5}) == [name]
    for off in (None, False, 0, 0.0, [0.0, 0.0]):
        assert chosen(100, **{name: off})[1]["solver"] == "lbfgs"


def test_stepwise_parameters_are_those_that_lbfgs_refuses_or_ignores():
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    for name, value in {"l1": 0.1, "weight_decay": 0.1, "max_norm": 1.0, "clip_norm": 1.0, "dropout": 0.5}.items():
        assert name in STEPWISE
        with pytest.raises(ValueError, match=name):
            MLPClassifier((4,), solver="lbfgs", **{name: value}).fit(X, y)


def test_solvers_by_name_and_by_object():
    assert {name for name in SOLVERS if not is_stochastic(name)} == {"lbfgs"}
    assert is_stochastic(Adam())
    assert not is_stochastic(LBFGS())
    assert chosen(10 * SMALL, solver=LBFGS())[1]["activation"] == "tanh"
    assert set(RATES) == set(SOLVERS) - {"lbfgs"}
    assert chosen(100, solver="adadelta")[1]["learning_rate_init"] == RATES["adadelta"]


def test_penalties_that_take_the_place_of_alpha():
    settings, values = chosen(100, l2=0.1)
    assert (values["alpha"], settings.alphas) == (0.0, ())
    assert chosen(100, l2=0.1, alpha=2.0)[1]["alpha"] == 2.0
    assert chosen(100)[0].alphas


def test_batches_for_normalisation():
    settings = choose_settings(1000, None, {"batch_norm": [False, True]})
    for rows in range(130, 400):
        (batch,) = (choice.value for choice in settings.for_rows(rows).choices if choice.name == "batch_size")
        assert rows % batch != 1
        assert batch == 64 or rows % 64 == 1
    kept = choose_settings(1000, None, {"batch_norm": True, "batch_size": 64})
    assert kept.for_rows(129) is kept


@pytest.mark.parametrize("weights", [{"MALE": 5.0, "FEMALE": 1.0}, {"MALE": 5.0}])
def test_class_weights_shift_the_predictions(penguins, weights):
    asked = {"max_iter": 30, "alpha": 1.0}
    plain = TableModel.fit(penguins, "sex", estimator_params=asked)
    heavy = TableModel.fit(penguins, "sex", estimator_params={**asked, "class_weight": weights})
    male = [(model.predict(penguins) == "MALE").sum() for model in (plain, heavy)]
    assert male[0] < male[1]


def test_class_weights_by_number_and_by_its_text(tmp_path):
    rows = "".join(f"{i * 37 % 101}.5,{i % 3}\n" for i in range(200))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}")
    table = read_table(tmp_path / "t.csv")
    found = [
        TableModel.fit(table, "y", estimator_params={"class_weight": {key: 3.0}, "max_iter": 5}) for key in (1, "1")
    ]
    assert found[0].estimator.class_weight == found[1].estimator.class_weight == {1: 3.0}
    assert found[0].summary["loss_curve"] == found[1].summary["loss_curve"]


def test_the_loss_that_chooses_the_penalty():
    rng = np.random.default_rng(0)
    X, y, labels = rng.normal(size=(60, 3)), rng.normal(size=60), np.arange(60) % 3
    model = MLPRegressor(loss=Huber(0.5), hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, y)
    size = np.abs(model.predict(X) - y)
    expected = np.where(size <= 0.5, size**2 / 2, 0.5 * (size - 0.25)).mean()
    assert loss(model, Rows(X, y)) == pytest.approx(expected, rel=1e-12)
    for weights in ("balanced", {0: 2.0, 1: 1.0, 2: 0.5}, None):
        classifier = MLPClassifier((4,), max_iter=5, random_state=0, class_weight=weights).fit(X, labels)
        chances = classifier.predict_proba(X)[np.arange(60), labels]
        expected = -np.average(np.log(chances), weights=compute_sample_weight(weights, labels))
        assert loss(classifier, Rows(X, labels)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("target", "asked", "words"),
    [
        ("species", {"loss": Quantile(0.5)}, "loss 'quantile', target 'species'.*log_loss"),
        ("species", {"loss": "log_los"}, "Did you mean 'log_loss'"),
        ("body_mass_g", {"loss": Quantile((0.1, 0.9))}, "one number for each row; .* 0.1, 0.9"),
        ("body_mass_g", {"class_weight": "balanced"}, "class_weight.*regression"),
        ("species", {"class_weight": {"Emperor": 1.0}}, "'Emperor'.*Adelie, Chinstrap, Gentoo"),
        ("species", {"scoring": "roc_auc"}, "'roc_auc'.*neg_log_loss"),
        ("species", {"solver": "lbfgs", "dropout": 0.5}, "dropout.*lbfgs|lbfgs.*dropout"),
        ("species", {"activation": ["relu", "tanh", "relu"], "solver": "adam"}, "one entry per hidden layer"),
        ("species", {"layer_rates": [1.0]}, "layer_rates"),
    ],
)
def test_what_a_target_does_not_allow(penguins, target, asked, words):
    with pytest.raises(TableError, match=words):
        TableModel.fit(penguins, target, estimator_params=asked)


@pytest.mark.parametrize("name", NOT_FOR_TABLES)
def test_losses_that_are_not_for_tables(penguins, name):
    target = "body_mass_g" if name == "poisson" else "species"
    with pytest.raises(TableError, match=f"loss '{name}'.*{NOT_FOR_TABLES[name]}"):
        TableModel.fit(penguins, target, estimator_params={"loss": name})


def test_every_loss_is_for_a_task_or_says_why_not():
    assert set(LOSSES) == {*losses("binary"), *losses("regression"), *NOT_FOR_TABLES}


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (Huber(), "huber"),
        (Huber(2), "huber(delta=2)"),
        (Quantile((0.1, 0.9)), "quantile(levels=0.1 0.9)"),
        (Cosine(warmup=1.5), "cosine(warmup=1.5)"),
        (Adam(beta_1=0.5, epsilon=1e-4), "adam(beta_1=0.5, epsilon=0.0001)"),
    ],
)
def test_formulas_in_words(formula, words):
    assert in_words(formula) == words


def test_the_loss_chooses_the_epoch_unless_another_score_is_asked_for(penguins):
    for rows, asked in ((100, {"dropout": 0.2}), (10 * SMALL, {})):
        assert chosen(rows, **asked)[1]["scoring"] == "loss"
        assert chosen(rows, **asked, scoring="accuracy")[1]["scoring"] == "accuracy"
    assert "scoring" not in chosen(100)[1]
    model = TableModel.fit(penguins, "species", estimator_params={"solver": "adam"})
    losses_seen = model.summary["validation_loss_curve"]
    kept = [epoch.number for epoch in model.estimator.history_ if epoch.best][-1]
    assert model.summary["validation_scores"] == [-loss for loss in losses_seen]
    assert kept == 1 + int(np.argmin(losses_seen))


def test_with_few_validation_rows_the_loss_generalises_better_than_accuracy(penguins):
    def mean(scoring):
        fits = [
            TableModel.fit(penguins, "species", seed=seed, estimator_params={"dropout": 0.2, **scoring})
            for seed in range(5)
        ]
        return np.mean([[fit.evaluation.score, -fit.evaluation.log_loss] for fit in fits], axis=0)

    assert (mean({}) > mean({"scoring": "accuracy"})).all()


def test_penguins_held_out_are_told_apart_by_default_and_with_adam(penguins):
    for asked in ({}, {"solver": "adam"}):
        models = [TableModel.fit(penguins, "species", seed=seed, estimator_params=asked) for seed in range(3)]
        assert np.mean([model.evaluation.score for model in models]) >= 0.97


def test_the_share_of_validation_rows(penguins):
    for asked in ({}, {"solver": "adam"}, {"alpha": 1.0}):
        model = TableModel.fit(penguins, "species", estimator_params={**asked, "validation_fraction": 0.4})
        assert model.summary["sizes"] == {"train": 165, "validation": 110, "test": 69}
    assert model.summary["validation_loss_curve"]
    with pytest.raises(TableError, match=r"of 275 rows left to train on none .* larger validation_fraction"):
        TableModel.fit(penguins, "species", estimator_params={"validation_fraction": 0.001})
    for share in (0, 1, -0.1, "half", None):
        with pytest.raises(TableError, match="validation_fraction must be a number above 0 and below 1"):
            TableModel.fit(penguins, "species", estimator_params={"validation_fraction": share})


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("target", ["species", "sex", "body_mass_g"])
def test_every_output_activation_trains_or_is_refused_with_a_reason(penguins, target, name):
    task = {"species": "multiclass", "sex": "binary", "body_mass_g": "regression"}[target]
    asked = {"output_activation": name, "max_iter": 3, "alpha": 1.0}
    if name in outputs(task):
        model = TableModel.fit(penguins, target, estimator_params=asked)
        assert model.estimator.out_activation_ == name
        return
    with pytest.raises(TableError, match=f"output_activation '{name}', target '{target}': .*; choose "):
        TableModel.fit(penguins, target, estimator_params=asked)


def test_output_activation_and_loss_must_go_together(penguins):
    assert outputs("binary") == ["logistic"]
    assert outputs("multiclass") == ["softmax", "logistic"]
    assert outputs("regression") == ["identity", "leaky_relu"]
    for output in ("softmax", "sigmoid"):
        params = {"output_activation": output, "loss": "squared_error", "max_iter": 3, "alpha": 1.0}
        probabilities = TableModel.fit(penguins, "species", estimator_params=params).predict_proba(penguins)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    with pytest.raises(TableError, match="output_activation 3, target 'species'"):
        TableModel.fit(penguins, "species", estimator_params={"output_activation": 3})
