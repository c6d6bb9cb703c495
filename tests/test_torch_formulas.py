"""Activations, losses and heads against PyTorch, float64: values and gradients of single evaluations."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES, Huber, LogLoss, Quantile
from tests.combinations import PAIRS

torch = pytest.importorskip("torch")
F = torch.nn.functional

ACTIVATION_OF = {
    "identity": lambda z: z * 1,
    "step": lambda z: torch.heaviside(z.detach(), torch.zeros((), dtype=z.dtype)) + 0 * z,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "softplus": lambda z: F.softplus(z, threshold=1e3),
    "silu": F.silu,
    "mish": F.mish,
    "exp": torch.exp,
    "softmax": lambda z: torch.softmax(z, dim=-1),
    "ordered": lambda z: torch.cumsum(torch.cat([z[:, :1], F.softplus(z[:, 1:], threshold=1e3)], 1), 1),
}


def each(function):
    """The loss of each row from a PyTorch function that reduces."""
    return lambda z, a, y: torch.stack([function(*row) for row in zip(z, a, y, strict=True)])


def cross_entropy(z, a, y):
    exclusive = torch.allclose(a.sum(1), torch.ones((), dtype=a.dtype))
    if exclusive:
        return F.cross_entropy(z, y, reduction="none")
    return F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1)


def poisson(z, a, y):
    # PyTorch's loss leaves out what does not depend on the prediction.
    return (F.poisson_nll_loss(a, y, log_input=False, eps=0, reduction="none") + torch.xlogy(y, y) - y).sum(1)


def pinball(level):
    return lambda z, a, y: torch.maximum(level * (y - a), (level - 1) * (y - a)).mean(1)


LOSS_OF = {
    "squared_error": lambda z, a, y: 0.5 * F.mse_loss(a, y, reduction="none").sum(1),
    "mse": each(lambda z, a, y: F.mse_loss(a, y)),
    "absolute_error": each(lambda z, a, y: F.l1_loss(a, y)),
    "huber": each(lambda z, a, y: F.huber_loss(a, y)),
    "quantile": pinball(0.5),
    "log_loss": cross_entropy,
    "poisson": poisson,
    "hinge": lambda z, a, y: F.relu(1 - (2 * y - 1) * z).sum(1),
    "perceptron": lambda z, a, y: F.relu(-(2 * y - 1) * z).sum(1),
}


def compare(value, slope, theirs, z):
    """Compare a function of z and its slope with PyTorch's, each row's gradient by autograd."""
    leaf = torch.tensor(z, requires_grad=True)
    result = theirs(leaf)
    result.sum().backward()
    np.testing.assert_allclose(value, result.detach().numpy(), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(slope, leaf.grad.numpy(), rtol=1e-10, atol=1e-14)


def scores(rows=12, columns=3):
    return np.random.RandomState(0).uniform(-6, 6, (rows, columns))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_pytorchs(name):
    assert name in ACTIVATION_OF, f"give tests/test_torch_formulas.py PyTorch's {name!r}"
    z = scores()
    z[0] = 0  # the kinks too
    upstream = np.random.RandomState(1).standard_normal(z.shape)
    entry = ACTIVATIONS[name]
    a = entry.value(z)
    np.testing.assert_allclose(a, ACTIVATION_OF[name](torch.tensor(z)).numpy(), rtol=1e-10, atol=1e-15)
    weighted = (a * upstream).sum(axis=1)
    compare(
        weighted, entry.backward(z, a, upstream), lambda t: (ACTIVATION_OF[name](t) * torch.tensor(upstream)).sum(1), z
    )


@pytest.mark.parametrize("hard", [True, False], ids=["0 and 1", "between"])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_loss_is_pytorchs(loss, output, hard):
    assert loss in LOSS_OF, f"give tests/test_torch_formulas.py PyTorch's {loss!r}"
    z, rng = scores(), np.random.RandomState(2)
    y = np.eye(3)[rng.randint(3, size=len(z))] if hard else rng.dirichlet(np.ones(3), len(z))
    check_loss(LOSSES[loss], ACTIVATIONS[output], LOSS_OF[loss], y, z)


def check_loss(entry, activation, theirs, y, z):
    a = activation.value(z)
    target, function = torch.tensor(y), ACTIVATION_OF[activation.name]
    rows, delta = entry.rows(y, z, a, activation), entry.delta(y, z, a, activation)
    compare(rows, delta, lambda t: theirs(t, function(t), target), z)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_label_smoothing_is_pytorchs(share):
    z, label = scores(columns=4), np.random.RandomState(3).randint(4, size=12)
    entry, y = LogLoss(share).build(), np.eye(4)[label]
    target = torch.tensor(label)
    check_loss(
        entry,
        ACTIVATIONS["softmax"],
        lambda t, a, _: F.cross_entropy(t, target, reduction="none", label_smoothing=share),
        y,
        z,
    )
    check_loss(
        entry,
        ACTIVATIONS["logistic"],
        lambda t, a, hot: F.binary_cross_entropy_with_logits(t, hot * (1 - share) + share / 2, reduction="none").sum(1),
        y,
        z,
    )


@pytest.mark.parametrize("delta", [0.05, 1.0, 7.5])
@pytest.mark.parametrize("output", ["identity", "softplus", "tanh"])
def test_huber_is_pytorchs_for_any_delta(delta, output):
    z, y = scores(), np.random.RandomState(4).standard_normal((12, 3))
    theirs = each(lambda t, a, row: F.huber_loss(a, row, delta=delta))
    check_loss(Huber(delta).build(), ACTIVATIONS[output], theirs, y, z)


@pytest.mark.parametrize("output", ["identity", "ordered"])
def test_quantiles_are_pytorchs_pinball(output):
    levels = (0.05, 0.5, 0.9)
    z, y = scores(), np.random.RandomState(5).standard_normal((12, 1)) * 4
    check_loss(Quantile(levels).build(), ACTIVATIONS[output], pinball(torch.tensor(levels, dtype=torch.float64)), y, z)


def test_heads_are_the_weighted_sum_of_pytorchs_losses():
    heads = Heads((Head(3, "softmax", LogLoss(0.1), 2.0), Head(2, "identity", "mse"), Head(1, "exp", "poisson", 0.25)))
    z, rng = scores(columns=6) / 3, np.random.RandomState(6)
    label, values, counts = rng.randint(3, size=12), rng.standard_normal((12, 2)), rng.poisson(3, (12, 1))
    y = np.hstack([np.eye(3)[label], values, counts])
    activation, loss = heads.activation(), heads.build()
    a = activation.value(z)

    def theirs(t):
        smooth = F.cross_entropy(t[:, :3], torch.tensor(label), reduction="none", label_smoothing=0.1)
        square = F.mse_loss(t[:, 3:5], torch.tensor(values), reduction="none").mean(1)
        target = torch.tensor(counts, dtype=torch.float64)
        return 2 * smooth + square + 0.25 * poisson(None, torch.exp(t[:, 5:]), target)

    compare(loss.rows(y, z, a, activation), loss.delta(y, z, a, activation), theirs, z)
    upstream = rng.standard_normal(z.shape)
    outputs = [
        (ACTIVATION_OF["softmax"], slice(0, 3)),
        (ACTIVATION_OF["identity"], slice(3, 5)),
        (torch.exp, slice(5, 6)),
    ]
    compare(
        (a * upstream).sum(axis=1),
        activation.backward(z, a, upstream),
        lambda t: (torch.cat([f(t[:, part]) for f, part in outputs], 1) * torch.tensor(upstream)).sum(1),
        z,
    )
