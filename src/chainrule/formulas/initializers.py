"""Initializers: how the weights and biases of a layer are drawn before training.

Each entry draws one layer: ``(rng, fan_in, fan_out, activation name) -> W (fan_in, fan_out), b (fan_out,)`` in
float64. `Network.init` hands the name over as an `ActivationName`, a str that also has the activation's gain: a user's own
activation is drawn by its own. The order of the draws is part of the contract: the same seed gives scikit-learn's numbers for
`glorot_uniform`. All other entries leave the biases at zero. To add an initializer, append one entry to `INITIALIZERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.formulas.activations import ACTIVATIONS, ALIASES, Activation
from chainrule.formulas.lookup import Array, lookup
from chainrule.formulas.ranges import check_number

Initializer = Callable[[np.random.RandomState, int, int, str], tuple[Array, Array]]


class ActivationName(str):
    """The name of an activation, with its gain.

    Parameters
    ----------
    activation : Activation
        One of the table, or a user's own.
    """

    gain: float

    def __new__(cls, activation: Activation) -> ActivationName:
        """The name of this activation."""
        name = super().__new__(cls, activation.name)
        name.gain = activation.gain
        return name


def gain(activation: str) -> float:
    """The gain of the activation of that name; 1 for a plain str that is not in the table."""
    if isinstance(activation, ActivationName):
        return activation.gain
    name = ALIASES.get(activation, activation)
    return ACTIVATIONS[name].gain if name in ACTIVATIONS else 1.0


def glorot_uniform(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """Uniform in +-sqrt(6 / (fan_in + fan_out)), biases too (Glorot & Bengio 2010, eq. 16; as scikit-learn draws it).

    The factor is 2 instead of 6 for logistic layers, as in scikit-learn.
    """
    bound = np.sqrt((2.0 if activation == "logistic" else 6.0) / (fan_in + fan_out))
    weights = rng.uniform(-bound, bound, (fan_in, fan_out))
    return weights, rng.uniform(-bound, bound, fan_out)


def glorot_normal(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """Normal with variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010, eq. 12)."""
    return Normal(np.sqrt(2 / (fan_in + fan_out)))(rng, fan_in, fan_out, activation)


def he_uniform(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """Uniform in +-sqrt(6 / fan_in): the variance of `he_normal`, whatever the activation."""
    bound = np.sqrt(6 / fan_in)
    return rng.uniform(-bound, bound, (fan_in, fan_out)), np.zeros(fan_out)


def he_normal(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """Normal with variance 2 / fan_in, whatever the activation (He et al. 2015, arXiv 1502.01852, eq. 10)."""
    return Normal(np.sqrt(2 / fan_in))(rng, fan_in, fan_out, activation)


def lecun_normal(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """Normal with variance 1 / fan_in (LeCun et al. 1998, "Efficient BackProp", eq. 16); SELU's (arXiv 1706.02515)."""
    return Normal(np.sqrt(1 / fan_in))(rng, fan_in, fan_out, activation)


@dataclass(frozen=True)
class Normal:
    """Normal with the same standard deviation everywhere (lecture 001, "Gradient Descent": ``N(0, sigma**2)``).

    Parameters
    ----------
    std : float
        The standard deviation.
    """

    std: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "std")

    def __call__(self, rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
        """Draw one layer."""
        return rng.normal(0.0, self.std, (fan_in, fan_out)), np.zeros(fan_out)


def zeros(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """All zero; the units of a hidden layer then stay equal to each other for ever."""
    return np.zeros((fan_in, fan_out)), np.zeros(fan_out)


def orthogonal(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """A random matrix with orthogonal rows or columns, the fewer of them, each as long as the activation's gain.

    Saxe, McClelland & Ganguli 2014, arXiv 1312.6120; uniform over such matrices because the signs of the QR decomposition are
    fixed (Mezzadri 2007, arXiv math-ph/0609050).
    """
    drawn = rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out)))
    q, r = np.linalg.qr(drawn)
    q *= gain(activation) * np.where(np.diag(r) < 0, -1.0, 1.0)
    return np.ascontiguousarray(q if fan_in >= fan_out else q.T), np.zeros(fan_out)


def auto(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """Normal with standard deviation gain / sqrt(fan_in), the gain being the activation's.

    He et al. 2015, arXiv 1502.01852: the variance of the activations neither grows nor shrinks from layer to layer.
    """
    return Normal(gain(activation) / np.sqrt(fan_in))(rng, fan_in, fan_out, activation)


INITIALIZERS: dict[str, Initializer] = {
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_normal": lecun_normal,
    "normal": Normal(),
    "zeros": zeros,
    "orthogonal": orthogonal,
    "auto": auto,
}


def get_initializer(initializer: str | Initializer) -> Initializer:
    """Return the table entry of that name, or the user's own callable as it is.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither a name nor a callable, or a class instead of one of its objects.
    """
    if isinstance(initializer, type):
        name = initializer.__name__
        raise TypeError(f"initializer must be a name or an object such as {name}(...), got the class {name} itself.")
    if callable(initializer):
        return initializer
    return lookup("initializer", initializer, INITIALIZERS, (), {})
