"""The minibatch's size: the variance of its gradient in closed form, and what a row and a step of it buy."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets.mnist import small_digits
from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import Band, calibrated, exact, true, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

NETWORK = Network(64, (Dense(32, "relu"), Dense(10, "softmax")), "log_loss")
SIZES, ROWS, DRAWS, RATE, EPOCHS = (1, 10, 100, 1000), 1000, 200, 0.05, 10
# Logarithm of loss(batch b, t steps) / loss(batch 10 b, t steps), and losses after EPOCHS epochs; seeds 0 to 19.
SEEDS = range(20)
SAME_STEPS = {
    100: Band(-0.03, 0.07, 0.0163, (0.0045, 0.0332), SEEDS),
    10: Band(-0.002, 0.002, 0.0001, (-0.00053, 0.00056), SEEDS),
}
LOSSES = {
    1: Band(0, 0.15, 0.0174, (0.0083, 0.0565), SEEDS),
    10: Band(0.1, 0.17, 0.1297, (0.1192, 0.1425), SEEDS),
    100: Band(0.9, 2.2, 1.378, (1.221, 1.770), SEEDS),
    1000: Band(1.9, 2.5, 2.264, (2.142, 2.331), SEEDS),
}


def _data() -> tuple[Any, Any]:
    """A thousand digits, sorted by class: whoever does not shuffle them learns one class after the other."""
    digits = small_digits()
    order = np.argsort(digits.y[:ROWS], kind="stable")
    return digits.X[:ROWS][order].astype(np.float64), np.eye(10)[digits.y[:ROWS][order]]


def _losses(bench: Bench, seed: int, size: int) -> Any:
    """Loss on all rows after 0, 1, ... epochs."""
    X, Y = _data()
    theta = NETWORK.init(seed)
    training = train(
        NETWORK, theta, X, Y, solver=SGD(momentum=0.0, nesterov=False), learning_rate_init=RATE, batch_size=size,
        max_iter=EPOCHS, random_state=seed, validation=(X, Y), n_iter_no_change=np.inf, engine=bench.engine, n_threads=1,
    )  # fmt: skip
    first = NETWORK.loss_and_gradient(theta, X, Y, engine=bench.engine)[0]
    return np.array([first, *(epoch.validation_loss for epoch in training)])


def _variance(bench: Bench, size: int) -> tuple[float, float, float, float]:
    """At the start: bias of an epoch's gradients, variance of one, its standard error, and the variance in theory."""
    rng, theta, (X, Y) = np.random.default_rng(bench.seed), NETWORK.init(bench.seed), _data()

    def gradient(rows: Any) -> Any:
        return NETWORK.loss_and_gradient(theta, X[rows], Y[rows], engine=bench.engine)[1]

    whole = gradient(np.arange(ROWS))
    single = np.mean([((gradient([row]) - whole) ** 2).sum() for row in range(ROWS)])
    bias = np.mean([gradient(part) for part in rng.permutation(ROWS).reshape(-1, size)], axis=0) - whole
    squares = [((gradient(rng.permutation(ROWS)[:size]) - whole) ** 2).sum() for _ in range(DRAWS)]
    theory = single / size * (ROWS - size) / (ROWS - 1)
    return float(np.abs(bias).max()), float(np.mean(squares)), float(np.std(squares) / np.sqrt(DRAWS)), float(theory)


def _run(bench: Bench) -> Findings:
    checks, variances, losses = [], [], {}
    for done, size in enumerate(SIZES):
        bench.say(done, len(SIZES))
        bias, variance, error, theory = _variance(bench, size)
        low, high = theory - 4 * error - 1e-12, theory + 4 * error + 1e-12
        variances.append((variance, theory))
        losses[size] = _losses(bench, bench.seed, size)
        checks += [
            exact(f"batch {size}: mean of an epoch's gradients less the full gradient", bias, 0),
            within(f"batch {size}: variance of the gradient", variance, low, high, "4 standard errors"),
            calibrated(f"batch {size}: loss after {EPOCHS} epochs", losses[size][EPOCHS], LOSSES[size]),
        ]
    for small, large in ((10, 100), (100, 1000)):
        steps = ROWS // small
        ratio = np.log(losses[small][1] / losses[large][steps * large // ROWS])
        checks.append(
            calibrated(f"log loss ratio after {steps} steps of {small} and {large}", ratio, SAME_STEPS[steps])
        )
    ends = [losses[size][EPOCHS] for size in SIZES]
    checks.append(
        true("the smaller the batch, the lower the loss after equally many rows", bool(np.all(np.diff(ends) > 0)))
    )
    reading = (
        f"The variance of the gradient falls with the batch's size as theory says, from {variances[0][0]:.3g} for single rows to "
        f"{variances[2][0]:.2g} for 100. At the same rate 100 steps of 10 rows go as far as 100 steps of 100 rows (loss "
        f"{losses[10][1]:.2f} and {losses[100][10]:.2f}), for a tenth of the work: after {EPOCHS} epochs single rows have "
        f"reached {ends[0]:.2g}, full batches {ends[-1]:.2g}."
    )
    return Findings(
        tuple(checks), reading, {"variances": variances, "losses": losses}, used="scikit-learn's digits (8 x 8)"
    )


def _draw(found: Findings, figure: Any) -> None:
    left, middle, right = figure.subplots(1, 3)
    measured, theory = np.array(found.data["variances"]).T
    # The batch of all rows has no variance, and no place on this axis.
    left.loglog(SIZES[:-1], theory[:-1], color=COLOURS[0], linestyle=DASHES[1], label="σ² / B · (N − B) / (N − 1)")
    left.loglog(SIZES[:-1], measured[:-1], MARKERS[0], color=COLOURS[0], label="measured")
    left.set(title="variance of the gradient, N = 1000", xlabel="batch size B", ylabel="variance")
    left.legend(frameon=False)
    named = {f"batch {size}": losses for size, losses in found.data["losses"].items()}
    curves(middle, named, range(EPOCHS + 1), markers=True)
    middle.set(title="by rows seen", xlabel="epochs of 1000 rows", ylabel="cross-entropy on all rows", yscale="log")
    for place, (size, losses) in enumerate(found.data["losses"].items()):
        steps = np.arange(1, EPOCHS + 1) * ROWS // size
        style = {"color": COLOURS[place], "marker": MARKERS[place], "linestyle": DASHES[place]}
        right.loglog(steps, losses[1:], label=f"batch {size}", **style)
    right.set(title="by steps", xlabel="steps", ylabel="cross-entropy on all rows")
    right.legend(frameon=False)


EXPERIMENT = Experiment(
    name="minibatch-size",
    title="The minibatch's size: noise against work",
    lecture="002",
    source="lecture 002, 'Minibatch Stochastic gradient descent'; lecture 000, 'Stochastic Gradient Descent'",
    claim="A minibatch's gradient is unbiased; its size trades a good estimate of the gradient for cheap computations.",
    prediction="Variance sigma^2 / B (N - B) / (N - 1); at a small rate the loss depends on the steps, hardly on their rows.",
    run=_run,
    draw=_draw,
    seconds=1.0,
    size=(13.0, 4.0),
)
