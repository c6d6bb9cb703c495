"""Dropout: what the masks do on average, exactly, and what they do against overfitting on 200 digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets.mnist import small_digits
from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import Band, calibrated, compared, exact, within
from chainrule.lab.drawing import COLOURS, MARKERS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

MASKS, RATES = 20_000, (0.1, 0.2, 0.4, 0.6, 0.8)
ROWS, EPOCHS, STARTS, HIDDEN, INPUT = 200, 200, 5, 0.5, 0.1
# Means of 5 starts, the seeds 0..4, 5..9, ... of 20 groups: with dropout less without, of the gap between test and training loss
# of the test loss, and of the share of wrong test digits.
SEEDS = range(0, 100, 5)
GAP = Band(-0.45, 0, -0.132, (-0.191, -0.065), SEEDS)
LOSS = Band(-0.4, 0, -0.120, (-0.179, -0.052), SEEDS)
WRONG = Band(-0.06, 0.06, -0.0032, (-0.0157, 0.0097), SEEDS)


def _sums(bench: Bench, rate: float) -> tuple[float, float, Any]:
    """Mean and variance of a linear unit's output w x + 1/2 under 20,000 masks, from the engine's losses; the terms of w x."""
    rng = np.random.default_rng(bench.seed)
    w, x = rng.standard_normal(10), rng.standard_normal(10)
    network = Network(10, (Dense(1, "identity"),), input_dropout=rate)
    losses = []
    for target in (0.0, 1.0):  # losses o^2 / 2 and (o - 1)^2 / 2; the same seed gives the same masks
        training = train(
            network, np.append(w, 0.5), np.tile(x, (MASKS, 1)), np.full((MASKS, 1), target), batch_size=MASKS, max_iter=1,
            solver=SGD(momentum=0.0, nesterov=False), random_state=bench.seed, engine=bench.engine,
        )  # fmt: skip
        losses.append(training.run()[0].loss)
    mean = losses[0] - losses[1] + 0.5
    return mean, 2 * losses[0] - mean**2, w * x


def _nothing_left_out(bench: Bench) -> Any:
    """Predictions of a network with dropout are those of the network without."""
    layers, X = (Dense(20), Dense(3, "identity")), np.random.default_rng(bench.seed).standard_normal((50, 5))
    network, masked = Network(5, layers), Network(5, (Dense(20, dropout=0.5), layers[1]), input_dropout=0.2)
    theta = network.init(bench.seed)
    outputs = [some.predict(theta, X, engine=bench.engine) for some in (network, masked)]
    return exact("predictions with dropout less those without", np.abs(outputs[1] - outputs[0]).max(), 0)


def _masks(bench: Bench) -> tuple[list[Any], Any]:
    checks, found = [_nothing_left_out(bench)], []
    for rate in RATES:
        mean, variance, terms = _sums(bench, rate)
        kept = 1 - rate
        expected = rate / kept * (terms**2).sum()
        # Fourth cumulant of a mask: its variance's own error needs it.
        fourth = rate * kept * (1 - 6 * rate * kept) / kept**4 * (terms**4).sum()
        error, slack = 4 * np.sqrt(expected / MASKS), 4 * np.sqrt((fourth + 2 * expected**2) / MASKS)
        checks += [
            within(
                f"rate {rate:g}: mean output less the prediction", mean - terms.sum() - 0.5, -error, error, "4 errors"
            ),
            within(
                f"rate {rate:g}: variance of the output",
                variance,
                expected - slack,
                expected + slack,
                "p/(1-p) sum (wx)^2",
            ),
        ]
        found.append((variance / (terms**2).sum(), mean - terms.sum() - 0.5))
    return checks, np.array(found)


def _trained(bench: Bench, seed: int, dropped: bool) -> tuple[Any, float, float, float]:
    """Test loss after every epoch; at the end test less training loss, the test loss, the share of wrong test digits."""
    data = small_digits()
    rows = np.random.default_rng(seed).choice(len(data.X), ROWS, replace=False)
    layers = (*(Dense(128, dropout=HIDDEN * dropped) for _ in range(2)), Dense(10, "softmax"))
    network = Network(64, layers, "log_loss", input_dropout=INPUT * dropped)
    Y, Y_test = np.eye(10, dtype=np.float32)[data.y[rows]], np.eye(10, dtype=np.float32)[data.y_test]
    training = train(
        network, network.init(seed, dtype=np.float32), data.X[rows], Y, solver="adam", batch_size=50,
        max_iter=EPOCHS // 20 if bench.reduced else EPOCHS, validation=(data.X_test, Y_test), stop_on="loss",
        n_iter_no_change=np.inf, random_state=seed, engine=bench.engine,
    )  # fmt: skip
    curve = np.array([epoch.validation_loss for epoch in training])
    predicted = network.predict(training.theta, data.X_test, engine=bench.engine)
    train_loss = -np.log(network.predict(training.theta, data.X[rows], engine=bench.engine)[Y == 1] + 1e-30).mean()
    wrong = float(np.mean(predicted.argmax(axis=1) != data.y_test))
    return curve, float(curve[-1] - train_loss), float(curve[-1]), wrong


def _run(bench: Bench) -> Findings:
    checks, masks = _masks(bench)
    runs: dict[bool, list[Any]] = {False: [], True: []}
    seeds = bench.seeds(STARTS, reduced=1)
    for done, seed in enumerate(seeds):
        bench.say(done, len(seeds))
        for dropped, found in runs.items():
            found.append(_trained(bench, seed, dropped))
    (gap, loss, wrong) = (
        {dropped: float(np.mean([run[k] for run in found])) for dropped, found in runs.items()} for k in (1, 2, 3)
    )
    smaller = all(with_[1] < without[1] for without, with_ in zip(runs[False], runs[True], strict=True))
    if not bench.reduced:
        checks += [
            calibrated("gap between test and training loss, with dropout less without", gap[True] - gap[False], GAP),
            calibrated("test loss, with dropout less without", loss[True] - loss[False], LOSS),
            calibrated("share of wrong test digits, with dropout less without", wrong[True] - wrong[False], WRONG),
            compared("the gap is smaller with dropout from every start", smaller),
        ]
    reading = (
        "The masks leave the mean of a sum as it is and add a variance of p/(1-p) per squared term. After "
        f"{EPOCHS} epochs on {ROWS} digits the gap between test and training loss is {gap[True]:.3f} with dropout instead of "
        f"{gap[False]:.3f}, the test loss {loss[True]:.3f} instead of {loss[False]:.3f}."
    )
    caveat = (
        f"The share of wrong test digits hardly changes here ({wrong[False]:.1%} without, {wrong[True]:.1%} with), and learning "
        "takes longer. The slide rescales when predicting; here, as is usual now, training divides by 1 - p instead."
    )
    data = {"masks": masks, "curves": {dropped: [run[0] for run in found] for dropped, found in runs.items()}}
    return Findings(tuple(checks), reading, data, caveat, "scikit-learn's digits (8 x 8)")


def _draw(found: Findings, figure: Any) -> None:
    left, right = figure.subplots(1, 2)
    at = np.linspace(0, 0.85, 100)
    left.plot(at, at / (1 - at), color=COLOURS[0], label="p / (1 - p)")
    for place, name in enumerate(("variance over the sum of squares", "mean less the prediction")):
        left.plot(RATES, found.data["masks"][:, place], MARKERS[place], color=COLOURS[place + 1], label=name)
    left.axhline(0, color="#222222", linewidth=0.6)
    left.set(title=f"a linear unit under {MASKS:,} masks", xlabel="share p left out", ylabel="ratio, difference")
    left.legend(frameon=False)
    curves(
        right, {("without dropout", "with dropout")[dropped]: part for dropped, part in found.data["curves"].items()}
    )
    right.set(
        title=f"{ROWS} digits, 64-128-128-10: range of {STARTS} starts", xlabel="epoch", ylabel="test loss", ylim=(0, 1)
    )


EXPERIMENT = Experiment(
    name="dropout",
    title="Dropout: noise that does not change the mean",
    lecture="002",
    source="lecture 002, 'Regularization' (dropout); Srivastava et al. 2014",
    claim="Randomly leaving out units while training, and rescaling, keeps a network from overfitting.",
    prediction="Mean output equal to the prediction, variance p/(1-p) sum (w x)^2 (within 4 errors); a smaller gap on few rows.",
    run=_run,
    draw=_draw,
    seconds=3.5,
    size=(11.0, 4.0),
)
