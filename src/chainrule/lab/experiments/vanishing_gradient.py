"""Gradients vanish with depth where slopes are below one; ReLU with He's weights keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets.mnist import digits
from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import THEORY, exact, true, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

DEPTHS = (1, 2, 3, 5, 7, 10)
WIDTH, BATCH, BATCHES = 30, 100, 10


def _chain(bench: Bench, layers: int) -> tuple[float, float, float]:
    """Of logistic units in a row with weights 0.5: the engine's dL/dw1, the product of its factors, the bound."""
    network = Network(1, (*(Dense(1, "logistic") for _ in range(layers)), Dense(1, "identity")))
    theta = network.pack([np.full((1, 1), 0.5)] * layers + [np.ones((1, 1))], [np.zeros(1)] * (layers + 1))
    x, y = np.ones((1, 1)), np.zeros((1, 1))
    _, gradient = network.loss_and_gradient(theta, x, y, engine=bench.engine)
    h = np.array([layer[0, 0] for layer in network.activations(theta, x)])
    slopes = h[:-1] * (1 - h[:-1])
    by_hand = (h[-1] - 0) * slopes.prod() * 0.5 ** (layers - 1)
    return float(gradient[0]), float(by_hand), float(h[-1] * 0.25**layers * 0.5 ** (layers - 1))


def _steps(bench: Bench, gradient: float, start: float, end: float) -> int:
    """Steps of rate 1 from `start` down to `end` with that gradient: a unit that sees `gradient` as its input, 1000 a pass."""
    network = Network(1, (Dense(1, "identity"),), "absolute_error")
    X, y = np.full((1000, 1), gradient), np.full((1000, 1), -1e9)
    plain = SGD(momentum=0.0, nesterov=False)
    training = train(
        network, np.array([start, 0.0]), X, y, solver=plain, learning_rate_init=1.0, batch_size=1, max_iter=200,
        n_iter_no_change=np.inf, engine=bench.engine,
    )  # fmt: skip
    for epoch in training:
        if training.theta[0] <= end + 1e-9:
            return epoch.number * 1000
    return -1


def _norms(bench: Bench, X: Any, Y: Any, activation: str, init: Any, depth: int, seed: int) -> Any:
    """Norm of the loss's gradient for each layer's weights, mean of some batches, before any training."""
    network = Network(X.shape[1], (*(Dense(WIDTH, activation) for _ in range(depth)), Dense(10, "softmax")), "log_loss")
    theta = network.init(seed, init)
    rows = np.random.default_rng(seed).choice(len(X), (BATCHES, BATCH), replace=False)
    found = []
    for batch in rows:
        gradient = network.loss_and_gradient(theta, X[batch], Y[batch], engine=bench.engine)[1]
        found.append([np.sqrt((W**2).sum()) for W in network.views(gradient).W])
    return np.mean(found, axis=0)


def _ratio(norms: Any) -> float:
    """By what factor the gradient grows from each hidden layer to the next, from the second one on (geometric mean)."""
    return float((norms[-2] / norms[1]) ** (1 / (len(norms) - 3)))


# Activation, initial weights: variance 1 / inputs as in Nielsen, chapter 5; He et al. 2015 take twice that for ReLU.
SETTINGS = {
    "logistic, 1 / inputs": ("logistic", "lecun_normal"),
    "tanh, 1 / inputs": ("tanh", "lecun_normal"),
    "relu, 1 / inputs": ("relu", "lecun_normal"),
    "relu, He": ("relu", "he_normal"),
}
SIGMOID, TANH, RELU, HE = SETTINGS


def _by_hand(bench: Bench) -> list[Any]:
    checks = []
    for layers in (1, 5, 8, 10):
        gradient, by_hand, bound = _chain(bench, layers)
        checks.append(exact(f"{layers} units in a row: dL/dw1 over the product of its factors", gradient / by_hand, 1))
        checks.append(within(f"{layers} units in a row: dL/dw1", gradient, 0, bound, "no slope exceeds 1/4"))
    steps = _steps(bench, 1e-5, 0.5, -0.2)
    return [*checks, exact("steps of rate 1 from 0.5 to -0.2 with gradient 1e-5", steps, 70_000)]


def _run(bench: Bench) -> Findings:
    checks, data = _by_hand(bench), digits()
    X, Y = data.X[:5000].astype(np.float64), np.eye(10)[data.y[:5000]]
    norms, first = {}, {}
    for done, (name, setting) in enumerate(SETTINGS.items()):
        bench.say(done, len(SETTINGS))
        norms[name] = np.array([_norms(bench, X, Y, *setting, 5, seed) for seed in bench.seeds(20)])
        first[name] = [
            np.median([_norms(bench, X, Y, *setting, depth, seed)[0] for seed in bench.seeds(5)]) for depth in DEPTHS
        ]
    ratios = {name: np.array([_ratio(row) for row in found]) for name, found in norms.items()}
    low, high = ratios[SIGMOID].min(), ratios[SIGMOID].max()
    checks += [
        within(f"{SIGMOID}: least growth per layer towards the output", low, 2.5, np.inf, "1/4 per layer, see Nielsen"),
        within(f"{SIGMOID}: greatest", high, 0, 6, "1/4 per layer, see Nielsen"),
    ]
    for name in (TANH, RELU, HE):
        found = ratios[name]
        checks.append(
            true(f"{name}: the growth is 1/2 to 2 from each of 20 starts", 0.5 < found.min() <= found.max() < 2, THEORY)
        )
    kept = {name: values[-1] / values[0] for name, values in first.items()}
    checks += [
        within(
            f"{SIGMOID}: first gradient with 10 layers over that with 1", kept[SIGMOID], 0, 0.25**9 * 8, "1/4 per layer"
        ),
        within(f"{RELU}: the same", kept[RELU], 2**-4.5 / 4, 2**-4.5 * 4, "half the variance per layer, so 2^-4.5"),
        within(f"{HE}: the same", kept[HE], 1 / 4, 4, "He's variance keeps it"),
    ]
    middle = {name: np.median(found) for name, found in ratios.items()}
    reading = (
        f"Five sigmoid units in a row pass {_chain(bench, 5)[0]:.1e} of the gradient on: at that pace the way from 0.5 to -0.2 "
        f"takes tens of thousands of steps. In networks with five hidden layers the gradient shrinks {middle[SIGMOID]:.1f}-fold "
        f"per layer with the sigmoid, {middle[HE]:.2f}-fold with ReLU and He's weights."
    )
    caveat = (
        "It is the sigmoid's slope of at most 1/4, not depth alone: at the start tanh loses nearly nothing "
        f"({middle[TANH]:.2f}-fold per layer). And ReLU alone does not prevent it: with variance 1 / inputs the first layer's "
        f"gradient falls to {kept[RELU]:.1%} from 1 to 10 layers; it takes He's variance 2 / inputs ({kept[HE]:.0%})."
    )
    return Findings(tuple(checks), reading, {"norms": norms, "first": first}, caveat, data.source)


def _draw(found: Findings, figure: Any) -> None:
    left, right = figure.subplots(1, 2)
    layers = np.arange(1, 7)
    for place, (name, norms) in enumerate(found.data["norms"].items()):
        look = {"color": COLOURS[place], "marker": MARKERS[place], "linestyle": DASHES[place], "label": name}
        left.plot(layers, np.median(norms, axis=0), **look)
        left.fill_between(layers, norms.min(axis=0), norms.max(axis=0), color=COLOURS[place], alpha=0.15, linewidth=0)
        right.plot(DEPTHS, found.data["first"][name], **look)
    left.set(
        title="five hidden layers of 30 units: median and range of 20 starts", xlabel="layer (6: output)",
        ylabel="norm of the loss's gradient", yscale="log",
    )  # fmt: skip
    right.set(
        title="first hidden layer, by depth", xlabel="hidden layers", ylabel="norm of the loss's gradient", yscale="log"
    )
    for ax in (left, right):
        ax.grid(True, alpha=0.25)
    right.legend(title="activation, variance of the first weights", frameon=False, fontsize="small")


EXPERIMENT = Experiment(
    name="vanishing-gradient",
    title="Gradients vanish with depth",
    lecture="001",
    source="lecture 001, 'Gradient vanishing'; lecture 000, 'Activation Functions for Hidden Layers'; lecture 004, 'Rectifier "
    "Linear Unit'",
    claim="Through many layers 'zero-point-somethings' multiply to nearly nothing and the network is stuck; ReLU avoids that.",
    prediction="0.7 / 1e-5 = 70,000 steps; at most 1/4 per sigmoid; 2.5- to 6-fold per layer in a network (Nielsen), 1 with He.",
    run=_run,
    draw=_draw,
    seconds=6.0,
    size=(12.0, 4.2),
)
