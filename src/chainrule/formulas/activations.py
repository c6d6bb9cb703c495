"""Activations: value and slope side by side, one table entry each.

Conventions: `z` is the pre-activation (any shape, units in the last axis), `a = value(z)`. The slope may use both, so that
cheap forms are possible (a * (1 - a) for the logistic). At a kink it follows PyTorch. Values and slopes keep the precision of
`z` and are finite for scores up to 1e30 in magnitude (only `exp` overflows, as it must). To add an activation, append one
entry to `ACTIVATIONS`; for native speed, add the twin that `tests/test_engines_agree.py` then asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from chainrule.formulas.lookup import Array, lookup


@dataclass(frozen=True)
class Activation:
    """One activation function.

    Parameters
    ----------
    name : str
        The name users type.
    value : callable
        ``z -> a``, elementwise unless `pullback` is given.
    slope : callable or None
        ``(z, a) -> da/dz``; None for activations that act on the whole layer at once.
    latex : str
        The formula, for explanations.
    gain : float
        Scale of the initial weights that keeps the variance of a deep stack steady: ``1 / sqrt(E[value(z)**2])`` for standard
        normal z (He et al. 2015, arXiv 1502.01852); 1 for identity, logistic and outputs and 5/3 for tanh by convention.
    pullback : callable or None
        ``(z, a, upstream) -> delta`` for activations whose units depend on each other (softmax): the product of `upstream`
        with the Jacobian.
    hidden : bool
        Whether hidden layers may use it.
    untrainable : str
        Why training through it is refused; empty if it can be trained.
    """

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array] | None
    latex: str
    gain: float = 1.0
    pullback: Callable[[Array, Array, Array], Array] | None = None
    hidden: bool = True
    untrainable: str = ""

    def backward(self, z: Array, a: Array, upstream: Array) -> Array:
        """``dL/dz`` from ``upstream = dL/da`` (chain rule; lecture 002, 'Gradient of last layer w.r.t parameters')."""
        if self.pullback is not None:
            return self.pullback(z, a, upstream)
        if self.slope is None:
            raise ValueError(f"activation {self.name!r} has neither a slope nor a pullback; give it one of them.")
        product: Array = upstream * self.slope(z, a)
        return product


class OutputFamily:
    """What can stand for an output activation and builds it itself, such as `Heads`."""

    def activation(self) -> Activation:
        """The output activation."""
        raise TypeError(f"{type(self).__name__} must define activation().")


def _identity(z: Array) -> Array:
    """Linear output for regression (lecture 000, 'Activation Functions for Output Layer')."""
    return z.copy()


def _identity_slope(z: Array, a: Array) -> Array:
    return np.ones_like(a)


def _step(z: Array) -> Array:
    """1 where z > 0, else 0: the perceptron's non-linearity (lecture 001, 'This is a perceptron').

    Lecture 004, 'Perceptron Learning Algorithm', counts a score of exactly 0 as class 1; here it is class 0.
    """
    value: Array = (z > 0).astype(z.dtype)
    return value


def _step_slope(z: Array, a: Array) -> Array:
    return np.zeros_like(a)


def _logistic_slope(z: Array, a: Array) -> Array:
    """``s' = s (1 - s)`` (lectures 001, 'Common activation functions'; 002, 'Logistic function'; 003, 'A quick recap')."""
    return a * (1 - a)


def _tanh_slope(z: Array, a: Array) -> Array:
    """``tanh' = 1 - tanh**2`` (lectures 001, 'Common activation functions'; 002, 'Hyperbolic tangent')."""
    return 1 - a * a


def _relu(z: Array) -> Array:
    """``max(0, z)`` (lectures 000, 'Activation Functions for Hidden Layers'; 001; 002; 004)."""
    value: Array = np.maximum(z, 0)
    return value


def _relu_slope(z: Array, a: Array) -> Array:
    """1 where z > 0, else 0 (lecture 001, 'Common activation functions')."""
    value: Array = (a > 0).astype(a.dtype)
    return value


LEAK = 0.01


def _leaky_relu(z: Array) -> Array:
    """z where positive, else z / 100 (Maas, Hannun & Ng 2013)."""
    return np.where(z > 0, z, LEAK * z)


def _leaky_relu_slope(z: Array, a: Array) -> Array:
    return np.where(a > 0, 1, LEAK).astype(a.dtype)


def _elu(z: Array) -> Array:
    """z where positive, else ``e**z - 1`` (lecture 000, 'Activation Functions for Hidden Layers', with alpha = 1)."""
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def _elu_slope(z: Array, a: Array) -> Array:
    return np.where(a > 0, 1, a + 1).astype(a.dtype)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _selu(z: Array) -> Array:
    """Scaled ELU, whose stack keeps mean 0 and variance 1 (Klambauer et al. 2017, arXiv 1706.02515, eq. 2)."""
    return np.where(z > 0, SELU_SCALE * z, SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(z, 0)))


def _selu_slope(z: Array, a: Array) -> Array:
    return np.where(a > 0, SELU_SCALE, a + SELU_SCALE * SELU_ALPHA).astype(a.dtype)


def _gelu(z: Array) -> Array:
    """``z Phi(z)``, exact, not the tanh approximation (lecture 002, 'Gaussian Error Linear Unit')."""
    value: Array = z * ndtr(z)
    return value


def _gelu_slope(z: Array, a: Array) -> Array:
    # The density underflows beyond 40; clipped, the square cannot overflow.
    near = np.clip(z, -40, 40)
    value: Array = ndtr(z) + near * np.exp(-0.5 * near * near) * (2 * np.pi) ** -0.5
    return value


def _softplus(z: Array) -> Array:
    """``log(1 + e**z)``, the smooth ReLU (Dugas et al. 2000)."""
    value: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return value


def _softplus_slope(z: Array, a: Array) -> Array:
    value: Array = expit(z)
    return value


def _silu(z: Array) -> Array:
    """``z s(z)`` with the logistic s (Hendrycks & Gimpel 2016, arXiv 1606.08415, section 2)."""
    value: Array = z * expit(z)
    return value


def _silu_slope(z: Array, a: Array) -> Array:
    value: Array = expit(z) + a * expit(-z)
    return value


def _mish(z: Array) -> Array:
    """``z tanh(softplus(z))`` (Misra 2019, arXiv 1908.08681)."""
    value: Array = z * np.tanh(_softplus(z))
    return value


def _mish_slope(z: Array, a: Array) -> Array:
    t = np.tanh(_softplus(z))
    value: Array = t + z * ((1 - t * t) * expit(z))
    return value


def _exp(z: Array) -> Array:
    """Positive predictions; the inverse of the Poisson model's log link."""
    with np.errstate(over="ignore"):
        value: Array = np.exp(z)
    return value


def _exp_slope(z: Array, a: Array) -> Array:
    return a


def _softmax(z: Array) -> Array:
    """``e**z_k / sum_j e**z_j`` (lectures 000, 'Activation Functions for Output Layer'; 001; 002; 004).

    Lecture 004 prints it with the index on its first slide 'Beyond Binary Classification - Softmax', and the numerator without on
    the later ones. Adding a constant to all
    scores changes nothing (lecture 002), so the largest is taken off first.
    """
    shifted = np.exp(z - z.max(axis=-1, keepdims=True))
    quotient: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return quotient


def _softmax_pullback(z: Array, a: Array, upstream: Array) -> Array:
    product: Array = a * (upstream - (upstream * a).sum(axis=-1, keepdims=True))
    return product


def _ordered(z: Array) -> Array:
    """``a_0 = z_0, a_k = a_{k-1} + softplus(z_k)``: outputs that never decrease, for quantiles that cannot cross."""
    steps = np.concatenate([z[..., :1], _softplus(z[..., 1:])], axis=-1)
    value: Array = np.cumsum(steps, axis=-1)
    return value


def _ordered_pullback(z: Array, a: Array, upstream: Array) -> Array:
    later: Array = np.cumsum(upstream[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([later[..., :1], later[..., 1:] * expit(z[..., 1:])], axis=-1)


STEP_REASON = (
    "its slope is 0 wherever there is one, so nothing can be learned through it. For Rosenblatt's rule give the output layer "
    "'step' or 'identity' and the loss 'perceptron'; in hidden layers use 'logistic', its smooth version."
)

ACTIVATIONS: dict[str, Activation] = {
    entry.name: entry
    for entry in (
        Activation("identity", _identity, _identity_slope, r"z"),
        Activation("step", _step, _step_slope, r"[z > 0]", untrainable=STEP_REASON),
        Activation("logistic", expit, _logistic_slope, r"\frac{1}{1 + e^{-z}}"),
        Activation("tanh", np.tanh, _tanh_slope, r"\tanh z", gain=5 / 3),
        Activation("relu", _relu, _relu_slope, r"\max(0, z)", gain=2**0.5),
        Activation("leaky_relu", _leaky_relu, _leaky_relu_slope, r"\max(z, z / 100)", gain=(2 / (1 + LEAK**2)) ** 0.5),
        Activation("elu", _elu, _elu_slope, r"\max(0, z) + \min(0, e^z - 1)", gain=1.2451983007007064),
        Activation("selu", _selu, _selu_slope, r"1.0507 \left(\max(0, z) + 1.6733 \min(0, e^z - 1)\right)"),
        Activation("gelu", _gelu, _gelu_slope, r"z \Phi(z)", gain=1.533530441195535),
        Activation("softplus", _softplus, _softplus_slope, r"\log(1 + e^z)", gain=1.0418668355353018),
        Activation("silu", _silu, _silu_slope, r"\frac{z}{1 + e^{-z}}", gain=1.676532470331091),
        Activation("mish", _mish, _mish_slope, r"z \tanh \log(1 + e^z)", gain=1.486847581273208),
        Activation("exp", _exp, _exp_slope, r"e^{z}", hidden=False),
        Activation(
            "softmax", _softmax, None, r"\frac{e^{z_k}}{\sum_j e^{z_j}}", pullback=_softmax_pullback, hidden=False
        ),
        Activation(
            "ordered",
            _ordered,
            None,
            r"z_0 + \sum_{j=1}^{k} \log(1 + e^{z_j})",
            pullback=_ordered_pullback,
            hidden=False,
        ),
    )
}

ALIASES = {"linear": "identity", "sigmoid": "logistic", "swish": "silu"}


def get_activation(activation: str | Activation | OutputFamily) -> Activation:
    """Return the table entry of that name, the user's own object as it is, or what a family (`Heads`) builds."""
    if isinstance(activation, OutputFamily):
        return activation.activation()
    return lookup("activation", activation, ACTIVATIONS, Activation, ALIASES)
