"""The lab's assertions can fail: each way of breaking the reference engine turns an experiment red."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

pytest.importorskip("matplotlib")

from chainrule import training
from chainrule.engines import reference
from chainrule.engines.normalization import EPSILON, Normalized
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


def decayed_biases():
    """Weight decay of the biases too."""
    right = reference.tape

    def tape(network, theta, X, Y, sample_weight=None, alpha=0.0, l2=0.0, *rest):
        done = right(network, theta, X, Y, sample_weight, alpha, l2, *rest)
        biases = slice(network.n_weights, network.n_affine)
        done.gradient[biases] += l2 * theta[biases]
        return done

    return patched(reference, "tape", tape)


class Unshuffled(np.random.RandomState):
    """Random numbers as ever, but no permutations."""

    def permutation(self, x):
        return np.arange(x)


def not_inverted():
    """Dropout that leaves units out and does not scale the others."""
    right = reference.dropout.mask
    return patched(reference.dropout, "mask", lambda *given: (right(*given) > 0).astype(float))


def without_root(linear, weight, views, k):
    """Batch normalisation with the variance where the standard deviation belongs, as the slide prints it."""
    mean, variance = linear.mean(axis=0), linear.var(axis=0)
    z_hat = (linear - mean) / (variance + EPSILON)
    return Normalized(z_hat, mean, variance), views.gamma[k] * z_hat + views.b[k]


def counted(self, rate, t):
    """Adam's rate without the bias corrections."""
    return rate


# What is broken -> how, and the experiments of which one must notice.
MUTATIONS = {
    "gradient summed, not averaged": (lambda: wrong_tape(sum_instead_of_mean), ("gradient-descent", "momentum")),
    "sign of one weight's gradient": (lambda: wrong_tape(wrong_last_weight), ("gradient-descent", "momentum")),
    "biases do not learn": (lambda: wrong_tape(frozen_biases), ("softmax-cross-entropy", "perceptron-gates")),
    "Adam without bias correction": (lambda: patched(Adam, "corrected", counted), ("adam-first-step",)),
    "weight decay of the biases": (decayed_biases, ("weight-decay",)),
    "batches not shuffled": (
        lambda: patched(training, "check_random_state", Unshuffled), ("sgd-paths",)
    ),
    "dropout not inverted": (not_inverted, ("dropout",)),
    "batch normalisation without the square root": (
        lambda: patched(reference, "normalize_batch", without_root), ("batch-normalisation",)
    ),
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
        with threadpool_limits(1):  # the arrays are small
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
