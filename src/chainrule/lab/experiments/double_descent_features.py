"""Double descent of a network with a frozen random hidden layer: the peak stands where units equal rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets.mnist import small_digits
from chainrule.formulas.initializers import Normal
from chainrule.lab.checks import compared, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

N, TEST, WRONG, DRAWS = 200, 1000, 0.15, 5
UNITS = (10, 20, 40, 80, 120, 160, 180, 190, 200, 210, 220, 250, 300, 400, 800, 1600)
RIDGE = 1.0
ONE_D = (5, 20, 2000)


def _layers(inputs: int, units: int, seed: int) -> tuple[Network, Any]:
    """A ReLU layer with random weights and biases."""
    network = Network(inputs, (Dense(units, "relu"), Dense(1, "identity")))
    theta = network.init(seed, Normal(inputs**-0.5))
    network.views(theta).b[0][:] = np.random.default_rng(seed).normal(0, 0.5, units)
    return network, theta


def _minimum_norm(H: Any, Y: Any, ridge: float = 0.0) -> Any:
    """The output weights of least squares; of all that fit equally well the smallest."""
    u, s, vt = np.linalg.svd(H, full_matrices=False)
    kept = s > 1e-12 * s[0]
    return vt[kept].T @ ((s[kept] / (s[kept] ** 2 + ridge))[:, None] * (u[:, kept].T @ Y))


def _rows(seed: int) -> tuple[Any, Any, Any, Any]:
    """Standardised digits, one-hot; 15 % of the training labels are replaced at random."""
    data, rng = small_digits(), np.random.default_rng(seed)
    X, y = np.vstack([data.X, data.X_test]).astype(np.float64), np.append(data.y, data.y_test)
    order = rng.permutation(len(X))
    train, test = order[:N], order[N : N + TEST]
    scale = X[train].std(axis=0) + 0.1
    X = (X - X[train].mean(axis=0)) / scale
    noisy = y[train].copy()
    replaced = rng.random(N) < WRONG
    noisy[replaced] = rng.integers(10, size=int(replaced.sum()))
    return X[train], np.eye(10)[noisy], X[test], np.eye(10)[y[test]]


def _errors(seed: int, units: int) -> tuple[float, float, float, float]:
    """Training and test error, norm of the output weights, test error with a ridge penalty."""
    X, Y, X_test, Y_test = _rows(seed)
    network, theta = _layers(X.shape[1], units, seed)
    H, H_test = (network.activations(theta, rows)[0] for rows in (X, X_test))
    W, shrunk = _minimum_norm(H, Y), _minimum_norm(H, Y, RIDGE)
    errors = [
        float(((h @ w - target) ** 2).sum(axis=1).mean())
        for h, w, target in ((H, W, Y), (H_test, W, Y_test), (H_test, shrunk, Y_test))
    ]
    return errors[0], errors[1], float(np.linalg.norm(W)), errors[2]


def _functions(seed: int) -> dict[int, Any]:
    """What 20 noisy points of a sine become with fewer, as many, and many more units than points."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, 20)
    y, at, found = np.sin(np.pi * x) + 0.2 * rng.standard_normal(20), np.linspace(-1, 1, 400), {}
    for units in ONE_D:
        network, theta = _layers(1, units, seed)
        weights = _minimum_norm(network.activations(theta, x[:, None])[0], y[:, None])
        found[units] = (x, y, at, network.activations(theta, at[:, None])[0] @ weights[:, 0])
    return found


def _run(bench: Bench) -> Findings:
    table = np.empty((4, DRAWS, len(UNITS)))
    for column, units in enumerate(UNITS):
        bench.say(column, len(UNITS))
        for row, seed in enumerate(bench.seeds(DRAWS)):
            table[:, row, column] = _errors(seed, units)
    train, test, norm, ridge = np.median(table, axis=1)
    at, peak = np.array(UNITS), int(np.argmax(test))
    checks = [
        within(
            "units at the peak of the test error, over rows", UNITS[peak] / N, 0.9, 1.1, "where the fit becomes exact"
        ),
        within(
            "units at the peak of the weights' norm, over rows", UNITS[int(np.argmax(norm))] / N, 0.9, 1.1, "the same"
        ),
        within("greatest training error with more units than rows", train[at > N].max(), 0, 1e-10, "an exact fit"),
        within(
            "peak over the test error with 8 times as many units as rows",
            test[peak] / test[-1],
            5,
            np.inf,
            "the descent",
        ),
        within("peak over the least test error before it", test[peak] / test[at < N].min(), 5, np.inf, "the ascent"),
        within(
            "with a ridge penalty: error at p = n over the least", ridge[at == N][0] / ridge.min(), 1, 1.5, "no peak"
        ),
        compared("the least error lies beyond the peak", bool(test[at > N].min() < test[at < N].min())),
    ]
    before, end = test[at < N].min(), test[-1]
    reading = (
        f"The test error peaks at {UNITS[peak]} units for {N} rows and is {test[peak] / end:.0f} times lower with {UNITS[-1]}. "
        f"The least before the peak is {before:.2f}, at the end {end:.2f}. A penalty on the weights removes the peak."
    )
    data = {
        "errors": {"training": table[0], "test": table[1], "test, with penalty": table[3]},
        "functions": _functions(bench.seed),
    }
    return Findings(tuple(checks), reading, data, used="scikit-learn's digits (8 x 8)")


def _draw(found: Findings, figure: Any) -> None:
    axes = figure.subplot_mosaic([["errors", f"{units}"] for units in ONE_D], width_ratios=(2.2, 1))
    errors = axes["errors"]
    curves(
        errors, {name: np.maximum(values, 1e-3) for name, values in found.data["errors"].items()}, x=UNITS, markers=True
    )
    errors.set(
        title=f"{N} digits, {WRONG:.0%} wrong labels: median and range of {DRAWS} draws", xlabel="random ReLU units",
        ylabel="squared error per row", xscale="log", yscale="log", ylim=(1e-3, None),
    )  # fmt: skip
    for units, (x, y, at, fitted) in found.data["functions"].items():
        ax = axes[f"{units}"]
        ax.plot(at, fitted, color=COLOURS[0], linestyle=DASHES[0])
        ax.plot(x, y, MARKERS[0], color=COLOURS[1], markersize=4)
        ax.set(title=f"{units} units, 20 points", ylim=(-2.5, 2.5), ylabel="y")
    ax.set(xlabel="x")


EXPERIMENT = Experiment(
    name="double-descent-features",
    title="Double descent with random hidden units",
    lecture="000",
    source="lecture 000, 'Double Descent'",
    claim="With growing complexity the test error falls, rises as the network overfits, and falls again.",
    prediction="The peak stands where units equal rows, there the output weights are largest; a penalty removes it.",
    run=_run,
    draw=_draw,
    seconds=4.0,
    size=(10.5, 5.0),
)
