"""Grid search: hyper-parameters chosen by cross-validation, and how good the choice is on new points."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn import model_selection
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from chainrule.datasets.toys import make_toy
from chainrule.estimators import MLPClassifier
from chainrule.estimators.search import GridSearchCV
from chainrule.lab.checks import Band, calibrated, exact, within
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS
from chainrule.lab.experiment import Bench, Experiment, Findings

GRID: dict[str, list[Any]] = {
    "hidden_layer_sizes": [(2,), (16,)],
    "learning_rate_init": [0.001, 0.01, 0.1],
    "batch_size": [10, 50],
}
ROWS, NEW, SAMPLES = 100, 4000, 5
# Means of 5 samples, the seeds 0..4, 5..9, ... of 20 groups: accuracy on new points, of the candidate chosen
# less the worst, and of the best less the one chosen.
SEEDS = range(0, 100, 5)
GAIN = Band(0.05, 0.6, 0.292, (0.163, 0.381), SEEDS)
REGRET = Band(0, 0.05, 0.0129, (0.0053, 0.0266), SEEDS)
# The chosen one's score less its accuracy on new points; correlation of scores and accuracies over the grid.
OPTIMISM = Band(-0.06, 0.12, 0.0245, (-0.002, 0.061), SEEDS)
AGREEMENT = Band(0.4, 1, 0.932, (0.699, 0.981), SEEDS)


def _quietly(model: Any, X: Any, y: Any) -> Any:
    """Fit for the epochs asked for, converged or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def _searched(bench: Bench, seed: int, searcher: Any = GridSearchCV) -> tuple[Any, Any]:
    """A fitted search on one Gaussian mixture, and the mixture's sample."""
    points = make_toy("mixture", ROWS + NEW, 0, seed)
    rows = np.random.default_rng(seed).permutation(len(points.X))[:ROWS]
    model = MLPClassifier((16,), "tanh", max_iter=30, alpha=0, random_state=seed, engine=bench.engine)
    search = searcher(model, GRID, cv=model_selection.StratifiedKFold(5, shuffle=True, random_state=seed))
    return _quietly(search, points.X[rows], points.y[rows]), (points, rows)


def _accuracies(search: Any, sample: Any) -> tuple[Any, float]:
    """Of every candidate, trained on all rows, on new points (expected, by the true probabilities); and the best possible."""
    points, rows = sample
    chance = points.posterior(np.delete(points.X, rows, axis=0))
    found = []
    for chosen in search.cv_results_["params"]:
        model = _quietly(clone(search.estimator).set_params(**chosen), points.X[rows], points.y[rows])
        found.append(np.where(model.predict(np.delete(points.X, rows, axis=0)) == 1, chance, 1 - chance).mean())
    return np.array(found), float(np.maximum(chance, 1 - chance).mean())


def _by_hand(model: Any, seed: int, sample: Any) -> float:
    """Mean accuracy of a candidate over the five folds."""
    points, rows = sample
    X, y = points.X[rows], points.y[rows]
    folds = model_selection.StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
    return float(np.mean([_quietly(clone(model), X[a], y[a]).score(X[b], y[b]) for a, b in folds]))


def _run(bench: Bench) -> Findings:
    found = []
    for done, seed in enumerate(bench.seeds(SAMPLES)):
        bench.say(done, SAMPLES)
        search, sample = _searched(bench, seed)
        found.append((search.cv_results_["mean_test_score"], *_accuracies(search, sample), search.best_index_))
        if seed == bench.seed:
            shown, rows = search, sample
    scores, accuracies, possible = (np.array([sample[k] for sample in found]) for k in range(3))
    chosen = accuracies[np.arange(SAMPLES), [sample[3] for sample in found]]
    theirs = _searched(bench, bench.seed, model_selection.GridSearchCV)[0].cv_results_["mean_test_score"]
    candidate = clone(shown.estimator).set_params(**shown.best_params_)
    gain, regret = chosen - accuracies.min(axis=1), accuracies.max(axis=1) - chosen
    optimism = float((scores.max(axis=1) - chosen).mean())
    agreement = float(np.mean([np.corrcoef(*pair)[0, 1] for pair in zip(scores, accuracies, strict=True)]))
    checks = [
        exact("greatest difference from scikit-learn's own search", np.abs(scores[0] - theirs).max(), 0),
        exact("best score less five folds by hand", shown.best_score_ - _by_hand(candidate, bench.seed, rows), 0),
        within(
            "least room below the Bayes classifier",
            (possible - chosen).min(),
            0,
            1,
            "none is better",
        ),
        calibrated("accuracy on new points: chosen less worst", gain.mean(), GAIN),
        calibrated("accuracy on new points: best less chosen", regret.mean(), REGRET),
        calibrated("score of the chosen one less its accuracy", optimism, OPTIMISM),
        calibrated("correlation of scores and accuracies", agreement, AGREEMENT),
    ]
    best = ", ".join(f"{name} {value}" for name, value in shown.best_params_.items())
    reading = (
        f"Of {len(theirs)} candidates the search takes {best} (first sample). On new points the candidate chosen is right for "
        f"{chosen.mean():.1%} (mean of {SAMPLES} samples), the grid's worst for {accuracies.min(axis=1).mean():.1%}, the best "
        f"for {accuracies.max(axis=1).mean():.1%}, the Bayes classifier for {possible.mean():.1%}."
    )
    caveat = (
        f"With {ROWS} points the scores of good candidates differ by less than their error: the search avoids bad settings, it "
        f"does not find the best one in every sample (missed in {np.sum(regret > 0)} of {SAMPLES}, by up to {regret.max():.1%}). "
        f"The best score of many is too good: {scores.max(axis=1).mean():.1%} on average."
    )
    data = {"scores": scores, "accuracies": accuracies, "chosen": [sample[3] for sample in found], "possible": possible}
    return Findings(tuple(checks), reading, data, caveat)


def _draw(found: Findings, figure: Any) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.2))
    sizes, rates, batches = (GRID[name] for name in ("hidden_layer_sizes", "learning_rate_init", "batch_size"))
    # ParameterGrid counts through the names in alphabetical order, the last one fastest.
    table = found.data["scores"][0].reshape(len(batches) * len(sizes), len(rates))
    image = left.imshow(table, cmap="cividis", vmin=0.4, vmax=1)
    for (row, column), score in np.ndenumerate(table):
        left.text(column, row, f"{score:.2f}", ha="center", va="center", color="white" if score < 0.75 else "black")
    row, column = np.unravel_index(table.argmax(), table.shape)
    left.plot(column, row, "s", markersize=40, markerfacecolor="none", markeredgecolor=COLOURS[1], markeredgewidth=3)
    names = [f"batch {batch}, {size[0]} units" for batch in batches for size in sizes]
    left.set(
        title="first sample: accuracy, five folds", xlabel="learning rate", xticks=range(len(rates)), xticklabels=rates
    )
    left.set_yticks(range(len(names)), names)
    figure.colorbar(image, ax=left, shrink=0.8, label="accuracy")
    for place in range(SAMPLES):
        scores, accuracies = found.data["scores"][place], found.data["accuracies"][place]
        right.plot(scores, accuracies, MARKERS[place], color=COLOURS[place], alpha=0.6, label=f"sample {place + 1}")
        best = found.data["chosen"][place]
        right.plot(
            scores[best], accuracies[best], MARKERS[place], color=COLOURS[place], markersize=13, markeredgecolor="black"
        )
    right.axline((0.7, 0.7), slope=1, color="#8A8A8A", linestyle=DASHES[3])
    right.set(
        title="large symbols: the candidate chosen",
        xlabel="score of the search (five folds)",
        ylabel="accuracy on new points",
    )
    right.legend(frameon=False)


EXPERIMENT = Experiment(
    name="grid-search",
    title="Grid search of hyper-parameters",
    lecture="000",
    source="lecture 000, 'Parameters and Hyperparameters'",
    claim="Hyper-parameters (layers, units, batch size, learning rate...) are tuned by other means, such as grid search.",
    prediction="The search takes the best mean of the folds, exactly; on new points that choice is far better than the worst.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    size=(12.0, 4.5),
)
