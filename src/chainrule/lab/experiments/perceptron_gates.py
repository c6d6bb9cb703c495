"""The perceptron rule learns AND, OR and NAND, step by step as on paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.estimators.perceptron import Perceptron
from chainrule.lab.checks import exact, true, within
from chainrule.lab.drawing import points
from chainrule.lab.experiment import Bench, Experiment, Findings

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
# Targets, corrections, first pass without an error, weights, bias: by hand, for the rows in this order and eta 1.
GATES = {
    "AND": ((0, 0, 0, 1), 10, 6, (2, 1), -2),
    "OR": ((0, 1, 1, 1), 4, 4, (1, 1), 0),
    "NAND": ((1, 1, 1, 0), 11, 6, (-2, -1), 3),
}
MARGIN = 0.1


def _separable(seed: int) -> tuple[Any, Any]:
    """100 points of the square [-1, 1]^2, none closer than MARGIN to the line x1 + x2 = 0."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (400, 2))
    distance = X.sum(axis=1) / np.sqrt(2)
    chosen = np.flatnonzero(np.abs(distance) >= MARGIN)[:100]
    return X[chosen], (distance[chosen] > 0).astype(int)


def _run(bench: Bench) -> Findings:
    checks, lines = [], {}
    for gate, (targets, corrections, epoch, weights, bias) in GATES.items():
        model = Perceptron(engine=bench.engine).fit(CORNERS, targets)
        checks.append(exact(f"{gate}: corrections", sum(model.mistakes_), corrections))
        checks.append(exact(f"{gate}: first pass without an error", model.n_iter_, epoch))
        found = [*model.coef_[0], model.intercept_[0]]
        checks += [
            exact(f"{gate}: {name}", *pair)
            for name, *pair in zip(["w1", "w2", "b"], found, (*weights, bias), strict=True)
        ]
        lines[gate] = (np.array(targets), np.array(found))
    mistakes = []
    for seed in bench.seeds(20):
        X, y = _separable(seed)
        model = Perceptron(engine=bench.engine).fit(X, y)
        mistakes.append(sum(model.mistakes_))
        checks.append(true(f"seed {seed}: every point right in the end", model.score(X, y) == 1))
    bound = 3 / MARGIN**2
    checks.append(
        within("most corrections over 20 sets", max(mistakes), 1, bound, "Novikoff: (R / margin)^2 with R^2 = 3")
    )
    reading = (
        f"Each gate is learned in 4 to 11 corrections. On 100 points with margin {MARGIN:g} the rule came to rest after "
        f"{min(mistakes)} to {max(mistakes)} corrections; Novikoff's theorem allows {bound:.0f}."
    )
    return Findings(tuple(checks), reading, {"lines": lines, "mistakes": mistakes, "bound": bound})


def _draw(found: Findings, figure: Any) -> None:
    axes = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1.2))
    for ax, (gate, (targets, (w1, w2, b))) in zip(axes, found.data["lines"].items(), strict=False):
        points(ax, CORNERS, targets)
        at = np.array([-0.5, 1.5])
        ax.plot(at, -(b + w1 * at) / w2, color="black")
        ax.set(title=gate, xlabel="$x_1$", ylabel="$x_2$", xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), aspect="equal")
    last, mistakes = axes[-1], sorted(found.data["mistakes"])
    last.plot(range(1, len(mistakes) + 1), mistakes, "o", color="#0072B2")
    last.axhline(found.data["bound"], color="#D55E00", linestyle="--", label="Novikoff's bound")
    last.set(title="100 points with a margin", xlabel="sets of points, sorted", ylabel="corrections", yscale="log")
    last.legend(frameon=False, fontsize="small", loc="center right")
    axes[0].legend(title="class", fontsize="small", loc="upper left")


EXPERIMENT = Experiment(
    name="perceptron-gates",
    title="The perceptron rule learns AND, OR and NAND",
    lecture="001",
    source="lecture 001, 'This is a perceptron'; lecture 004, 'Perceptron Learning Algorithm'",
    claim="A perceptron learns every function whose classes a line separates, with finitely many corrections.",
    prediction="By hand: AND 10 corrections, OR 4, NAND 11, with these weights; with margin 0.1 at most 300 (Novikoff 1962).",
    run=_run,
    draw=_draw,
    seconds=0.3,
    size=(11.0, 3.2),
)
