"""Where training starts: variances that keep the signal, and why the weights must differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.formulas.initializers import INITIALIZERS, Normal
from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import exact, true, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

FAN_IN, FAN_OUT = 300, 200
VARIANCES = {
    "he_normal": 2 / FAN_IN,
    "lecun_normal": 1 / FAN_IN,
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
}
DEEP, NARROW = 50, 80
CORNERS = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
XOR = np.array([[0.0], [1], [1], [0]])


def _variances(seed: int) -> list[Any]:
    """Each initialiser's variance; four standard errors of 60,000 draws."""
    checks = []
    for name, variance in VARIANCES.items():
        weights, _ = INITIALIZERS[name](np.random.RandomState(seed), FAN_IN, FAN_OUT, "relu")
        slack = 4 * variance * np.sqrt(2 / weights.size)
        found = float((weights**2).mean())
        checks.append(within(f"{name}: variance", found, variance - slack, variance + slack, "its formula, 4 errors"))
    return checks


def _squares(network: Network, theta: Any, X: Any) -> Any:
    """Mean square of the activations of every layer."""
    return np.array([float((layer**2).mean()) for layer in network.activations(theta, X)])


def _stack(width: int, depth: int) -> Network:
    return Network(width, tuple(Dense(width) for _ in range(depth)))


def _deep(bench: Bench) -> tuple[list[Any], dict[str, Any]]:
    """The same draws at three scales: ReLU layers are homogeneous, so the signal scales exactly with their product."""
    network, X = _stack(NARROW, DEEP), np.random.default_rng(bench.seed).standard_normal((100, NARROW))
    signal = {
        name: _squares(network, network.init(bench.seed, Normal(deviation)), X)
        for name, deviation in (("1 / D", NARROW**-0.5), ("2 / D (He)", (2 / NARROW) ** 0.5), ("1", 1.0))
    }
    low, kept, high = (values[-1] for values in signal.values())
    return [
        exact("50 layers, variance 1/80 against 2/80: log2 of the signal's ratio", np.log2(low / kept), -DEEP),
        exact("50 layers, variance 1 against 2/80: log40 of the ratio", np.log(high / kept) / np.log(40), DEEP),
    ], signal


def _wide(bench: Bench) -> Any:
    """Width 500, He: mean square in layer 20 over that in layer 1, for 20 starts."""
    network, X = _stack(500, 20), np.random.default_rng(bench.seed).standard_normal((20, 500))
    ratios = []
    for seed in bench.seeds(20):
        squares = _squares(network, network.init(seed, "he_normal", np.float32), X)
        ratios.append(squares[-1] / squares[0])
    return np.array(ratios)


def _trained(bench: Bench, start: str) -> tuple[Any, list[float]]:
    """Weights into the hidden layer and losses of 300 full-batch steps on XOR."""
    network = Network(2, (Dense(4, "tanh"), Dense(1, "logistic")), "log_loss")
    theta = network.init(bench.seed, "glorot_uniform" if start == "random" else "zeros")
    theta += 0.5 if start == "equal" else 0.0
    training = train(
        network, theta, CORNERS, XOR, solver=SGD(momentum=0.9), learning_rate_init=0.1, max_iter=300, shuffle=False,
        n_iter_no_change=np.inf, engine=bench.engine,
    )  # fmt: skip
    losses = [epoch.loss for epoch in training]
    return network.views(training.theta).W[0], losses


def _run(bench: Bench) -> Findings:
    checks, signal = _deep(bench)
    ratios = _wide(bench)
    checks += _variances(bench.seed)
    checks.append(
        within("width 500, He: signal in layer 20 over layer 1, median of 20", np.median(ratios), 0.5, 2, "mean 1")
    )
    runs = {start: _trained(bench, start) for start in ("zero", "equal", "random")}
    checks += [
        exact("all weights zero: loss after 300 steps", runs["zero"][1][-1], np.log(2)),
        exact("all weights zero: greatest weight after 300 steps", np.abs(runs["zero"][0]).max(), 0),
        exact("all weights 1/2: greatest difference between hidden units", np.ptp(runs["equal"][0], axis=1).max(), 0),
        true("all weights 1/2: they have moved", bool(np.abs(runs["equal"][0] - 0.5).max() > 0.1)),
        true("all weights 1/2: XOR is not learned", runs["equal"][1][-1] > 0.3),
        true("random weights: lower loss", runs["random"][1][-1] < runs["equal"][1][-1]),
    ]
    reading = (
        f"With He's variance the signal stays within a factor of {max(ratios.max(), 1 / ratios.min()):.1f} through 20 layers of "
        "500 ReLU units. In 50 layers of 80 it is 2^50 times weaker with half that variance, 40^50 times stronger with 1. "
        "Units that start alike stay alike: together they are one unit, and one unit does not learn XOR."
    )
    data = {"signal": signal, "ratios": ratios, "losses": {start: losses for start, (_, losses) in runs.items()}}
    return Findings(tuple(checks), reading, data)


def _draw(found: Findings, figure: Any) -> None:
    deep, wide, learned = figure.subplots(1, 3)
    for place, (name, squares) in enumerate(found.data["signal"].items()):
        deep.plot(range(1, DEEP + 1), squares, color=COLOURS[place], linestyle=DASHES[place], label=f"variance {name}")
    deep.set(title="50 ReLU layers of 80 units", xlabel="layer", ylabel="mean square of the activations", yscale="log")
    deep.legend(frameon=False)
    ratios = np.sort(found.data["ratios"])
    wide.plot(range(1, len(ratios) + 1), ratios, MARKERS[0], color=COLOURS[0])
    wide.axhline(1, color=COLOURS[1], linestyle="--", label="expected")
    wide.set(title="20 ReLU layers of 500 units, He", xlabel="starts, sorted", ylabel="signal, layer 20 over layer 1")
    wide.set(yscale="log", ylim=(0.1, 10))
    wide.legend(frameon=False)
    curves(learned, {f"{start} weights": losses for start, losses in found.data["losses"].items()})
    learned.set(title="XOR, four tanh units", xlabel="step", ylabel="loss", ylim=(0, None))


EXPERIMENT = Experiment(
    name="initialisation",
    title="Initial weights: random, and of the right size",
    lecture="001",
    source="lecture 001, 'Gradient descent': 'Initialize weights randomly'; lecture 004, 'Gradient Descent'",
    claim="Weights start as random numbers.",
    prediction="Variance 2 / inputs keeps the signal (He et al. 2015), half of it loses 2^-50 in 50 layers; equal units stay so.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    size=(12.0, 3.8),
)
