"""PyTorch, eager: preloaded tensors, batches by index_select, no DataLoader, fused optimiser.

L2 is the optimiser's weight decay alpha / batch on the weights alone: what scikit-learn's penalty comes to. The
penalty in the reported loss is taken once, at the end of the epoch. PyTorch adds Adam's epsilon to the corrected root,
scikit-learn to the uncorrected one.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from cells import ALPHA, BETA_1, BETA_2, EPSILON, MOMENTUM, Cell
from peers import Watch
from problem import Problem

ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "logistic": torch.sigmoid}


def covers(cell: Cell) -> bool:
    """Every cell."""
    return True


def objective(cell: Cell):
    """The data term: mean cross-entropy, or half the mean squared error."""
    if cell.task == "classification":
        return F.cross_entropy
    return lambda scores, y: 0.5 * F.mse_loss(scores, y)


def targets(problem: Problem) -> torch.Tensor:
    """Class numbers for cross_entropy, values for regression."""
    classification = problem.cell.task == "classification"
    return torch.from_numpy(problem.labels if classification else problem.Y)


def penalty(cell: Cell, weights: list[torch.Tensor]) -> float:
    """The L2 term of the loss that scikit-learn reports."""
    return 0.5 * ALPHA / cell.batch * sum(float(w.detach().square().sum()) for w in weights)


def as_arrays(tensors: list[torch.Tensor]) -> list[np.ndarray]:
    """Copies; matrices turned to (I, O)."""
    return [
        tensor.detach().T.numpy().copy() if tensor.ndim == 2 else tensor.detach().numpy().copy() for tensor in tensors
    ]


class Run:
    """Parameters and optimiser, trained again and again from the same weights."""

    def __init__(self, problem: Problem) -> None:
        self.begin(problem)
        self.X, self.y = torch.from_numpy(problem.X), targets(problem)
        self.loss = objective(problem.cell)
        self.act = ACTIVATIONS[problem.cell.activation]

    def begin(self, problem: Problem) -> None:
        """From these initial weights and row orders from now on; the data are the same."""
        self.problem, self.orders = problem, torch.from_numpy(problem.orders)

    def reset(self) -> None:
        """Initial weights, fresh optimiser."""
        cell = self.problem.cell
        self.W = [torch.tensor(w.T.copy(), requires_grad=True) for w in self.problem.weights]
        self.b = [torch.tensor(b, requires_grad=True) for b in self.problem.biases]
        groups = [{"params": self.W, "weight_decay": ALPHA / cell.batch}, {"params": self.b, "weight_decay": 0.0}]
        if cell.solver == "adam":
            self.solver = torch.optim.Adam(groups, lr=cell.rate, betas=(BETA_1, BETA_2), eps=EPSILON, fused=True)
        else:
            self.solver = torch.optim.SGD(groups, lr=cell.rate, momentum=MOMENTUM, nesterov=True, fused=True)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """The network."""
        last = len(self.W) - 1
        for layer, (w, b) in enumerate(zip(self.W, self.b, strict=True)):
            x = F.linear(x, w, b)
            if layer < last:
                x = self.act(x)
        return x

    def run_epochs(self, n: int, watch: Watch | None = None) -> list[float]:
        """Train n epochs."""
        cell, losses = self.problem.cell, []
        for epoch in range(n):
            total = torch.zeros(())
            for rows in self.orders[epoch % len(self.orders)].split(cell.batch):
                self.solver.zero_grad(set_to_none=True)
                loss = self.loss(self.scores(self.X.index_select(0, rows)), self.y.index_select(0, rows))
                loss.backward()
                self.solver.step()
                total += loss.detach()
            losses.append(total.item() / cell.steps + penalty(cell, self.W))
            if watch:
                watch()
        return losses

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights and biases."""
        return as_arrays(self.W), as_arrays(self.b)


def prepare(problem: Problem, threads: int) -> Run:
    """Fix the threads and wrap the arrays."""
    torch.set_num_threads(threads)
    return Run(problem)
