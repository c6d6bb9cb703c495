"""Double descent in closed form: least squares on p of 100 coordinates, from 40 rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import exact, within
from chainrule.lab.drawing import COLOURS
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

N, D, NOISE, REPEATS = 40, 100, 0.2, 400
# Expected risk by the formula of `risk`, to the digits printed in tables of it.
TABLE = {0: 1.040, 5: 1.136, 10: 1.264, 20: 1.724, 30: 3.207, 50: 3.04, 60: 1.566, 80: 0.886, 100: 0.667}
# The same where all coordinates are fitted: excess risk by the formula of `excess`.
EXCESS = {
    20: 0.063,
    50: 0.255,
    80: 1.053,
    90: 2.5,
    95: 5.94,
    105: 6.30,
    110: 2.87,
    125: 1.24,
    150: 0.844,
    200: 0.753,
    500: 0.863,
}
SIZES = (0, 5, 10, 15, 20, 25, 30, 34, 37, 40, 43, 46, 50, 60, 70, 80, 90, 100)


def risk(p: int) -> float:
    """E (y - x b)^2 for new rows: the p coordinates are fitted by least squares of minimum norm (Belkin, Hsu & Xu 2020)."""
    missed = 1 - p / D + NOISE**2
    if p <= N - 2:
        return missed * (1 + p / (N - p - 1))
    return p / D * (1 - N / p) + missed * (1 + N / (p - N - 1))


def excess(p: int) -> float:
    """E |x (b - found)|^2 with all p coordinates fitted from 100 rows, |b| = 1, noise 1/4 (Hastie et al. 2022)."""
    return 0.25 * p / (99 - p) if p < 100 else 1 - 100 / p + 0.25 * 100 / (p - 101)


def _excesses(p: int, seed: int) -> Any:
    rng, found = np.random.default_rng([seed, p, 1]), []
    for _ in range(REPEATS // 2):
        X, truth = rng.standard_normal((100, p)), np.full(p, p**-0.5)
        fitted = np.linalg.lstsq(X, X @ truth + 0.5 * rng.standard_normal(100), rcond=None)[0]
        found.append(((truth - fitted) ** 2).sum())
    return np.array(found)


def _draw_rows(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    truth = rng.standard_normal(D)
    truth /= np.linalg.norm(truth)
    X = rng.standard_normal((N, D))
    return X, X @ truth + NOISE * rng.standard_normal(N), truth


def _risks(p: int, seed: int) -> Any:
    """Exact risk, given the rows, of each of the repeats' fits."""
    rng, found = np.random.default_rng([seed, p]), []
    for _ in range(REPEATS):
        X, y, truth = _draw_rows(rng)
        error = truth.copy()
        if p:
            error[:p] -= np.linalg.lstsq(X[:, :p], y, rcond=None)[0]
        found.append(error @ error + NOISE**2)
    return np.array(found)


def _by_descent(bench: Bench, p: int) -> float:
    """Greatest difference between gradient descent from zero, trained to the end by the engine, and minimum norm."""
    X, y, _ = _draw_rows(np.random.default_rng(bench.seed))
    X = X[:, :p]
    rows, targets = np.vstack([X, -X]), np.append(y, -y)  # by symmetry the bias stays 0
    network = Network(p, (Dense(1, "identity"),))
    values = np.linalg.svd(X, compute_uv=False) ** 2 / N
    rate = 4 / (np.sqrt(values[0]) + np.sqrt(values[-1])) ** 2
    momentum = ((np.sqrt(values[0]) - np.sqrt(values[-1])) / (np.sqrt(values[0]) + np.sqrt(values[-1]))) ** 2
    training = train(
        network, np.zeros(p + 1), rows, targets[:, None], solver=SGD(momentum=momentum, nesterov=False),
        learning_rate_init=rate, batch_size=2 * N, max_iter=400, shuffle=False, n_iter_no_change=np.inf, engine=bench.engine,
    )  # fmt: skip
    training.run()
    return float(np.abs(training.theta[:p] - np.linalg.pinv(X) @ y).max())


def _run(bench: Bench) -> Findings:
    checks = [exact(f"formula at p = {p}, relative", risk(p) / value, 1, 1e-3) for p, value in TABLE.items()]
    checks += [
        exact(f"p = {p}: gradient descent from zero less minimum norm", _by_descent(bench, p), 0, 1e-8)
        for p in (15, 100)
    ]
    checks += [
        exact(f"all of {p} fitted: formula, relative", excess(p) / value, 1, 6e-3) for p, value in EXCESS.items()
    ]
    for p in (20, 50, 200):
        values = _excesses(p, bench.seed)
        slack = 4 * values.std(ddof=1) / np.sqrt(len(values))
        what = f"all of {p} fitted from 100 rows: mean excess risk of {len(values)} fits"
        checks.append(within(what, values.mean(), excess(p) - slack, excess(p) + slack, "4 errors"))
    found = {}
    for done, p in enumerate(SIZES):
        bench.say(done, len(SIZES))
        risks = _risks(p, bench.seed)
        found[p] = (float(risks.mean()), float(risks.std(ddof=1) / np.sqrt(REPEATS)), float(np.median(risks)))
        if abs(p - N) >= 10:
            slack = 4 * max(found[p][1], 1e-12)
            checks.append(
                within(
                    f"p = {p}: mean risk of {REPEATS} fits", found[p][0], risk(p) - slack, risk(p) + slack, "4 errors"
                )
            )
    classical = min(found[p][0] for p in SIZES if p < N)
    checks += [
        within("median risk at p = n over the least before", found[N][2] / classical, 5, np.inf, "the peak"),
        within("risk with all coordinates over the least before", found[D][0] / classical, 0, 0.9, "0.667 / 1.040"),
    ]
    reading = (
        f"Up to p = n = {N} more coordinates overfit: the risk climbs from {classical:.2f} to a peak. Beyond it falls again, to "
        f"{found[D][0]:.3f} with all {D}, below everything before the peak, although every fit passes through all rows. Of the "
        "many fits that do, gradient descent from zero takes the one of minimum norm."
    )
    caveat = "The second descent ends lower because the signal lies evenly in all coordinates: a formula of this setting, no law."
    return Findings(tuple(checks), reading, {"found": found}, caveat)


def _draw(found: Findings, figure: Any) -> None:
    ax, risks = figure.subplots(), found.data["found"]
    for low, high in ((0, N - 2), (N + 2, D)):
        at = np.arange(low, high + 1)
        ax.plot(at, [risk(int(p)) for p in at], color=COLOURS[0], label="formula" if low == 0 else None)
    means = np.array([risks[p][0] for p in SIZES])
    errors = np.array([risks[p][1] for p in SIZES])
    ax.errorbar(
        SIZES, means, 2 * errors, fmt="o", color=COLOURS[1], capsize=3, label=f"mean of {REPEATS} fits, 2 errors"
    )
    ax.axvline(N, color=COLOURS[-1], linestyle="--", label="p = n = 40 rows: the fit becomes exact")
    ax.axhline(risk(0), color=COLOURS[2], linestyle=":", label="best before the peak (no coordinate)")
    ax.set(
        xlabel="coordinates fitted, p (of 100)",
        ylabel="expected squared error of a new row",
        yscale="log",
        ylim=(0.4, 200),
    )
    ax.legend(frameon=False)


EXPERIMENT = Experiment(
    name="double-descent-formula",
    title="Double descent in closed form",
    lecture="000",
    source="lecture 000, 'Double Descent'",
    claim="Past the point where a model fits its rows exactly, the test error falls a second time.",
    prediction="1.04 at p = 0, infinite at p = n, 0.667 at p = D = 100: the formula of Belkin, Hsu & Xu (2020).",
    run=_run,
    draw=_draw,
    seconds=3.0,
    size=(8.0, 4.5),
)
