"""What differs from relu + sgd + cross-entropy, and the data, initial weights and batches that all libraries share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from problem import Teacher, one_hot

WIDTHS, BATCH, STEPS = (100, 256, 256, 10), 200, 40
# Rates at which three epochs change the loss visibly.
RATES = {"sgd": 1e-2, "adam": 1e-3, "adamw": 1e-3, "adagrad": 1e-2, "adadelta": 1.0, "rmsprop": 1e-3}
SMOOTHING, QUANTILE, DELTA = 0.1, 0.9, 1.0

Targets = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def classes(rng: np.random.Generator, scores: np.ndarray) -> np.ndarray:
    """One of the classes per row."""
    return one_hot(scores.argmax(axis=1), scores.shape[1], "float32")


def labels(rng: np.random.Generator, scores: np.ndarray) -> np.ndarray:
    """Any of the classes per row."""
    return (scores > 0).astype(np.float32)


def counts(rng: np.random.Generator, scores: np.ndarray) -> np.ndarray:
    """Numbers of events."""
    return rng.poisson(np.exp(0.2 * scores)).astype(np.float32)


def numbers(rng: np.random.Generator, scores: np.ndarray) -> np.ndarray:
    """Values."""
    return scores / scores.std()


# Kind of loss -> (the output activation, how the targets are drawn).
KINDS: dict[str, tuple[str, Targets]] = {
    "log_loss": ("softmax", classes),
    "label_smoothing": ("softmax", classes),
    "binary": ("logistic", labels),
    "hinge": ("identity", classes),
    "perceptron": ("identity", classes),
    "poisson": ("exp", counts),
    "squared_error": ("identity", numbers),
    "mse": ("identity", numbers),
    "absolute_error": ("identity", numbers),
    "huber": ("identity", numbers),
    "quantile": ("identity", numbers),
}


@dataclass(frozen=True)
class Task:
    """A step: what differs from relu + sgd + cross-entropy."""

    name: str
    activation: str = "relu"
    solver: str = "sgd"
    loss: str = "log_loss"
    dropout: float = 0.0
    batch_norm: bool = False
    l2: float = 0.0
    l1: float = 0.0
    weight_decay: float = 0.0
    max_norm: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None

    @property
    def rate(self) -> float:
        """The learning rate."""
        return RATES[self.solver]

    @property
    def decay(self) -> float:
        """Decoupled weight decay, the solver's own included."""
        return self.weight_decay + (0.01 if self.solver == "adamw" else 0.0)

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """X (n, I) and Y (n, K)."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((BATCH * STEPS, WIDTHS[0]), dtype=np.float32)
        return X, KINDS[self.loss][1](rng, Teacher(rng, WIDTHS[0], WIDTHS[-1]).scores(X))

    @cached_property
    def start(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Initial weights and biases; zero biases where they are batch normalisation's shifts."""
        rng, weights, biases = np.random.default_rng(1), [], []
        for place, (fan_in, fan_out) in enumerate(pairwise(WIDTHS)):
            bound = (6 / (fan_in + fan_out)) ** 0.5
            hidden = place < len(WIDTHS) - 2
            weights.append(rng.uniform(-bound, bound, (fan_in, fan_out)).astype(np.float32))
            biases.append((rng.uniform(-bound, bound, fan_out) * (not (self.batch_norm and hidden))).astype(np.float32))
        return weights, biases

    @cached_property
    def order(self) -> np.ndarray:
        """The row order of every epoch."""
        return np.random.default_rng(2).permutation(BATCH * STEPS).astype(np.int64)


def tasks() -> list[Task]:
    """The tables, one entry at a time, then what surrounds a step."""
    from chainrule.formulas.activations import ACTIVATIONS
    from chainrule.formulas.losses import LOSSES
    from chainrule.formulas.solvers import SOLVERS

    hidden = [name for name, entry in ACTIVATIONS.items() if entry.hidden and not entry.untrainable and name != "relu"]
    solvers = [name for name, entry in SOLVERS.items() if entry.stochastic and name != "sgd"]
    losses = [*(name for name in LOSSES if name != "log_loss"), "binary", "label_smoothing"]
    return [
        Task("relu + sgd"),
        *(Task(name, activation=name) for name in hidden),
        *(Task(name, solver=name) for name in solvers),
        *(Task(name, loss=name) for name in losses),
        Task("dropout 0.5", dropout=0.5),
        Task("batch_norm", batch_norm=True),
        Task("dropout 0.5 and batch_norm, adam", solver="adam", dropout=0.5, batch_norm=True),
        Task("l2", l2=1e-4),
        Task("l1", l1=1e-5),
        Task("weight_decay", weight_decay=1e-2),
        Task("max_norm", max_norm=0.9),
        Task("clip_norm", clip_norm=0.5),
        Task("clip_value", clip_value=0.005),
    ]
