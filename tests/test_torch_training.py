"""Fifty steps of training beside PyTorch's autograd, float64, on every engine: each activation, loss and output, schedule."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import train
from chainrule.engines import ENGINES
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import Huber, LogLoss, Quantile
from chainrule.formulas.schedules import SCHEDULES, get_schedule
from chainrule.formulas.solvers import SGD, AdamW
from chainrule.network import Dense, Network
from tests.combinations import HIDDEN, PAIRS, targets
from tests.test_torch_formulas import ACTIVATION_OF, LOSS_OF, pinball, poisson
from tests.test_torch_formulas import F as functional

torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
ROWS, STEPS, RATE = 24, 50, 0.05
PLAIN = SGD(0.0, nesterov=False)


def trainable(loss, output):
    try:
        Network(4, (Dense(3, output),), loss).check_trainable()
    except ValueError:
        return False
    return True


TRAINABLE = [pair for pair in PAIRS if trainable(*pair)]


def rows(inputs, seed=0):
    return np.random.RandomState(seed).standard_normal((ROWS, inputs))


def pytorchs(network, theta, X, losses, rates, optimizer=torch.optim.SGD, **options):
    """Parameters after one step over all rows per rate; `losses` takes scores and activations of the output layer."""
    views = network.views(theta.copy())
    W, b = ([torch.tensor(part, requires_grad=True) for part in parts] for parts in (views.W, views.b))
    steps = optimizer([*W, *b], lr=RATE, **options)
    for rate in rates:
        a = torch.tensor(X)
        for layer, weights, biases in zip(network.layers, W, b, strict=True):
            z = a @ weights + biases
            a = z if layer.function.name not in ACTIVATION_OF else ACTIVATION_OF[layer.function.name](z)
        steps.zero_grad()
        losses(z, a).mean().backward()
        steps.param_groups[0]["lr"] = rate
        steps.step()
    return np.concatenate([part.detach().numpy().ravel() for part in (*W, *b)])


def ours(engine, network, theta, X, Y, solver=PLAIN, schedule="constant"):
    course = {"learning_rate_init": RATE, "batch_size": ROWS, "max_iter": STEPS, "n_iter_no_change": np.inf}
    training = train(
        network, theta, X, Y, solver=solver, learning_rate=schedule, engine=engine, shuffle=False, **course
    )
    rates = [epoch.learning_rate for epoch in training]
    assert len(rates) == STEPS
    return training.theta, rates


def check(engine, network, Y, losses):
    if (why := ENGINES[engine].refusal(network, np.float64, SGD())) is not None:
        pytest.skip(why)
    theta, X = network.init(3), rows(network.inputs)
    got, _ = ours(engine, network, theta, X, Y)
    assert np.abs(got - theta).max() > 1e-3
    np.testing.assert_allclose(got, pytorchs(network, theta, X, losses, [RATE] * STEPS), rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_activation_trains_as_in_pytorch(engine, hidden):
    network = Network(4, (Dense(6, hidden), Dense(5, hidden), Dense(2, "identity")), "squared_error")
    Y = rows(2, 1)
    check(engine, network, Y, lambda z, a: LOSS_OF["squared_error"](z, a, torch.tensor(Y)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("loss", "output"), TRAINABLE)
def test_every_loss_trains_as_in_pytorch(engine, loss, output):
    network = Network(4, (Dense(6, "tanh"), Dense(3, output)), loss)
    Y = targets(output, np.random.RandomState(2), (ROWS, 3))
    if loss in ("hinge", "perceptron"):
        Y = np.round(Y)
    check(engine, network, Y, lambda z, a: LOSS_OF[loss](z, a, torch.tensor(Y)))


def test_all_but_the_step_are_trained():
    assert {output for loss, output in set(PAIRS) - set(TRAINABLE)} == {"step"}
    assert ("perceptron", "step") in TRAINABLE


LEVELS = (0.05, 0.5, 0.9)
FURTHER = {
    "huber": (
        Huber(0.3), "identity", rows(2, 3),
        lambda z, a, y: torch.stack([functional.huber_loss(*row, delta=0.3) for row in zip(a, y, strict=True)]),
    ),
    "quantiles": (Quantile(LEVELS), "identity", rows(1, 4), pinball(torch.tensor(LEVELS, dtype=torch.float64))),
    "ordered quantiles": (Quantile(LEVELS), "ordered", rows(1, 4), pinball(torch.tensor(LEVELS, dtype=torch.float64))),
    "smoothed classes": (
        LogLoss(0.2), "softmax", np.eye(3)[np.arange(ROWS) % 3],
        lambda z, a, y: functional.cross_entropy(z, y.argmax(1), reduction="none", label_smoothing=0.2),
    ),
    "smoothed class": (
        LogLoss(0.2), "logistic", np.arange(ROWS)[:, None] % 2.0,
        lambda z, a, y: functional.binary_cross_entropy_with_logits(z, 0.8 * y + 0.1, reduction="none").sum(1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FURTHER)
def test_losses_with_parameters_train_as_in_pytorch(engine, name):
    loss, output, Y, theirs = FURTHER[name]
    outputs = len(LEVELS) if "quantiles" in name else Y.shape[1]
    network = Network(4, (Dense(6, "tanh"), Dense(outputs, output)), loss)
    check(engine, network, Y, lambda z, a: theirs(z, a, torch.tensor(Y)))


@pytest.mark.parametrize("engine", ENGINES)
def test_heads_train_as_in_pytorch(engine):
    heads = Heads((Head(3, "softmax", "log_loss"), Head(2, "identity", "mse", 0.5), Head(1, "exp", "poisson", 0.25)))
    network = Network(4, (Dense(6, "tanh"), Dense(6, heads.activation())), heads)
    classes, values, counts = np.eye(3)[np.arange(ROWS) % 3], rows(2, 5), np.arange(ROWS)[:, None] % 4.0

    def theirs(z, a):
        entropy = functional.cross_entropy(z[:, :3], torch.tensor(classes), reduction="none")
        squares = functional.mse_loss(z[:, 3:5], torch.tensor(values), reduction="none").mean(1)
        return entropy + 0.5 * squares + 0.25 * poisson(None, torch.exp(z[:, 5:]), torch.tensor(counts))

    check(engine, network, np.hstack([classes, values, counts]), theirs)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("warmup", [0, 5])
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_trains_as_in_pytorch(engine, name, warmup):
    """Rates are compared with PyTorch's in test_schedules.py; here each must reach its step, for two kinds of solver."""
    schedule = type(get_schedule(name))(warmup=warmup)
    network = Network(4, (Dense(6, "tanh"), Dense(2, "identity")), "squared_error")
    theta, X, Y = network.init(3), rows(4), rows(2, 1)
    solvers = {
        PLAIN: (torch.optim.SGD, {}),
        AdamW(epsilon=1e-15, weight_decay=0.0): (torch.optim.AdamW, {"eps": 1e-15, "weight_decay": 0.0}),
    }
    for solver, (kind, options) in solvers.items():
        got, rates = ours(engine, network, theta, X, Y, solver, schedule)
        assert (len(set(rates)) > 1) == (warmup > 0 or name not in ("constant", "adaptive"))
        losses = lambda z, a: LOSS_OF["squared_error"](z, a, torch.tensor(Y))  # noqa: E731
        np.testing.assert_allclose(
            got, pytorchs(network, theta, X, losses, rates, kind, **options), rtol=1e-6, atol=1e-8
        )
