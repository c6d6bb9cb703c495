"""One hidden layer comes as close to a sine as you like: built by hand, with a known rate, and found by training."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators import MLPRegressor
from chainrule.lab.checks import Band, calibrated, compared, exact, within
from chainrule.lab.drawing import COLOURS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

# Greatest errors of the broken line through sin(2 pi x) at k / n, and its bound h^2 / 8 max |f''|.
UNITS = {4: 0.2105, 8: 0.0704, 16: 0.0188, 32: 0.00479, 64: 0.00120}
BOUND = np.pi**2 / 2
RATE = Band(-2.6, -0.7, -1.53, (-1.84, -1.04), range(0, 2000, 100))
X, STEEP, STARTS, TRAINED = np.linspace(0, 1, 20_001)[:, None], 200.0, 10, (4, 8, 16, 32)


def _sine(x: Any) -> Any:
    return np.sin(2 * np.pi * x)


def broken_line(units: int, inputs: int = 1) -> tuple[Network, Any]:
    """ReLU units with joints at k / n for each input: they interpolate the mean of sin(2 pi x_i)."""
    knots = np.arange(units + 1) / units
    slopes = np.diff(_sine(knots)) * units
    network = Network(inputs, (Dense(units * inputs, "relu"), Dense(1, "identity")))
    weights = [
        np.kron(np.eye(inputs), np.ones((1, units))),
        np.tile(np.diff(slopes, prepend=0), inputs)[:, None] / inputs,
    ]
    return network, network.pack(weights, [np.tile(-knots[:-1], inputs), np.zeros(1)])


def stair(units: int) -> tuple[Network, Any]:
    """Sigmoids as steps, halfway between the points k / n, each as high as the sine rises from one to the next."""
    knots = np.arange(units + 1) / units
    steep = STEEP * units
    network = Network(1, (Dense(units, "logistic"), Dense(1, "identity")))
    middles = (knots[1:] + knots[:-1]) / 2
    return network, network.pack(
        [np.full((1, units), steep), np.diff(_sine(knots))[:, None]], [-steep * middles, np.zeros(1)]
    )


def _trained(units: int, seed: int, engine: str) -> Any:
    """Values on X of a network fitted to 201 points."""
    model = MLPRegressor(hidden_layer_sizes=(units,), solver="lbfgs", alpha=0, tol=1e-9, max_iter=500, engine=engine)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(random_state=seed, n_threads=1).fit(4 * X[::100] - 2, _sine(X[::100, 0]))
    return model.predict(4 * X - 2)


def _rate(units: Any, errors: Any) -> float:
    return float(np.polyfit(np.log(units), np.log(errors), 1)[0])


def _run(bench: Bench) -> Findings:
    def value(built: tuple[Network, Any], at: Any = X) -> Any:
        return built[0].predict(built[1], at, engine=bench.engine)[:, 0]

    def error(values: Any) -> float:
        return float(np.abs(values - _sine(X[:, 0])).max())

    lines = {n: error(value(broken_line(n))) for n in UNITS}
    stairs = {n: error(value(stair(n))) for n in UNITS}
    many = np.random.default_rng(bench.seed).random((5000, 8))
    high = float(np.abs(value(broken_line(16, 8), many) - _sine(many).mean(axis=1)).max())
    learned = {n: [error(_trained(n, seed, bench.engine)) for seed in bench.seeds(STARTS)] for n in TRAINED}
    medians = np.array([np.median(errors) for errors in learned.values()])
    checks = (
        *(exact(f"{n} ReLU units by hand: greatest error", lines[n], known, 6e-5) for n, known in UNITS.items()),
        *(within(f"{n} units: the same", lines[n], 0, BOUND / n**2, "h^2 / 8 max |f''|") for n in UNITS),
        within(
            "rate from 16 to 64 ReLU units", _rate([16, 32, 64], [lines[n] for n in (16, 32, 64)]), -2.05, -1.95, "n^-2"
        ),
        *(
            within(f"{n} steep sigmoids: greatest error", stairs[n], 0, np.pi / n, "half a step, slope 2 pi")
            for n in UNITS
        ),
        within("8 inputs, 128 units: greatest error", high, 0, BOUND / 16**2, "as for one input with 16 units"),
        compared(
            "trained: four times the units halve the median error",
            bool((medians[2:] < medians[:2] / 2).all()),
        ),
        calibrated("trained: rate from 4 to 32 units", _rate(TRAINED, medians), RATE),
        compared("trained, 32 units: worse than by hand from every start", min(learned[32]) > lines[32]),
    )
    reading = (
        f"By hand the error falls as n^-2 with ReLU units ({lines[64]:.4f} with 64) and as n^-1 with steps of sigmoids "
        f"({stairs[64]:.3f}). Training finds {medians[-1]:.3f} with 32 units (median of {STARTS} starts), by hand it is "
        f"{lines[32]:.4f}: the theorem says that weights exist, not that they are found."
    )
    caveat = (
        "The size need not grow exponentially with the inputs: for a mean of sines of 8 inputs, 8 times the units gave the same "
        f"error ({high:.4f} with 128 units). Only the worst functions need exponentially many (Barron 1993)."
    )
    data = {"lines": lines, "stairs": stairs, "learned": learned}
    data["values"] = {"target": _sine(X[:, 0]), "8 sigmoids": value(stair(8)), "4 ReLU units": value(broken_line(4))}
    return Findings(checks, reading, data, caveat)


def _draw(found: Findings, figure: Any) -> None:
    left, right = figure.subplots(1, 2)
    curves(left, found.data["values"], X[:, 0])
    left.set(xlabel="x", ylabel="f(x)", title="sin(2 pi x) by hand")
    named = {
        name: list(found.data[key].values())
        for name, key in (("ReLU units by hand", "lines"), ("steps of sigmoids by hand", "stairs"))
    }
    curves(right, named, list(UNITS), markers=True)
    for units, errors in found.data["learned"].items():
        right.plot(
            [units] * STARTS,
            errors,
            "x",
            color=COLOURS[2],
            label=f"ReLU, trained ({STARTS} starts)" if units == 4 else None,
        )
    right.set_xscale("log", base=2)
    right.set(
        yscale="log",
        xlabel="hidden units n",
        ylabel="greatest error",
        title=r"$n^{-2}$, $n^{-1}$, and what training finds",
    )
    right.legend(frameon=False)


EXPERIMENT = Experiment(
    name="universal-approximation",
    title="One hidden layer approximates a sine",
    lecture="004",
    source="lecture 004, 'Universal Approximation Theorem [Cybenko, 1989]'; lecture 000, 'Universal Approximation Theorem'",
    claim="A large enough hidden layer approximates any continuous function; the size grows exponentially with the inputs.",
    prediction="n ReLU units by hand: error at most pi^2 / (2 n^2); n steep sigmoids: pi / n.",
    run=_run,
    draw=_draw,
    seconds=5.0,
    size=(11.0, 4.0),
)
