"""JAX: one jitted function per epoch, `lax.scan` over its batches, state donated, data on the device."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from entries import pure
from entries.task import BATCH, SMOOTHING, STEPS, WIDTHS, Task

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "logistic": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "softplus": jax.nn.softplus,
    "silu": jax.nn.silu,
    "mish": jax.nn.mish,
}
UNBIASED = BATCH / (BATCH - 1)


def cross_entropy(z: Any, y: Any) -> Any:
    """From raw scores."""
    return -(y * jax.nn.log_softmax(z)).sum(1).mean()


LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "log_loss": cross_entropy,
    "label_smoothing": lambda z, y: cross_entropy(z, y * (1 - SMOOTHING) + SMOOTHING / WIDTHS[-1]),
    "binary": lambda z, y: (jax.nn.softplus(z) - y * z).sum(1).mean(),
    **{name: partial(loss, jnp) for name, loss in pure.PLAIN_LOSSES.items()},
}


def affine(x: Any, w: Any, b: Any) -> Any:
    """x @ w + b."""
    return x @ w if b is None else x @ w + b


def drop(x: Any, p: float, key: Any) -> Any:
    """Inverted dropout."""
    return jnp.where(jax.random.bernoulli(key, 1 - p, x.shape), x / (1 - p), 0)


def make_epoch(task: Task):
    """The jitted epoch: (state, X, Y, order) -> state."""
    ways = pure.Tools(jnp, affine, ACTIVATIONS[task.activation], drop, LOSSES[task.loss])

    def loss_of(parameters, x, y, key):
        keys = jax.random.split(key, len(WIDTHS) - 2) if task.dropout else None
        scores, seen = pure.forward(ways, task, parameters, x, keys)
        return ways.loss(scores, y), seen

    def step(X, Y, state, rows):
        parameters, states, running, t, key = state
        own, key = jax.random.split(key) if task.dropout else (key, key)
        gradients, seen = jax.grad(loss_of, has_aux=True)(parameters, X[rows], Y[rows], own)
        leaves, slopes = jax.tree.leaves(parameters), jax.tree.leaves(gradients)
        new, states = pure.step(jnp, task, leaves, slopes, states, len(WIDTHS) - 1, t + 1)
        parameters = jax.tree.unflatten(jax.tree.structure(parameters), new)
        share = pure.RUNNING
        running = [
            (mean + share * (m - mean), variance + share * (v * UNBIASED - variance))
            for (mean, variance), (m, v) in zip(running, seen, strict=True)
        ]
        return (parameters, states, running, t + 1, key), None

    @partial(jax.jit, donate_argnums=0)
    def epoch(state, X, Y, order):
        return jax.lax.scan(partial(step, X, Y), state, order.reshape(STEPS, BATCH))[0]

    return epoch


class Run:
    """Compiled at the first epoch, trained again and again from the same weights."""

    def __init__(self, task: Task) -> None:
        self.task, (self.X, self.Y) = task, map(jnp.asarray, task.data)
        self.order = jnp.asarray(task.order.astype("int32"))
        self.pass_over = make_epoch(task)

    def reset(self) -> None:
        """Initial weights, fresh state."""
        norm, slots = self.task.batch_norm, pure.SLOTS[self.task.solver]
        weights, biases = ([jnp.array(p) for p in part] for part in self.task.start)
        parameters = (weights, biases, [jnp.ones(units) for units in WIDTHS[1:-1]] * norm)
        states = [tuple(jnp.zeros_like(p) for _ in range(slots)) for p in jax.tree.leaves(parameters)]
        running = [(jnp.zeros(units), jnp.ones(units)) for units in WIDTHS[1:-1]] * norm
        # The generator of random bits that is fastest on a processor.
        key = jax.random.key(0, impl="rbg")
        self.state = jax.block_until_ready((parameters, states, running, jnp.float32(0), key))

    def epoch(self) -> None:
        """One pass over the batches."""
        self.state = jax.block_until_ready(self.pass_over(self.state, self.X, self.Y, self.order))

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Weights, biases and scales."""
        W, b, scales = ([np.array(p) for p in part] for part in self.state[0])
        return W, b, scales


def prepare(task: Task, threads: int) -> Run:
    """Threads come from XLA_FLAGS and the processor set."""
    return Run(task)
