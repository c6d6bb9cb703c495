"""PyTorch, torch.compile of the full step: gather, forward, backward, update in one compiled function (default mode).

Compiling takes seconds per cell, so only the design's rows and one grid row per shape are covered.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from cells import ALPHA, BETA_1, BETA_2, EPSILON, MOMENTUM, Cell
from peers import Watch
from peers.torch_eager import ACTIVATIONS, as_arrays, objective, penalty, targets
from problem import Problem


def covers(cell: Cell) -> bool:
    """The design's rows and one grid row per shape; cells outside the grid."""
    return cell.group != "grid" or (cell.batch, cell.solver, cell.activation) == (128, "adam", "relu")


def make_step(cell: Cell):
    """One training step as a plain function of tensors; parameters and state are changed in place."""
    act, objective_of, decay = ACTIVATIONS[cell.activation], objective(cell), ALPHA / cell.batch
    layers = len(cell.widths) - 1

    def loss_of(parameters, x, y):
        for layer in range(layers):
            x = F.linear(x, parameters[layer], parameters[layers + layer])
            if layer < layers - 1:
                x = act(x)
        return objective_of(x, y)

    def adam(p, g, m, v, rate):
        m.mul_(BETA_1).add_(g, alpha=1 - BETA_1)
        v.mul_(BETA_2).addcmul_(g, g, value=1 - BETA_2)
        p.sub_(rate * m / (v.sqrt() + EPSILON))

    def sgd(p, g, velocity, _, rate):
        velocity.mul_(MOMENTUM).sub_(rate * g)
        p.add_(MOMENTUM * velocity - rate * g)

    update = adam if cell.solver == "adam" else sgd

    def step(parameters, first, second, X, y, rows, rate, total):
        gradients, loss = torch.func.grad_and_value(loss_of)(parameters, X[rows], y[rows])
        with torch.no_grad():
            for place, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
                update(p, g + decay * p if place < layers else g, first[place], second[place], rate)
            total.add_(loss)

    return step


class Run:
    """Compiled once, trained again and again from the same weights."""

    def __init__(self, problem: Problem, mode: str) -> None:
        self.begin(problem)
        self.X, self.y = torch.from_numpy(problem.X), targets(problem)
        self.step = torch.compile(make_step(problem.cell), dynamic=False, mode=mode)

    def begin(self, problem: Problem) -> None:
        """From these initial weights and row orders from now on; the data are the same."""
        self.problem, self.orders = problem, torch.from_numpy(problem.orders)

    def reset(self) -> None:
        """Initial weights, zero state."""
        weights = [torch.from_numpy(w.T.copy()) for w in self.problem.weights]
        self.theta = weights + [torch.from_numpy(b.copy()) for b in self.problem.biases]
        self.first = [torch.zeros_like(p) for p in self.theta]
        self.second = [torch.zeros_like(p) for p in self.theta]

    def rates(self, n: int) -> torch.Tensor:
        """Each step's rate, Adam's bias correction included; tensors, so that nothing is recompiled."""
        cell = self.problem.cell
        t = torch.arange(1, n * cell.steps + 1, dtype=torch.float64)
        adam = (1 - BETA_2**t).sqrt() / (1 - BETA_1**t)
        return (cell.rate * (adam if cell.solver == "adam" else torch.ones_like(t))).to(self.X.dtype)

    def run_epochs(self, n: int, watch: Watch | None = None) -> list[float]:
        """Train n epochs."""
        cell, losses = self.problem.cell, []
        rates = self.rates(n).unbind()
        for epoch in range(n):
            total = torch.zeros(())
            batches = self.orders[epoch % len(self.orders)].split(cell.batch)
            for place, rows in enumerate(batches, start=epoch * cell.steps):
                self.step(self.theta, self.first, self.second, self.X, self.y, rows, rates[place], total)
            losses.append(total.item() / cell.steps + penalty(cell, self.theta[: len(cell.widths) - 1]))
            if watch:
                watch()
        return losses

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights and biases."""
        arrays, layers = as_arrays(self.theta), len(self.problem.cell.widths) - 1
        return arrays[:layers], arrays[layers:]


def prepare(problem: Problem, threads: int, mode: str = "default") -> Run:
    """Fix the threads; the compiled code of the cell before is dropped."""
    torch.set_num_threads(threads)
    torch.compiler.reset()
    return Run(problem, mode)
