"""Whole training steps beside PyTorch's, in float64: dropout through the same masks, batch normalisation, penalties, clipping.

One step to 1e-10, fifty to 1e-6.
"""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engines import StepSettings, TrainingData
from chainrule.engines.reference import draw_masks
from chainrule.formulas.solvers import SGD, AdamW, RMSProp
from chainrule.network import Dense, Network

torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
ROWS, BATCH, RATE = 30, 10, 0.05
NETWORKS = {
    "plain": Network(5, (Dense(8, "tanh"), Dense(6, "gelu"), Dense(3, "softmax")), "log_loss"),
    "batch_norm": Network(
        5, (Dense(8, "tanh", 0.0, True), Dense(6, "relu", 0.0, True), Dense(3, "softmax")), "log_loss"
    ),
    "dropout": Network(5, (Dense(8, "tanh", 0.4), Dense(6, "silu", 0.2), Dense(3, "softmax")), "log_loss", 0.1),
    "both": Network(5, (Dense(8, "elu", 0.4, True), Dense(6, "softplus"), Dense(3, "softmax")), "log_loss", 0.1),
}
SETTINGS = {
    "plain": StepSettings(),
    "l2": StepSettings(l2=0.05),
    "alpha": StepSettings(alpha=0.5),
    "clip_norm": StepSettings(clip_norm=0.2),
    "clip_value": StepSettings(clip_value=0.02),
}


class Twin:
    """The same network in PyTorch, with the same parameters; masks are handed in."""

    def __init__(self, network, theta):
        self.network = network
        views = network.views(theta.copy())
        self.W = [torch.tensor(W, requires_grad=True) for W in views.W]
        self.b = [torch.tensor(b, requires_grad=True) for b in views.b]
        self.gamma = [None if g is None else torch.tensor(g, requires_grad=True) for g in views.gamma]
        self.mean = [None if m is None else torch.tensor(m) for m in views.mean]
        self.variance = [None if v is None else torch.tensor(v) for v in views.variance]

    def scores(self, X, masks, training):
        a = torch.tensor(X) if masks is None or masks[0] is None else torch.tensor(X) * torch.tensor(masks[0])
        for k, layer in enumerate(self.network.layers):
            z = a @ self.W[k]
            if layer.batch_norm:
                statistics = self.mean[k], self.variance[k], self.gamma[k], self.b[k]
                z = torch.nn.functional.batch_norm(z, *statistics, training=training, momentum=0.1, eps=1e-5)
            else:
                z = z + self.b[k]
            if k + 1 == len(self.network.layers):
                return z
            a = getattr(torch.nn.functional, layer.activation)(z) if layer.activation != "tanh" else torch.tanh(z)
            if masks is not None and masks[k + 1] is not None:
                a = a * torch.tensor(masks[k + 1])
        return None

    def parameters(self):
        return [*self.W, *self.b, *(g for g in self.gamma if g is not None)]

    @property
    def theta(self):
        parts = [p.detach().numpy().ravel() for p in self.parameters()]
        running = [m.numpy() for m in (*self.mean, *self.variance) if m is not None]
        return np.concatenate([*parts, *running])


def torch_epochs(twin, X, Y, order, settings, optimizer, steps):
    """`steps` steps over batches of `order`, again and again."""
    network, done = twin.network, 0
    while done < steps:
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            masks = draw_masks(network, settings.seed, done, len(batch), np.float64)
            optimizer.zero_grad()
            z = twin.scores(X[batch], masks, True)
            squares = sum((W**2).sum() for W in twin.W)
            loss = torch.nn.functional.cross_entropy(z, torch.tensor(Y[batch].argmax(axis=1)))
            (loss + (settings.alpha / len(batch) + settings.l2) / 2 * squares).backward()
            if settings.clip_norm is not None:
                # clip_grad_norm_ divides by the norm + 1e-6; its two halves without that.
                length = torch.nn.utils.get_total_norm([p.grad for p in twin.parameters()])
                for p in twin.parameters():
                    p.grad *= min(1.0, settings.clip_norm / float(length))
            if settings.clip_value is not None:
                torch.nn.utils.clip_grad_value_(twin.parameters(), settings.clip_value)
            optimizer.step()
            done += 1
            if done == steps:
                return


def data(network):
    rng = np.random.RandomState(0)
    X, Y = rng.standard_normal((ROWS, network.inputs)), np.eye(3)[rng.randint(3, size=ROWS)]
    return X, Y, rng.permutation(ROWS).astype(np.int64)


def trained(engine, network, settings, solver, steps, theta):
    X, Y, order = data(network)
    session = engine.session(network, theta, TrainingData(X, Y), solver, settings)
    for _ in range(steps // 3):
        session.epoch(order, np.full(3, RATE), BATCH)
    if steps % 3:
        session.epoch(order[: BATCH * (steps % 3)], np.full(3, RATE), BATCH)
    return session.theta


@pytest.mark.parametrize("which", NETWORKS)
@pytest.mark.parametrize("extra", SETTINGS)
@pytest.mark.parametrize(("steps", "tolerance"), [(1, 1e-10), (50, 1e-6)])
def test_steps_are_pytorchs(engine, which, extra, steps, tolerance):
    network, settings = NETWORKS[which], SETTINGS[extra]
    X, Y, order = data(network)
    theta = network.init(3)
    twin = Twin(network, theta)
    optimizer = torch.optim.SGD(twin.parameters(), lr=RATE, momentum=0.9)
    torch_epochs(twin, X, Y, order, settings, optimizer, steps)
    got = trained(engine, network, settings, SGD(0.9, nesterov=False), steps, theta)
    np.testing.assert_allclose(got, twin.theta, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(
        engine.predict(network, got, X),
        torch.softmax(twin.scores(X, None, False), 1).detach().numpy(),
        rtol=10 * tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize("which", NETWORKS)
def test_decoupled_decay_spares_everything_but_weights(engine, which):
    """PyTorch's AdamW with its decay on the weight matrices only; and the same decay beside another solver."""
    network, settings = NETWORKS[which], StepSettings()
    X, Y, order = data(network)
    theta = network.init(3)
    # PyTorch adds epsilon to the corrected root, we to the uncorrected: with a tiny one both vanish.
    twin = Twin(network, theta)
    others = [p for p in twin.parameters() if p.ndim == 1]
    groups = [{"params": twin.W, "weight_decay": 0.3}, {"params": others, "weight_decay": 0.0}]
    torch_epochs(twin, X, Y, order, settings, torch.optim.AdamW(groups, lr=RATE, eps=1e-15), 6)
    got = trained(engine, network, settings, AdamW(epsilon=1e-15, weight_decay=0.3), 6, theta)
    np.testing.assert_allclose(got, twin.theta, rtol=1e-6, atol=1e-6)
    plain = trained(engine, network, StepSettings(weight_decay=0.3), RMSProp(), 3, theta)
    undecayed = trained(engine, network, settings, RMSProp(), 3, theta)
    assert np.linalg.norm(plain[: network.n_weights]) < np.linalg.norm(undecayed[: network.n_weights])


def test_layer_rates_are_pytorchs_parameter_groups(engine):
    network, factors = NETWORKS["batch_norm"], (0.1, 1.0, 0.3)
    X, Y, order = data(network)
    theta = network.init(3)
    twin = Twin(network, theta)
    groups = [
        {"params": [p for p in (twin.W[k], twin.b[k], twin.gamma[k]) if p is not None], "lr": RATE * factor}
        for k, factor in enumerate(factors)
    ]
    torch_epochs(twin, X, Y, order, StepSettings(), torch.optim.SGD(groups, lr=RATE), 9)
    got = trained(engine, network, StepSettings(layer_rates=factors), SGD(0.0), 9, theta)
    np.testing.assert_allclose(got, twin.theta, rtol=1e-8, atol=1e-10)


def test_max_norm_is_pytorchs_renorm(engine):
    network, settings = NETWORKS["plain"], StepSettings(max_norm=0.5)
    X, Y, order = data(network)
    theta = network.init(3)
    twin = Twin(network, theta)
    torch_epochs(twin, X, Y, order[:BATCH], StepSettings(), torch.optim.SGD(twin.parameters(), lr=RATE), 1)
    got = network.views(trained(engine, network, settings, SGD(0.0), 1, theta))
    for W, wanted in zip(got.W, twin.W, strict=True):
        # renorm limits norms along a dimension: columns of W are units; it divides by norm + 1e-7
        np.testing.assert_allclose(W, torch.renorm(wanted.detach(), 2, 1, 0.5).numpy(), rtol=1e-6)
