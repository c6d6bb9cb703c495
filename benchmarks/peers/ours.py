"""chainrule, through its engine's training session: one call per epoch, as the estimators do."""

from __future__ import annotations

import numpy as np

from cells import ALPHA, BETA_1, BETA_2, EPSILON, MOMENTUM, Cell
from chainrule.engines import ENGINES, StepSettings, TrainingData
from chainrule.formulas.solvers import SGD, Adam
from chainrule.network import Dense, Network
from peers import Watch
from problem import Problem

ENGINE = "native"


def covers(cell: Cell) -> bool:
    """Every cell."""
    return True


def network(cell: Cell) -> Network:
    """The cell's network."""
    output, loss = ("softmax", "log_loss") if cell.task == "classification" else ("identity", "squared_error")
    hidden = [Dense(units, cell.activation) for units in cell.widths[1:-1]]
    return Network(cell.widths[0], (*hidden, Dense(cell.widths[-1], output)), loss)


class Run:
    """A network and its data; a reset begins a new session."""

    def __init__(self, problem: Problem, threads: int, engine: str = ENGINE) -> None:
        cell = problem.cell
        self.threads, self.network = threads, network(cell)
        self.begin(problem)
        self.data = TrainingData(np.ascontiguousarray(problem.X), np.ascontiguousarray(problem.Y))
        self.solver = Adam(BETA_1, BETA_2, EPSILON) if cell.solver == "adam" else SGD(MOMENTUM, True)
        self.rates = np.full(cell.steps, cell.rate)
        refusal = ENGINES[engine].refusal(self.network, self.theta.dtype, self.solver)
        if refusal:
            raise ImportError(refusal)
        self.engine = ENGINES[engine]

    def begin(self, problem: Problem) -> None:
        """From these initial weights and row orders from now on; the data are the same."""
        self.problem = problem
        self.theta = self.network.pack(problem.weights, problem.biases)
        self.orders = [order.astype(np.int64) for order in problem.orders]

    def reset(self) -> None:
        """Initial weights, zero state."""
        self.session = self.engine.session(
            self.network, self.theta, self.data, self.solver, StepSettings(ALPHA), self.threads
        )

    def run_epochs(self, n: int, watch: Watch | None = None) -> list[float]:
        """Train n epochs."""
        batch, losses = self.problem.cell.batch, []
        for epoch in range(n):
            losses.append(self.session.epoch(self.orders[epoch % len(self.orders)], self.rates, batch).loss)
            if watch:
                watch()
        return losses

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights and biases."""
        views = self.network.views(self.session.theta)
        return views.W, views.b


def prepare(problem: Problem, threads: int) -> Run:
    """The native engine."""
    return Run(problem, threads)
