"""Stochastic gradient descent on a linear model: its paths, and their distance from the minimum in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import true, within
from chainrule.lab.drawing import COLOURS, MARKERS, contours, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

# Y = <w0, X> + noise: X normal with these variances, noise of variance NOISE. The slides print only rates and batches.
VARIANCES, TARGET, NOISE, START = (1.5, 0.5), (1.0, -1.0), 0.25, (-4.0, 3.0)
SETTINGS = ((0.01, 10), (0.1, 1), (0.1, 10), (0.1, 100))
LENGTHS, SHOWN = (1, 3, 10, 30, 100), 60
NETWORK = Network(2, (Dense(1, "identity"),), "squared_error")
THETA, BEST = np.append(START, 0.0), np.append(TARGET, 0.0)
# Second moments of (x, 1).
S = np.diag([*VARIANCES, 1.0])


def _rows(seed: int, count: int) -> tuple[Any, Any]:
    """Rows of the model, sorted by the target: whoever does not shuffle them is far off."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0, np.sqrt(VARIANCES), (count, 2))
    y = X @ TARGET + rng.normal(0, np.sqrt(NOISE), count)
    order = np.argsort(y)
    return np.ascontiguousarray(X[order]), y[order]


def _expected(rate: float, batch: int, steps: int) -> Any:
    """E (w - w0)' Sigma (w - w0) after 0, 1, ... steps on fresh rows, from M = E[e e'] of the error e = theta - best.

    A batch's gradient is 2 (z z' e - noise z) with z = (x, 1); E[z z' M z z'] = 2 S M S + tr(S M) S - 2 M_bb for the bias b.
    """
    M, constant, rate = np.outer(THETA - BEST, THETA - BEST), np.diag([0.0, 0.0, 1.0]), 2 * rate
    values = [np.trace(S @ M)]
    for _ in range(steps):
        full = S @ M @ S
        single = 2 * full + np.trace(S @ M) * S - 2 * M[2, 2] * constant + NOISE * S
        M = M - rate * (S @ M + M @ S) + rate**2 * (full + (single - full) / batch)
        values.append(np.trace(S @ M))
    return np.array(values)


def _descended(bench: Bench, theta: Any, seed: int, rate: float, batch: int, steps: int) -> Any:
    """Parameters after an epoch over fresh rows; the engine's loss is half the slides', so its rate is twice theirs."""
    X, y = _rows(seed, batch * steps)
    training = train(
        NETWORK, theta, X, y, solver=SGD(momentum=0.0, nesterov=False), learning_rate_init=2 * rate, batch_size=batch,
        max_iter=1, random_state=seed, engine=bench.engine, n_threads=1,
    )  # fmt: skip
    training.run()
    return training.theta


def _path(bench: Bench, rate: float, batch: int) -> Any:
    path = [THETA]
    for step in range(SHOWN):
        path.append(_descended(bench, path[-1], 1000 * bench.seed + step, rate, batch, 1))
    return np.array(path)


def _run(bench: Bench) -> Findings:
    checks, ends, paths, expected, seeds = [], {}, {}, {}, bench.seeds(200, 40)
    lengths = LENGTHS[:4] if bench.reduced else LENGTHS
    for done, setting in enumerate(SETTINGS):
        bench.say(done, len(SETTINGS))
        expected[setting], paths[setting] = _expected(*setting, LENGTHS[-1]), _path(bench, *setting)
        for steps in lengths:
            errors = np.array([_descended(bench, THETA, seed, *setting, steps) for seed in seeds]) - BEST
            excess, value = errors**2 @ np.diag(S), expected[setting][steps]
            slack, name = (
                4 * excess.std() / np.sqrt(len(seeds)),
                f"eta {setting[0]:g}, batch {setting[1]}: {steps} steps",
            )
            checks.append(within(name, excess.mean(), value - slack, value + slack, "4 standard errors"))
            ends[*setting, steps] = excess.mean()
    X, y = _rows(bench.seed, 100_000)
    squares = (y - NETWORK.predict(BEST, X, engine=bench.engine)[:, 0]) ** 2
    slack = 4 * squares.std() / np.sqrt(len(squares))
    last = [ends[*setting, lengths[-1]] for setting in SETTINGS]
    checks += [
        within("mean squared error at w0", squares.mean(), NOISE - slack, NOISE + slack, "the variance of the noise"),
        true("with 0.1 the larger batch ends closer", last[1] > last[2] > last[3]),
    ]
    reading = (
        f"With 0.1 all paths arrive within 30 steps, then they hover above the minimum: by {last[1]:.2g} with batches of one "
        f"row, {last[2]:.2g} with 10 and {last[3]:.2g} with 100. With 0.01 the path is smooth, and still "
        f"on its way after {lengths[-1]} steps ({last[0]:.2g})."
    )
    caveat = (
        "The slides' formula of the expected loss lacks the noise: at w0 it is not 0 but the variance of the noise, "
        f"{NOISE:g} (measured {squares.mean():.4f}). The paths are the same."
    )
    return Findings(tuple(checks), reading, {"paths": paths, "ends": ends, "expected": expected}, caveat)


def _draw(found: Findings, figure: Any) -> None:
    *panels, right = figure.subplots(1, 5, width_ratios=(1, 1, 1, 1, 1.3))
    for place, (ax, (rate, batch)) in enumerate(zip(panels, SETTINGS, strict=True)):
        contours(ax, VARIANCES, (-7, 7, -6, 6))
        path = found.data["paths"][rate, batch][:, :2] - TARGET
        ax.plot(*path.T, color=COLOURS[place], marker=MARKERS[place], markersize=3, linewidth=1)
        ax.plot(0, 0, "k+", markersize=12)
        ax.set(title=f"η = {rate:g}, batch {batch}", xlabel="$w_1$ from its best", xlim=(-7, 7), ylim=(-6, 6))
    panels[0].set_ylabel("$w_2$ from its best")
    expected = {f"{rate:g}, {batch}": found.data["expected"][rate, batch] for rate, batch in SETTINGS}
    curves(right, expected, range(LENGTHS[-1] + 1))
    for place, setting in enumerate(SETTINGS):
        measured = {steps: found.data["ends"].get((*setting, steps)) for steps in LENGTHS}
        right.plot(
            *zip(*((steps, end) for steps, end in measured.items() if end is not None), strict=True),
            MARKERS[place],
            color=COLOURS[place],
        )
    right.set(
        title="lines: theory, points: measured",
        xlabel="steps",
        ylabel="loss above its minimum",
        yscale="log",
        ylim=(3e-4, 5e4),
    )
    right.legend(title="η, batch", frameon=False, loc="upper right")


EXPERIMENT = Experiment(
    name="sgd-paths",
    title="Stochastic gradient descent: paths and where they end",
    lecture="002",
    source="lecture 002, 'Illustrations', 'Stochastic gradient descent path', 'Influence of learning rate' and 'Influence of "
    "minibatch size'",
    claim="A small rate makes a smooth, slow path; a large rate with small batches a fast, erratic one that never settles.",
    prediction="On a linear model the expected loss after t steps follows exactly from the fourth moments of normal rows.",
    run=_run,
    draw=_draw,
    seconds=3.0,
    size=(16.0, 3.6),
)
