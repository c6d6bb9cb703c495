"""Empirical risk minimisation beyond 10,000 rows: the full gradient against minibatches, in equal time."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np

from chainrule.datasets.toys import make_toy
from chainrule.formulas.solvers import LBFGS, SGD, Solver
from chainrule.lab.checks import Band, calibrated, compared, exact, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

NETWORK = Network(2, (Dense(16, "tanh"), Dense(1, "logistic")), "log_loss")
ROWS, BATCH, RATE, PASSES, NEW = (1_000, 10_000, 100_000), 100, 0.3, 20, 10_000
# What each method takes for a step: the solver, and whether all rows.
PLAIN = SGD(momentum=0.0, nesterov=False)
METHODS: dict[str, tuple[Solver, bool]] = {
    "gradient descent": (PLAIN, True),
    "minibatches of 100": (PLAIN, False),
    "L-BFGS": (LBFGS(), True),
}
FULL, SMALL, QUASI = METHODS
# Seeds 0 to 19: decimal logarithm of the risk after 20 passes, minibatches over gradient descent; risk of L-BFGS, 100,000 rows.
SEEDS = range(20)
AHEAD = {
    1_000: Band(-0.9, -0.3, -0.634, (-0.694, -0.552), SEEDS),
    10_000: Band(-2.1, -1.2, -1.654, (-1.767, -1.543), SEEDS),
    100_000: Band(-3.2, -2.1, -2.677, (-2.804, -2.533), SEEDS),
}
PRACTICAL = Band(0, 0.05, 0.0019, (0.0001, 0.0102), SEEDS)


def _trained(bench: Bench, method: str, rows: int) -> tuple[Any, Any]:
    """Seconds of processor time after each pass over the rows (for L-BFGS: iteration), and the risk on new rows there."""
    points, new = make_toy("circle", rows, 0, bench.seed), make_toy("circle", NEW, 0, 100_000 + bench.seed)
    solver, full = METHODS[method]
    training = train(
        NETWORK, NETWORK.init(bench.seed), points.X, points.y, solver=solver, learning_rate_init=RATE, max_iter=PASSES,
        batch_size=rows if full else BATCH, random_state=bench.seed, n_iter_no_change=np.inf, tol=0, engine=bench.engine,
        n_threads=1,
    )  # fmt: skip
    begun, seconds, visited = process_time(), [], []
    for _ in training:
        seconds.append(process_time() - begun)
        visited.append(training.theta)
    losses = [NETWORK.loss_and_gradient(theta, new.X, new.y, engine=bench.engine)[0] for theta in visited]
    return np.array(seconds), np.array(losses)


def _same(bench: Bench) -> float:
    """Greatest difference between one epoch's full-batch step and the mean of the minibatches' gradients times the rate."""
    points, theta = make_toy("circle", ROWS[0], 0, bench.seed), NETWORK.init(bench.seed)
    parts = np.random.default_rng(bench.seed).permutation(ROWS[0]).reshape(-1, BATCH)
    y = points.y[:, None]
    mean = np.mean(
        [NETWORK.loss_and_gradient(theta, points.X[part], y[part], engine=bench.engine)[1] for part in parts], axis=0
    )
    training = train(
        NETWORK, theta, points.X, points.y, solver=PLAIN, learning_rate_init=RATE, max_iter=1, batch_size=ROWS[0],
        engine=bench.engine,
    )  # fmt: skip
    training.run()
    return float(np.abs(training.theta - (theta - RATE * mean)).max())


def _run(bench: Bench) -> Findings:
    found: dict[int, dict[str, tuple[Any, Any]]] = {}
    sizes = ROWS[:2] if bench.reduced else ROWS
    for done, rows in enumerate(sizes):
        bench.say(done, len(sizes))
        found[rows] = {method: _trained(bench, method, rows) for method in METHODS}
    checks = [exact("a full-batch step less the mean of its minibatches' gradients", _same(bench), 0, 1e-12)]
    for rows, methods in found.items():
        (clock, descent), (_, small) = methods[FULL], methods[SMALL]
        early = descent[np.searchsorted(clock, methods[SMALL][0][0]).clip(0, PASSES - 1)]
        ahead = float(np.log10(small[-1] / descent[-1]))
        checks += [
            compared(f"{rows:,} rows: minibatches are ahead in the time of their first pass", small[0] < early),
            calibrated(f"{rows:,} rows: log10 of the risk, minibatches over full", ahead, AHEAD[rows]),
        ]
    if not bench.reduced:
        pace = [np.diff(methods[FULL][0]).min() for methods in found.values()]
        power = float(np.log10(pace[2] / pace[1]))
        flat = [float(methods[FULL][1][-1]) for methods in found.values()]
        checks += [
            within("time of a full gradient from 10,000 to 100,000 rows: power of the rows", power, 0.6, 1.4, "linear"),
            within(
                "full gradient: risk after 20 steps, most over least",
                max(flat) / min(flat),
                1,
                1.1,
                "rows do not count",
            ),
            calibrated("L-BFGS, 100,000 rows: risk after 20 iterations", found[ROWS[2]][QUASI][1][-1], PRACTICAL),
        ]
    most = sizes[-1]
    (clock, descent), (quick, small), (_, quasi) = (found[most][method] for method in METHODS)
    reading = (
        f"A full gradient of {most:,} rows takes {1000 * clock[-1] / PASSES:.0f} ms. {PASSES} steps of it come down to a risk of "
        f"{descent[-1]:.2f}; in {quick[0]:.2f} s minibatches see each row once and are at {small[0]:.3f}."
    )
    caveat = (
        "10,000 is no threshold: minibatches are ahead with 1,000 rows too, and the full gradient of more stays practical: "
        f"{PASSES} iterations of L-BFGS on {most:,} rows reach {quasi[-1]:.3f} in {found[most][QUASI][0][-1]:.1f} s."
    )
    return Findings(tuple(checks), reading, {"found": found}, caveat)


def _draw(found: Findings, figure: Any) -> None:
    panels = figure.subplots(1, len(found.data["found"]), sharex=True, sharey=True)
    for ax, (rows, methods) in zip(panels, found.data["found"].items(), strict=True):
        for place, (method, (seconds, losses)) in enumerate(methods.items()):
            look = {"color": COLOURS[place], "marker": MARKERS[place], "linestyle": DASHES[place]}
            ax.loglog(seconds, losses, label=method, markersize=4, **look)
        ax.axhline(np.log(2), color="#8A8A8A", linewidth=0.8)
        ax.set(title=f"{rows:,} rows", xlabel="seconds of one processor")
    panels[0].set_ylabel("cross-entropy on 10,000 new rows")
    panels[0].legend(frameon=False, title=f"a mark: a pass over all rows ({PASSES})")


EXPERIMENT = Experiment(
    name="full-gradient-or-minibatches",
    title="Beyond 10,000 rows: full gradient or minibatches",
    lecture="002",
    source="lecture 002, 'Gradient descent: illustration' (empirical risk minimization) and 'Stochastic gradient descent'",
    claim="The full gradient of the empirical risk is efficient for n < 10,000 rows and impractical beyond.",
    prediction="A full gradient takes time in proportion to n and gains nothing by more rows; minibatches take n / 100 steps.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    reduced_seconds=0.5,
    size=(13.0, 4.0),
)
