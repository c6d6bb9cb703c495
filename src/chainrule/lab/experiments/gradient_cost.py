"""What a gradient costs: about three passes, in proportion to the weights; finite differences cost their square."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

from chainrule.graph.passes import Backward, Forward
from chainrule.lab.checks import exact, within
from chainrule.lab.drawing import curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

# Units of each of two hidden layers, where time is measured and where nodes are counted.
WIDTHS, SMALL = (64, 128, 256, 512), (8, 16, 32)
INPUTS, ROWS, TRIED = 16, 64, 8
# Seconds of processor time that a measurement takes at least.
LEAST = 0.02


def _network(inputs: int, width: int, activation: str) -> Network:
    return Network(inputs, (Dense(width, activation), Dense(width, activation), Dense(1, "identity")), "squared_error")


def _seconds(work: Callable[[], Any]) -> float:
    """Processor time of one call, the least of five measurements: other programs on the machine hardly matter."""
    work()
    best = np.inf
    for _ in range(5):
        calls, begun = 0, process_time()
        while process_time() - begun < LEAST:
            work()
            calls += 1
        best = min(best, (process_time() - begun) / calls)
    return float(best)


def _counted(width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Parameters of a network with 4 inputs; for one row: nodes computed forward, nodes finished backward, products."""
    network = _network(4, width, "tanh")
    graph = network.graph(rng.standard_normal(network.n_parameters), rng.standard_normal(4), np.ones(1))
    assert graph.loss is not None
    forward, backward = len(list(Forward(graph))), list(Backward(graph, graph.loss))
    return network.n_parameters, forward, len(backward), sum(len(step.terms) for step in backward)


def _measured(bench: Bench, width: int, rng: np.random.Generator) -> tuple[int, dict[str, float]]:
    """Parameters, and seconds for the loss, the gradient and central differences (of some weights, scaled up to all)."""
    network = _network(INPUTS, width, "relu")
    theta, X, y = network.init(bench.seed), rng.standard_normal((ROWS, INPUTS)), rng.standard_normal((ROWS, 1))

    def loss(at: Any) -> float:
        return float(((network.predict(at, X, engine=bench.engine) - y) ** 2).sum() / (2 * ROWS))

    def differences() -> list[float]:
        return [slope(place) for place in range(0, len(theta), len(theta) // TRIED)]

    def slope(place: int) -> float:
        kept, ends = theta[place], []
        for theta[place] in (kept - 1e-6, kept + 1e-6):
            ends.append(loss(theta))
        theta[place] = kept
        return (ends[1] - ends[0]) / 2e-6

    seconds = {
        "loss": _seconds(lambda: loss(theta)),
        "gradient by backpropagation": _seconds(lambda: network.loss_and_gradient(theta, X, y, engine=bench.engine)),
        "gradient by central differences": _seconds(differences) * len(theta) / len(differences()),
    }
    return len(theta), seconds


def _run(bench: Bench) -> Findings:
    rng, checks = np.random.default_rng(bench.seed), []
    for width in SMALL:
        leaves, forward, finished, products = _counted(width, rng)
        checks += [
            exact(
                f"{width} units: nodes finished backward, beyond those computed forward", finished - forward, leaves + 4
            ),
            within(f"{width} units: products per parameter", products / leaves, 1, 3.5, "weight, input, sum"),
        ]
    measured = [_measured(bench, width, rng) for width in WIDTHS]
    weights = [count for count, _ in measured]
    times = {name: np.array([seconds[name] for _, seconds in measured]) for name in measured[0][1]}
    powers = {name: float(np.polyfit(np.log(weights), np.log(each), 1)[0]) for name, each in times.items()}
    loss, gradient, differences = times
    ratio = float(np.median(times[gradient] / times[loss]))
    slower = float(times[differences][-1] / times[gradient][-1])
    checks += [
        within("gradient: time grows with this power of the parameters", powers[gradient], 0.6, 1.4, "linear"),
        within("central differences: the same", powers[differences], 1.5, 2.5, "a pass for each parameter: quadratic"),
        within("time of the gradient, in losses", ratio, 1, 8, "3 matrix products for 1, and the loss itself"),
        within(
            f"differences against backpropagation, {weights[-1]:,} parameters",
            slower,
            weights[-1] / 20,
            np.inf,
            "2 P / 3",
        ),
    ]
    reading = (
        f"A gradient takes the time of {ratio:.1f} losses, with {weights[0]:,} parameters as with {weights[-1]:,}: it grows with "
        f"their power {powers[gradient]:.2f}, differences with {powers[differences]:.2f}. Of the largest network they would take "
        f"{times[differences][-1]:,.0f} s, backpropagation {1000 * times[gradient][-1]:.0f} ms."
    )
    caveat = (
        f"As long as the loss is too little said: backward there are two matrix products for each one forward, so a gradient "
        f"costs about three losses (measured: {ratio:.1f})."
    )
    return Findings(tuple(checks), reading, {"weights": weights, "times": times}, caveat)


def _draw(found: Findings, figure: Any) -> None:
    ax = figure.subplots()
    curves(ax, found.data["times"], found.data["weights"], markers=True)
    ax.set(xscale="log", yscale="log", xlabel="parameters", ylabel=f"seconds of processor time, {ROWS} rows")


EXPERIMENT = Experiment(
    name="gradient-cost",
    title="What a gradient costs",
    lecture="003",
    source="lecture 003, 'The Learning process v1.0: The inefficient way'; lecture 000, 'Deriving the Loss'",
    claim="One derivative at a time takes quadratic time; backpropagation takes linear time, as much as the loss itself.",
    prediction="Time of the gradient in proportion to the parameters, about 3 losses; of differences to their square.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    size=(7.5, 4.5),
)
