"""Model files of perceptrons."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from chainrule.estimators.perceptron import Perceptron
from chainrule.models import inspect_file, save
from chainrule.models.container import read
from tests.command import run
from tests.forged import assert_forgery_refused, assert_refused
from tests.test_models import TARGETS, X, again

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SINGLE = {name: y for name, y in TARGETS.items() if "multilabel" not in name}


@pytest.mark.parametrize("y", SINGLE.values(), ids=SINGLE)
def test_a_perceptron_comes_back_and_goes_on(tmp_path, y):
    given = {"eta0": 0.5, "max_iter": 7, "class_weight": {y[0]: 2.0}, "random_state": 0, "shuffle": True}
    saved = Perceptron(**given).fit(X, y)
    loaded = again(saved, tmp_path)
    assert vars(loaded).keys() == vars(saved).keys()
    assert loaded.get_params() == saved.get_params()
    assert (loaded.mistakes_, loaded.n_iter_) == (saved.mistakes_, saved.n_iter_)
    assert loaded.classes_.dtype == saved.classes_.dtype
    assert loaded.network_ == saved.network_
    np.testing.assert_array_equal(loaded.predict(X), saved.predict(X))
    np.testing.assert_array_equal(loaded.decision_function(X), saved.decision_function(X))
    for model in (saved, loaded):
        model.partial_fit(X, y)
    assert loaded.coef_.tobytes() == saved.coef_.tobytes()
    assert loaded.intercept_.tobytes() == saved.intercept_.tobytes()


def test_column_names_and_inspection(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    saved = Perceptron().fit(frame, X[:, 0] > 0)
    assert again(saved, tmp_path).feature_names_in_.tolist() == list("abcd")
    assert inspect_file(tmp_path / "a.model")["n_parameters"] == 5
    shown = run("inspect", tmp_path / "a.model")
    assert shown.exit_code == 0
    assert "4 inputs → 1 identity; 5 parameters" in shown.stdout
    assert "perceptron" in shown.stdout


def test_what_cannot_be_saved_is_refused(tmp_path):
    broken = Perceptron().fit(X, X[:, 0] > 0)
    broken.coef_ = broken.coef_ * np.nan
    for model, words in ((Perceptron(), "not fitted"), (broken, "not finite")):
        with pytest.raises(ValueError, match=words):
            save(model, tmp_path / "a.model")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "a.model"
    save(Perceptron().fit(X, SINGLE["integers"]), path)
    return read(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["class"], "MLPClassifier"),
        (["classes", "values"], [1, 2]),
        (["classes", "values"], [1, 2, 3, 4]),
        (["features"], ["a"]),
        (["mistakes"], [1]),
        (["mistakes", "passes"], -1),
        (["mistakes", "counts"], [0.5]),
        (["mistakes", "counts"], [True]),
        (["network", "inputs"], 3),
        (["network", "loss"], "hinge"),
        (["network", "layers", 0, "activation"], "step"),
        (["network", "layers"], [{"units": 4, "activation": "tanh"}, {"units": 1, "activation": "identity"}]),
        (["parameters", "eta0"], -1.0),
        (["parameters", "solver"], "adam"),
        (["extra"], 1),
    ],
)
def test_a_forged_document_is_refused(tmp_path, parts, path, value):
    assert_forgery_refused(tmp_path, parts, ["estimator", *path], value)


def test_no_table_model_has_a_perceptron(tmp_path, parts):
    from tests.test_models import GOLDEN

    document, _ = read(GOLDEN / "0.1.0" / "penguins.model")
    assert_refused(tmp_path, {**copy.deepcopy(parts[0]), "table": document["table"]}, parts[1])
