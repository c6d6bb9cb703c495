"""Momentum smooths the path and shortens it in narrow valleys; the lectures average, others add up."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import exact, true, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS, contours
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.lab.quadratic import descend

PLAIN = SGD(momentum=0.0, nesterov=False)
START, VALLEY = (-5.0, -2.0), (0.2, 4.0)
# Twenty steps of 0.6 on 0.1 x^2 + 2 y^2, where plain gradient descent diverges: momentum, end.
SAVED = {0.5: (0.007188, 0.002553), 0.25: (-0.12634, -0.186632)}
# Condition number: steps until every coordinate is below 1e-6 from (1, 1), with the best rate; with the best rate and momentum.
STEPS = {10: (69, 27), 100: (691, 95), 1000: (6908, 321)}


def _lecture_form(bench: Bench, steps: int) -> Any:
    """theta - eta v with v <- beta v + (1 - beta) g from v_0 = g_0: dampening = momentum, begun at the first gradient."""
    first = np.append(-0.1 * np.multiply((3.0, 2.0), START), 0.0)
    solver = SGD(momentum=0.5, dampening=0.5, nesterov=False)
    return descend((3.0, 2.0), START, solver, 0.1, steps, bench.engine, state={"velocity": first})


def _by_hand(steps: int) -> Any:
    theta, path = np.array(START), [np.array(START)]
    v = np.multiply((3.0, 2.0), theta)
    for _ in range(steps):
        v = 0.5 * v + 0.5 * np.multiply((3.0, 2.0), theta)
        theta = theta - 0.1 * v
        path.append(theta)
    return np.array(path)


def _stable(bench: Bench, beta: float) -> tuple[float, float, float]:
    """On w^2 / 2: ends after 2000 steps just below and above rate 2 + 2 beta; at rate 1 the error's factor per step."""
    solver = SGD(momentum=beta, nesterov=False)
    below, above = (
        np.abs(descend((1.0,), (1.0,), solver, share * (2 + 2 * beta), 2000, bench.engine)[-1, 0])
        for share in (0.99, 1.01)
    )
    path = np.abs(descend((1.0,), (1.0,), solver, 1.0, 200, bench.engine)[:, 0])
    # The path oscillates: its greatest values fall by this factor.
    first, second = path[:40].max(), path[100:140].max()
    return (
        float(below),
        float(above),
        float((second / first) ** (1 / (100 + path[100:140].argmax() - path[:40].argmax()))),
    )


def _best(ratio: float) -> tuple[float, SGD]:
    """Rate and momentum that are best for curvatures from 1 to `ratio` (Polyak 1964)."""
    root = np.sqrt(ratio)
    return float((2 / (1 + root)) ** 2), SGD(momentum=float(((root - 1) / (root + 1)) ** 2), nesterov=False)


def _run(bench: Bench) -> Findings:
    checks, counts = [], {}
    lecture = _lecture_form(bench, 30)
    checks.append(
        exact("lecture's form: greatest distance from the recursion by hand", np.abs(lecture - _by_hand(30)).max(), 0)
    )
    paths = {"eta 0.6, no momentum": descend(VALLEY, START, PLAIN, 0.6, 20, bench.engine)}
    for beta, ends in SAVED.items():
        path = descend(VALLEY, START, SGD(momentum=beta, nesterov=False), 0.6, 20, bench.engine)
        paths[f"eta 0.6, momentum {beta:g}"] = path
        checks += [exact(f"momentum {beta:g}: {axis}", path[-1, k], ends[k], 1e-6) for k, axis in enumerate("xy")]
    for beta in (0.5,) if bench.reduced else (0.5, 0.9):
        below, above, factor = _stable(bench, beta)
        checks += [
            true(f"momentum {beta:g}: converges up to rate 2 + 2 beta over the curvature", below < 1e-3 < 1e3 < above),
            within(f"momentum {beta:g}: factor per step at rate 1", factor / np.sqrt(beta), 0.98, 1.02, "root of beta"),
        ]
    for done, (ratio, expected) in enumerate(list(STEPS.items())[: 1 if bench.reduced else 3]):
        bench.say(done, len(STEPS))
        rate, heavy = _best(ratio)
        plain = descend((1.0, ratio), (1.0, 1.0), PLAIN, 2 / (1 + ratio), 10_000, bench.engine, close=1e-6)
        heavy_path = descend((1.0, ratio), (1.0, 1.0), heavy, rate, 10_000, bench.engine, close=1e-6)
        counts[ratio] = (len(plain) - 1, len(heavy_path) - 1)
        for name, count, wanted in zip(("plain", "momentum"), counts[ratio], expected, strict=True):
            checks.append(exact(f"condition {ratio}: steps, {name}", count, wanted))
    checks.append(
        true(
            "plain gradient descent diverged where momentum converged",
            np.abs(paths["eta 0.6, no momentum"]).max() > 1e3,
        )
    )
    reading = (
        "With rate 0.6 plain gradient descent leaves the valley, with momentum 0.5 it reaches the bottom. At condition "
        f"number {ratio} the best plain rate needs {counts[ratio][0]} steps, the best momentum {counts[ratio][1]}."
    )
    return Findings(tuple(checks), reading, {"paths": paths, "lecture": lecture, "counts": counts})


def _draw(found: Findings, figure: Any) -> None:
    left, middle, right = figure.subplots(1, 3)
    contours(left, VALLEY, (-6, 2, -3, 3))
    for place, (name, path) in enumerate(found.data["paths"].items()):
        shown = path[np.abs(path[:, 1]) < 6]
        left.plot(*shown.T, color=COLOURS[place + 1], marker=MARKERS[place], markersize=4, linewidth=1, label=name)
    left.set(title="0.1 x² + 2 y²", xlabel="x", ylabel="y", xlim=(-6, 2), ylim=(-3, 3))
    left.legend(fontsize="small")
    contours(middle, (3.0, 2.0), (-6, 2, -3, 3))
    middle.plot(*found.data["lecture"].T, color=COLOURS[1], marker="o", markersize=4, linewidth=1)
    middle.set(title="lecture 002: η = 0.1, momentum 0.5", xlabel="x", ylabel="y", xlim=(-6, 2), ylim=(-3, 3))
    ratios = list(found.data["counts"])
    for place, name in enumerate(("plain", "momentum")):
        steps = [found.data["counts"][ratio][place] for ratio in ratios]
        right.loglog(ratios, steps, color=COLOURS[place], marker=MARKERS[place], linestyle=DASHES[place], label=name)
    right.set(title="best rate, best momentum", xlabel="condition number", ylabel="steps to 1e-6")
    right.legend(frameon=False)


EXPERIMENT = Experiment(
    name="momentum",
    title="Momentum smooths and shortens the path",
    lecture="002",
    source="lecture 002, 'Gradient descent with momentum' and 'Momentum in action (GD)'; lecture 000, 'Momentum'",
    claim="Averaging past gradients smooths an erratic path and lets larger steps converge.",
    prediction="Steps grow with the square root of the condition number instead of the number itself (Polyak 1964).",
    run=_run,
    draw=_draw,
    seconds=1.0,
    size=(13.0, 4.0),
)
