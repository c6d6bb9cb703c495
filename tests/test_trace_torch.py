"""Every derivative of a trace against PyTorch's automatic differentiation, batch normalisation and sample weights included."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.network import Dense, Network
from chainrule.trace import trace
from tests.trace_cases import case

torch = pytest.importorskip("torch")

OUTPUTS = {
    "log_loss": (Dense(3, "softmax"), lambda z, y: -(y * torch.log_softmax(z, 1)).sum(1)),
    "squared_error": (Dense(3, "identity"), lambda z, y: ((z - y) ** 2).sum(1) / 2),
    "mse": (Dense(3, "logistic"), lambda z, y: ((torch.sigmoid(z) - y) ** 2).mean(1)),
}


def kept(tensor):
    """A tensor whose gradient is kept."""
    tensor.retain_grad()
    return tensor


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("name", OUTPUTS)
def test_derivatives(name, batch_norm):
    output, loss = OUTPUTS[name]
    network = Network(2, [Dense(4, "tanh", batch_norm=batch_norm), Dense(3, "softplus"), output], name)
    theta, X, Y = case(network, 5)
    weight = np.array([1.0, 2.0, 0.5, 1.5, 3.0])
    done = trace(network, theta, X, Y, sample_weight=weight, l2=0.1, level="layer")
    views = network.views(theta)
    W, b = ([torch.tensor(part, requires_grad=True) for part in parts] for parts in (views.W, views.b))
    w, a, found = torch.tensor(weight), torch.tensor(X), {}
    for k in range(3):
        z = a @ W[k] + (0 if batch_norm and k == 0 else b[k])
        if batch_norm and k == 0:
            found["linear_delta-l0"] = kept(z)
            mean = (w[:, None] * z).sum(0) / w.sum()
            variance = (w[:, None] * (z - mean) ** 2).sum(0) / w.sum()
            z = (z - mean) / torch.sqrt(variance + 1e-5) + b[k]
        found[f"delta-l{k}"] = kept(z)
        if k < 2:
            a = kept(torch.tanh(z) if k == 0 else torch.nn.functional.softplus(z))
            found[f"activation_gradient-l{k}"] = a
    total = (w * loss(z, torch.tensor(Y))).sum()
    objective = total / w.sum() + 0.05 * sum((part**2).sum() for part in W)
    total.backward(retain_graph=True)
    for row, tensor in found.items():
        np.testing.assert_allclose(done[row].value, tensor.grad.numpy(), rtol=1e-9, atol=1e-12, err_msg=row)
    for part in (*W, *b):
        part.grad = None
    objective.backward()
    assert done["loss"].value == pytest.approx(objective.item(), rel=1e-12)
    for k in range(3):
        np.testing.assert_allclose(done[f"gradient-weight-l{k}"].value, W[k].grad.numpy(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(done[f"gradient-bias-l{k}"].value, b[k].grad.numpy(), rtol=1e-9, atol=1e-12)
