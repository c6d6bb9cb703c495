"""Hidden layers as features: `transform`, `activations`, `input_gradients`, and the functions of the engines behind them."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils import estimator_checks as checks
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import MLPClassifier, MLPRegressor
from chainrule.engines.inspection import activations, first_layers, input_gradient
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES, Quantile
from chainrule.network import Dense, Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = [MLPClassifier, MLPRegressor]
HIDDEN = [entry for entry in ACTIVATIONS.values() if entry.hidden]
TRAINABLE = [entry.name for entry in HIDDEN if not entry.untrainable]
OUTPUTS = [entry.name for entry in ACTIVATIONS.values() if not entry.untrainable]
STEP = 1e-6


def rows(n=7, inputs=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, inputs))


def fitted(kind, hidden=(5, 4), **parameters):
    """An estimator after a few epochs on 60 rows of 3 features."""
    make = make_classification if kind is MLPClassifier else make_regression
    informative = {"n_redundant": 0} if kind is MLPClassifier else {}
    X, y = make(60, 3, n_informative=3, random_state=0, **informative)
    return kind(hidden_layer_sizes=hidden, max_iter=5, random_state=0, **parameters).fit(X, y), X, y


def network(hidden="tanh", output="identity", outputs=3, **layer):
    """Two hidden layers, drawn at random, batch normalisation's statistics too."""
    losses = [*LOSSES.values(), Quantile((0.1, 0.5, 0.9)).build()]
    loss = next(entry for entry in losses if accepts(entry, output))
    net = Network(3, (Dense(5, hidden, **layer), Dense(4, hidden, **layer), Dense(outputs, output)), loss)
    theta = net.init(1) + 0.1 * np.random.default_rng(2).normal(size=net.n_parameters)
    for variance in net.views(theta).variance:
        if variance is not None:
            variance[...] = np.random.default_rng(3).uniform(0.2, 2, len(variance))
    return net, theta


def accepts(loss, output):
    try:
        loss.check_output(ACTIVATIONS[output])
    except ValueError:
        return False
    return True


def differences(function, X):
    """Central differences of a function of the rows, (n, ...) -> (n, ..., inputs)."""
    columns = [(function(X + STEP * unit) - function(X - STEP * unit)) / (2 * STEP) for unit in np.eye(X.shape[1])]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("layer", [{}, {"dropout": 0.5}, {"batch_norm": True}], ids=["plain", "dropout", "batch norm"])
@pytest.mark.parametrize("hidden", TRAINABLE)
def test_input_gradients_against_differences(hidden, layer):
    net, theta = network(hidden, **layer)
    X = rows()
    numeric = differences(lambda X: activations(net, theta, X)[-1], X)
    np.testing.assert_allclose(input_gradient(net, theta, X), numeric, rtol=1e-6, atol=1e-8)
    for output in (0, 2, -1):
        np.testing.assert_array_equal(
            input_gradient(net, theta, X, output), input_gradient(net, theta, X)[:, output], strict=True
        )


@pytest.mark.parametrize("output", OUTPUTS)
def test_input_gradients_of_every_output_activation(output):
    net, theta = network(output=output)
    X = rows()
    numeric = differences(lambda X: activations(net, theta, X)[-1], X)
    np.testing.assert_allclose(input_gradient(net, theta, X), numeric, rtol=1e-6, atol=1e-8)


def test_inspection_against_torch():
    torch = pytest.importorskip("torch")
    net, theta = network("silu", batch_norm=True)
    views, X = net.views(theta), rows()
    twin = torch.nn.Sequential()
    for k in range(3):
        linear = torch.nn.Linear(*views.W[k].shape, bias=k == 2, dtype=torch.float64)
        linear.weight.data = torch.tensor(views.W[k].T)
        twin.append(linear)
        if k == 2:
            linear.bias.data = torch.tensor(views.b[k])
            continue
        norm = torch.nn.BatchNorm1d(len(views.b[k]), dtype=torch.float64)
        norm.weight.data, norm.bias.data = torch.tensor(views.gamma[k]), torch.tensor(views.b[k])
        norm.running_mean, norm.running_var = torch.tensor(views.mean[k]), torch.tensor(views.variance[k])
        twin.extend([norm, torch.nn.SiLU()])
    twin.eval()
    x = torch.tensor(X, requires_grad=True)
    outputs, hidden = twin(x), twin[:6](x).detach().numpy()
    np.testing.assert_allclose(activations(net, theta, X)[1], hidden, rtol=1e-12)
    for k in range(3):
        (gradient,) = torch.autograd.grad(outputs[:, k].sum(), x, retain_graph=True)
        np.testing.assert_allclose(input_gradient(net, theta, X, k), gradient.numpy(), rtol=1e-10)


def test_a_step_passes_no_gradient():
    net = Network(3, (Dense(4, "step"), Dense(1, "identity")))
    with pytest.raises(ValueError, match="layer 0: activation 'step' passes no gradient on"):
        input_gradient(net, net.init(0), rows())
    assert set(np.unique(activations(net, net.init(0), rows())[0])) == {0.0, 1.0}


@pytest.mark.parametrize("output", [3, -4, 1.0, True, "1"])
def test_outputs_that_are_not_there(output):
    net, theta = network()
    with pytest.raises(ValueError, match="output must be None or a whole number from -3 to 2"):
        input_gradient(net, theta, rows(), output)


@pytest.mark.parametrize("hidden", [entry.name for entry in HIDDEN])
@pytest.mark.parametrize("layer", [{}, {"batch_norm": True}], ids=["plain", "batch norm"])
def test_first_layers_are_a_network(hidden, layer, engine):
    net, theta = network(hidden, **layer)
    X = rows()
    for count in (1, 2):
        part, parameters = first_layers(net, theta, count)
        if engine.refusal(part, theta.dtype):
            pytest.skip(engine.refusal(part, theta.dtype))
        found = engine.predict(part, parameters, X)
        np.testing.assert_allclose(found, activations(net, theta, X)[count - 1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("engine_name", ["auto", "reference"])
@pytest.mark.parametrize("kind", KINDS)
def test_transform_is_a_hidden_layer(kind, engine_name):
    model, X, _ = fitted(kind, engine=engine_name)
    W, b = model.coefs_, model.intercepts_
    first = np.maximum(X @ W[0] + b[0], 0)
    second = np.maximum(first @ W[1] + b[1], 0)
    for layer, expected in {0: first, -2: first, 1: second, -1: second, None: second}.items():
        np.testing.assert_allclose(model.transform(X, layer), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(model.activations(X)[0], first, rtol=1e-12, atol=1e-14)
    outputs = model.predict_proba(X)[:, 1] if kind is MLPClassifier else model.predict(X)
    np.testing.assert_allclose(model.activations(X)[-1][:, 0], outputs, rtol=1e-12)
    assert [len(part[0]) for part in model.activations(X)] == [5, 4, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_input_gradients_of_estimators(kind):
    model, X, _ = fitted(kind, activation="tanh")
    predicted = (lambda X: model.predict_proba(X)[:, 1]) if kind is MLPClassifier else model.predict
    np.testing.assert_allclose(model.input_gradients(X, 0), differences(predicted, X), rtol=1e-5, atol=1e-8)
    assert model.input_gradients(X).shape == (60, 1, 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [scipy.sparse.csr_matrix, scipy.sparse.csc_array, pd.DataFrame, np.ndarray.tolist])
def test_every_form_of_input(kind, form):
    model, X, _ = fitted(kind)
    given = form(X)
    np.testing.assert_allclose(model.transform(given), model.transform(X), rtol=1e-12)
    np.testing.assert_allclose(model.input_gradients(given), model.input_gradients(X), rtol=1e-12)
    for found, expected in zip(model.activations(given), model.activations(X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.parametrize("kind", KINDS)
def test_set_output_names_the_columns_of_any_layer(kind, container):
    model, X, y = fitted(kind)
    names, plain = [f"{kind.__name__.lower()}{unit}" for unit in range(5)], model.transform(X, 0)
    model.set_output(transform=container)
    frame = {"pandas": pd.DataFrame, "polars": pl.DataFrame}[container]
    for layer, columns in {None: names[:4], 0: names}.items():
        found = model.transform(X, layer)
        assert isinstance(found, frame)
        assert list(found.columns) == columns
    np.testing.assert_array_equal(found.to_numpy(), plain)
    assert isinstance(model.fit_transform(X, y), frame)
    assert list(clone(model).fit(X, y).transform(X).columns) == names[:4]
    model.set_output(transform="default")
    assert isinstance(model.transform(X), np.ndarray)


def test_data_frames_keep_their_index():
    model, X, _ = fitted(MLPRegressor)
    frame = pd.DataFrame(X, index=[f"row {number}" for number in range(60)])
    assert list(model.set_output(transform="pandas").transform(frame, 0).index) == list(frame.index)


@pytest.mark.parametrize("kind", KINDS)
def test_feature_names(kind):
    model, X, y = fitted(kind)
    assert list(model.get_feature_names_out()) == [f"{kind.__name__.lower()}{unit}" for unit in range(4)]
    model.fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    assert len(model.get_feature_names_out(["a", "b", "c"])) == 4
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        model.get_feature_names_out(["a", "b", "d"])


@pytest.mark.parametrize("kind", KINDS)
def test_without_hidden_layers(kind):
    model, X, y = fitted(kind, ())
    for call in (lambda: model.transform(X), model.get_feature_names_out, lambda: model.fit_transform(X, y)):
        with pytest.raises(ValueError, match=rf"this {kind.__name__} has no hidden layers"):
            call()
    assert len(model.activations(X)) == 1
    gradient = model.input_gradients(X, 0)
    np.testing.assert_allclose(gradient, differences(lambda X: model.activations(X)[0][:, 0], X), rtol=1e-6, atol=1e-8)
    assert kind.__name__ in model._repr_html_()


@pytest.mark.parametrize("layer", [2, -3, 0.0, "last", True])
def test_layers_that_are_not_there(layer):
    model, X, _ = fitted(MLPClassifier)
    with pytest.raises(ValueError, match=r"whole number from -2 to 1, as this MLPClassifier has 2 hidden layer\(s\)"):
        model.transform(X, layer)


@pytest.mark.parametrize("kind", KINDS)
def test_before_fitting_and_with_other_rows(kind):
    for method in ("transform", "activations", "input_gradients"):
        with pytest.raises(NotFittedError):
            getattr(kind(), method)(rows())
        with pytest.raises(ValueError, match="X has 2 features"):
            getattr(fitted(kind)[0], method)(rows(inputs=2))
    with pytest.raises(NotFittedError):
        kind().get_feature_names_out()
    assert "transform" in dir(kind())
    assert not hasattr(kind(), "_n_features_out")


def test_hidden_layers_inside_pipelines_and_unions():
    hidden, X, y = fitted(MLPClassifier)
    by_hand = LogisticRegression().fit(hidden.transform(X), y)
    pipeline = make_pipeline(clone(hidden), LogisticRegression()).fit(X, y)
    joined = make_union(clone(hidden), clone(hidden)).fit(X, y)
    np.testing.assert_allclose(pipeline.predict_proba(X), by_hand.predict_proba(hidden.transform(X)))
    assert list(pipeline[:-1].get_feature_names_out()) == list(hidden.get_feature_names_out())
    assert joined.transform(X).shape == (60, 8)
    assert len(set(joined.get_feature_names_out())) == 8


def test_a_classifier_stays_one():
    tags, theirs = get_tags(MLPClassifier()), get_tags(LogisticRegression())
    assert (tags.estimator_type, tags.target_tags) == (theirs.estimator_type, theirs.target_tags)
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]


def test_pickles_keep_the_container():
    model, X, _ = fitted(MLPClassifier)
    again = pickle.loads(pickle.dumps(model.set_output(transform="pandas")))
    pd.testing.assert_frame_equal(again.transform(X), model.transform(X))


CONTAINER_CHECKS = [
    checks.check_set_output_transform,
    checks.check_set_output_transform_pandas,
    checks.check_set_output_transform_polars,
    checks.check_global_output_transform_pandas,
    checks.check_global_set_output_transform_polars,
    checks.check_transformer_get_feature_names_out,
    checks.check_transformer_get_feature_names_out_pandas,
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("check", CONTAINER_CHECKS, ids=lambda check: check.__name__)
def test_scikit_learns_checks_of_containers_and_names(check, kind):
    check(kind.__name__, kind(max_iter=5))


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([kind(max_iter=20) for kind in KINDS])
def test_common_checks(estimator, check):
    check(estimator)


def test_a_step_in_a_head_passes_no_gradient():
    """The other heads do: they are asked for alone."""
    heads = Heads([Head(2, "tanh", "mse"), Head(1, "step", "perceptron")])
    net = Network(3, (Dense(4, "tanh"), Dense(3, heads)), heads)
    theta, X = net.init(0), rows()
    for output in (None, 2, -1):
        with pytest.raises(ValueError, match="layer 1, head 1: activation 'step' passes no gradient on"):
            input_gradient(net, theta, X, output)
    numeric = differences(lambda X: activations(net, theta, X)[-1][:, 1], X)
    np.testing.assert_allclose(input_gradient(net, theta, X, 1), numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("loss", [Quantile((0.1, 0.9)), Heads([Head(1, "identity", "mse"), Head(1, "exp", "poisson")])])
def test_all_layers_are_first_layers_too(loss):
    output = loss if isinstance(loss, Heads) else "ordered"
    net = Network(3, (Dense(4, "tanh", batch_norm=True), Dense(2, output)), loss)
    theta, X = net.init(0), rows()
    part, parameters = first_layers(net, theta, 2)
    np.testing.assert_allclose(part.predict(parameters, X), net.predict(theta, X), rtol=1e-12)
    for count in (0, 3, -1, 1.0, True):
        with pytest.raises(ValueError, match="count must be a whole number from 1 to 2"):
            first_layers(net, theta, count)
