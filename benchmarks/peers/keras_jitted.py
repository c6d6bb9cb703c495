"""Keras 3, `fit` with the whole epoch in one execution where its backend can: not part of the comparison unless asked for.

Needs `pip install keras`, and KERAS_BACKEND=jax, tensorflow or torch as Keras's users set it. The epoch's loss is the mean
over its steps, penalty included; the others take the penalty at the end of the epoch.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, losses, optimizers, regularizers

from cells import ALPHA, BETA_1, BETA_2, EPSILON, MOMENTUM, Cell
from peers import Watch
from problem import Problem

ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}


def covers(cell: Cell) -> bool:
    """Every cell."""
    return True


def half_squares(y: Any, scores: Any) -> Any:
    """Half the mean squared error."""
    return 0.5 * keras.ops.mean(keras.ops.square(scores - y))


def make_model(cell: Cell) -> keras.Model:
    """The network, compiled with its loss and optimiser."""
    # Keras adds factor * sum(w**2) to the loss; scikit-learn half of alpha / batch.
    penalty = regularizers.L2(0.5 * ALPHA / cell.batch)
    model = keras.Sequential([keras.Input((cell.widths[0],))])
    for units in cell.widths[1:-1]:
        model.add(layers.Dense(units, activation=ACTIVATIONS[cell.activation], kernel_regularizer=penalty))
    model.add(layers.Dense(cell.widths[-1], kernel_regularizer=penalty))
    loss = losses.CategoricalCrossentropy(from_logits=True) if cell.task == "classification" else half_squares
    adam, rate = cell.solver == "adam", cell.rate
    solver = optimizers.Adam(rate, BETA_1, BETA_2, EPSILON) if adam else optimizers.SGD(rate, MOMENTUM, nesterov=True)
    model.compile(solver, loss, jit_compile=True, steps_per_execution=cell.steps)
    return model


class Run:
    """Compiled at the first epoch, trained again and again from the same weights."""

    def __init__(self, problem: Problem) -> None:
        self.begin(problem)
        self.model = make_model(problem.cell)
        self.model.optimizer.build(self.model.trainable_variables)
        self.fresh = [np.array(variable) for variable in self.model.optimizer.variables]

    def begin(self, problem: Problem) -> None:
        """From these initial weights and row orders from now on; the data are the same."""
        self.problem = problem

    def reset(self) -> None:
        """Initial weights, fresh optimiser."""
        pairs = zip(self.problem.weights, self.problem.biases, strict=True)
        self.model.set_weights([array for pair in pairs for array in pair])
        for variable, value in zip(self.model.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)

    def run_epochs(self, n: int, watch: Watch | None = None) -> list[float]:
        """Train n epochs."""
        found = []
        for epoch in range(n):
            order = self.problem.order(epoch)
            rows = self.problem.X[order], self.problem.Y[order]
            history = self.model.fit(*rows, batch_size=self.problem.cell.batch, shuffle=False, verbose=0)
            found.append(float(history.history["loss"][0]))
            if watch:
                watch()
        return found

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights and biases."""
        arrays = self.model.get_weights()
        return arrays[::2], arrays[1::2]


def prepare(problem: Problem, threads: int) -> Run:
    """Threads come from the environment of the backend."""
    return Run(problem)
