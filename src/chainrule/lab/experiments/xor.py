"""XOR: impossible for one layer, exact with two hand-made ones, learned from most starts."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.engines import choose
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.estimators.perceptron import Perceptron
from chainrule.lab.checks import Band, calibrated, exact, true
from chainrule.lab.drawing import boundary, points
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
XOR = np.array([0, 1, 1, 0])
STARTS = 50
# Share of 50 starts that end with all four rows right; measured for the starts 0..49, 50..99, ... of 20 groups.
SEEDS = range(0, 1000, 50)
LEARNED = {2: Band(0.15, 0.75, 0.43, (0.26, 0.62), SEEDS), 4: Band(0.65, 1.0, 0.91, (0.78, 0.98), SEEDS)}


def _by_hand(bench: Bench) -> tuple[Any, Any]:
    """Hidden features and outputs of h = relu(x [[1, 1], [1, 1]] + (0, -1)), y = h (1, -2)."""
    network = Network(2, (Dense(2, "relu"), Dense(1, "identity")))
    theta = network.pack([np.ones((2, 2)), np.array([[1.0], [-2.0]])], [np.array([0.0, -1.0]), np.zeros(1)])
    engine = choose(bench.engine, network, theta.dtype)
    hidden = network.activations(theta, CORNERS)[0]
    return hidden, engine.predict(network, theta, CORNERS)[:, 0]


def _one_layer(bench: Bench) -> tuple[Any, float]:
    """Parameters and loss of the best logistic unit."""
    model = MLPClassifier(
        (), solver="lbfgs", alpha=0, tol=1e-12, max_iter=1000, random_state=bench.seed, engine=bench.engine
    )
    model.fit(CORNERS, XOR)
    return model.theta_, model.loss_


def _lines(bench: Bench) -> tuple[int, float]:
    """How many functions of two bits single threshold units compute, and of how many corners they get XOR right at best."""
    grid = [(u, v, b) for u in (-1, 0, 1) for v in (-1, 0, 1) for b in (-1.5, -0.5, 0.5, 1.5)]
    weights = np.array(grid, dtype=float).T
    network = Network(2, (Dense(len(grid), "step"),), "perceptron")
    outputs = network.predict(network.pack([weights[:2]], [weights[2]]), CORNERS, engine=bench.engine)
    return len(np.unique(outputs, axis=1).T), float((outputs == XOR[:, None]).mean(axis=0).max())


def _least_squares(bench: Bench) -> list[float]:
    """Weights, bias and mean squared error of the best plane through XOR."""
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-12, random_state=bench.seed, engine=bench.engine
    )
    model.fit(CORNERS, XOR)
    return [*model.coefs_[0][:, 0], model.intercepts_[0][0], float(np.mean((model.predict(CORNERS) - XOR) ** 2))]


def _learned(units: int, seed: int, engine: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MLPClassifier(
            (units,), activation="tanh", solver="lbfgs", alpha=0, max_iter=500, random_state=seed, engine=engine
        ).fit(CORNERS, XOR)


def _run(bench: Bench) -> Findings:
    theta, loss = _one_layer(bench)
    hidden, outputs = _by_hand(bench)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        rule = Perceptron(max_iter=29, engine=bench.engine).fit(CORNERS, XOR)
    functions, best = _lines(bench)
    plane = zip(("w1", "w2", "b", "mean squared error"), _least_squares(bench), (0, 0, 0.5, 0.25), strict=True)
    checks = [
        exact("one threshold unit: functions of two bits, of 16", functions, 14),
        exact("one threshold unit: corners of XOR right at best", best, 0.75),
        *(exact(f"least squares: {name}", value, known, 1e-4) for name, value, known in plane),
        exact("one layer: loss of the best logistic unit", loss, np.log(2), 1e-7),
        exact("one layer: its greatest weight", np.abs(theta).max(), 0, 1e-3),
        exact("perceptron: corrections in 29 passes", sum(rule.mistakes_), 113),
        true("perceptron: no pass without an error", min(rule.mistakes_) > 0),
        *(
            exact(f"two layers by hand: output {row}", value, target)
            for row, value, target in zip(CORNERS, outputs, XOR, strict=True)
        ),
    ]
    shares, seeds = {}, bench.seeds(STARTS, reduced=8)
    for units in LEARNED:
        fits = []
        for seed in seeds:
            fits.append(_learned(units, seed, bench.engine))
            bench.say(len(fits), len(seeds))
        right = [fit.score(CORNERS, XOR) == 1 for fit in fits]
        shares[units] = float(np.mean(right))
        if not bench.reduced:
            checks.append(calibrated(f"2-{units}-1: share of starts that learn XOR", shares[units], LEARNED[units]))
        solved = fits[right.index(max(right))]
    checks.append(true("more hidden units, more starts that learn", shares[4] > shares[2]))
    reading = (
        "The best single unit says 1/2 everywhere (loss ln 2). Two hidden units suffice: they fold (0, 1) and (1, 0) together, "
        f"and a line separates the rest. Training finds such weights from {shares[2]:.0%} of the starts with 2 hidden units, "
        f"from {shares[4]:.0%} with 4."
    )
    data = {
        "starts": len(seeds),
        "hidden": hidden,
        "solved": lambda at: solved.predict_proba(at)[:, 1],
        "shares": shares,
    }
    return Findings(tuple(checks), reading, data)


def _draw(found: Findings, figure: Any) -> None:
    left, middle, right = figure.subplots(1, 3)
    points(left, CORNERS, XOR)
    boundary(left, found.data["solved"], (-0.5, 1.5, -0.5, 1.5))
    left.legend(title="XOR", fontsize="small", loc="center right")
    left.set(title="inputs, learned boundary", xlabel="$x_1$", ylabel="$x_2$")
    points(middle, found.data["hidden"], XOR)
    at = np.array([-0.5, 2.5])
    middle.plot(at, (at - 0.5) / 2, color="black")
    middle.annotate("(0, 1) and (1, 0)", (1, 0), (1.1, -0.4), arrowprops={"arrowstyle": "->"})
    middle.set(title="hidden layer by hand", xlabel="$h_1$", ylabel="$h_2$", xlim=(-0.5, 2.5), ylim=(-0.5, 1.5))
    shares = found.data["shares"]
    right.bar([f"2-{units}-1" for units in shares], list(shares.values()), color="#0072B2", width=0.5)
    right.set(
        title=f"{found.data['starts']} random starts", xlabel="network", ylabel="share that learns XOR", ylim=(0, 1.05)
    )


EXPERIMENT = Experiment(
    name="xor",
    title="XOR needs a hidden layer",
    lecture="001",
    source="lecture 003, 'Motivation: The XOR'; lecture 004, 'Exclusive Disjunction (XOR)'; lecture 001, 'Let's review'",
    claim="No single layer computes XOR; one hidden layer does.",
    prediction="One layer: loss ln 2 at best and a perceptron that never rests; by hand two ReLU units give 0, 1, 1, 0 exactly.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    size=(11.0, 3.6),
)
