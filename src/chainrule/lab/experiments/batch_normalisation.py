"""Batch normalisation: what it computes, exactly, and how much sooner deep sigmoid networks learn with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets.mnist import small_digits
from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import Band, calibrated, compared, exact, true
from chainrule.lab.drawing import COLOURS, DASHES, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.training import train

PLAIN = SGD(momentum=0.0, nesterov=False)
# Of the engine: added to the variance; share of the newest batch in the running statistics.
EPSILON, SHARE = 1e-5, 0.1
EPOCHS, STARTS, BATCH, RATE, GOAL = 60, 5, 60, 0.5, 0.9
# Epochs to 90 % of the test digits with batch normalisation, median of 5 starts; of the seeds 0..4, 5..9, ... of 20 groups.
SEEDS = range(0, 100, 5)
SOON = Band(2, 13, 4.5, (4, 7), SEEDS)


def _normalised(bench: Bench) -> list[Any]:
    """Mean and variance of a normalised unit over its batch, from the losses o^2 / 2 and (o - 1)^2 / 2 of its output o."""
    rng = np.random.default_rng(bench.seed)
    X, w, gamma, beta = rng.normal(3, 2, (40, 5)), rng.standard_normal((5, 1)), 1.7, -0.4
    network = Network(5, (Dense(1, "identity", batch_norm=True), Dense(1, "identity")))
    theta = network.pack([w, np.ones((1, 1))], [np.array([beta]), np.zeros(1)], np.array([gamma, 0.0, 1.0]))
    losses = [network.loss_and_gradient(theta, X, np.full((40, 1), t), engine=bench.engine)[0] for t in (0.0, 1.0)]
    mean = losses[0] - losses[1] + 0.5
    variance = (X @ w).var()
    training = train(
        network, theta, X, np.zeros((40, 1)), solver=PLAIN, learning_rate_init=1e-300, batch_size=40, max_iter=7,
        shuffle=False, engine=bench.engine,
    )  # fmt: skip
    training.run()
    views, kept = network.views(training.theta), (1 - SHARE) ** 7
    assert views.mean[0] is not None and views.variance[0] is not None
    running = gamma * ((X @ w)[:, 0] - views.mean[0]) / np.sqrt(views.variance[0] + EPSILON) + beta
    predicted = network.predict(training.theta, X, engine=bench.engine)[:, 0]
    return [
        exact("training: mean of a unit over its batch less beta", mean - beta, 0),
        exact("training: its variance", 2 * losses[0] - mean**2, gamma**2 * variance / (variance + EPSILON)),
        exact("running mean after 7 equal batches", views.mean[0][0], (1 - kept) * (X @ w).mean()),
        exact("running variance", views.variance[0][0], kept + (1 - kept) * (X @ w).var(ddof=1)),
        exact("predicting: by the running statistics", np.abs(predicted - running).max(), 0),
        true("batches of one row, which have no variance, are refused", _refused(network, theta, X, bench)),
    ]


def _refused(network: Network, theta: Any, X: Any, bench: Bench) -> bool:
    try:
        train(network, theta, X, np.zeros((len(X), 1)), batch_size=1, engine=bench.engine)
    except ValueError:
        return True
    return False


def _scaled(bench: Bench) -> list[Any]:
    """Weights ten times as large: the same outputs, a tenth of the gradient (where epsilon is negligible)."""
    X, y = 1e4 * np.random.default_rng(bench.seed).standard_normal((40, 5)), np.ones((40, 1))
    network = Network(5, (Dense(6, "tanh", batch_norm=True), Dense(1, "identity")))
    theta = network.init(bench.seed)
    larger = theta.copy()
    network.views(larger).W[0][:] *= 10
    (loss, slopes), (same, tenth) = (network.loss_and_gradient(t, X, y, engine=bench.engine) for t in (theta, larger))
    ratio = float(np.linalg.norm(network.views(slopes).W[0]) / np.linalg.norm(network.views(tenth).W[0]))
    return [
        exact("weights ten times as large: loss over the same", same / loss, 1, 1e-7),
        exact("weights ten times as large: gradient, as many times smaller", ratio, 10, 1e-6),
    ]


def _trained(bench: Bench, seed: int, normal: bool) -> tuple[list[float], list[Any]]:
    """Accuracy on the test digits after each epoch; 15, 50 and 85 % quantiles of what a unit of the last hidden layer sees."""
    data = small_digits()
    layers = (*(Dense(50, "logistic", batch_norm=normal) for _ in range(3)), Dense(10, "softmax"))
    network, Y = Network(64, layers, "log_loss"), np.eye(10)[data.y]
    training = train(
        network, network.init(seed), data.X.astype(np.float64), Y, solver=PLAIN, learning_rate_init=RATE, batch_size=BATCH,
        max_iter=EPOCHS // 10 if bench.reduced else EPOCHS, n_iter_no_change=np.inf, random_state=seed, engine=bench.engine,
    )  # fmt: skip
    accuracy, quantiles = [], []
    for _ in training:
        *_, hidden, output = network.activations(training.theta, data.X_test)
        accuracy.append(float(np.mean(output.argmax(axis=1) == data.y_test)))
        seen = hidden[:, 0].clip(1e-12, 1 - 1e-12)
        quantiles.append(np.quantile(np.log(seen / (1 - seen)), (0.15, 0.5, 0.85)))
    return accuracy, quantiles


def _reached(accuracy: list[float]) -> int:
    """The first epoch with 90 % right; one more than there were if none."""
    return next((epoch for epoch, share in enumerate(accuracy, 1) if share >= GOAL), EPOCHS + 1)


def _run(bench: Bench) -> Findings:
    runs: dict[bool, list[Any]] = {False: [], True: []}
    seeds = bench.seeds(STARTS, reduced=1)
    for done, seed in enumerate(seeds):
        bench.say(done, len(seeds))
        for normal, found in runs.items():
            found.append(_trained(bench, seed, normal))
    epochs = {normal: [_reached(accuracy) for accuracy, _ in found] for normal, found in runs.items()}
    sooner = all(with_ < without for without, with_ in zip(epochs[False], epochs[True], strict=True))
    checks = [*_normalised(bench), *_scaled(bench)]
    if not bench.reduced:
        soon = float(np.median(epochs[True]))
        checks += [
            calibrated("epochs to 90 % with batch normalisation, median of 5 starts", soon, SOON),
            compared("sooner than without from every start", sooner),
        ]
    without = ", ".join(str(epoch) if epoch <= EPOCHS else f"not in {EPOCHS}" for epoch in sorted(epochs[False]))
    reading = (
        f"Three sigmoid layers reach 90 % of the test digits after {min(epochs[True])} to {max(epochs[True])} epochs with batch "
        f"normalisation; without it: {without}. The size of the weights into a normalised layer no longer matters."
    )
    caveat = (
        "The slide's sigma lacks its square root: the standard deviation is meant. That it learns sooner says nothing about why; "
        "that distributions shift less ('internal covariate shift') was not measured."
    )
    return Findings(tuple(checks), reading, {"runs": runs}, caveat, "scikit-learn's digits (8 x 8)")


def _draw(found: Findings, figure: Any) -> None:
    learned, without, with_ = figure.subplots(1, 3)
    runs, names = found.data["runs"], ("without", "with batch normalisation")
    curves(learned, {names[normal]: 100 * np.array([part[0] for part in runs[normal]]) for normal in (False, True)})
    learned.axhline(100 * GOAL, color="#222222", linewidth=0.6)
    learned.set(title=f"64-50-50-50-10, sigmoid: {STARTS} starts", xlabel="epoch", ylabel="test digits right in %")
    for normal, ax in ((False, without), (True, with_)):
        quantiles = np.array(runs[normal][0][1])
        for place, name in enumerate(("15 %", "50 %", "85 %")):
            at = range(1, len(quantiles) + 1)
            ax.plot(at, quantiles[:, place], color=COLOURS[place], linestyle=DASHES[place], label=name)
        ax.set(
            title=f"{('without', 'with')[normal]}: what a sigmoid sees",
            xlabel="epoch",
            ylabel="quantiles of a pre-activation",
        )
        ax.legend(frameon=True, loc="center right")


EXPERIMENT = Experiment(
    name="batch-normalisation",
    title="Batch normalisation",
    lecture="002",
    source="lecture 002, 'Batch normalization Ioffe and Szegedy 2015'",
    claim="Normalising each unit over the minibatch, with its own scale and shift, makes deep networks easier to train.",
    prediction="Mean beta, variance gamma^2 s^2 / (s^2 + 1e-5); weights c times as large only divide the gradient by c.",
    run=_run,
    draw=_draw,
    seconds=3.5,
    size=(13.0, 3.8),
)
