"""The Bayes boundary of the slides' mixture, by integration, and how near a network comes with and without weight decay."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logsumexp

from chainrule.formulas.solvers import LBFGS
from chainrule.lab.checks import Band, calibrated, exact, true, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS, boundary, points
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

# Hastie, Tibshirani & Friedman, The Elements of Statistical Learning (ESL), section 2.3.3: the centres, each with variance 1/5.
CENTRES = np.array([
    [(-.25343316, 1.7414788), (.26669318, .3712341), (2.09646921, 1.2333642), (-.06127272, -.2086791), (2.70354085, .5968283),
     (2.37721198, -1.1864147), (1.05690759, -.6838939), (.57888354, -.0683458), (.62425213, .5987384), (1.67335495, -.2893159)],
    [(1.19936869, .2484086), (-.3025611, .945419), (.05727232, 2.4197271), (1.32932203, .819226), (-.07938424, 1.6138017),
     (3.50792673, 1.0529863), (1.6139229, .6717378), (1.0075357, 1.3683071), (-.45462141, 1.0860697), (-1.79801805, 1.9297806)],
])  # fmt: skip
VARIANCE, BAYES, ROWS, SAMPLES = 0.2, 0.2076, 200, 5
# ESL's decay of 0.02 times the squares, added to the summed loss of 200 rows, is l2 = 2 * 0.02 / 200 here.
DECAYS = (0.0, 2e-4, 2e-2)
NONE, CHOSEN = 0, 1
NETWORK = Network(2, (Dense(10, "logistic"), Dense(2, "softmax")), "log_loss")
STEP, STEPS = 0.03, 150
# Means of 5 samples, the seeds 0..4, 1..5, ... of 20 groups: with decay less without, error on the 200 points and exact
# error; exact error with decay less that of Bayes.
SEEDS = range(20)
WORSE = Band(-0.04, 0.1, 0.0185, (0.0020, 0.0440), SEEDS)
BETTER = Band(-0.1, 0, -0.0260, (-0.0564, -0.0120), SEEDS)
NEAR = Band(0, 0.08, 0.0397, (0.0247, 0.0506), SEEDS)


def _densities(at: Any) -> Any:
    """Density of each class at points (n, 2), shape (2, n)."""
    squares = ((at[None, :, None, :] - CENTRES[:, None]) ** 2).sum(axis=-1)
    return np.exp(logsumexp(-squares / (2 * VARIANCE), axis=-1)) / (10 * 2 * np.pi * VARIANCE)


def _square() -> tuple[Any, Any]:
    """Points all over where the mixture is, and half of each class's probability around each."""
    u, v = np.meshgrid(np.arange(-4, 6, STEP), np.arange(-4, 5, STEP))
    at = np.column_stack([u.ravel(), v.ravel()])
    return at, _densities(at) * STEP**2 / 2


def _sample(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    y = np.arange(ROWS) % 2
    return CENTRES[y, rng.integers(10, size=ROWS)] + np.sqrt(VARIANCE) * rng.standard_normal((ROWS, 2)), y


def _fit(bench: Bench, seed: int, decay: float) -> Any:
    """``points -> P(class 1)`` of a network trained by 150 iterations of L-BFGS on standardised points."""
    X, y = _sample(seed)
    mean, scale = X.mean(axis=0), X.std(axis=0)
    training = train(
        NETWORK, NETWORK.init(seed), (X - mean) / scale, np.eye(2)[y], solver=LBFGS(), l2=decay, max_iter=STEPS, tol=1e-6,
        n_iter_no_change=np.inf, engine=bench.engine, n_threads=1,
    )  # fmt: skip
    training.run()
    return lambda at: NETWORK.predict(training.theta, (at - mean) / scale, engine=bench.engine)[:, 1]


def _run(bench: Bench) -> Findings:
    at, weight = _square()
    bayes, errors = float(weight.min(axis=0).sum()), np.empty((2, SAMPLES, len(DECAYS)))
    for row, seed in enumerate(bench.seeds(SAMPLES)):
        bench.say(row, SAMPLES)
        X, y = _sample(seed)
        fits = [_fit(bench, seed, decay) for decay in DECAYS]
        for column, fit in enumerate(fits):
            errors[:, row, column] = (
                np.mean((fit(X) > 0.5) != y),
                weight[np.where(fit(at) > 0.5, 0, 1), range(len(at))].sum(),
            )
        if row == 0:
            shown = (X, y, {NONE: fits[NONE], CHOSEN: fits[CHOSEN]})
    train_error, exact_error = errors.mean(axis=1)
    checks = (
        exact("both classes: probability on the grid", float(weight.sum()), 1, 1e-6),
        within("Bayes error, by integration", bayes, BAYES - 1e-4, BAYES + 1e-4, "0.2076 known to four digits"),
        true(f"no network of {SAMPLES * len(DECAYS)} has a smaller exact error", bool(errors[1].min() >= bayes)),
        calibrated("error on the points, decay 2e-4 less none", train_error[CHOSEN] - train_error[NONE], WORSE),
        calibrated("exact error, decay 2e-4 less none", exact_error[CHOSEN] - exact_error[NONE], BETTER),
        calibrated("exact error with decay 2e-4 less Bayes", exact_error[CHOSEN] - bayes, NEAR),
    )
    reading = (
        f"No classifier is wrong less often than {bayes:.2%}. After {STEPS} iterations of L-BFGS on {ROWS} points 10 sigmoid "
        f"units are wrong for {train_error[NONE]:.1%} of them and for {exact_error[NONE]:.1%} of new ones; with weight decay "
        f"2e-4 for {train_error[CHOSEN]:.1%} and {exact_error[CHOSEN]:.1%} (means of {SAMPLES} samples)."
    )
    return Findings(checks, reading, {"shown": shown, "errors": errors, "bayes": bayes})


def _draw(found: Findings, figure: Any) -> None:
    left, right, curve = figure.subplots(1, 3)
    X, y, fits = found.data["shown"]
    limits, errors = (-3.0, 4.5, -2.5, 3.5), found.data["errors"]
    for ax, (column, fit) in zip((left, right), fits.items(), strict=True):
        points(ax, X, y, 14)
        boundary(ax, fit, limits)
        boundary(ax, lambda at: np.divide(*_densities(at)[::-1]), limits, "#7B3294", "dashed", 1.0)
        own, true_error = errors[:, 0, column]
        ax.set_title(f"decay {DECAYS[column]:g}: wrong {own:.1%}, of new ones {true_error:.1%}", fontsize=11)
        ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=limits[:2], ylim=limits[2:])
    left.plot([], [], color="black", label="network")
    left.plot([], [], color="#7B3294", linestyle="dashed", label="Bayes")
    left.legend(fontsize="small")
    for place, name in enumerate(("the 200 points", "new points, exactly")):
        look = {"color": COLOURS[place], "marker": MARKERS[place], "linestyle": DASHES[place]}
        curve.plot(range(len(DECAYS)), 100 * errors[place].mean(axis=0), label=name, **look)
    curve.axhline(100 * found.data["bayes"], color="#7B3294", linestyle=":", label="Bayes")
    curve.set(title=f"mean of {SAMPLES} samples", xlabel="weight decay", ylabel="wrong in %", xticks=range(len(DECAYS)))
    curve.set_xticklabels([f"{decay:g}" for decay in DECAYS])
    curve.legend(frameon=False)


EXPERIMENT = Experiment(
    name="bayes-boundary",
    title="The Bayes boundary, and how near a network comes",
    lecture="002",
    source="lecture 002, 'Toy dataset' (Bayes boundary), 'Weight decay: an example'; ESL, figure 11.4",
    claim="The Bayes boundary is the best there is; weight decay brings a network nearer to it.",
    prediction="Bayes error 0.2076, and no network below it; with decay more errors on the 200 points, fewer on all.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    size=(13.0, 4.0),
)
