"""Backpropagation is the chain rule on a graph: printed examples, every network, and 10,000 steps of a published one."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.formulas.activations import ACTIVATIONS
from chainrule.graph.examples import EXAMPLES, MAZUR_RATE, MAZUR_WEIGHTS, mazur, mazur_sequential_step
from chainrule.lab.checks import exact, within
from chainrule.lab.drawing import COLOURS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

HIDDEN = [name for name, each in ACTIVATIONS.items() if each.hidden and not each.untrainable]
STEPS = 10.0 ** np.arange(-11, 0)
# Loss of Mazur's network after so many steps with its biases fixed; of one step with biases; of his own order of updates.
LOSSES = {
    1: 0.2910277736936,
    2: 0.2835471331,
    10: 0.2209185921,
    100: 0.0200468282,
    1000: 0.0011143495,
    10_000: 3.51018778e-5,
}
WITH_BIASES, SEQUENTIAL = 0.280471446791, 0.291027923905
NETWORK = Network(2, (Dense(2, "logistic"), Dense(2, "logistic")), "squared_error")
X, Y = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
START = NETWORK.pack(
    [np.array([[0.15, 0.25], [0.20, 0.30]]), np.array([[0.40, 0.50], [0.45, 0.55]])],
    [np.full(2, 0.35), np.full(2, 0.6)],
)
# Where w_1 to w_8 stand in theta: matrices are (inputs, outputs), row by row.
ORDER = [0, 2, 1, 3, 4, 6, 5, 7]


def _mazur(bench: Bench) -> list[Any]:
    """Checks of the published network on the engine."""
    graph = mazur().graph
    gradient = NETWORK.loss_and_gradient(START, X, Y, engine=bench.engine)[1]
    gap = max(abs(gradient[at] - graph[name].grad) for name, at in zip(MAZUR_WEIGHTS, ORDER, strict=True))
    checks = [exact("Mazur's network: engine against graph, greatest difference", gap, 0, 1e-12)]
    theta = START.copy()
    for step in range(1, max(LOSSES) + 1):
        theta[:8] -= MAZUR_RATE * NETWORK.loss_and_gradient(theta, X, Y, engine=bench.engine)[1][:8]
        if step in LOSSES:
            loss = NETWORK.loss_and_gradient(theta, X, Y, engine=bench.engine)[0]
            checks.append(exact(f"its loss after {step} steps", loss, LOSSES[step], 1e-10 if step < 10_000 else 1e-13))
    after = NETWORK.loss_and_gradient(START - MAZUR_RATE * gradient, X, Y, engine=bench.engine)[0]
    mazur_sequential_step(graph)
    checks.append(exact("its loss after a step of the biases too", after, WITH_BIASES, 1e-11))
    return [*checks, exact("its loss after one step in the article's order", graph["E"].data, SEQUENTIAL, 1e-11)]


def _differences(bench: Bench, activation: str, rng: np.random.Generator) -> tuple[float, Any]:
    """Relative errors of a network's gradient: of the engine against a graph of scalars; of central differences by step."""
    network = Network(3, (Dense(4, activation), Dense(3, activation), Dense(2, "identity")), "squared_error")
    theta, x, y = rng.normal(0, 0.7, network.n_parameters), rng.standard_normal((2, 3)), rng.standard_normal((2, 2))

    def loss(at: Any) -> float:
        return network.loss_and_gradient(at, x, y, engine=bench.engine)[0]

    gradient = network.loss_and_gradient(theta, x, y, engine=bench.engine)[1]
    graph = network.graph(theta, x, y)
    graph.backward()
    size, moves = np.abs(gradient).max(), np.eye(len(theta))
    central = [[(loss(theta + h * move) - loss(theta - h * move)) / (2 * h) for move in moves] for h in STEPS]
    return float(np.abs(graph.gradient() - gradient).max() / size), np.abs(np.array(central) - gradient).max(
        axis=1
    ) / size


def _run(bench: Bench) -> Findings:
    rng, checks = np.random.default_rng(bench.seed), []
    for example in (examples := {name: make() for name, make in EXAMPLES.items()}).values():
        off = [abs((each.found(example.graph) or 0) - float(each.text)) / each.unit for each in example.printed]
        if off:
            title = (
                f"{example.title} ({example.source}): {len(off)} printed numbers, greatest difference in last digits"
            )
            checks.append(within(title, max(off), 0, 0.5001, "rounding"))
    checks += _mazur(bench)
    courses = {}
    for name in HIDDEN:
        exactly, courses[name] = _differences(bench, name, rng)
        checks.append(exact(f"{name}: engine against the chain rule, scalar by scalar", exactly, 0, 1e-12))
        checks.append(
            within(f"{name}: engine against central differences, h = 1e-6", courses[name][5], 0, 1e-6, "h^2, 1e-16 / h")
        )
    order = np.polyfit(np.log(STEPS[-3:]), np.log(courses["tanh"][-3:]), 1)[0]
    checks.append(within("tanh: error of central differences, power of h from 1e-3 to 0.1", order, 1.8, 2.2, "h^2"))
    reading = (
        f"All {sum(len(example.printed) for example in examples.values())} printed numbers come out. Backpropagation agrees with "
        f"the chain rule, scalar by scalar, to rounding; differences at best to {courses['tanh'].min():.0e}, and only for steps "
        "neither too long (error h^2) nor too short (rounding / h)."
    )
    caveat = (
        "Mazur's article, to which the lecture refers, prints a loss after one step that belongs to hidden weights updated "
        f"through output weights already changed ({SEQUENTIAL:.9f}); gradient descent gives {LOSSES[1]:.9f}."
    )
    return Findings(tuple(checks), reading, {"chain": examples["toy_chain"].graph, "courses": courses}, caveat)


def _draw(found: Findings, figure: Any) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    graph = found.data["chain"]
    for place, name in enumerate(("f_0", "h_1", "f_1", "h_2", "f_2", "h_3", "f_3", "l")):
        at, node = (place % 4, 1 - place // 4), graph[name]
        left.text(
            *at,
            f"${name}$",
            ha="center",
            va="center",
            fontsize=13,
            bbox={"boxstyle": "circle", "fc": "white", "ec": "black"},
        )
        left.text(at[0], at[1] + 0.22, f"{node.data:.4f}", ha="center", color=COLOURS[0])
        left.text(at[0], at[1] - 0.28, f"{node.grad:.4f}", ha="center", color=COLOURS[1], style="italic")
        if place % 4 < 3:
            left.annotate(
                "", (at[0] + 0.8, at[1]), (at[0] + 0.2, at[1]), arrowprops={"arrowstyle": "<->", "color": "black"}
            )
    left.text(1.5, 1.5, "forward: values", ha="center", color=COLOURS[0])
    left.text(1.5, -0.55, "backward: derivatives of l", ha="center", color=COLOURS[1], style="italic")
    left.set(xlim=(-0.5, 3.5), ylim=(-0.7, 1.7), title="a chain of functions: sin, exp, cos, square")
    left.axis("off")
    named = {
        name: found.data["courses"][name] for name in ("tanh", "logistic", "softplus") if name in found.data["courses"]
    }
    curves(right, named, STEPS, markers=True)
    right.axhline(1e-12, color="black", linewidth=0.8)
    right.text(1e-11, 1.3e-12, "backpropagation is exact to below this line", fontsize=8)
    right.set(
        xscale="log", yscale="log", xlabel="step h of central differences", ylabel="relative error of the gradient"
    )


EXPERIMENT = Experiment(
    name="backpropagation",
    title="Backpropagation is the chain rule on a graph",
    lecture="000",
    source="lecture 000, 'Backpropagation Algorithm'; lecture 001, 'Practical example'; lecture 003, 'Gradient over a Graph'",
    claim="Backpropagation simply consists in applying the chain rule for derivatives.",
    prediction="The printed numbers of the lectures' and published examples; differences of networks agree to h^2.",
    run=_run,
    draw=_draw,
    seconds=3.0,
    size=(12.0, 4.2),
)
