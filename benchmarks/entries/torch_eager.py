"""PyTorch, eager: its modules, functions and fused or foreach optimisers; preloaded tensors, batches by index_select."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from entries import pure
from entries.task import BATCH, DELTA, QUANTILE, SMOOTHING, WIDTHS, Task

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity, "logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU, "selu": nn.SELU, "gelu": nn.GELU, "softplus": nn.Softplus, "silu": nn.SiLU, "mish": nn.Mish,
}  # fmt: skip
SOLVERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "fused": True}),
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True}),
    "adagrad": (torch.optim.Adagrad, {"fused": True}),
    "adadelta": (torch.optim.Adadelta, {"foreach": True}),
    "rmsprop": (torch.optim.RMSprop, {"foreach": True}),
}
K = WIDTHS[-1]
LOSSES: dict[str, Loss] = {
    "log_loss": F.cross_entropy,
    "label_smoothing": lambda z, y: F.cross_entropy(z, y, label_smoothing=SMOOTHING),
    "binary": lambda z, y: F.binary_cross_entropy_with_logits(z, y) * K,
    "hinge": lambda z, y: F.relu(1 - (2 * y - 1) * z).sum(1).mean(),
    "perceptron": lambda z, y: F.relu((1 - 2 * y) * z).sum(1).mean(),
    "poisson": lambda z, y: F.poisson_nll_loss(z, y) * K,
    "squared_error": lambda z, y: F.mse_loss(z, y) * (0.5 * K),
    "mse": F.mse_loss,
    "absolute_error": F.l1_loss,
    "huber": lambda z, y: F.huber_loss(z, y, delta=DELTA),
    "quantile": lambda z, y: torch.maximum(QUANTILE * (y - z), (QUANTILE - 1) * (y - z)).mean(),
}


def targets(task: Task) -> torch.Tensor:
    """Class numbers for cross_entropy, else the columns."""
    Y = torch.from_numpy(task.data[1])
    return Y.argmax(1) if task.loss in ("log_loss", "label_smoothing") else Y


class Run:
    """A model and its optimiser."""

    def __init__(self, task: Task) -> None:
        self.task, self.X, self.y = task, torch.from_numpy(task.data[0]), targets(task)
        self.batches = torch.from_numpy(task.order).split(BATCH)
        self.loss = LOSSES[task.loss]

    def reset(self) -> None:
        """Initial weights, fresh optimiser."""
        task, modules = self.task, []
        for inputs, units in pairwise(WIDTHS[:-1]):
            modules.append(nn.Linear(inputs, units, bias=not task.batch_norm))
            modules += [nn.BatchNorm1d(units)] * task.batch_norm
            modules.append(ACTIVATIONS[task.activation]())
            modules += [nn.Dropout(task.dropout)] * (task.dropout > 0)
        self.model = nn.Sequential(*modules, nn.Linear(*WIDTHS[-2:]))
        self.W = [module.weight for module in self.model if isinstance(module, nn.Linear)]
        self.scales = [module.weight for module in self.model if isinstance(module, nn.BatchNorm1d)]
        self.b = [parameter for name, parameter in self.model.named_parameters() if name.endswith("bias")]
        with torch.no_grad():
            for w, value in zip(self.W, task.start[0], strict=True):
                w.copy_(torch.from_numpy(value.T))
            for b, value in zip(self.b, task.start[1], strict=True):
                b.copy_(torch.from_numpy(value))
        kind, options = SOLVERS[task.solver]
        adamw = {"weight_decay": 0.01} if task.solver == "adamw" else {}
        weights = {"params": self.W, "weight_decay": task.l2, **adamw}
        self.solver = kind([weights, {"params": [*self.b, *self.scales], "weight_decay": 0.0}], lr=task.rate, **options)
        self.t = 0

    def epoch(self) -> None:
        """One pass over the batches."""
        for rows in self.batches:
            self.solver.zero_grad(set_to_none=True)
            self.loss(self.model(self.X.index_select(0, rows)), self.y.index_select(0, rows)).backward()
            self.step()

    def step(self) -> None:
        """From the gradient to new parameters."""
        task = self.task
        self.t += 1
        if task.clip_norm:
            nn.utils.clip_grad_norm_(self.model.parameters(), task.clip_norm)
        if task.clip_value:
            nn.utils.clip_grad_value_(self.model.parameters(), task.clip_value)
        with torch.no_grad():
            if task.weight_decay:
                torch._foreach_mul_(self.W, 1 - task.rate * task.weight_decay)
            self.solver.step()
            for w in self.W:
                if task.l1:
                    w.copy_(F.softshrink(w, task.l1 * pure.speed(task, self.t)))
                if task.max_norm:
                    w.copy_(torch.renorm(w, 2, 0, task.max_norm))

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Weights, biases and scales."""
        arrays = ([p.detach().numpy().copy() for p in part] for part in (self.W, self.b, self.scales))
        W, b, scales = arrays
        return [w.T for w in W], b, scales


def prepare(task: Task, threads: int) -> Run:
    """Fix the threads."""
    torch.set_num_threads(threads)
    return Run(task)
