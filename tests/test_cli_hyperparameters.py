"""`chainrule train`: every option of network and training reaches the estimator, is told, and says what is wrong with it."""

from __future__ import annotations

import pytest

import chainrule
from chainrule.cli import formulas
from chainrule.cli.asked import OPTIONS
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.initializers import INITIALIZERS, Normal
from chainrule.formulas.losses import Huber, LogLoss, Quantile
from chainrule.formulas.schedules import SCHEDULES, Adaptive, Constant, Cosine, Step
from chainrule.formulas.solvers import SGD, SOLVERS, AdamW
from chainrule.network import Dense, Network
from chainrule.tables.asking import NOT_FOR_TABLES, losses
from tests.command import PENGUINS, data, refused, run

pytestmark = pytest.mark.usefixtures("here")
SPECIES, MASS = ("train", PENGUINS, "-t", "species"), ("train", PENGUINS, "-t", "body_mass_g")
HIDDEN = [name for name, entry in ACTIVATIONS.items() if entry.hidden and not entry.untrainable]


def trained(*arguments):
    """The estimator that the command saves, and the settings that it tells."""
    told = data(*arguments, "--epochs", "3", "--threads", "1")
    return chainrule.load(told["model"]).estimator, {entry["name"]: entry["value"] for entry in told["settings"]}


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (["--hidden", "7,5", "--activation", "gelu,tanh"], {"activation": ["gelu", "tanh"]}),
        (["--activation", "sigmoid"], {"activation": "logistic"}),
        (["--output-activation", "sigmoid"], {"output_activation": "logistic", "solver": "lbfgs"}),
        (["--output-activation", "softmax", "--loss", "mse"], {"output_activation": "softmax", "loss": "mse"}),
        (["--hidden", "7", "--layer-rates", "0.5,2"], {"layer_rates": [0.5, 2.0], "solver": "adam"}),
        (["--validation-fraction", "0.3"], {"validation_fraction": 0.3, "solver": "lbfgs"}),
        (["--batch-norm"], {"batch_norm": True, "solver": "adam"}),
        (["--no-batch-norm"], {"batch_norm": False, "solver": "lbfgs"}),
        (["--init", "he-normal"], {"init": "he_normal"}),
        (["--init", "normal:std=0.2"], {"init": Normal(0.2)}),
        (["--loss", "squared_error"], {"loss": "squared_error", "solver": "lbfgs"}),
        (["--label-smoothing", "0.1"], {"loss": LogLoss(0.1)}),
        (["--solver", "adamw:weight_decay=0.1"], {"solver": AdamW(weight_decay=0.1), "alpha": 0.01}),
        (["--solver", "sgd:nesterov=false,dampening=0.5"], {"solver": SGD(nesterov=False, dampening=0.5)}),
        (["--momentum", "0.5"], {"solver": "sgd", "momentum": 0.5, "learning_rate_init": 0.02}),
        (["--schedule", "adaptive"], {"learning_rate": Adaptive(), "solver": "adam"}),
        (["--schedule", "cosine", "--warmup", "2"], {"learning_rate": Cosine(warmup=2)}),
        (["--schedule", "step:step-size=1,gamma=0.5"], {"learning_rate": Step(step_size=1, gamma=0.5)}),
        (["--warmup", "1.5"], {"learning_rate": Constant(warmup=1.5)}),
        (["--class-weight", "balanced"], {"class_weight": "balanced", "solver": "lbfgs"}),
        (["--class-weight", "Adelie=2", "--class-weight", "Gentoo=1"], {"class_weight": {"Adelie": 2.0, "Gentoo": 1.0}}),
        (["--clip-norm", "1", "--clip-value", "0.1"], {"clip_norm": 1.0, "clip_value": 0.1}),
        (["--alpha", "0.5", "--l2", "0.1"], {"alpha": 0.5, "l2": 0.1}),
        (["--l2", "0.1"], {"alpha": 0.0, "l2": 0.1, "solver": "lbfgs"}),
        (["--l1", "0.01"], {"l1": 0.01, "solver": "adam"}),
        (["--l1", "0"], {"l1": 0.0, "solver": "lbfgs"}),
        (["--weight-decay", "0.1"], {"weight_decay": 0.1, "alpha": 0.0}),
        (["--max-norm", "2"], {"max_norm": 2.0}),
        (["--dropout", "0.2"], {"dropout": 0.2, "solver": "adam"}),
        (["--hidden", "6", "--dropout", "0.1,0.2"], {"dropout": [0.1, 0.2]}),
        (["--hidden", "none", "--dropout", "0.1", "--solver", "adam"], None),
        (["--early-stopping", "--patience", "4", "--tol", "0.01"], {"early_stopping": True, "n_iter_no_change": 4, "tol": 0.01}),
        (["--no-early-stopping"], {"early_stopping": False, "solver": "lbfgs"}),
        (["--scoring", "neg_log_loss"], {"scoring": "neg_log_loss", "early_stopping": True}),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) else "",
)  # fmt: skip
def test_options_reach_the_estimator(options, asked):
    if asked is None:
        refused(run(*SPECIES, *options), 2, "'--dropout' / '--hidden'", "no hidden layer")
        return
    estimator, told = trained(*SPECIES, *options)
    found = estimator.get_params()
    assert {name: found[name] for name in asked} == asked
    assert asked.keys() <= told.keys()


# Parameters of the estimators that have no option of their own, and what stands for them.
ELSEWHERE = {
    "hidden_layer_sizes": "--hidden",
    "random_state": "--seed",
    "power_t": "--schedule invscaling:power_t=0.3",
    "nesterovs_momentum": "--solver sgd:nesterov=false",
    "beta_1": "--solver adam:beta_1=0.8",
    "beta_2": "--solver adam:beta_2=0.99",
    "epsilon": "--solver adam:epsilon=1e-6",
    "max_fun": "--solver lbfgs:max_fun=99",
    "verbose": "the progress shown, --no-progress",
    "shuffle": "rows of a table are always shuffled",
    "warm_start": "a command trains from the start",
    "categorical_features": "tables prepare their columns themselves",
    "allow_nan": "tables prepare their columns themselves",
    "scale_features": "tables prepare their columns themselves",
}


def test_every_parameter_of_the_estimators_can_be_reached_or_has_a_reason():
    known = {**chainrule.MLPClassifier().get_params(), **chainrule.MLPRegressor().get_params()}
    assert set(known) == set(OPTIONS) | set(ELSEWHERE)
    assert not set(OPTIONS) & set(ELSEWHERE)
    shown = run("train", "--help").stdout
    assert [option for option in OPTIONS.values() if option not in shown] == []
    for text in ELSEWHERE.values():
        kind, _, value = text.partition(" ")
        if kind in ("--solver", "--schedule"):
            field, _, number = value.partition(":")[2].partition("=")
            found = getattr(formulas, kind[2:])(value)
            assert getattr(found, field) == (False if number == "false" else float(number))


@pytest.mark.parametrize("name", HIDDEN)
def test_every_activation(name):
    assert trained(*SPECIES, "--hidden", "4", "--activation", name)[0].network_.layers[0].function.name == name


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver(name):
    estimator, told = trained(*SPECIES, "--hidden", "4", "--solver", name)
    assert estimator.solver == told["solver"] == name


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule(name):
    estimator, told = trained(*SPECIES, "--hidden", "4", "--schedule", name)
    assert estimator.learning_rate.name == told["learning_rate"] == name


@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_initializer(name):
    assert trained(*SPECIES, "--hidden", "4", "--init", name)[0].init == name


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_loss(task):
    table = MASS if task == "regression" else SPECIES
    for name in losses(task):
        assert trained(*table, "--hidden", "4", "--loss", name)[0].network_.objective.name == name


def test_every_other_loss_says_why_not():
    for name, why in NOT_FOR_TABLES.items():
        refused(run(*SPECIES, "--loss", name), 2, "'--loss'", f"'{name}'", why)


def test_hyper_parameters_of_losses_of_numbers():
    assert trained(*MASS, "--loss", "huber:delta=2")[0].loss == Huber(2.0)
    estimator, told = trained(*MASS, "--loss", "quantile:levels=0.9")
    assert estimator.loss == Quantile(0.9)
    assert told["loss"] == "quantile(levels=0.9)"


def test_no_batch_of_a_single_row_is_left_for_batch_normalisation(here):
    rows = "".join(f"{i * 37 % 101}.5,{'ab'[i % 2]}\n" for i in range(179))
    (here / "t.csv").write_text(f"x,y\n{rows}")
    command = ("train", "t.csv", "-t", "y", "--batch-norm", "--solver", "adam", "--hidden", "4")
    plain = data(*command[:4], "--solver", "adam", "--hidden", "4", "--epochs", "2")
    assert plain["sizes"]["train"] % 64 == 1
    estimator, told = trained(*command)
    assert estimator.batch_size == told["batch_size"] == 65
    refused(run(*command, "--batch-size", "64"), 1, "batch_norm needs at least two rows", "choose another batch_size")


def test_everything_is_told_and_shown_again():
    options = ("--hidden", "9", "--dropout", "0.1,0.3", "--batch-norm", "--label-smoothing", "0.2")
    result = run(*SPECIES, *options, "--solver", "adam:beta_1=0.5", "--class-weight", "Adelie=3", "--epochs", "3")
    layers = "8 inputs (dropout 0.1) → 9 relu (batch norm) (dropout 0.3) → 3 softmax"
    asked = ("adam(beta_1=0.5)", "log_loss(label_smoothing=0.2)", "Adelie: 3", layers)
    for words in asked:
        assert words in result.stdout
    shown = run("inspect", "penguins.model.safetensors").stdout
    for words in (*asked, "log_loss (label_smoothing 0.2)", "adam(beta_1=0.5), native engine"):
        assert words in shown


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--activation", "relu,tanh"], ["'--activation'", "2 values", "--hidden"]),
        (["--activation", "relu,tanh", "--hidden", "5"], ["'--activation'", "2 values for 1 hidden layer;"]),
        (["--activation", "relu,ten"], ["'--activation'", "'ten'", "tanh"]),
        (["--activation", "step"], ["'--activation'", "'step'", "relu"]),
        (
            ["--output-activation", "relu"],
            ["'--output-activation'", "'relu'", "softmax, logistic, identity, leaky_relu"],
        ),
        (["--output-activation", "sofmax"], ["'--output-activation'", "Did you mean softmax?"]),
        (["--layer-rates", "1,2"], ["'--layer-rates'", "2 values", "--hidden"]),
        (
            ["--layer-rates", "1", "--hidden", "5"],
            ["'--layer-rates'", "1 value for 1 hidden layer; expected 2, the output"],
        ),
        (["--layer-rates", "0,0", "--hidden", "5"], ["'--layer-rates'", "nothing is trained"]),
        (["--layer-rates", "1,-1", "--hidden", "5"], ["'--layer-rates'", "'1,-1'", "0 or above"]),
        (["--layer-rates", "1,1", "--hidden", "5", "--solver", "lbfgs"], ["'--layer-rates'", "--solver lbfgs"]),
        (["--validation-fraction", "0"], ["'--validation-fraction'", "above 0"]),
        (["--dropout", "1"], ["'--dropout'", "'1'", "0.2,0.5"]),
        (["--dropout", "0.1,0.2"], ["'--dropout'", "--hidden"]),
        (["--dropout", "0.1,0.2,0.3", "--hidden", "5"], ["'--dropout'", "expected 1, or 2 with the inputs' first"]),
        (["--dropout", "a"], ["'--dropout'", "'a'"]),
        (["--solver", "sgd:momentum=2"], ["'--solver'", "momentum", "got 2"]),
        (["--solver", "sgd:momentu=1"], ["'--solver'", "'momentu=1'", "nesterov", "Did you mean momentum?"]),
        (["--solver", "sgd:momentum"], ["'--solver'", "NAME=NUMBER"]),
        (["--solver", "sgd:momentum=fast"], ["'--solver'", "'fast' is no number"]),
        (["--schedule", "cosin"], ["'--schedule'", "Did you mean cosine?"]),
        (["--schedule", "adaptive:factor=0"], ["'--schedule'", "factor", "got 0"]),
        (["--loss", "mse:delta=1"], ["'--loss'", "mse has no hyper-parameters"]),
        (["--loss", "huber:delta=0"], ["'--loss'", "delta", "(0, inf)"]),
        (["--init", "normal:std=-1"], ["'--init'", "std", "got -1"]),
        (["--init", "xavier"], ["'--init'", "'xavier'", "glorot_uniform"]),
        (["--momentum", "0.5", "--solver", "adam"], ["'--momentum' / '--solver'", "sgd"]),
        (["--momentum", "1.5"], ["'--momentum'", "1.5", "0 to 1"]),
        (["--label-smoothing", "1"], ["'--label-smoothing'", "below 1"]),
        (["--label-smoothing", "0.1", "--loss", "mse"], ["'--label-smoothing' / '--loss'", "log_loss"]),
        (["--solver", "lbfgs", "--dropout", "0.1"], ["'--dropout'", "--solver lbfgs"]),
        (["--solver", "lbfgs", "--warmup", "1"], ["'--warmup'", "--solver lbfgs"]),
        (["--solver", "lbfgs:max_fun=9", "--l1", "1", "--early-stopping"], ["'--l1' / '--early-stopping'", "lbfgs"]),
        (["--class-weight", "Adelie"], ["'--class-weight'", "'Adelie'", "balanced, or CLASS=NUMBER"]),
        (["--class-weight", "Adelie=-1"], ["'--class-weight'", "'Adelie=-1'", "0 or above"]),
        (["--class-weight", "Adelie=x"], ["'--class-weight'", "'Adelie=x'"]),
        (["--class-weight", "a=1", "--class-weight", "a=2"], ["'--class-weight'", "once for each class"]),
        (["--scoring", "rocauc"], ["'--scoring'", "Did you mean roc_auc?"]),
        (["--max-norm", "0"], ["'--max-norm'", "above 0"]),
        (["--l1", "-1"], ["'--l1'", "0 or above"]),
        (["--patience", "0"], ["'--patience'"]),
        (["--warmup", "nan"], ["'--warmup'"]),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) and item[0].startswith("--") else "",
)
def test_wrong_options_are_named_before_the_table_is_read(options, words):
    result = run("train", "absent.csv", "-t", "species", *options)
    refused(result, 2, *words)
    assert "Error: Invalid value for" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*SPECIES, "--loss", "quantile"), ["loss 'quantile'", "'species'", "log_loss"]),
        ((*MASS, "--loss", "log_loss"), ["loss 'log_loss'", "'body_mass_g'", "huber"]),
        ((*MASS, "--label-smoothing", "0.1"), ["log_loss(label_smoothing=0.1)", "'body_mass_g'", "huber"]),
        ((*MASS, "--class-weight", "balanced"), ["class_weight", "'body_mass_g'", "regression"]),
        ((*SPECIES, "--class-weight", "Adeli=2"), ["class_weight", "'Adeli'", "Adelie, Chinstrap, Gentoo"]),
        ((*SPECIES, "--scoring", "roc_auc"), ["scoring 'roc_auc'", "'species'", "neg_log_loss"]),
        ((*SPECIES, "--scoring", "r2"), ["scoring 'r2'", "f1_macro"]),
        (
            (*SPECIES, "--output-activation", "identity"),
            ["output_activation 'identity'", "'species'", "softmax or logistic"],
        ),
        (
            (*MASS, "--output-activation", "softmax"),
            ["output_activation 'softmax'", "'body_mass_g'", "identity or leaky_relu"],
        ),
        ((*SPECIES, "--validation-fraction", "0.001"), ["275 rows", "larger validation_fraction"]),
        ((*MASS, "--scoring", "accuracy"), ["scoring 'accuracy'", "neg_mean_absolute_error"]),
        ((*SPECIES, "--batch-norm", "--batch-size", "1"), ["batch_norm", "batches of 1"]),
    ],
)
def test_what_the_target_does_not_allow(here, arguments, words):
    refused(run(*arguments), 1, *words)
    assert not list(here.iterdir())


def test_the_help_names_every_formula_in_lines_of_eighty():
    text = run("train", "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")] == [
        "Arguments:", "Options:", "Network:", "Training:", "Against overfitting:",
    ]  # fmt: skip
    for name in (*SOLVERS, *SCHEDULES):
        assert name in text


def test_a_loss_is_told_with_the_hyper_parameters_that_do_anything():
    from chainrule.cli.describe import loss_line

    def told(loss, output):
        return loss_line(Network(2, (Dense(2, output),), loss))

    assert told("log_loss", "softmax") == told(LogLoss(0.0), "softmax") == "log_loss"
    assert told(LogLoss(0.2), "softmax") == "log_loss (label_smoothing 0.2)"
    assert told("huber", "identity") == "huber (delta 1)"
