"""Every stochastic solver against PyTorch's: the same steps on the same gradients, and the same training of a network.

Two conventions differ and are translated here (docs/conventions.md): PyTorch's Adam adds its epsilon to the corrected root,
and its SGD leaves the first gradient undampened.
"""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest

from chainrule import train
from chainrule.engines import ENGINES
from chainrule.formulas.solvers import SGD, SOLVERS, Adadelta, Adagrad, Adam, AdamW, RMSProp
from chainrule.network import Dense, Network

torch = pytest.importorskip("torch")
optim = torch.optim

RATE = 0.05
CASES = {
    "sgd, Nesterov": (SGD(), optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "sgd, Polyak": (SGD(0.8, False), optim.SGD, {"momentum": 0.8}),
    "sgd, plain": (SGD(0.0, False), optim.SGD, {}),
    "sgd, averaged": (SGD(0.9, False, 0.9), optim.SGD, {"momentum": 0.9, "dampening": 0.9}),
    "sgd, dampened": (SGD(0.7, False, 0.2), optim.SGD, {"momentum": 0.7, "dampening": 0.2}),
    "adagrad": (Adagrad(), optim.Adagrad, {}),
    "adagrad, started": (Adagrad(1e-3, 0.1), optim.Adagrad, {"eps": 1e-3, "initial_accumulator_value": 0.1}),
    "adadelta": (Adadelta(), optim.Adadelta, {}),
    "adadelta, slow": (Adadelta(0.95, 1e-3), optim.Adadelta, {"rho": 0.95, "eps": 1e-3}),
    "rmsprop": (RMSProp(), optim.RMSprop, {}),
    "rmsprop, fast": (RMSProp(0.9, 1e-3), optim.RMSprop, {"alpha": 0.9, "eps": 1e-3}),
    "rmsprop, momentum": (RMSProp(heavy_ball=0.9), optim.RMSprop, {"momentum": 0.9}),
    "adam": (Adam(), optim.Adam, {}),
    "adam, other rates": (Adam(0.8, 0.95, 1e-3), optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-3}),
    "adamw": (AdamW(), optim.AdamW, {}),
    "adamw, strong": (
        AdamW(0.8, 0.95, 1e-3, 0.2),
        optim.AdamW,
        {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.2},
    ),
}
# Ours -> PyTorch's name, where defaults are meant to be PyTorch's.
DEFAULTS = {
    Adagrad: {"eps": "eps", "initial_accumulator": "initial_accumulator_value"},
    Adadelta: {"rho": "rho", "eps": "eps"},
    RMSProp: {"decay_rate": "alpha", "eps": "eps", "heavy_ball": "momentum"},
    AdamW: {"epsilon": "eps", "weight_decay": "weight_decay"},
}


def theirs_for(mine, kind, options, weights, biases=()):
    """PyTorch's optimiser; decay for the weights only."""
    groups = [{"params": list(weights)}]
    if biases:
        groups.append({"params": list(biases), **({"weight_decay": 0.0} if mine.decay else {})})
    optimizer = kind(groups, lr=RATE, **options)
    for parameter in [*weights, *biases] if options.get("dampening") else []:
        optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def translate_epsilon(optimizer, mine, t):
    """Make PyTorch's sqrt(v) / c + eps the paper's (sqrt(v) + epsilon hat) / c, with c = sqrt(1 - beta_2**t)."""
    if isinstance(mine, Adam):
        for group in optimizer.param_groups:
            group["eps"] = mine.epsilon / (1 - mine.beta_2**t) ** 0.5


def test_every_stochastic_solver_has_a_case():
    assert {mine.name for mine, _, _ in CASES.values()} == {name for name, kind in SOLVERS.items() if kind.stochastic}


@pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.name)
def test_defaults_are_pytorchs(kind):
    theirs = next(other for mine, other, _ in CASES.values() if type(mine) is kind)
    defaults = signature(theirs.__init__).parameters
    for own, name in DEFAULTS[kind].items():
        assert getattr(kind(), own) == defaults[name].default


@pytest.mark.parametrize("case", CASES)
def test_steps_are_pytorchs(case):
    mine, kind, options = CASES[case]
    rng = np.random.RandomState(0)
    theta = rng.randn(9)
    parameter = torch.tensor(theta, requires_grad=True)
    optimizer, state = theirs_for(mine, kind, options, [parameter]), mine.init(theta)
    for t in range(1, 51):
        gradient = rng.randn(9) * 10.0 ** rng.randint(-3, 2, 9)
        translate_epsilon(optimizer, mine, t)
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        theta *= 1 - RATE * mine.decay
        mine.step(theta, gradient, state, t, RATE)
        np.testing.assert_allclose(theta, parameter.detach().numpy(), rtol=1e-10 if t == 1 else 1e-6, atol=1e-14)


@pytest.mark.parametrize("case", [name for name, (mine, _, _) in CASES.items() if not isinstance(mine, SGD)])
def test_steps_are_pytorchs_while_the_rate_changes(case):
    """Not so for SGD with momentum, whose velocity has the rate inside."""
    mine, kind, options = CASES[case]
    rng = np.random.RandomState(1)
    theta = rng.randn(4)
    parameter = torch.tensor(theta, requires_grad=True)
    optimizer, state = theirs_for(mine, kind, options, [parameter]), mine.init(theta)
    for t in range(1, 31):
        gradient, rate = rng.randn(4), RATE * 0.9**t
        translate_epsilon(optimizer, mine, t)
        for group in optimizer.param_groups:
            group["lr"] = rate
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        theta *= 1 - rate * mine.decay
        mine.step(theta, gradient, state, t, rate)
        np.testing.assert_allclose(theta, parameter.detach().numpy(), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_fifty_steps_of_training_are_pytorchs(case, engine):
    mine, kind, options = CASES[case]
    network = Network(3, (Dense(5, "tanh"), Dense(2, "identity")), "squared_error")
    if (why := ENGINES[engine].refusal(network, np.float64, mine)) is not None:
        pytest.skip(why)
    rng = np.random.RandomState(2)
    X, Y, theta = rng.randn(20, 3), rng.randn(20, 2), network.init(3)
    views = network.views(theta)
    W = [torch.tensor(w, requires_grad=True) for w in views.W]
    b = [torch.tensor(v, requires_grad=True) for v in views.b]
    optimizer = theirs_for(mine, kind, options, W, b)
    for t in range(1, 51):
        optimizer.zero_grad()
        output = torch.tanh(torch.tensor(X) @ W[0] + b[0]) @ W[1] + b[1]
        (0.5 * ((output - torch.tensor(Y)) ** 2).sum(axis=1).mean()).backward()
        translate_epsilon(optimizer, mine, t)
        optimizer.step()
    expected = np.concatenate([p.detach().numpy().ravel() for p in [*W, *b]])
    course = {"learning_rate_init": RATE, "batch_size": 20, "max_iter": 50, "n_iter_no_change": np.inf}
    training = train(network, theta, X, Y, solver=mine, engine=engine, **course)
    assert sum(1 for _ in training) == 50
    np.testing.assert_allclose(training.theta, expected, rtol=1e-6, atol=1e-12)
