"""JAX: one jitted function per epoch, `lax.scan` over its batches, state donated, data on the device."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from cells import ALPHA, BETA_1, BETA_2, EPSILON, MOMENTUM, Cell
from peers import Watch
from problem import Problem

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "logistic": jax.nn.sigmoid}


def covers(cell: Cell) -> bool:
    """Every cell."""
    return True


def data_loss(cell: Cell, parameters, x, y):
    """Mean cross-entropy from raw scores, or half the mean squared error."""
    weights, biases = parameters
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        x = ACTIVATIONS[cell.activation](x @ w + b)
    scores = x @ weights[-1] + biases[-1]
    if cell.task == "classification":
        return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(scores), axis=1))
    return 0.5 * jnp.mean((scores - y) ** 2)


def update(cell: Cell, p, g, first, second, t):
    """One solver step on one array, in scikit-learn's form."""
    if cell.solver == "sgd":
        first = MOMENTUM * first - cell.rate * g
        return p + MOMENTUM * first - cell.rate * g, first, second
    first = BETA_1 * first + (1 - BETA_1) * g
    second = BETA_2 * second + (1 - BETA_2) * g * g
    rate = cell.rate * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    return p - rate * first / (jnp.sqrt(second) + EPSILON), first, second


def make_epoch(cell: Cell):
    """The jitted epoch: (state, X, Y, order) -> (state, loss)."""

    def step(X, Y, state, rows):
        parameters, first, second, t = state
        loss, gradients = jax.value_and_grad(partial(data_loss, cell))(parameters, X[rows], Y[rows])
        decayed = [g + ALPHA / cell.batch * w for g, w in zip(gradients[0], parameters[0], strict=True)]
        tree = jax.tree.structure(parameters)
        leaves = (jax.tree.leaves(part) for part in (parameters, (decayed, gradients[1]), first, second))
        updated = [update(cell, *arrays, t + 1) for arrays in zip(*leaves, strict=True)]
        new = [jax.tree.unflatten(tree, part) for part in zip(*updated, strict=True)]
        return (*new, t + 1), loss

    @partial(jax.jit, donate_argnums=0)
    def epoch(state, X, Y, order):
        state, losses = jax.lax.scan(partial(step, X, Y), state, order.reshape(cell.steps, cell.batch))
        squares = sum(jnp.sum(w * w) for w in state[0][0])
        return state, jnp.mean(losses) + 0.5 * ALPHA / cell.batch * squares

    return epoch


class Run:
    """Compiled at the first epoch, trained again and again from the same weights."""

    def __init__(self, problem: Problem) -> None:
        self.begin(problem)
        self.X, self.Y = jnp.asarray(problem.X), jnp.asarray(problem.Y)
        self.epoch = make_epoch(problem.cell)

    def begin(self, problem: Problem) -> None:
        """From these initial weights and row orders from now on; the data are the same."""
        self.problem = problem
        self.orders = [jnp.asarray(order.astype("int32")) for order in problem.orders]

    def reset(self) -> None:
        """Initial weights, zero state."""
        parameters = ([jnp.array(w) for w in self.problem.weights], [jnp.array(b) for b in self.problem.biases])
        zeros = partial(jax.tree.map, jnp.zeros_like)
        self.state = jax.block_until_ready((parameters, zeros(parameters), zeros(parameters), jnp.float32(0)))

    def run_epochs(self, n: int, watch: Watch | None = None) -> list[float]:
        """Train n epochs."""
        losses = []
        for epoch in range(n):
            self.state, loss = self.epoch(self.state, self.X, self.Y, self.orders[epoch % len(self.orders)])
            losses.append(loss)
            if watch:
                watch()
        return [float(loss) for loss in jax.block_until_ready(losses)]

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights and biases."""
        weights, biases = self.state[0]
        return [np.array(w) for w in weights], [np.array(b) for b in biases]


def prepare(problem: Problem, threads: int) -> Run:
    """Threads come from XLA_FLAGS and the processor set."""
    return Run(problem)
