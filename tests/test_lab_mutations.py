"""The lab's assertions can fail: each way of breaking the reference engine turns an experiment red."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from chainrule.engines import reference
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.solvers import SGD, Adam
from chainrule.lab.catalogue import get_experiment
from chainrule.lab.experiment import Bench


@contextmanager
def field(thing, name, value):
    """A field of a frozen dataclass changed for a while."""
    before = getattr(thing, name)
    object.__setattr__(thing, name, value)
    try:
        yield
    finally:
        object.__setattr__(thing, name, before)


@contextmanager
def patched(thing, name, value):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thing, name, value)
        yield


def wrong_tape(change):
    """The engine's pass with its gradient changed by `change(network, theta, gradient, n)`."""
    right = reference.tape

    def tape(network, theta, X, Y, *rest, **named):
        done = right(network, theta, X, Y, *rest, **named)
        change(network, theta, done.gradient, len(Y))
        return done

    return patched(reference, "tape", tape)


def sum_instead_of_mean(network, theta, gradient, n):
    gradient *= n


def frozen_biases(network, theta, gradient, n):
    gradient[network.n_weights : network.n_affine] = 0


def wrong_last_weight(network, theta, gradient, n):
    gradient[network.n_weights - 1] *= -1


def heavier(self, theta, gradient, state, t, rate):
    """Momentum with the sign of the gradient's part wrong in the average."""
    state["velocity"] *= -self.momentum
    state["velocity"] -= (1 - self.dampening) * rate * gradient
    theta += state["velocity"]


def leaky(z):
    return np.where(z > 0, z, 0.1 * z)


def naive_softmax(z):
    """Without taking the greatest score off first."""
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


def shifted_softmax(z):
    """Not invariant to a constant."""
    return naive_softmax(np.tanh(z / 50) * 50)


def counted(self, rate, t):
    """Adam's rate without the bias corrections."""
    return rate


# What is broken -> how, and the experiments of which one must notice.
MUTATIONS = {
    "gradient summed, not averaged": (lambda: wrong_tape(sum_instead_of_mean), ("gradient-descent", "momentum")),
    "sign of one weight's gradient": (lambda: wrong_tape(wrong_last_weight), ("gradient-descent", "momentum")),
    "biases do not learn": (lambda: wrong_tape(frozen_biases), ("softmax-cross-entropy", "perceptron-gates")),
    "Adam without bias correction": (lambda: patched(Adam, "corrected", counted), ("adam-first-step",)),
    "momentum with the wrong sign": (lambda: patched(SGD, "step", heavier), ("momentum",)),
    "ReLU leaks": (lambda: field(ACTIVATIONS["relu"], "value", leaky), ("shallow-joints", "xor")),
    "softmax not shift-invariant": (lambda: field(ACTIVATIONS["softmax"], "value", shifted_softmax), ("softmax-cross-entropy",)),
    "tanh's slope has the wrong sign": (
        lambda: field(ACTIVATIONS["tanh"], "slope", lambda z, a: a * a - 1), ("xor",)
    ),
    "a score of 0 counts as class 1": (
        lambda: field(LOSSES["perceptron"].outputs["identity"], "slope", lambda y, z, a: (z >= 0) - y), ("perceptron-gates",)
    ),
}  # fmt: skip


def held(name):
    """Whether the experiment holds on the reference engine; an error is no success."""
    try:
        return get_experiment(name).run(Bench(engine="reference", reduced=True)).held
    except (ArithmeticError, ValueError):
        return False


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_mutation_is_noticed(mutation):
    broken, experiments = MUTATIONS[mutation]
    with broken():
        assert not all(held(name) for name in experiments)


@pytest.mark.parametrize("name", sorted({name for _, names in MUTATIONS.values() for name in names}))
def test_unbroken_reference_engine_holds(name):
    assert held(name)
