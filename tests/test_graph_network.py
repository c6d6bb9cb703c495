"""A network as a scalar graph against the reference engine, the native engine, central differences and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule.engines import ENGINES
from chainrule.engines.inspection import activations, input_gradient
from chainrule.engines.reference import forward, tape
from chainrule.engines.scalar import graph
from chainrule.engines.scalar_formulas import ARITHMETIC
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES, Huber, LogLoss, Loss, Quantile
from chainrule.network import Dense, Network
from tests.combinations import HIDDEN, PAIRS, case, targets

# A step that a loss does not skip passes no gradient: such networks are refused.
TRAINABLE = [
    (loss, output)
    for loss, output in PAIRS
    if not ACTIVATIONS[output].untrainable or LOSSES[loss].fused(ACTIVATIONS[output])
]


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12 * (1e-3 + np.abs(wanted).max()))


def agrees(network, theta, X, Y, weight=None):
    """The graph's predictions, loss and gradient are the engines'; batch normalisation goes by its running statistics."""
    g = graph(network, theta, X, Y)
    assert all(node.grad is None for node in g)
    close([[node.data for node in row] for row in g.predictions], network.predict(theta, np.atleast_2d(X)))
    g.backward()
    Y = np.reshape(Y, (len(np.atleast_2d(X)), network.targets))
    wanted = tape(network, theta, np.atleast_2d(X), Y, frozen=range(len(network.layers)))
    close(g.loss.data, wanted.loss)
    close(g.gradient(), wanted.gradient)
    return g


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(("loss", "output"), TRAINABLE)
def test_every_combination_of_the_tables(hidden, loss, output):
    c = case(hidden, loss, output, (3, 4, 2), rows=2, seed=3)
    agrees(c.network, c.theta, c.X[0], c.Y[0])
    agrees(c.network, c.theta, c.X, c.Y)


def kinks(network, theta, x, Y) -> float:
    """How near the row comes to a kink of an activation or a loss."""
    z, a = forward(network, theta, x)
    return min(np.abs(part).min() for part in (*z, a[-1] - Y, 1 - (2 * Y - 1) * z[-1]))


def differences(function, theta, h=1e-4):
    """Central differences of fourth order: the error is h**4 of the fifth derivative, and 1e-16 / h."""
    moves = h * np.eye(len(theta))

    def central(move):
        return function(theta + move) - function(theta - move)

    return np.array([(8 * central(move) - central(2 * move)) / (12 * h) for move in moves])


@st.composite
def networks(draw):
    """A network of random shape and formulas, parameters, one row and its target."""
    loss, output = draw(st.sampled_from(TRAINABLE))
    depth, widths = draw(st.integers(0, 3)), st.integers(1, 4)
    layers = [Dense(draw(widths), draw(st.sampled_from(HIDDEN)), batch_norm=draw(st.booleans())) for _ in range(depth)]
    units = 2 * draw(st.integers(1, 2)) if output == "softmax" else draw(widths)
    network = Network(draw(widths), [*layers, Dense(units, output)], loss)
    rng = np.random.RandomState(draw(st.integers(0, 2**31)))
    theta = network.init(rng) + 0.3 * rng.standard_normal(network.n_parameters)
    for variance in network.views(theta).variance:
        if variance is not None:
            variance[...] = rng.uniform(0.3, 2, variance.shape)
    return network, theta, rng.standard_normal((1, network.inputs)), targets(output, rng, (1, network.targets))


@settings(max_examples=200, deadline=None)
@given(networks())
def test_random_networks(drawn):
    network, theta, x, Y = drawn
    assume(kinks(network, theta, x, Y) > 1e-3)
    g = agrees(network, theta, x[0], Y[0])
    loss, gradient = ENGINES["native"].loss_and_gradient(network, theta, x, Y)
    close(g.loss.data, loss)
    close(g.gradient(), gradient)
    numeric = differences(lambda at: network.loss_and_gradient(at, x, Y, engine="reference")[0], theta)
    trained = slice(0, network.n_trained)  # what is normalised by running statistics does not pass them a gradient
    # Below 1e-9 of the largest slope, differences are rounding: some 1e-16 of the loss over the step.
    tolerance = 1e-9 * np.abs(numeric[trained]).max() + 1e-11 * (1 + abs(loss))
    np.testing.assert_allclose(g.gradient()[trained], numeric[trained], rtol=1e-9, atol=tolerance)


HEADS = Heads(
    (
        Head(3, "softmax", LogLoss(0.1)),
        Head(2, "identity", Huber(0.3), 0.5),
        Head(1, "logistic", LogLoss(0.2), 2.0),
        Head(2, "tanh", "squared_error", 0.1),
        Head(1, "softplus", "poisson"),
        Head(1, "identity", Quantile(0.8)),
    )
)
OWN = Activation("cube/wiggle", lambda z: z**3 / 9 + z, lambda z, a: z**2 / 3 + 1, r"z^3 / 9 + z")
# Neighbours act on each other: a_k = tanh(z_k) + z_k z_{k-1} / 10, indices in a ring.
JOINT = Activation(
    "ring",
    lambda z: np.tanh(z) + z * np.roll(z, 1, axis=-1) / 10,
    None,
    r"\tanh z_k + z_k z_{k-1} / 10",
    pullback=lambda z, a, up: (
        up * (1 - np.tanh(z) ** 2 + np.roll(z, 1, axis=-1) / 10) + np.roll(up * z, -1, axis=-1) / 10
    ),
)
OWN_LOSS = Loss(
    "quartic", lambda y, a: ((a - y) ** 4).sum(axis=1) / 4, lambda y, a: (a - y) ** 3, r"\sum_k (a_k - y_k)^4 / 4"
)
OTHERS = [
    (Quantile((0.1, 0.5, 0.9)), "ordered", 3),
    (Quantile((0.1, 0.5, 0.9)), "identity", 3),
    (Huber(0.2), "tanh", 3),
    (LogLoss(0.1), "softmax", 3),
    (LogLoss(0.1), "logistic", 2),
    (HEADS, HEADS, HEADS.units),
    (OWN_LOSS, JOINT, 3),
    (OWN_LOSS, OWN, 2),
]


@pytest.mark.parametrize(("loss", "output", "units"), OTHERS, ids=lambda given: getattr(given, "name", given))
def test_hyper_parameters_heads_and_own_formulas(loss, output, units):
    network = Network(3, (Dense(3, OWN), Dense(4, JOINT), Dense(units, output)), loss)
    rng = np.random.RandomState(2)
    theta, X = network.init(rng), rng.standard_normal((3, 3))
    Y = rng.uniform(0.1, 0.9, (3, network.targets))
    if "softmax" in str(output):  # probabilities, as the fused cross-entropy presumes
        Y[:, :3] /= Y[:, :3].sum(axis=1, keepdims=True)
    agrees(network, theta, X[0], Y[0])
    agrees(network, theta, X, Y)


def test_arithmetic_is_for_the_tables_own_formulas():
    """Each entry stands for a pair of the tables; a user's own loss of the same name keeps its own meaning."""
    assert {loss for loss, _ in ARITHMETIC} <= {loss for loss, _ in PAIRS}
    impostor = Loss("mse", OWN_LOSS.value, OWN_LOSS.slope, "")
    network = Network(2, (Dense(1, "identity"),), impostor)
    g = graph(network, network.pack([np.ones((2, 1))], [np.zeros(1)]), [1.0, 2.0], 1.0)
    assert g.loss.data == 4.0


def test_against_torch():
    torch = pytest.importorskip("torch")
    c = case("silu", "log_loss", "softmax", (3, 4, 3), rows=4, seed=5)
    g = graph(c.network, c.theta, c.X, c.Y)
    g.backward()
    theta = torch.tensor(c.theta, requires_grad=True)
    views = c.network.views(c.theta)
    sizes = [part.size for part in (*views.W, *views.b)]
    W0, W1, b0, b1 = torch.split(theta, sizes)
    hidden = torch.nn.functional.silu(torch.tensor(c.X) @ W0.reshape(3, 4) + b0)
    scores = hidden @ W1.reshape(4, 3) + b1
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(c.Y))
    loss.backward()
    assert g.loss.data == pytest.approx(float(loss.detach()), rel=1e-12)
    close(g.gradient(), theta.grad.numpy())


def test_names_and_values_of_all_nodes():
    c = case("tanh", "log_loss", "softmax", (3, 4, 2), rows=2)
    views, layers = c.network.views(c.theta), activations(c.network, c.theta, c.X)
    single, several = graph(c.network, c.theta, c.X[0], c.Y[0]), graph(c.network, c.theta, c.X, c.Y)
    for g, mark, rows in ((single, "", 1), (several, "1,", 2)):
        row = rows - 1
        assert g["W[1][3,0]"].data == views.W[1][3, 0] and g["b[0][2]"].data == views.b[0][2]
        for k, layer in enumerate(layers):
            for j in range(layer.shape[1]):
                assert g[f"a[{k}][{mark}{j}]"].data == pytest.approx(layer[row, j], rel=1e-14)
        assert g[f"x[{mark}2]"].data == c.X[row, 2] and g[f"y[{mark}1]"].data == c.Y[row, 1]
    assert several.loss.data == pytest.approx((several["l[0]"].data + several["l[1]"].data) / 2, rel=1e-15)
    assert [node.data for node in single.parameters] == c.theta.tolist()


def test_gradient_with_respect_to_the_inputs():
    c = case("gelu", "mse", "identity", (3, 4, 2))
    g = graph(c.network, c.theta, c.X[0])
    for k, output in enumerate(g.predictions[0]):
        g.backward(output)
        close([g[f"x[{i}]"].grad for i in range(3)], input_gradient(c.network, c.theta, c.X[:1], k)[0])
    with pytest.raises(ValueError, match="2 outputs"):
        g.backward()


def test_changed_parameters_run_again():
    """The graph computes other parameters, inputs and targets as if built for them, also beside the point of its making."""
    for hidden, loss, output in (
        ("relu", "log_loss", "softmax"),
        ("mish", "poisson", "exp"),
        ("elu", "quantile", "identity"),
    ):
        c, other = (case(hidden, loss, output, (3, 4, 2), seed=seed) for seed in (1, 2))
        g, fresh = graph(c.network, c.theta, c.X[0], c.Y[0]), graph(c.network, 5 * other.theta, other.X[1], other.Y[1])
        for node in g.leaves:
            if node.name:
                node.data = fresh[node.name].data
        g.forward()
        with pytest.raises(ValueError, match="no gradient yet"):
            g.gradient()
        g.backward()
        fresh.backward()
        assert g.loss.data == fresh.loss.data
        np.testing.assert_array_equal(g.gradient(), fresh.gradient())


def test_far_scores_stay_finite():
    """Losses go by raw scores as in the engines: a saturated network has a loss and a gradient."""
    for loss, output in (("log_loss", "softmax"), ("log_loss", "logistic"), ("hinge", "identity")):
        network = Network(2, (Dense(2, output),), loss)
        theta = network.pack([np.array([[900.0, -900.0], [1.0, 1.0]])], [np.zeros(2)])
        agrees(network, theta, np.array([1.0, 0.5]), np.array([0.0, 1.0]))


def test_dropout_is_off_and_statistics_run():
    network = Network(3, (Dense(4, "relu", dropout=0.5, batch_norm=True), Dense(1, "identity")), input_dropout=0.2)
    theta = network.init(0)
    network.views(theta).mean[0][...] = 0.3
    X, Y = np.random.RandomState(0).standard_normal((3, 3)), np.ones((3, 1))
    g = agrees(network, theta, X, Y)
    assert g["mean[0][1]"].grad is None and np.count_nonzero(g.gradient()[network.n_trained :]) == 0


def test_other_forms_of_the_data():
    c = case("tanh", "squared_error", "identity", (3, 4, 1), rows=4)
    wanted = graph(c.network, c.theta, c.X, c.Y).loss.data
    assert graph(c.network, c.theta, scipy.sparse.csr_array(c.X), c.Y[:, 0]).loss.data == wanted
    assert graph(c.network, c.theta, c.X.tolist(), c.Y.tolist()).loss.data == wanted
    assert (
        graph(c.network, c.theta, c.X[0], c.Y[0, 0]).loss.data == graph(c.network, c.theta, c.X[:1], c.Y[:1]).loss.data
    )
    single = c.theta.astype(np.float32)
    assert graph(c.network, single, c.X, c.Y).loss.data == graph(c.network, single.astype(float), c.X, c.Y).loss.data


BIG = Network(784, (Dense(128), Dense(64), Dense(10, "softmax")), "log_loss")
STEP = Network(2, (Dense(2, "step"), Dense(1, "identity")))
SMALL = Network(2, (Dense(1, "logistic"),), "log_loss")


@pytest.mark.parametrize(
    ("network", "x", "y", "message"),
    [
        (BIG, np.zeros(784), None, "109184 weights has 109184 products, more than 10000.*trace"),
        (SMALL, np.zeros((6000, 2)), None, "6000 row.*12000 products"),
        (SMALL, np.zeros(3), None, r"shape \(n, 2\)"),
        (SMALL, np.zeros((0, 2)), None, "no rows"),
        (SMALL, [1.0, np.nan], None, r"x\[1\].*finite"),
        (SMALL, [1.0, 1.0], 2.0, r"row 0, column 0.*\[0, 1\]"),
        (SMALL, [1.0, 1.0], [1.0, 0.0], "encoded targets"),
        (SMALL, ["a", "b"], None, "numbers"),
        (STEP, [1.0, 1.0], 1.0, "'step' cannot be trained"),
    ],
)  # fmt: skip
def test_refusals(network, x, y, message):
    with pytest.raises(ValueError, match=message):
        graph(network, network.init(0), x, y)


def test_parameters_that_are_not_finite():
    theta = SMALL.init(0)
    theta[1] = np.inf
    with pytest.raises(ValueError, match=r"theta\[1\] is inf"):
        graph(SMALL, theta, [1.0, 1.0])


def test_step_can_be_looked_at():
    theta = STEP.init(0)
    g = graph(STEP, theta, [1.0, -1.0])
    close(g.predictions[0][0].data, STEP.predict(theta, [[1.0, -1.0]])[0, 0])


def test_it_can_be_drawn():
    c = case("relu", "log_loss", "softmax", (3, 2, 2))
    g = graph(c.network, c.theta, c.X[0], c.Y[0])
    g.backward()
    svg = g.draw(g["z[1][0]"]).svg
    assert "W[1][1,0]" in svg and "log Σ exp" in svg
    assert next(g.backward_pass()).node is g.loss
