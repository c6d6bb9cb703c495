"""Early stopping keeps the weights of the epoch between under- and overfitting."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from chainrule.datasets.toys import make_toy
from chainrule.estimators import MLPClassifier
from chainrule.lab.checks import THEORY, Band, calibrated, exact, true
from chainrule.lab.drawing import COLOURS, MARKERS
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.plots.curves import LossCurveDisplay

ROWS, TEST, EPOCHS, SAMPLES = 100, 4000, 300, 12
# Of 12 samples, the seeds 0..11, 12..23, ... of 20 groups: median of the test loss at the last epoch less that at the epoch kept;
# share of the samples in which it is positive.
SEEDS = range(0, 240, 12)
GAIN = Band(0, 0.15, 0.0279, (0.0065, 0.0538), SEEDS)
SHARE = Band(0.5, 1, 0.917, (0.667, 1), SEEDS)


def _parts(seed: int) -> tuple[Any, ...]:
    """Training, validation and test points of one Gaussian mixture, and the least possible test loss."""
    toy = make_toy("mixture", 2 * ROWS + TEST, 0, seed)
    order = np.random.default_rng(seed).permutation(len(toy.X))
    X, y = toy.X[order], toy.y[order]
    assert toy.posterior is not None
    bayes = log_loss(y[2 * ROWS :], toy.posterior(X[2 * ROWS :]))
    return X[:ROWS], y[:ROWS], X[ROWS : 2 * ROWS], y[ROWS : 2 * ROWS], X[2 * ROWS :], y[2 * ROWS :], bayes


def _pair(bench: Bench, seed: int) -> tuple[MLPClassifier, MLPClassifier, tuple[Any, ...]]:
    """Two trainings from the same start: one keeps the best epoch, one goes on to the end; and the points."""
    parts = _parts(seed)
    settings: dict[str, Any] = {
        "solver": "adam", "learning_rate_init": 0.01, "batch_size": 20, "max_iter": EPOCHS, "alpha": 0,
        "n_iter_no_change": np.inf, "random_state": seed, "engine": bench.engine,
    }  # fmt: skip
    kept = MLPClassifier((50,), "tanh", early_stopping=True, scoring="loss", **settings)
    last = MLPClassifier((50,), "tanh", **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        kept.fit(parts[0], parts[1], X_val=parts[2], y_val=parts[3])
        last.fit(parts[0], parts[1])
    return kept, last, parts


def _loss(model: Any, X: Any, y: Any) -> float:
    return float(log_loss(y, model.predict_proba(X)))


def _run(bench: Bench) -> Findings:
    checks, test, epochs = [], [], []
    for done, seed in enumerate(bench.seeds(SAMPLES)):
        bench.say(done, SAMPLES)
        kept, last, (*_, X_val, y_val, X_test, y_test, bayes) = _pair(bench, seed)
        curve = np.array(kept.validation_loss_curve_)
        epochs.append(int(curve.argmin()) + 1)
        test.append([_loss(kept, X_test, y_test), _loss(last, X_test, y_test), bayes])
        checks.append(
            exact(f"seed {seed}: validation loss of the weights kept", _loss(kept, X_val, y_val), curve.min())
        )
        if seed == bench.seed:
            shown = kept
            checks.append(exact("training loss at the end, both", kept.loss_curve_[-1], last.loss_curve_[-1]))
    kept_loss, last_loss, least = np.array(test).T
    middle = np.median(epochs)
    checks += [
        calibrated(
            "test loss at the end less that of the epoch kept, median of 12",
            float(np.median(last_loss - kept_loss)),
            GAIN,
        ),
        calibrated("share of samples where the epoch kept is better", float(np.mean(kept_loss < last_loss)), SHARE),
        true(
            "no test loss below that of the true probabilities by 0.02",
            bool((kept_loss > least - 0.02).all()),
            THEORY,
        ),
    ]
    reading = (
        f"The validation loss is least after {min(epochs)} to {max(epochs)} epochs (median {middle:.0f}) and rises then; the "
        f"training loss falls on. On new points the weights of that epoch have loss {np.median(kept_loss):.2f}, those of "
        f"epoch {EPOCHS} {np.median(last_loss):.2f}; the true probabilities reach {np.median(least):.2f}."
    )
    data = {
        "training": shown.loss_curve_,
        "validation": shown.validation_loss_curve_,
        "epoch": epochs[0],
        "test": (kept_loss, last_loss, least),
    }
    return Findings(tuple(checks), reading, data)


def _draw(found: Findings, figure: Any) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    LossCurveDisplay(
        training=found.data["training"], validation=found.data["validation"], best_epoch=found.data["epoch"]
    ).plot(ax=left)
    left.set(title="Gaussian mixture, 100 points, 50 hidden units", ylabel="cross-entropy")
    order = np.argsort(found.data["test"][0])
    names = ("epoch kept", f"epoch {EPOCHS}", "true probabilities")
    for place, (name, losses) in enumerate(zip(names, found.data["test"], strict=True)):
        right.plot(range(1, SAMPLES + 1), losses[order], MARKERS[place], color=COLOURS[place], label=name)
    right.set(title="4000 new points", xlabel="samples, sorted", ylabel="cross-entropy", xticks=range(1, SAMPLES + 1))
    right.legend(frameon=False)


EXPERIMENT = Experiment(
    name="early-stopping",
    title="Early stopping finds the optimum in between",
    lecture="000",
    source="lecture 000, 'Learning Curves' and 'Underfitting and Overfitting'",
    claim="The training loss alone hides overfitting; a validation set shows the epoch between too few and too many.",
    prediction="The validation loss has its minimum long before the training loss, and the weights kept are those of that epoch.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    size=(11.0, 4.0),
)
