"""PyTorch, torch.compile of the full step: gather, forward, backward and update in one compiled function.

Max-norm comes after it, eager: PyTorch 2.13 fails to generate code for a step that holds it, in any of four forms.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from entries import pure
from entries.task import BATCH, WIDTHS, Task
from entries.torch_eager import ACTIVATIONS, LOSSES, targets

# How many variables the running statistics are of: mean and variance of every hidden layer.
HIDDEN = len(WIDTHS) - 2
UNBIASED = BATCH / (BATCH - 1)


def tools(task: Task) -> pure.Tools:
    """PyTorch's ways."""
    return pure.Tools(
        torch,
        F.linear,
        ACTIVATIONS[task.activation](),
        lambda x, p, key: F.dropout(x, p),
        LOSSES[task.loss],
    )


def make_step(task: Task):
    """One training step as a plain function of tensors, changed in place."""
    ways = tools(task)

    def loss_of(parameters, x, y):
        scores, seen = pure.forward(ways, task, parameters, x, [None] * HIDDEN)
        return ways.loss(scores, y), seen

    def step(parameters, states, running, X, y, rows, t):
        gradients, (_, seen) = torch.func.grad_and_value(loss_of, has_aux=True)(parameters, X[rows], y[rows])
        with torch.no_grad():
            leaves, slopes = ([p for part in parts for p in part] for parts in (parameters, gradients))
            new, after = pure.step(torch, task, leaves, slopes, states, len(WIDTHS) - 1, t)
            for p, value in zip(leaves, new, strict=True):
                p.copy_(value)
            for before, now in zip(states, after, strict=True):
                for slot, value in zip(before, now, strict=True):
                    slot.copy_(value)
            for (mean, variance), (m, v) in zip(running, seen, strict=True):
                mean.lerp_(m, pure.RUNNING)
                variance.lerp_(v * UNBIASED, pure.RUNNING)

    return step


class Run:
    """Compiled once, trained again and again from the same weights."""

    def __init__(self, task: Task) -> None:
        self.task, self.X, self.y = task, torch.from_numpy(task.data[0]), targets(task)
        self.batches = torch.from_numpy(task.order).split(BATCH)
        self.step = torch.compile(make_step(replace(task, max_norm=None)), dynamic=False)

    def reset(self) -> None:
        """Initial weights, fresh state."""
        weights = [torch.from_numpy(w.T.copy()) for w in self.task.start[0]]
        biases = [torch.from_numpy(b.copy()) for b in self.task.start[1]]
        scales = [torch.ones(units) for units in WIDTHS[1:-1]] * self.task.batch_norm
        self.theta = (weights, biases, scales)
        leaves = [*weights, *biases, *scales]
        self.states: Any = [[torch.zeros_like(p) for _ in range(pure.SLOTS[self.task.solver])] for p in leaves]
        self.running = [(torch.zeros(units), torch.ones(units)) for units in WIDTHS[1:-1]] * self.task.batch_norm
        self.t = torch.zeros(())

    def epoch(self) -> None:
        """One pass over the batches."""
        for rows in self.batches:
            self.t += 1
            self.step(self.theta, self.states, self.running, self.X, self.y, rows, self.t)
            if self.task.max_norm:
                for w in self.theta[0]:
                    w.copy_(torch.renorm(w, 2, 0, self.task.max_norm))

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Weights, biases and scales."""
        W, b, scales = ([p.numpy().copy() for p in part] for part in self.theta)
        return [w.T for w in W], b, scales


def prepare(task: Task, threads: int) -> Run:
    """Fix the threads; the compiled code of the task before is dropped."""
    torch.set_num_threads(threads)
    torch.compiler.reset()
    return Run(task)
