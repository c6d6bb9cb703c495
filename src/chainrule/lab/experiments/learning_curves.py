"""Learning curves: errors by number of rows, exactly for linear models, and under- and overfitting by width."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.datasets.mnist import small_digits
from chainrule.datasets.toys import make_toy
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.estimators.many import fit_many
from chainrule.lab.checks import Band, calibrated, exact, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS
from chainrule.lab.experiment import Bench, Experiment, Findings

P, DRAWS, TARGETS = 20, 40, 25
# Rows -> expected training error and risk of least squares with 20 parameters, noise of variance 1.
ROWS = {30: (0.333, 3.222), 50: (0.600, 1.690), 100: (0.800, 1.253), 200: (0.900, 1.112), 1000: (0.980, 1.020)}
DIGITS, STARTS, WIDTHS, SAMPLES, NOISE = (40, 80, 160, 320, 640, 1297), 3, (1, 3, 200), 10, 0.3
# Groups of seeds that start with 0, 1, ..., 19: test error with 1297 digits over that with 40 (3 starts); greatest rise of it
# from one size to the next; then medians of 10 samples of the sine, mean squared errors: of one unit on its points over the
# noise, and on new ones over that; of 200 units on new points over its points, and over 3 units on new points.
SEEDS = range(20)
BANDS = {
    "digits: test error with 1297 rows over that with 40": Band(0.1, 0.8, 0.278, (0.243, 0.450), SEEDS),
    "digits: greatest rise from one size to the next": Band(-0.06, 0.035, -0.0093, (-0.018, 0.008), SEEDS),
    "one unit: error on its points over the noise": Band(0.6, 2.8, 1.53, (1.19, 1.93), SEEDS),
    "one unit: error on new points over its points": Band(0.7, 2.3, 1.34, (1.07, 1.66), SEEDS),
    "200 units: error on new points over its points": Band(2, 40, 7.51, (4.72, 12.71), SEEDS),
    "error on new points, 200 units over 3": Band(1, 8, 2.23, (1.61, 3.51), SEEDS),
}


def expected(n: float) -> tuple[float, float]:
    """Training error and risk of least squares with P Gaussian inputs, noise of variance 1."""
    return 1 - P / n, 1 + P / (n - P - 1)


def _linear(bench: Bench, n: int) -> Any:
    """Training error and exact risk of fits to pure noise; a row for each draw of the inputs, the mean of 25 targets."""
    found = []
    for seed in bench.seeds(DRAWS):
        rng = np.random.default_rng([seed, n])
        X, Y = rng.standard_normal((n, P)), rng.standard_normal((n, TARGETS))
        model = MLPRegressor(
            hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-10, max_iter=1000, engine=bench.engine
        )
        model.set_params(random_state=0, n_threads=1).fit(
            np.vstack([X, -X]), np.vstack([Y, -Y])
        )  # by symmetry the bias stays 0
        risk = 1 + (model.coefs_[0] ** 2).sum(axis=0)
        found.append([((model.predict(X) - Y) ** 2).mean(), risk.mean()])
    return np.array(found)


def _quietly(models: list[Any], X: Any, y: Any, rows: Any = None) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit_many(models, X, y, rows=rows)


def _digits(bench: Bench) -> Any:
    """Errors on training and test digits, shape (starts, sizes, 2)."""
    data, models, rows = small_digits(), [], []
    for seed in bench.seeds(STARTS):
        order = np.random.default_rng(seed).permutation(len(data.X))
        for n in DIGITS:
            rows.append(order[:n])
            model = MLPClassifier((40,), solver="lbfgs", alpha=0.1, max_iter=100, random_state=seed)
            models.append(model.set_params(engine=bench.engine))
    _quietly(models, data.X.astype(np.float64), data.y, rows)
    scores = [
        (model.score(data.X[chosen], data.y[chosen]), model.score(data.X_test, data.y_test))
        for model, chosen in zip(models, rows, strict=True)
    ]
    return 1 - np.array(scores).reshape(STARTS, len(DIGITS), 2)


def _sine(bench: Bench, units: int) -> tuple[Any, Any]:
    """Medians of the squared errors on 25 training and 500 new points of each sample; the first sample's points and curve."""
    errors: list[Any] = []
    shown: Any = None
    for seed in bench.seeds(SAMPLES):
        points, new = make_toy("sine", 25, NOISE, seed), make_toy("sine", 500, NOISE, seed + 100_000)
        model = MLPRegressor(
            hidden_layer_sizes=(units,), activation="tanh", solver="lbfgs", alpha=0, tol=1e-7, max_iter=500,
            random_state=seed, engine=bench.engine, n_threads=1,
        )  # fmt: skip
        _quietly([model], 4 * points.X - 2, points.y)
        errors.append([np.mean((model.predict(4 * part.X - 2) - part.y) ** 2) for part in (points, new)])
        at = np.linspace(0, 1, 200)[:, None]
        shown = shown or (points.X[:, 0], points.y, at[:, 0], model.predict(4 * at - 2))
    return np.median(errors, axis=0), shown


def _run(bench: Bench) -> Findings:
    checks, linear = [], {}
    for done, (n, known) in enumerate(ROWS.items()):
        bench.say(done, len(ROWS) + 1 + len(WIDTHS))
        linear[n] = _linear(bench, n)
        for name, values, value, printed in zip(("own rows", "new rows"), linear[n].T, expected(n), known, strict=True):
            slack = 4 * values.std(ddof=1) / np.sqrt(DRAWS)
            checks += [
                exact(f"{n} rows: formula for {name} as printed", value, printed, 6e-4),
                within(f"{n} rows: error on {name}", values.mean(), value - slack, value + slack, "4 standard errors"),
            ]
    digits = _digits(bench)
    sine = {units: _sine(bench, units) for units in WIDTHS}
    (own, new), (middle_own, middle_new), (far_own, far_new) = (errors for errors, _ in sine.values())
    test = digits[:, :, 1].mean(axis=0)
    measured = (
        test[-1] / test[0], np.diff(test).max(), own / NOISE**2, new / own, far_new / far_own, far_new / middle_new,
    )  # fmt: skip
    checks += [calibrated(what, value, band) for (what, band), value in zip(BANDS.items(), measured, strict=True)]
    reading = (
        f"Least squares follows its two formulas at every size. On digits the test error falls from {test[0]:.1%} with 40 rows "
        f"to {test[-1]:.1%} with 1297. On 25 noisy points of a sine one unit underfits (mean squared errors {own:.2f} on its own "
        f"points, {new:.2f} on new ones), 200 units overfit ({far_own:.3f} and {far_new:.2f}); 3 lie between ({middle_own:.2f} "
        f"and {middle_new:.2f}; the noise alone is {NOISE**2:.2f})."
    )
    data = {"linear": linear, "digits": digits, "sine": {units: shown for units, (_, shown) in sine.items()}}
    return Findings(tuple(checks), reading, data, used="scikit-learn's digits (8 x 8)")


def _draw(found: Findings, figure: Any) -> None:
    linear, digits, sine = figure.subplots(1, 3)
    at = np.geomspace(29, 1100, 200)
    for place, name in enumerate(("own rows", "new rows")):
        look = {"color": COLOURS[place], "marker": MARKERS[place]}
        linear.plot(at, [expected(n)[place] for n in at], color=COLOURS[place], linestyle=DASHES[place])
        linear.plot(list(ROWS), [found.data["linear"][n][:, place].mean() for n in ROWS], ls="", label=name, **look)
        errors = 100 * found.data["digits"][:, :, place].mean(axis=0)
        digits.plot(DIGITS, errors, linestyle=DASHES[place], label=name, **look)
    linear.axhline(1, color="#8A8A8A", linewidth=0.8)
    linear.set(title="least squares: lines formula, dots measured", xlabel="rows", xscale="log")
    linear.set_ylabel("mean squared error (noise: 1)")
    digits.set(title="digits, 40 hidden units", xlabel="rows", ylabel="wrong digits in %", xscale="log")
    for place, (units, shown) in enumerate(found.data["sine"].items()):
        label = f"{units} units" if units > 1 else "1 unit"
        sine.plot(*shown[2:], color=COLOURS[place], linestyle=DASHES[place], label=label)
    sine.plot(*shown[:2], "o", color="#222222", markersize=4, label="training points")
    sine.set(title="under- and overfitting", xlabel="x", ylabel="y", ylim=(-2, 2))
    for ax in (linear, digits, sine):
        ax.legend(frameon=ax is sine, fontsize="small", loc="upper right")


EXPERIMENT = Experiment(
    name="learning-curves",
    title="Learning curves, under- and overfitting",
    lecture="000",
    source="lecture 000, 'Learning Curves' and 'Underfitting and Overfitting'",
    claim="Too simple a network has high errors everywhere, too flexible a one low training and high validation error.",
    prediction="Least squares with p parameters and noise 1: 1 - p/n on its own rows, 1 + p/(n - p - 1) on new ones.",
    run=_run,
    draw=_draw,
    seconds=6.0,
    size=(13.0, 3.8),
)
