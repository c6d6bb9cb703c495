"""Weight decay on lecture 002's toy data: a smoother boundary, worse on the points, better on new ones."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.datasets.toys import make_toy
from chainrule.estimators import MLPClassifier
from chainrule.estimators.many import fit_many
from chainrule.formulas.solvers import SGD
from chainrule.lab.checks import Band, calibrated, exact, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network
from chainrule.plots.decisions import DecisionDisplay
from chainrule.training import train

LAMBDAS = (0.0, 1e-4, 1e-3, 1e-2)
SAMPLES, EPOCHS, NEW = 10, 500, 10_000
# Means of 10 samples, of the seeds 0..9, 1..10, ... of 20 groups: errors on the points, lambda 1e-2 less none; on new points,
# lambda 1e-3 less none; on new points, lambda 1e-2 less 1e-3.
SEEDS = range(20)
WORSE = Band(0.03, 0.14, 0.0825, (0.0705, 0.0945), SEEDS)
BETTER = Band(-0.03, 0.0, -0.0112, (-0.0158, -0.0079), SEEDS)
TOO_MUCH = Band(0.0, 0.07, 0.0253, (0.0205, 0.0379), SEEDS)


def _model(bench: Bench, strength: float, seed: int) -> MLPClassifier:
    """The slide's gradient of the penalty is 2 lambda w; the parameter l2 is the factor of w."""
    return MLPClassifier(
        (50,), "tanh", solver="sgd", learning_rate_init=0.1, momentum=0.9, batch_size=20, alpha=0, l2=2 * strength,
        max_iter=EPOCHS // 10 if bench.reduced else EPOCHS, n_iter_no_change=np.inf, random_state=seed, engine=bench.engine,
    )  # fmt: skip


def _fits(bench: Bench, seed: int) -> tuple[Any, list[Any], Any]:
    """A mixture's 200 points, the networks trained on them, and new points of the same mixture."""
    points, new = make_toy("mixture", 200, 0, seed), make_toy("mixture", NEW, 0, seed)
    models = [_model(bench, strength, seed) for strength in LAMBDAS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return points, fit_many(models, points.X, points.y), new


def _shrinking(bench: Bench) -> float:
    """With a data gradient of zero w_t = (1 - eta lambda)^t w_0, and biases stay: greatest deviation after 100 steps."""
    network = Network(3, (Dense(4, "tanh"), Dense(1, "identity")))
    theta = network.init(bench.seed)
    network.views(theta).b[0][:], network.views(theta).b[1][:] = 0, 0.7
    training = train(
        network, theta, np.zeros((5, 3)), np.full((5, 1), 0.7), solver=SGD(momentum=0.0, nesterov=False), learning_rate_init=0.1,
        l2=0.05, max_iter=100, n_iter_no_change=np.inf, engine=bench.engine,
    )  # fmt: skip
    training.run()
    expected = theta.copy()
    expected[: network.n_weights] *= (1 - 0.1 * 0.05) ** 100
    return float(np.abs(training.theta - expected).max())


def _told(samples: int, train: Any, test: Any, bayes: float) -> tuple[str, str]:
    reading = (
        f"Mean of {samples} samples of 200 points: without decay {train[0]:.1%} of the points are wrong and {test[0]:.1%} of "
        f"new ones; with lambda 1e-3 {train[2]:.1%} and {test[2]:.1%}; the Bayes classifier has {bayes:.1%}. The larger "
        "lambda, the smaller the weights and the smoother the boundary."
    )
    caveat = (
        f"1e-2, the slides' last picture, is too much on average: {test[3]:.1%} of new points are wrong, the boundary is nearly "
        "a line. And the slides add the norm of the weights but differentiate its square: the square is meant and measured."
    )
    return reading, caveat


def _run(bench: Bench) -> Findings:
    on_points, on_new, best, norms = [], [], [], []
    seeds = bench.seeds(SAMPLES, reduced=1)
    for done, seed in enumerate(seeds):
        bench.say(done, len(seeds))
        points, models, new = _fits(bench, seed)
        chance = new.posterior(new.X)
        wrong = [np.where(model.predict(new.X) == 1, 1 - chance, chance).mean() for model in models]
        on_points.append([1 - model.score(points.X, points.y) for model in models])
        on_new.append(wrong)
        best.append([np.minimum(chance, 1 - chance).mean(), np.mean((chance > 0.5) != new.y)])
        norms.append([np.sqrt(sum((W**2).sum() for W in model.coefs_)) for model in models])
        if seed == bench.seed:
            shown = (points, models)
    train, test, length = (np.mean(part, axis=0) for part in (on_points, on_new, norms))
    bayes, counted = np.mean(best, axis=0)
    slack = 4 * 0.5 / np.sqrt(len(seeds) * NEW)
    checks = [
        exact(
            "no data gradient: weights shrink by (1 - eta lambda)^100, biases stay: deviation",
            _shrinking(bench),
            0,
            1e-12,
        ),
        within("Bayes classifier: errors counted less expected", counted - bayes, -slack, slack, "4 standard errors"),
        within(
            "least excess over the Bayes error",
            min(np.array(on_new).min(axis=1) - np.array(best)[:, 0]),
            0,
            1,
            "optimal",
        ),
        within(
            "length of all weights, 1e-2 over none",
            length[-1] / length[0],
            0,
            0.8 if bench.reduced else 0.5,
            "the penalty",
        ),
    ]
    checks += (
        []
        if bench.reduced
        else [
            calibrated("error on the points, lambda 1e-2 less none", train[-1] - train[0], WORSE),
            calibrated("error on new points, lambda 1e-3 less none", test[2] - test[0], BETTER),
            calibrated("error on new points, lambda 1e-2 less 1e-3", test[3] - test[2], TOO_MUCH),
        ]
    )
    reading, caveat = _told(len(seeds), train, test, bayes)
    data = {
        "shown": shown,
        "errors": np.column_stack([on_points[0], on_new[0]]),
        "train": train,
        "test": test,
        "bayes": bayes,
    }
    return Findings(tuple(checks), reading, data, caveat)


def _draw(found: Findings, figure: Any) -> None:
    axes = figure.subplots(2, 3).ravel()
    points, models = found.data["shown"]
    for ax, strength, model, errors in zip(axes, LAMBDAS, models, found.data["errors"], strict=False):
        DecisionDisplay.from_estimator(model, points.X, points.y, bayes=points.posterior, resolution=150, ax=ax)
        ax.set_title(f"λ = {strength:g}, wrong: {errors[0]:.1%}, of new points {errors[1]:.1%}", fontsize=10)
        ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="auto")
        legend = ax.get_legend()
        legend.remove()
    names = [text.get_text() for text in legend.get_texts()]
    figure.legend(legend.legend_handles, names, loc="outside lower left", ncols=len(names), frameon=False)
    curve, weights = axes[4:]
    places = range(len(LAMBDAS))
    for place, name in enumerate(("train", "test")):
        label = ("the 200 points", "new points")[place]
        curve.plot(
            places, found.data[name], color=COLOURS[place], marker=MARKERS[place], linestyle=DASHES[place], label=label
        )
    curve.axhline(found.data["bayes"], color=COLOURS[3], linestyle=":", label="Bayes classifier")
    curve.set(title=f"mean of {SAMPLES} samples", xlabel="weight decay λ", ylabel="share of errors", xticks=places)
    curve.set_xticklabels([f"{strength:g}" for strength in LAMBDAS])
    curve.legend(frameon=False)
    for place, (strength, model) in enumerate(zip(LAMBDAS, models, strict=True)):
        sizes = np.sort(np.concatenate([np.abs(W).ravel() for W in model.coefs_]))
        weights.plot(
            sizes,
            np.linspace(0, 1, len(sizes)),
            color=COLOURS[place],
            linestyle=DASHES[place],
            label=f"λ = {strength:g}",
        )
    weights.set(title="150 weights", xlabel="size of a weight", ylabel="share of smaller ones", xscale="symlog")
    weights.legend(frameon=False)


EXPERIMENT = Experiment(
    name="weight-decay",
    title="Weight decay smooths the boundary",
    lecture="002",
    source="lecture 002, 'Toy dataset', 'Standard neural network classification' and 'Weight decay: an example'",
    claim="On 200 points of a Gaussian mixture 50 hidden units overfit; weight decay smooths the boundary towards Bayes'.",
    prediction="No classifier beats the Bayes error; more errors on the points, fewer on new ones with the right lambda.",
    run=_run,
    draw=_draw,
    seconds=1.5,
    size=(12.0, 7.4),
)
