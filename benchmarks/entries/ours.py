"""chainrule's native engine: one call per epoch."""

from __future__ import annotations

import numpy as np

from chainrule.engines import ENGINES, StepSettings, TrainingData
from chainrule.formulas.losses import LogLoss, Quantile
from chainrule.formulas.solvers import get_solver
from chainrule.network import Dense, Network
from entries.task import BATCH, KINDS, QUANTILE, SMOOTHING, STEPS, WIDTHS, Task

LOSSES = {"binary": "log_loss", "label_smoothing": LogLoss(SMOOTHING), "quantile": Quantile(QUANTILE)}


def network(task: Task) -> Network:
    """The task's network."""
    hidden = [Dense(units, task.activation, task.dropout, task.batch_norm) for units in WIDTHS[1:-1]]
    loss = LOSSES.get(task.loss, task.loss)
    return Network(WIDTHS[0], (*hidden, Dense(WIDTHS[-1], KINDS[task.loss][0])), loss)


class Run:
    """A network and its data; a reset begins a new session."""

    def __init__(self, task: Task, threads: int) -> None:
        self.task, self.threads, self.network = task, threads, network(task)
        self.data = TrainingData(*task.data)
        self.rates = np.full(STEPS, task.rate)
        self.settings = StepSettings(
            l2=task.l2,
            l1=task.l1,
            weight_decay=task.weight_decay,
            max_norm=task.max_norm,
            clip_norm=task.clip_norm,
            clip_value=task.clip_value,
        )

    def reset(self) -> None:
        """Initial weights, fresh solver."""
        theta = self.network.pack(*self.task.start).astype(np.float32)
        solver = get_solver(self.task.solver)
        self.session = ENGINES["native"].session(self.network, theta, self.data, solver, self.settings, self.threads)

    def epoch(self) -> None:
        """One pass over the batches."""
        self.session.epoch(self.task.order, self.rates, BATCH)

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Weights, biases and scales."""
        views = self.network.views(self.session.theta)
        return views.W, views.b, [gamma for gamma in views.gamma if gamma is not None]


def prepare(task: Task, threads: int) -> Run:
    """The native engine."""
    return Run(task, threads)
