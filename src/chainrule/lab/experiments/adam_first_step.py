"""The first step of adaptive solvers has a fixed length, whatever the scale of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.formulas.solvers import SGD, Adagrad, Adam, RMSProp
from chainrule.lab.checks import exact, within
from chainrule.lab.drawing import curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.lab.quadratic import descend

RATE, SCALES = 0.01, 10.0 ** np.arange(-4, 5)
SOLVERS = {
    "gradient descent": SGD(momentum=0.0, nesterov=False),
    "Adam": Adam(),
    "RMSProp": RMSProp(),
    "Adagrad": Adagrad(),
}


def _by_theory(name: str, g: float) -> float:
    """Length of the first step for a gradient of size g, from the solver's definition."""
    adam, rms, adagrad = Adam(), RMSProp(), Adagrad()
    lengths: dict[str, float] = {
        "gradient descent": RATE * g,
        # scikit-learn's epsilon stands before the bias correction.
        "Adam": RATE * g / (g + adam.epsilon / np.sqrt(1 - adam.beta_2)),
        "RMSProp": RATE * g / (np.sqrt(1 - rms.decay_rate) * g + rms.eps),
        "Adagrad": RATE * g / (g + adagrad.eps),
    }
    return lengths[name]


def _run(bench: Bench) -> Findings:
    checks, lengths = [], {}
    for name, solver in SOLVERS.items():
        # At w = 1 on a bowl of curvature c the gradient is c.
        paths = [descend((scale,), (1.0,), solver, RATE, 1, bench.engine) for scale in SCALES]
        lengths[name] = [float(path[0, 0] - path[1, 0]) for path in paths]
        checks += [
            exact(f"{name}: first step, gradient {scale:g}", length / _by_theory(name, scale), 1)
            for scale, length in zip(SCALES, lengths[name], strict=True)
        ]
    spread = max(lengths["Adam"]) / min(lengths["Adam"])
    checks.append(
        within("Adam: longest over shortest first step", spread, 1, 1.01, "its epsilon is far below the gradients")
    )
    reading = (
        f"Over gradients from {SCALES[0]:g} to {SCALES[-1]:g} Adam's first step varies by {spread - 1:.2%} around the learning "
        f"rate {RATE:g}; RMSProp's is {1 / np.sqrt(1 - RMSProp().decay_rate):.0f} times as long, for its average begins at "
        "zero and is not corrected; gradient descent's grows with the gradient."
    )
    return Findings(tuple(checks), reading, {"lengths": lengths})


def _draw(found: Findings, figure: Any) -> None:
    ax = figure.subplots()
    curves(ax, found.data["lengths"], SCALES, markers=True)
    ax.set(xscale="log", yscale="log", xlabel="size of the gradient", ylabel="length of the first step")


EXPERIMENT = Experiment(
    name="adam-first-step",
    title="Adam's first step does not depend on the gradient's scale",
    lecture="002",
    source="lecture 002, 'Other stochastic optimizers'; lecture 000, 'Other Optimization Algorithms'",
    claim="Adagrad, RMSProp and Adam adapt the learning rate coordinate by coordinate.",
    prediction="First step: rate * g / (|g| + epsilon) for Adam and Adagrad, rate / sqrt(1 - rho) for RMSProp.",
    run=_run,
    draw=_draw,
    seconds=0.1,
    size=(7.0, 4.2),
)
