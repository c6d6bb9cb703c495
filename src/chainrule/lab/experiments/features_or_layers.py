"""A disc in a ring: squared inputs without a hidden layer, or plain inputs with two."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.datasets.rival import start
from chainrule.engines import TrainingData, choose
from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import Band, calibrated, exact, true, within
from chainrule.lab.drawing import COLOURS, curves, field, points
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

PUBLISHED, EPOCHS, RATE, BATCH, STARTS = "0.59704", 100, 0.03, 10, 20
# Name -> hidden widths, power of the inputs, and the original program's test losses after epochs 0, 1, 10 and 100.
WAYS = {
    "squares, no hidden layer": ((), 2, {0: 1.032320960443385, 1: 0.54945017, 10: 0.03756427, 100: 0.00471681}),
    "plain, layers of 4 and 2": (
        (4, 2), 1, {0: 0.5011900890290666, 1: 0.49811584841551, 10: 0.48422242942162, 100: 0.011562363897663},
    ),
    "plain, no hidden layer": ((), 1, {}),
}  # fmt: skip
SQUARES, LAYERS, NEITHER = WAYS
LEARNED = 0.05
# Over 20 starts from each of the seeds 0, 100, ..., 1900: median of the epochs, share that never learns.
SEEDS = range(0, 2000, 100)
SPREAD = {SQUARES: Band(5, 12, 8, (7, 8), SEEDS), LAYERS: Band(35, 80, 55, (47.5, 62.5), SEEDS)}
STUCK = Band(0, 0.5, 0.15, (0, 0.25), SEEDS)


class Course(NamedTuple):
    """Test loss after each epoch, and the probability of the disc."""

    loss: Any
    probability: Any
    X: Any
    y: Any

    @property
    def epochs(self) -> int:
        """The first epoch with a test loss below LEARNED; one more than there are if none."""
        below = np.flatnonzero(self.loss < LEARNED)
        return int(below[0]) if len(below) else EPOCHS + 1


def _train(way: str, seed: str, engine: str) -> Course:
    hidden, power, _ = WAYS[way]
    begun = start("circle", (2, *hidden, 1), seed)
    X, y = begun.X**power, begun.y[:, None]
    network = Network(2, (*(Dense(units, "tanh") for units in hidden), Dense(1, "tanh")), "squared_error")
    n, plain = begun.n_train, SGD(momentum=0.0, nesterov=False)
    data = TrainingData(np.ascontiguousarray(X[:n]), np.ascontiguousarray(y[:n]))
    session = choose(engine, network, np.float64, plain).session(
        network, network.pack(begun.weights, begun.biases), data, plain
    )
    losses = [network.loss_and_gradient(session.theta, X[n:], y[n:], engine=engine)[0]]
    for _ in range(EPOCHS):
        session.epoch(np.arange(n), np.full(-(-n // BATCH), RATE), BATCH)
        losses.append(network.loss_and_gradient(session.theta, X[n:], y[n:], engine=engine)[0])
    theta = session.theta

    def probability(at: Any) -> Any:
        return (network.predict(theta, at**power, engine=engine)[:, 0] + 1) / 2

    return Course(np.array(losses), probability, begun.X, begun.y)


def _run(bench: Bench) -> Findings:
    published = {way: _train(way, PUBLISHED, bench.engine) for way in WAYS}
    checks = [
        exact(f"{way}: test loss after epoch {epoch}", published[way].loss[epoch], value, 1e-8 if epoch < 100 else 1e-6)
        for way, (_, _, known) in WAYS.items()
        for epoch, value in known.items()
    ]
    drawn = {way: [_train(way, str(seed), bench.engine) for seed in bench.seeds(STARTS)] for way in WAYS}
    losses = {way: np.array([course.loss for course in courses]) for way, courses in drawn.items()}
    first = {way: np.array([course.epochs for course in courses]) for way, courses in drawn.items()}
    stuck = first[SQUARES] > EPOCHS
    checks += [
        true(
            "wherever squares are learned, they are learned first", bool((first[SQUARES] < first[LAYERS])[~stuck].all())
        ),
        within("a plane alone: least test loss", losses[NEITHER].min(), 0.4, np.inf, "1/2 for the best constant"),
        calibrated("squares: median of the epochs to a loss of 0.05", np.median(first[SQUARES]), SPREAD[SQUARES]),
        calibrated("layers: median of the epochs to a loss of 0.05", np.median(first[LAYERS]), SPREAD[LAYERS]),
    ]
    checks.append(calibrated("squares: share of starts that never learn", stuck.mean(), STUCK))
    reading = (
        f"With x1^2 and x2^2 as inputs one unit separates disc and ring after {np.median(first[SQUARES]):.0f} epochs (median of "
        f"{STARTS} starts). From x1 and x2, layers of 4 and 2 find such features themselves, after "
        f"{np.median(first[LAYERS]):.0f}. Without either, the test loss stays at {losses[NEITHER][:, -1].min():.2f} or more."
    )
    caveat = (
        f"Features by hand need care too: {stuck.sum()} of {STARTS} starts with squares never learn. The squares go up to 25, "
        "and large weights of the wrong sign saturate the output unit, whose gradient then vanishes."
    )
    return Findings(tuple(checks), reading, {"published": published, "losses": losses}, caveat)


def _draw(found: Findings, figure: Any) -> None:
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.25))
    for ax, way in ((left, SQUARES), (middle, LAYERS)):
        course = found.data["published"][way]
        field(ax, course.probability, (-6, 6, -6, 6))
        points(ax, course.X, course.y.astype(int), 14)
        ax.set(title=way, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    curves(right, {way: np.median(each, axis=0) for way, each in found.data["losses"].items()}, np.arange(EPOCHS + 1))
    for colour, each in zip(COLOURS, found.data["losses"].values(), strict=False):
        right.plot(each.T, color=colour, linewidth=0.5, alpha=0.5)
    right.set(
        yscale="log", ylim=(5e-4, 2), xlabel="epochs", ylabel="test loss", title=f"{STARTS} starts and their medians"
    )
    right.legend(loc="lower left", frameon=False)


EXPERIMENT = Experiment(
    name="features-or-layers",
    title="Features by hand, or layers that find them",
    lecture="001",
    source="lectures 001, 'playground.tensorflow.org', and 004, 'Some Extra Practice'; lecture 003, 'Final Remarks'",
    claim="Hidden layers replace hand-made features: each node can be interpreted as a feature.",
    prediction="From a published start: test loss 0.0376 after 10 epochs with squares, 0.484 with layers, 0.0116 after 100.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    size=(12.5, 3.8),
)
