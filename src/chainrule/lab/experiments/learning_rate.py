"""The learning rate: too small, right, too large; and a training that leaves all bounds says where."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets.toys import make_toy
from chainrule.errors import DivergenceError
from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import Band, calibrated, true, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

HIDDEN = (Dense(8, "tanh"), Dense(6, "tanh"))
CLASSES, VALUES = Network(2, (*HIDDEN, Dense(1, "logistic")), "log_loss"), Network(2, (*HIDDEN, Dense(1, "identity")))
RATES, EPOCHS, SAMPLES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), 100, 5
SHOWN = {"0.001, too small": 0.001, "1, right": 1.0, "10, too large": 10.0}
# Decimal logarithm of the mean loss of the last ten epochs, of single trainings; how often the loss rises from epoch to epoch.
# Samples of the seeds 0 to 24; the experiment takes the median of 5.
LOG_LOSS = {
    0.001: Band(-0.4, 0, -0.201, (-0.286, -0.147), range(25)),
    1.0: Band(-3.8, -2.8, -3.38, (-3.53, -3.09), range(25)),
    10.0: Band(0.1, 1, 0.425, (0.284, 0.778), range(25)),
}
RISES = Band(0.35, 0.6, 0.485, (0.424, 0.536), range(25))


def _trained(bench: Bench, seed: int, network: Network, rate: float) -> tuple[Any, str]:
    """Losses of the epochs, and what was said if the training diverged."""
    points = make_toy("circle", 200, 0, seed)
    training = train(
        network, network.init(seed), points.X, points.y, solver=SGD(momentum=0.0, nesterov=False), learning_rate_init=rate,
        batch_size=10, max_iter=EPOCHS, random_state=seed, n_iter_no_change=np.inf, engine=bench.engine, n_threads=1,
    )  # fmt: skip
    losses = []
    try:
        for epoch in training:
            losses.append(epoch.loss)
    except DivergenceError as error:
        return np.array(losses), str(error)
    return np.array(losses), ""


def _run(bench: Bench) -> Findings:
    seeds, checks, trained = bench.seeds(SAMPLES), [], {}
    rates = tuple(SHOWN.values()) if bench.reduced else RATES
    for done, rate in enumerate(rates):
        bench.say(done, len(rates))
        trained[rate] = np.array([_trained(bench, seed, CLASSES, rate)[0] for seed in seeds])
    ends = {rate: np.log10(losses[:, -10:].mean(axis=1)) for rate, losses in trained.items()}
    for rate, band in LOG_LOSS.items():
        checks.append(calibrated(f"rate {rate:g}: log10 of the last epochs' loss", float(np.median(ends[rate])), band))
    rises = {rate: float(np.mean(np.diff(losses) > 0)) for rate, losses in trained.items()}
    checks += [
        within("rate 0.001: share of epochs in which the loss rises", rises[0.001], 0, 0.01, "small steps descend"),
        calibrated("rate 10: share of epochs in which the loss rises", rises[10.0], RISES),
        true("each sample: the middle rate ends lowest", bool((ends[1.0] < np.minimum(ends[0.001], ends[10.0])).all())),
    ]
    diverged = [_trained(bench, seed, VALUES, 10.0) for seed in seeds]
    for seed, (losses, said) in zip(seeds, diverged, strict=True):
        place = f"epoch {len(losses) + 1} at learning rate 10;"
        checks += [
            true(
                f"sample {seed}, squared error, rate 10: no loss shown is nan or infinite",
                bool(np.isfinite(losses).all()),
            ),
            within(
                f"sample {seed}: epochs until the training is stopped", len(losses) + 1, 1, 20, "exponential growth"
            ),
            true(f"sample {seed}: the error names the epoch after the last one shown, and the rate", place in said),
        ]
    losses, said = diverged[0]
    reading = (
        f"With 0.001 the loss falls in every epoch and is still {10 ** np.median(ends[0.001]):.2f} after {EPOCHS}; with 1 it is "
        f"{10 ** np.median(ends[1.0]):.1g}; with 10 it rises in {rises[10.0]:.0%} of the epochs, and is "
        f"{10 ** np.median(ends[10.0]):.1f}, more than guessing costs. With squared error the training is stopped in epoch "
        f"{len(losses) + 1}."
    )
    return Findings(tuple(checks), reading, {"trained": trained, "ends": ends, "diverged": losses})


def _draw(found: Findings, figure: Any) -> None:
    left, middle, right = figure.subplots(1, 3)
    curves(left, {name: found.data["trained"][rate] for name, rate in SHOWN.items()})
    left.set(title=f"cross-entropy, {SAMPLES} samples", xlabel="epoch", ylabel="training loss", yscale="log")
    left.legend(title="η", frameon=False)
    ends = found.data["ends"]
    middle.loglog(list(ends), [10 ** np.median(values) for values in ends.values()], color=COLOURS[0])
    for place in range(SAMPLES):
        middle.plot(list(ends), [10 ** values[place] for values in ends.values()], ".", color=COLOURS[0], alpha=0.5)
    middle.axhline(np.log(2), color="#8A8A8A", linestyle=DASHES[3], label="guessing: ln 2")
    middle.set(
        title=f"after {EPOCHS} epochs: line median, points samples", xlabel="learning rate η", ylabel="training loss"
    )
    middle.legend(frameon=False)
    losses = found.data["diverged"]
    # matplotlib's own logarithmic axis cannot go as far as the losses do.
    right.plot(range(1, len(losses) + 1), np.log10(losses), color=COLOURS[1], marker=MARKERS[1])
    right.axvline(len(losses) + 1, color="black", linestyle=DASHES[1], label="stopped here: not finite")
    right.set(
        title="squared error, η = 10",
        xlabel="epoch",
        ylabel="$log_{10}$ of the training loss",
        xticks=range(1, len(losses) + 2),
    )
    right.legend(frameon=False)


EXPERIMENT = Experiment(
    name="learning-rate",
    title="The learning rate: too small, right, too large",
    lecture="002",
    source="lecture 002, 'Gradient descent algorithm'; lecture 001, 'The learning rate'; lecture 004, 'Gradient Descent'",
    claim="The learning rate is critical: too small is slow, too large fluctuates around the minimum or even diverges.",
    prediction="Small: the loss falls in every epoch, slowly. Large: it rises as often as it falls. Squared error with rate 10 "
    "grows exponentially; the training stops before a number that is not finite is shown, and names the place.",
    run=_run,
    draw=_draw,
    seconds=1.0,
    size=(13.0, 4.0),
)
