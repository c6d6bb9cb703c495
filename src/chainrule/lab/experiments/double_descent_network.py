"""Double descent of trained networks by width: 100 digits, a fifth of them mislabelled."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from chainrule.datasets.mnist import small_digits
from chainrule.lab.checks import Band, calibrated, compared, within
from chainrule.lab.drawing import COLOURS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

ROWS, CLASSES, WRONG, DRAWS, ITERATIONS, PENALTY = 100, 10, 0.2, 3, 1000, 0.01
WIDTHS, FEW = (1, 2, 4, 6, 8, 12, 24, 64), (2, 8, 64)
# Medians of 3 draws, the seeds 0..2, 1..3, ... of 20 groups: parameters at the peak over rows x classes; peak of the test error
# over that of the widest network; least test error below the peak over that of the widest.
SEEDS = range(20)
PLACE = Band(0.08, 1.3, 0.61, (0.16, 0.91), SEEDS)
HEIGHT = Band(1.2, 100, 4.28, (2.49, 14.77), SEEDS)
SECOND = Band(0.7, 2, 1.09, (0.919, 1.455), SEEDS)


def parameters(units: int) -> int:
    """Of a 64-h-10 network."""
    return units * (64 + 1 + CLASSES) + CLASSES


def _fitted(bench: Bench, seed: int, units: int, rows: Any, penalty: float) -> Any:
    """The function that a network has learned: scipy's L-BFGS over the engine's loss and gradient."""
    network = Network(64, (Dense(units, "tanh"), Dense(CLASSES, "identity")), "squared_error")

    def objective(theta: Any) -> tuple[float, Any]:
        loss, gradient = network.loss_and_gradient(theta, *rows, engine=bench.engine)
        weights = theta[: network.n_weights]
        gradient[: network.n_weights] += penalty * weights
        return loss + penalty / 2 * float(weights @ weights), gradient

    options = {"maxiter": ITERATIONS, "maxfun": 2 * ITERATIONS, "gtol": 1e-7}
    with threadpool_limits(1):  # the vectors are short
        theta = minimize(objective, network.init(seed), jac=True, method="L-BFGS-B", options=options).x
    return lambda X: network.predict(theta, X, engine=bench.engine)


def errors(bench: Bench, seed: int, widths: tuple[int, ...]) -> Any:
    """Squared errors per row on training digits, test digits, and test digits with a penalty on the weights: (3, widths)."""
    data, rng = small_digits(), np.random.default_rng(seed)
    rows = rng.permutation(len(data.X))[:ROWS]
    y, wrong = data.y[rows].copy(), rng.random(ROWS) < WRONG
    y[wrong] = rng.integers(CLASSES, size=int(wrong.sum()))
    parts = ((data.X[rows], np.eye(CLASSES)[y]), (data.X_test, np.eye(CLASSES)[data.y_test]))
    table = []
    for penalty in (0.0, PENALTY):
        fits = [_fitted(bench, seed, units, parts[0], penalty) for units in widths]
        table.append([[float(((fit(X) - Y) ** 2).sum(axis=1).mean()) for fit in fits] for X, Y in parts])
    (train, test), (_, decayed) = table
    return train, test, decayed


def _run(bench: Bench) -> Findings:
    widths, table = FEW if bench.reduced else WIDTHS, []
    seeds = bench.seeds(DRAWS, reduced=1)
    for done, seed in enumerate(seeds):
        bench.say(done, len(seeds))
        table.append(errors(bench, seed, widths))
    train, test, decayed = np.median(table, axis=0)
    sizes = np.array([parameters(units) for units in widths]) / (ROWS * CLASSES)
    peak = int(np.argmax(test))
    few = float(train[widths.index(2)])
    checks = [
        within(
            "training error with twice as many parameters as targets", train[sizes > 2].max(), 0, 0.01, "an exact fit"
        ),
        within("training error with 2 units", few, 0.3, 1, "160 parameters cannot fit 1000 targets"),
    ]
    if not bench.reduced:
        checks += [
            calibrated("parameters at the peak of the test error over rows x classes", sizes[peak], PLACE),
            calibrated("peak of the test error over that of the widest network", test[peak] / test[-1], HEIGHT),
            calibrated(
                "least test error before the peak over that of the widest", test[:peak].min() / test[-1], SECOND
            ),
        ]
    checks.append(compared("with a penalty the greatest error is below the peak", bool(decayed.max() < test[peak])))
    checks.append(compared("the widest network's test error is below the peak", bool(test[-1] < test[peak])))
    reading = (
        f"The test error peaks at {widths[peak]} hidden units, {parameters(widths[peak])} parameters for {ROWS * CLASSES} "
        f"numbers to fit: {test[peak]:.2f}. With {widths[-1]} units it is {test[-1]:.2f}, with the wrong labels learned by heart."
    )
    caveat = (
        f"The second descent gains little: the least error before the peak is {test[:peak].min():.2f}. And it takes training to "
        f"the very end without regularisation: with weight decay {PENALTY:g} the test error is at most "
        f"{decayed.max():.2f} and {decayed[-1]:.2f} in the end, without a peak worth the name."
    )
    data = {"widths": widths, "errors": np.array(table)}
    return Findings(tuple(checks), reading, data, caveat, "scikit-learn's digits (8 x 8)")


def _draw(found: Findings, figure: Any) -> None:
    ax, table = figure.subplots(), found.data["errors"]
    at = [parameters(units) for units in found.data["widths"]]
    ax.axvline(ROWS * CLASSES, color=COLOURS[-1], linestyle="--", linewidth=1, label="parameters = rows x classes")
    curves(
        ax,
        {"training": np.maximum(table[:, 0], 1e-4), "test": table[:, 1], "test, with penalty": table[:, 2]},
        x=at,
        markers=True,
    )
    ax.set(xlabel="parameters", ylabel="squared error per row", xscale="log", yscale="log")
    top = ax.secondary_xaxis("top", functions=(lambda p: (p - CLASSES) / 75, lambda h: h * 75 + CLASSES))
    top.set_xlabel(
        f"hidden units of 64-h-10, tanh; {ROWS} digits, {WRONG:.0%} random labels: median and range of {len(table)} draws"
    )


EXPERIMENT = Experiment(
    name="double-descent-network",
    title="Double descent of a trained network",
    lecture="000",
    source="lecture 000, 'Double Descent'",
    claim="Make the model more complex beyond the overfitting region, and the loss on new data descends a second time.",
    prediction="The peak stands before the parameters outnumber the numbers to fit, 1000; far beyond, the fit is exact.",
    run=_run,
    draw=_draw,
    seconds=20.0,
    reduced_seconds=3.0,
    size=(8.5, 4.8),
)
