"""Model files of everything the formulas' tables hold: the same predictions, and the same training from there on."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from sklearn.metrics import get_scorer

from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.estimators.parameters import NOT_FOR_CLASSES, NOT_FOR_NUMBERS
from chainrule.estimators.starting import Pretrained
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.initializers import INITIALIZERS, Normal
from chainrule.formulas.losses import LOSS_FAMILIES, LOSSES, Huber, LogLoss, Loss, LossFamily, Quantile
from chainrule.formulas.schedules import SCHEDULES, Cosine, OneCycle, Schedule
from chainrule.formulas.solvers import SGD, SOLVERS, Adagrad, Adam, AdamW, RMSProp
from chainrule.models import inspect_file, load, save
from chainrule.models.container import read, write
from tests.forged import assert_forgery_refused, assert_refused
from tests.test_models import GOLDEN, QUICK, X, again

CLASSES = np.array(["a", "b", "c"])[(X[:, 0] > 0) * 1 + (X[:, 1] > 0)]
NUMBERS = np.abs(X[:, :2])
HEADS = Heads((Head(1, "identity", Huber(0.5)), Head(1, "logistic", LogLoss(0.1), 2.0)))
HIDDEN = [name for name, entry in ACTIVATIONS.items() if entry.hidden and not entry.untrainable]
OUTPUTS = [name for name, entry in ACTIVATIONS.items() if name != "ordered" and not entry.untrainable]
FOR_NUMBERS, FOR_CLASSES = (sorted(set(LOSSES) - refused) for refused in (NOT_FOR_NUMBERS, NOT_FOR_CLASSES))
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def check(model, y, folder):
    """What comes back predicts, and goes on, as the original does."""
    saved = model.fit(X, y)
    loaded = again(saved, folder)
    assert loaded.network_.to_dict() == saved.network_.to_dict()
    assert loaded.theta_.tobytes() == saved.theta_.tobytes()
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(saved, method):
            found, expected = getattr(loaded, method)(X), getattr(saved, method)(X)
            assert [row.tolist() for row in found] == [row.tolist() for row in expected]
    assert loaded.score(X, y) == saved.score(X, y)
    whole = saved.early_stopping or getattr(saved, "class_weight", None) == "balanced"
    train = "fit" if whole or not hasattr(saved, "partial_fit") else "partial_fit"
    for one in (saved, loaded):
        getattr(one.set_params(warm_start=True), train)(X, y)
        getattr(one, train)(X, y)
    assert loaded.theta_.tobytes() == saved.theta_.tobytes()
    assert loaded.loss_curve_ == saved.loss_curve_
    return loaded


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_activations(tmp_path, name):
    model = MLPRegressor(**QUICK, activation=["tanh", ACTIVATIONS[name]], learning_rate_init=0.01)
    assert check(model, NUMBERS, tmp_path).activation == ["tanh", name]


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_activations(tmp_path, name):
    check(MLPRegressor(loss="mse", **QUICK, output_activation=name), NUMBERS, tmp_path)


@pytest.mark.parametrize("name", FOR_NUMBERS)
def test_losses_of_numbers(tmp_path, name):
    check(MLPRegressor(loss=name, **QUICK), NUMBERS, tmp_path)


@pytest.mark.parametrize("name", FOR_CLASSES)
def test_losses_of_classes(tmp_path, name):
    check(MLPClassifier(loss=LOSSES[name], **QUICK), CLASSES, tmp_path)


FAMILIES = {"huber": Huber(0.3), "quantile": Quantile(0.9), "log_loss": LogLoss(label_smoothing=0.2)}


@pytest.mark.parametrize("name", LOSS_FAMILIES)
def test_hyper_parameters_of_losses(tmp_path, name):
    loss = FAMILIES[name]
    assert loss != LOSS_FAMILIES[name]()
    kind, y = (MLPClassifier, CLASSES) if name == "log_loss" else (MLPRegressor, NUMBERS)
    assert check(kind(loss=loss, **QUICK), y, tmp_path).loss == loss
    assert check(kind(loss=loss.build(), **QUICK), y, tmp_path).loss == loss


def test_several_quantiles(tmp_path):
    loss = Quantile((0.1, 0.5, 0.9))
    loaded = check(MLPRegressor(loss=loss, **QUICK), NUMBERS[:, 0], tmp_path)
    assert loaded.predict(X).shape == (len(X), 3)
    assert loaded.out_activation_ == "ordered"


def test_heads(tmp_path):
    y = np.column_stack([NUMBERS[:, 0], NUMBERS[:, 1] > 1])
    assert check(MLPRegressor(loss=HEADS, **QUICK), y, tmp_path).loss == HEADS


def test_several_columns_of_classes(tmp_path):
    y = np.column_stack([CLASSES, np.where(X[:, 2] > 0, "yes", "no")])
    loaded = check(MLPClassifier(**QUICK), y, tmp_path)
    assert [column.tolist() for column in loaded.classes_] == [["a", "b", "c"], ["no", "yes"]]


@pytest.mark.parametrize("name", SOLVERS)
def test_solvers(tmp_path, name):
    loaded = check(MLPRegressor(**QUICK, solver=SOLVERS[name]()), NUMBERS, tmp_path)
    assert loaded.solver == SOLVERS[name]()
    check(MLPRegressor(**QUICK, solver=name), NUMBERS, tmp_path)


@pytest.mark.parametrize(
    "solver",
    [
        SGD(0.5, nesterov=False, dampening=0.5),
        Adagrad(initial_accumulator=0.1),
        RMSProp(heavy_ball=0.9),
        AdamW(weight_decay=0.1),
        Adam(epsilon=1e-4),
    ],
    ids=lambda solver: solver.name,
)
def test_hyper_parameters_of_solvers(tmp_path, solver):
    assert check(MLPRegressor(**QUICK, solver=solver), NUMBERS, tmp_path).solver == solver


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(tmp_path, name):
    schedule = SCHEDULES[name](warmup=1.5)
    model = MLPRegressor(**QUICK, solver="sgd", learning_rate=schedule)
    assert check(model, NUMBERS, tmp_path).learning_rate == schedule


@pytest.mark.parametrize("schedule", [Cosine(smallest=1e-4, epochs=9), OneCycle(pct_start=0.5, div_factor=10)])
def test_hyper_parameters_of_schedules(tmp_path, schedule):
    assert check(MLPRegressor(**QUICK, learning_rate=schedule), NUMBERS, tmp_path).learning_rate == schedule


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers(tmp_path, name):
    assert check(MLPRegressor(**QUICK, init=INITIALIZERS[name]), NUMBERS, tmp_path).init == name


REGULARISED = {
    "dropout": {"dropout": 0.3},
    "dropout per layer": {"dropout": [0.1, 0.0, np.float32(0.5)]},
    "batch norm": {"batch_norm": True},
    "batch norm per layer": {"batch_norm": np.array([True, False])},
    "both": {"dropout": np.array([0.2, 0.1]), "batch_norm": [False, True], "dtype": np.dtype(np.float32)},
    "penalties": {"l1": 1e-3, "l2": 1e-3, "weight_decay": 0.01, "max_norm": 1.5},
    "clipping": {"clip_norm": 0.5, "clip_value": 0.1},
    "layer rates": {"layer_rates": [0, 0.5, 1]},
    "early stopping": {"batch_norm": True, "early_stopping": True, "scoring": "loss"},
    "a scorer": {"early_stopping": True, "scoring": "neg_log_loss"},
    "balanced": {"class_weight": "balanced"},
}


@pytest.mark.parametrize("options", REGULARISED.values(), ids=REGULARISED)
def test_regularisation(tmp_path, options):
    check(MLPClassifier(**QUICK, **options, batch_size=12), CLASSES, tmp_path)


@pytest.mark.parametrize("labels", [np.array([3, 7, 9]), np.array([0.5, 1.0, 2.0]) * 2, np.array(["a", "b", "c"])])
def test_class_weights(tmp_path, labels):
    y = labels[np.searchsorted(np.unique(CLASSES), CLASSES)]
    given = dict(zip(labels, [1, 2.5, np.float32(3)], strict=True))
    loaded = check(MLPClassifier(**QUICK, class_weight=given), y, tmp_path)
    assert loaded.class_weight == given


def test_class_weights_of_several_labels(tmp_path):
    given = [{0: 1, 1: 2.0}, {True: 3.0}]
    loaded = check(MLPClassifier(**QUICK, class_weight=given), (X[:, :2] > 0).astype(int), tmp_path)
    assert loaded.class_weight == given


def test_given_weights_come_back(tmp_path):
    first = MLPRegressor(**QUICK).fit(X, NUMBERS)
    pair = (first.coefs_, first.intercepts_)
    lists = [[part.tolist() for part in parts] for parts in pair]
    for init in (first.theta_, first.theta_.tolist(), pair, lists):
        saved = MLPRegressor(**QUICK, init=init).fit(X, NUMBERS)
        loaded = again(saved, tmp_path)
        assert loaded.fit(X, NUMBERS).theta_.tobytes() == saved.theta_.tobytes()


def test_layers_of_another_network_come_back(tmp_path):
    teacher = MLPClassifier(**QUICK, batch_norm=True).fit(X, CLASSES)
    for rest in ("he_normal", Normal(0.2)):
        start = Pretrained(teacher, layers=1, rest=rest)
        saved = MLPRegressor(**QUICK, batch_norm=True, init=start, layer_rates=[0, 1, 1]).fit(X, NUMBERS)
        loaded = again(saved, tmp_path)
        assert loaded.init.rest == rest
        assert loaded.fit(X, NUMBERS).theta_.tobytes() == saved.theta_.tobytes()


@dataclass(frozen=True)
class Mine(LossFamily):
    name: ClassVar[str] = "mine"

    def build(self):
        return Huber(2.0).build()


@dataclass(frozen=True)
class Slow(Schedule):
    name: ClassVar[str] = "slow"


@dataclass(frozen=True)
class Plain(SGD):
    name: ClassVar[str] = "plain"


OWN = {
    "activation": Activation("bent", lambda z: z / 2, lambda z, a: np.full_like(z, 0.5), "z/2"),
    "loss": Loss("odd", lambda y, a: ((a - y) ** 2).sum(axis=1), lambda y, a: 2 * (a - y), "(a - y)^2"),
    "learning_rate": Slow(),
    "solver": Plain(),
    "scoring": get_scorer("r2"),
    "init": lambda rng, fan_in, fan_out, name: (rng.normal(size=(fan_in, fan_out)), np.zeros(fan_out)),
}


@pytest.mark.parametrize("name", OWN)
def test_objects_of_ones_own_are_refused_before_anything_is_written(tmp_path, name):
    fitted = MLPRegressor(**QUICK, early_stopping=True, **{name: OWN[name]}).fit(X, NUMBERS)
    with pytest.raises(TypeError, match=rf"parameter {name}: .*holds data and no code"):
        save(fitted, tmp_path / "a.model")
    assert not list(tmp_path.iterdir())


def test_a_family_of_ones_own_is_refused(tmp_path):
    fitted = MLPRegressor(loss=Mine(), **QUICK).fit(X, NUMBERS)
    with pytest.raises(TypeError, match="'mine'"):
        save(fitted, tmp_path / "a.model")


def test_a_loss_changed_since_the_fit_does_not_hide_the_one_fitted(tmp_path):
    fitted = MLPRegressor(loss=OWN["loss"], **QUICK).fit(X, NUMBERS).set_params(loss="mse")
    with pytest.raises(ValueError, match="'odd'"):
        save(fitted, tmp_path / "a.model")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "a.model"
    options = {"dropout": [0.1, 0.2, 0.3], "batch_norm": True, "class_weight": {"a": 1.0, "b": 2.0, "c": 1.0}}
    teacher = MLPClassifier(**QUICK, batch_norm=True).fit(X, CLASSES)
    model = MLPClassifier(**QUICK, **options, loss=LogLoss(0.1), init=Pretrained(teacher), solver=AdamW())
    save(model.fit(X, CLASSES), path)
    return read(path)


LAYER, PARAMETERS = ["estimator", "network", "layers", 0], ["estimator", "parameters"]
FORGERIES = [
    ([*LAYER, "dropout"], 1.0),
    ([*LAYER, "dropout"], "0.5"),
    ([*LAYER, "dropout"], True),
    ([*LAYER, "dropout"], 10**400),
    ([*LAYER, "batch_norm"], 1),
    ([*LAYER, "batch_norm"], False),
    ([*LAYER, "extra"], 1),
    ([*LAYER, "units"], True),
    ([*LAYER, "activation"], {"name": "heads", "heads": []}),
    ([*LAYER, "activation"], ["relu"]),
    (["estimator", "network", "layers", 2, "dropout"], 0.5),
    (["estimator", "network", "layers", 2, "batch_norm"], True),
    (["estimator", "network", "input_dropout"], -0.1),
    (["estimator", "network", "input_dropout"], None),
    (["estimator", "network", "extra"], None),
    (["estimator", "network", "loss"], {"name": "log_loss"}),
    (["estimator", "network", "loss"], {"name": "log_loss", "label_smoothing": 1.5}),
    (["estimator", "network", "loss"], {"name": "log_loss", "label_smoothing": "0"}),
    (["estimator", "network", "loss"], {"name": "log_loss", "label_smoothing": 0.1, "build": 1}),
    (["estimator", "network", "loss"], {"name": "os"}),
    (["estimator", "network", "loss"], {"name": "heads", "heads": [{"units": 3}]}),
    (["estimator", "network", "loss"], {"name": "quantile", "levels": [0.9, 0.1]}),
    ([*PARAMETERS, "loss"], {"loss": {"name": "log_loss", "label_smoothing": -1}}),
    ([*PARAMETERS, "loss"], {"loss": 3}),
    ([*PARAMETERS, "loss"], {"name": "huber", "delta": 1.0}),
    ([*PARAMETERS, "dropout"], 1.5),
    ([*PARAMETERS, "dropout"], [0.1, 0.2, 0.3, 0.4]),
    ([*PARAMETERS, "batch_norm"], False),
    ([*PARAMETERS, "batch_norm"], [True]),
    ([*PARAMETERS, "l1"], -1.0),
    ([*PARAMETERS, "clip_norm"], 0.0),
    ([*PARAMETERS, "scoring"], "os.system"),
    ([*PARAMETERS, "class_weight"], {"dict": [["a", 1.0], ["a", 2.0]]}),
    ([*PARAMETERS, "class_weight"], {"dict": [[["a"], 1.0]]}),
    ([*PARAMETERS, "class_weight"], {"dict": [["a"]]}),
    ([*PARAMETERS, "class_weight"], {"a": 1.0}),
    ([*PARAMETERS, "class_weight"], "unbalanced"),
    ([*PARAMETERS, "solver"], {"solver": "adamw", "fields": {"weight_decay": -1.0}}),
    ([*PARAMETERS, "learning_rate"], {"learning_rate": "cosine", "fields": {"warmup": "long"}}),
    ([*PARAMETERS, "init"], "os.system"),
    ([*PARAMETERS, "init"], {"arrays": "layers of doom"}),
    ([*PARAMETERS, "init"], {"normal": -1.0}),
    ([*PARAMETERS, "init", "pretrained", "layers"], 3),
    ([*PARAMETERS, "init", "pretrained", "layers"], "all"),
    ([*PARAMETERS, "init", "pretrained", "rest"], "os.system"),
    ([*PARAMETERS, "init", "pretrained", "network", "inputs"], 9),
    ([*PARAMETERS, "init", "pretrained", "extra"], 9),
    (["estimator", "state", "dropout_seed"], -1),
    (["estimator", "state", "dropout_seed"], 2**63),
    (["estimator", "state", "dropout_seed"], 0.5),
    (["estimator", "state", "extra"], 1),
    (["estimator", "classes"], []),
    (["estimator", "labels"], {"kind": "multiclass-multioutput", "columns": []}),
]


def test_the_file_itself_is_valid(tmp_path, parts):
    write(tmp_path / "a.model", *copy.deepcopy(parts))
    assert load(tmp_path / "a.model").loss == LogLoss(0.1)
    assert inspect_file(tmp_path / "a.model")["estimator"]["network"]["input_dropout"] == 0.1


@pytest.mark.parametrize(
    ("path", "value"), FORGERIES, ids=lambda item: "/".join(map(str, item)) if isinstance(item, list) else None
)
def test_a_forged_document_is_refused(tmp_path, parts, path, value):
    assert_forgery_refused(tmp_path, parts, path, value)


def negative_variance(theta):
    return np.concatenate([theta[:-1], [-0.5]])


@pytest.mark.parametrize(
    ("name", "change"),
    [("theta", negative_variance), ("init.theta", negative_variance), ("init.theta", lambda a: a[:-1])],
)
def test_forged_arrays_are_refused(tmp_path, parts, name, change):
    document, arrays = copy.deepcopy(parts)
    arrays[name] = change(arrays[name])
    assert_refused(tmp_path, document, arrays, name.replace(".", r"\."))


def test_batch_normalisation_changed_since_the_fit_is_not_saved(tmp_path):
    fitted = MLPRegressor(**QUICK, batch_norm=True).fit(X, NUMBERS).set_params(batch_norm=False)
    with pytest.raises(ValueError, match="fit again"):
        save(fitted, tmp_path / "a.model")


GOLDEN_METHODS = {
    "heads": "predict",
    "columns": "predict_proba",
    "quantiles": "predict",
    "perceptron": "decision_function",
}


@pytest.mark.parametrize("name", GOLDEN_METHODS)
@pytest.mark.parametrize("folder", sorted(GOLDEN.iterdir()), ids=lambda folder: folder.name)
def test_files_of_every_version_load_for_ever(folder, name):
    rows, expected = (np.loadtxt(folder / f"{part}.csv", delimiter=",") for part in ("inputs", name))
    model = load(folder / f"{name}.model")
    found = getattr(model, GOLDEN_METHODS[name])(rows)
    np.testing.assert_allclose(np.hstack(found) if isinstance(found, list) else found, expected, rtol=1e-9)
    before = inspect_file(folder / f"{name}.model")["estimator"]["network"]
    y = rows[:, :2] > 0 if name == "heads" else model.predict(rows)
    model.partial_fit(rows, y[:, 1] if name == "quantiles" else y)
    assert model.network_.to_dict() == before


def test_a_variance_that_vanished_is_no_forgery(tmp_path):
    saved = MLPRegressor(**QUICK, batch_norm=True).fit(X, NUMBERS)
    saved.network_.views(saved.theta_).variance[0][0] = 0
    assert again(saved, tmp_path).predict(X).tobytes() == saved.predict(X).tobytes()
