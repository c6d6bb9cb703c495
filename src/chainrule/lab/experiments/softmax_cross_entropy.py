"""Softmax with cross-entropy: the slope is prediction minus target, adding a constant changes nothing, ln K at the start."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.lab.checks import exact
from chainrule.lab.drawing import curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

CLASSES, ROWS = 10, 40


def _run(bench: Bench) -> Findings:
    rng = np.random.default_rng(bench.seed)
    network = Network(5, (Dense(CLASSES, "softmax"),), "log_loss")
    X, labels = rng.standard_normal((ROWS, 5)), rng.integers(CLASSES, size=ROWS)
    Y = np.eye(CLASSES)[labels]
    theta = rng.standard_normal(network.n_parameters)
    gradient = network.loss_and_gradient(theta, X, Y, engine=bench.engine)[1]
    predicted = network.predict(theta, X, engine=bench.engine)
    slope = np.abs(network.views(gradient).b[0] - (predicted - Y).mean(axis=0)).max()
    moved = theta.copy()
    network.views(moved).b[0][...] += 100.0
    shifted = np.abs(network.predict(moved, X, engine=bench.engine) - predicted).max()
    start = {k: Network(5, (Dense(k, "softmax"),), "log_loss") for k in (2, 3, 10, 100)}
    losses = {
        k: each.loss_and_gradient(np.zeros(each.n_parameters), X, np.eye(k)[labels % k], engine=bench.engine)[0]
        for k, each in start.items()
    }
    # Losses and slopes of one row of two classes as the score of the wrong one grows.
    two, scores = Network(1, (Dense(2, "softmax"),), "log_loss"), np.linspace(-10, 10, 81)
    parameters = [two.pack([np.zeros((1, 2))], [np.array([0.0, score])]) for score in scores]
    values = [
        two.loss_and_gradient(at, np.zeros((1, 1)), np.array([[1.0, 0.0]]), engine=bench.engine) for at in parameters
    ]
    steep = [float(two.views(slopes).b[0][1]) for _, slopes in values]
    huge = two.pack([np.zeros((1, 2))], [np.array([0.0, 1e30])])
    far = two.loss_and_gradient(huge, np.zeros((1, 1)), np.array([[1.0, 0.0]]), engine=bench.engine)[0]
    checks = (
        exact("greatest difference of dJ/db from the mean of (p - y)", slope, 0),
        exact("greatest change of a probability when 100 is added to every score", shifted, 0, 1e-12),
        *(exact(f"loss with zero weights and {k} classes", value, np.log(k)) for k, value in losses.items()),
        exact("slope where both scores are equal", steep[40], 0.5),
        exact("loss of a wrong score of 1e30, over 1e30", far / 1e30, 1),
    )
    reading = (
        f"The gradient of the scores is p - y. With zero weights {CLASSES} classes cost ln {CLASSES} = {losses[CLASSES]:.6f}. A "
        "wrong score of any size keeps a slope of 1, so a saturated softmax still learns."
    )
    return Findings(checks, reading, {"scores": scores, "loss": [value for value, _ in values], "slope": steep})


def _draw(found: Findings, figure: Any) -> None:
    ax = figure.subplots()
    curves(ax, {"loss": found.data["loss"], "slope = p - y": found.data["slope"]}, found.data["scores"])
    ax.set(xlabel="score of the wrong class minus score of the right one", ylabel="loss, slope")


EXPERIMENT = Experiment(
    name="softmax-cross-entropy",
    title="Softmax and cross-entropy: the gradient is p - y",
    lecture="002",
    source="lecture 002, 'Cross entropy' and 'Cross entropy loss'; lecture 004, 'Beyond Binary Classification - Softmax'",
    claim="Softmax outputs are trained with the cross-entropy.",
    prediction="dJ/dz = p - y; the loss of zero weights is ln K (2.302585 for ten classes); shifting all scores changes nothing.",
    run=_run,
    draw=_draw,
    seconds=0.1,
    size=(6.5, 4.0),
)
