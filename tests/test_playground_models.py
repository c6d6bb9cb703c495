"""Fitted models in the playground: opened as they are or refused, with rows and without."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

import chainrule
from chainrule.formulas.losses import Quantile
from chainrule.playground import Session, Source


def fitted(kind, X, y, layers, **settings):
    with warnings.catch_warnings():
        # A few epochs: it need not converge.
        warnings.simplefilter("ignore")
        return kind(hidden_layer_sizes=layers, max_iter=3, random_state=0, **settings).fit(X, y)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ((600,), r"600 units in one hidden layer; the playground shows at most 512\. Train a smaller"),
        ((2,) * 9, "9 hidden layers; the playground shows at most 8"),
        ((500,) * 5, "1,006,003 parameters; the playground shows at most 1,000,000"),
    ],
)
def test_models_beyond_the_limits_are_refused(layers, told):
    X, y = load_iris(return_X_y=True)
    model = fitted(chainrule.MLPClassifier, X, y, layers)
    for rows in ((X, y), ()):
        with pytest.raises(ValueError, match=told):
            Source.from_model(model, *rows)


def test_a_model_with_more_inputs_than_the_limit_is_refused():
    X = np.random.default_rng(0).standard_normal((30, 2001))
    model = fitted(chainrule.MLPRegressor, X, X[:, 0], (2,))
    with pytest.raises(ValueError, match="2,001 inputs; the playground shows at most 2,000"):
        Source.from_model(model)


def test_a_network_that_would_be_another_is_refused():
    X, y = load_iris(return_X_y=True)
    source = Source.from_model(fitted(chainrule.MLPClassifier, X, y, (4,)), X, y)
    session = Session.open()[0]
    with pytest.raises(ValueError, match="cannot be opened as it is: its layers would be"):
        session.load(source, {"network.layers": []})
    assert session.source is None and session.data.name == "circle"
    session.load(source)
    # Changed by the user later on it may be: that is no longer the opening.
    assert session.change({"network.layers": []})["status"]["widths"] == [4, 3]


def test_rows_of_other_classes_are_refused():
    X, y = load_iris(return_X_y=True)
    model = fitted(chainrule.MLPClassifier, X, y, (4,))
    with pytest.raises(ValueError, match=r"y holds 3, which is none of the model's classes: \[0, 1, 2\]"):
        Source.from_model(model, X, y + 1)


@pytest.mark.parametrize("columns", [1, 2, 4])
@pytest.mark.parametrize("given", [None, {"network": {"features": ["x1^2", "sin(x1)"]}, "data": {"scale": True}}])
def test_the_weights_are_the_models_own(columns, given):
    X, y = load_iris(return_X_y=True)
    for kind, target, settings in (
        (chainrule.MLPClassifier, y, {"dropout": 0.2, "batch_norm": True}),
        (chainrule.MLPClassifier, y > 0, {"loss": "hinge"}),
        (chainrule.MLPRegressor, X[:, 3], {"loss": Quantile((0.1, 0.5, 0.9))}),
    ):
        model = fitted(kind, X[:, :columns], target, (3,), **settings)
        for rows in ((X[:, :columns], target), ()):
            session, _ = Session.open(given, Source.from_model(model, *rows))
            np.testing.assert_array_equal(session.run.learner.theta, model.theta_)


def test_what_of_its_training_had_to_be_changed_is_told():
    X, y = load_iris(return_X_y=True)
    source = Source.from_model(fitted(chainrule.MLPClassifier, X, y, (3,), learning_rate_init=1e-9), X, y)
    _, notes = Session.open(None, source)
    assert "training.learning_rate" in [note["field"] for note in notes if note["level"] == "repaired"]
    reply = Session.open()[0].load(source)
    assert "training.learning_rate" in [note["field"] for note in reply["notes"] if note["level"] == "repaired"]


def test_rows_that_were_invented_are_told():
    X, y = load_iris(return_X_y=True)
    model = fitted(chainrule.MLPClassifier, X, y, (3,))
    assert "without rows" in Session.open(None, Source.from_model(model))[1][0]["text"]
    assert "without rows" in Session.open()[0].load(Source.from_model(model))["notes"][0]["text"]
    assert not [note for note in Session.open(None, Source.from_model(model, X, y))[1] if "rows:" in note["text"]]


@pytest.mark.parametrize(
    ("low", "high", "with_rows"), [(0, 1, False), (0, 16, True), (-1, 1, True), (0, 255, True), (0, 1, True)]
)
def test_a_drawn_digit_is_read_as_the_model_reads_it(low, high, with_rows):
    X, y = load_digits(return_X_y=True)
    rows = low + X / 16 * (high - low)
    model = fitted(chainrule.MLPClassifier, rows, y, (16,))
    session = Session.open(None, Source.from_model(model, *((rows, y) if with_rows else ())))[0]
    for row in (0, 7, 100):
        found = session.do("digit", {"pixels": (X[row] / 16).tolist()}).header
        assert found["range"] == [low, high]
        expected = model.predict_proba(rows[row : row + 1])[0]
        np.testing.assert_allclose(found["probabilities"], expected, atol=1e-9)
