"""Gradient descent on a bowl: too small, right, nearly too large, too large."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import exact, true
from chainrule.lab.drawing import COLOURS, MARKERS, contours
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.lab.quadratic import descend

PLAIN = SGD(momentum=0.0, nesterov=False)
# 1.5 x^2 + y^2 + 2 of lecture 002 has the curvatures 3 and 2; where its picture starts is not printed.
LECTURE, START, STEPS = (3.0, 2.0), (-5.0, -2.0), 40
RATES = {"too small": 0.001, "right": 0.1, "nearly too large": 0.665757, "too large": 0.7}
# End of ten steps on x^2 from 10; of twenty on 0.1 x^2 + 2 y^2 from (-5, -2).
LINE = {0.05: 3.4867844, 0.2: 0.0604661760, 0.5: 0.0, 1.1: 61.917364224}
VALLEY = {0.4: (-0.943467, -0.000073), 0.6: (-0.387814, -1673.365)}


def _run(bench: Bench) -> Findings:
    def path(curvatures: Any, start: Any, rate: float, steps: int) -> Any:
        return descend(curvatures, start, PLAIN, rate, steps, bench.engine)

    checks, paths = [], {}
    for name, rate in RATES.items():
        paths[name] = path(LECTURE, START, rate, STEPS)
        for place, (curvature, begin) in enumerate(zip(LECTURE, START, strict=True)):
            expected = (1 - rate * curvature) ** STEPS * begin
            checks.append(exact(f"{'xy'[place]} after {STEPS} steps of {rate:g}", paths[name][-1, place], expected))
    for rate, end in LINE.items():
        checks.append(exact(f"x^2 from 10, ten steps of {rate:g}", path((2.0,), (10.0,), rate, 10)[-1, 0], end, 1e-7))
    for rate, ends in VALLEY.items():
        found = path((0.2, 4.0), (-5.0, -2.0), rate, 20)[-1]
        checks += [
            exact(f"0.1 x^2 + 2 y^2, twenty steps of {rate:g}: {axis}", value, end, 1e-6)
            for axis, value, end in zip("xy", found, ends, strict=True)
        ]
    below, above = (np.abs(path(LECTURE, START, rate, 2000)[-1]).max() for rate in (2 / 3 * 0.99, 2 / 3 * 1.01))
    checks.append(
        true("just below 2 / (greatest curvature) it converges, just above it diverges", below < 1e-6 < 1e3 < above)
    )
    reading = (
        f"Every step multiplies x by 1 - 3 eta and y by 1 - 2 eta. With 0.001 the path has hardly begun after {STEPS} steps, "
        "with 0.1 it is at the bottom, with 0.665757 x still jumps from side to side (factor -0.997), with 0.7 it leaves the "
        "bowl: the limit is 2 / 3."
    )
    return Findings(tuple(checks), reading, {"paths": paths})


def _draw(found: Findings, figure: Any) -> None:
    axes = figure.subplots(1, 4, sharey=True)
    axes[0].set_ylabel("y")
    for place, (ax, (name, path)) in enumerate(zip(axes, found.data["paths"].items(), strict=True)):
        contours(ax, LECTURE, (-6, 6, -3, 3))
        shown = path[np.abs(path[:, 0]) < 8]
        ax.plot(*shown.T, color=COLOURS[1], marker=MARKERS[place], markersize=4, linewidth=1)
        ax.set(title=rf"$\eta$ = {RATES[name]:g}: {name}", xlabel="x", xlim=(-6, 6), ylim=(-3, 3))


EXPERIMENT = Experiment(
    name="gradient-descent",
    title="Gradient descent: the learning rate decides",
    lecture="002",
    source="lecture 002, 'Gradient descent algorithm' and 'Gradient descent: illustration'",
    claim="Too small a learning rate converges slowly; too high a one fluctuates around the minimum or even diverges.",
    prediction="On 1.5 x^2 + y^2 + 2 the error shrinks by 1 - 3 eta and 1 - 2 eta per step: convergent for eta < 2/3 only.",
    run=_run,
    draw=_draw,
    seconds=0.2,
    size=(13.0, 3.4),
)
