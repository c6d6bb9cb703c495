"""All solvers on the same digits, each at its best rate: as they are, and with inputs on very different scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets.mnist import small_digits
from chainrule.errors import DivergenceError
from chainrule.formulas.solvers import LBFGS, SGD, Adadelta, Adagrad, Adam, RMSProp, Solver
from chainrule.lab.checks import Band, calibrated, exact, true
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.lab.quadratic import descend
from chainrule.network import Dense, Network
from chainrule.training import train

NETWORK = Network(64, (Dense(32, "relu"), Dense(10, "softmax")), "log_loss")
ROWS, EPOCHS, RACES, BATCH = 1000, 10, 3, 50
# The rates tried: powers of ten and their thirds.
RATES = tuple(10.0 ** np.arange(-3, 1.1, 0.5))
SOLVERS: dict[str, Solver] = {
    "SGD": SGD(momentum=0.0, nesterov=False),
    "momentum": SGD(momentum=0.9, nesterov=False),
    "Nesterov": SGD(momentum=0.9, nesterov=True),
    "Adam": Adam(),
    "RMSProp": RMSProp(),
    "Adagrad": Adagrad(),
    "Adadelta": Adadelta(),
    "L-BFGS": LBFGS(),
}
# On w^2 / 2 from w = 2, by the papers' formulas: w after one and after two steps of rate 0.1.
STEPS = {
    "SGD": (1.8, 1.62),
    "momentum": (1.8, 1.44),
    "Nesterov": (1.62, 1.1502),
    "Adagrad": (1.9, 1.9 - 0.19 / np.hypot(2, 1.9)),
    "RMSProp": (1.0, 1 - 0.1 / np.sqrt(0.99 * 0.04 + 0.01)),
    "Adam": (1.9, 1.8001665),
}
# Of the seeds 0..2, 10..12, ... of 20 groups: decimal logarithms of ratios of losses after 10 epochs, medians of 3 starts.
SEEDS = range(0, 200, 10)
BANDS = {
    "Adam over plain SGD": Band(-1.4, 0.2, -0.336, (-0.890, -0.051), SEEDS),
    "Nesterov over Adam": Band(-1.3, 0.9, -0.292, (-0.720, 0.313), SEEDS),
    "Nesterov over RMSProp": Band(-1.7, 0, -0.848, (-1.154, -0.250), SEEDS),
    "scaled pixels, Adam over plain SGD": Band(-1.2, -0.2, -0.666, (-0.801, -0.449), SEEDS),
    "scaled pixels, Adam over Nesterov": Band(-0.9, 0, -0.375, (-0.562, -0.193), SEEDS),
}


def _data(scaled: bool) -> tuple[Any, Any]:
    """A thousand digits; with `scaled` each pixel is divided by a number from 1 to 1000, drawn once for all."""
    digits = small_digits()
    scales = 10.0 ** -np.random.default_rng(0).uniform(0, 3, 64) if scaled else np.ones(64)
    return digits.X[:ROWS] * scales, np.eye(10)[digits.y[:ROWS]]


def _losses(bench: Bench, seed: int, scaled: bool, solver: Solver, rate: float) -> Any:
    """Loss on all rows after 0, 1, ... epochs; infinite from where the training diverged."""
    X, Y = _data(scaled)
    theta = NETWORK.init(seed)
    training = train(
        NETWORK, theta, X, Y, solver=solver, learning_rate_init=rate, batch_size=BATCH, max_iter=EPOCHS, tol=0,
        random_state=seed, n_iter_no_change=np.inf, engine=bench.engine, n_threads=1,
    )  # fmt: skip
    losses = np.full(EPOCHS + 1, np.inf)
    losses[0] = NETWORK.loss_and_gradient(theta, X, Y, engine=bench.engine)[0]
    try:
        for epoch in training:
            losses[epoch.number] = NETWORK.loss_and_gradient(training.theta, X, Y, engine=bench.engine)[0]
    except DivergenceError:
        pass
    return losses


def _raced(bench: Bench, scaled: bool, name: str) -> tuple[Any, Any]:
    """Final losses of one start by rate; losses of other starts with the rate that was best for it."""
    solver = SOLVERS[name]
    rates = RATES if solver.stochastic else (1.0,)
    tried = [_losses(bench, bench.seed + RACES, scaled, solver, rate)[-1] for rate in rates]
    rate = rates[int(np.nanargmin(tried))]
    return np.array(tried), np.array([_losses(bench, seed, scaled, solver, rate) for seed in bench.seeds(RACES)])


def _first_steps(bench: Bench) -> list[Any]:
    checks = []
    for name, ends in STEPS.items():
        path = descend((1.0,), (2.0,), SOLVERS[name], 0.1, 2, bench.engine)[:, 0]
        for step, end in enumerate(ends, 1):
            checks.append(exact(f"{name} on w^2 / 2 from 2, rate 0.1: w after {step} steps", path[step], end, 1e-6))
    path = descend((1.0,), (2.0,), SOLVERS["Adadelta"], 1.0, 1, bench.engine)[:, 0]
    end = 2 - 2 * np.sqrt(1e-6 / (0.1 * 4 + 1e-6))
    return [*checks, exact("Adadelta on w^2 / 2 from 2, rate 1: w after one step", path[1], end, 1e-9)]


def _run(bench: Bench) -> Findings:
    tried: dict[bool, dict[str, Any]] = {False: {}, True: {}}
    losses: dict[bool, dict[str, Any]] = {False: {}, True: {}}
    for done, name in enumerate(SOLVERS):
        bench.say(done, len(SOLVERS))
        for scaled in tried:
            tried[scaled][name], losses[scaled][name] = _raced(bench, scaled, name)
    end = {scaled: {name: float(np.median(each[:, -1])) for name, each in losses[scaled].items()} for scaled in losses}
    pairs = (
        (False, "Adam", "SGD"), (False, "Nesterov", "Adam"), (False, "Nesterov", "RMSProp"), (True, "Adam", "SGD"),
        (True, "Adam", "Nesterov"),
    )  # fmt: skip
    checks = _first_steps(bench)
    checks += [
        calibrated(f"log10 of the loss, {what}", float(np.log10(end[scaled][one] / end[scaled][other])), band)
        for (what, band), (scaled, one, other) in zip(BANDS.items(), pairs, strict=True)
    ]
    checks.append(
        true("every solver learns: less than half the loss of guessing", max(end[False].values()) < np.log(10) / 2)
    )
    reading = (
        f"Loss after {EPOCHS} epochs at each solver's best rate: "
        + ", ".join(f"{name} {loss:.2g}" for name, loss in end[False].items())
        + ". With pixels on very different scales: "
        + ", ".join(f"{name} {loss:.2g}" for name, loss in end[True].items())
        + "."
    )
    caveat = (
        "'Adam and RMSProp are generally the best options' holds for scales that differ, less so where they are alike: there "
        f"Nesterov's momentum ends at {end[False]['Nesterov']:.2g}, Adam at {end[False]['Adam']:.2g}, RMSProp at "
        f"{end[False]['RMSProp']:.2g}, each at its best rate; what Adam saves is the search for that rate only in part."
    )
    return Findings(tuple(checks), reading, {"tried": tried, "losses": losses}, caveat, "scikit-learn's digits (8 x 8)")


def _draw(found: Findings, figure: Any) -> None:
    panels = figure.subplots(1, 3, sharey=True)
    for ax, scaled, title in zip(
        panels, (False, True), ("digits as they are", "pixels on scales 1 to 1000"), strict=False
    ):
        named = {name: np.median(each, axis=0) for name, each in found.data["losses"][scaled].items()}
        curves(ax, named, range(EPOCHS + 1), markers=True)
        ax.set(title=f"{title}: best rates", xlabel="epochs (L-BFGS: iterations)", yscale="log")
        ax.legend().remove()
    rates = panels[2]
    for place, (name, tried) in enumerate(found.data["tried"][False].items()):
        if SOLVERS[name].stochastic:
            shown = np.where(np.isfinite(tried), tried, np.nan)
            look = {"color": COLOURS[place], "marker": MARKERS[place], "linestyle": DASHES[place]}
            rates.plot(RATES, shown, label=name, **look)
    rates.set(title="digits as they are, by rate", xlabel="learning rate", xscale="log", ylim=(2e-3, 20))
    panels[0].set_ylabel(f"cross-entropy on {ROWS} rows")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right", frameon=False)


EXPERIMENT = Experiment(
    name="solver-race",
    title="Solvers raced: momentum, Nesterov, Adagrad, Adadelta, RMSProp, Adam",
    lecture="000",
    source="lecture 000, 'Other Optimization Algorithms'; lecture 002, 'Other stochastic optimizers'",
    claim="Adaptive rates improve on stochastic gradient descent; Adam and RMSProp are generally the best options.",
    prediction="First steps by the formulas. At its best rate each solver learns; scales of the inputs harm adaptive ones least.",
    run=_run,
    draw=_draw,
    seconds=6.0,
    size=(14.0, 4.2),
)
