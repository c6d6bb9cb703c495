"""Table models with parameters of the user's own: what they lead to, and what a target does not allow."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from chainrule.errors import TableError
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.formulas.losses import LOSSES, Huber, Quantile
from chainrule.formulas.schedules import Cosine
from chainrule.formulas.solvers import LBFGS, SOLVERS, Adam
from chainrule.formulas.words import in_words
from chainrule.tables import TableModel, read_table
from chainrule.tables.asking import NOT_FOR_TABLES, losses
from chainrule.tables.learner import Rows, loss
from chainrule.tables.settings import RATES, SMALL, STEPWISE, choose_settings, is_stochastic, stepwise
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
