"""Features of one task help others with few rows: hidden layers that have learned to name digits, given other questions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.datasets.mnist import Digits, digits
from chainrule.estimators import MLPClassifier
from chainrule.estimators.many import fit_many
from chainrule.estimators.starting import Pretrained
from chainrule.lab.checks import Band, calibrated, compared, exact
from chainrule.lab.drawing import curves
from chainrule.lab.experiment import Bench, Experiment, Findings

HIDDEN, ROWS, DRAWS, TESTED, STEPS, BATCH = (64, 32), (10, 20, 50, 200, 500), 2, 2000, 300, 20
# Questions that the first task, naming the digit, was not trained for: the digits that belong to class 1.
QUESTIONS = {"even": (0, 2, 4, 6, 8), "above 4": (5, 6, 7, 8, 9), "closed loop": (0, 6, 8, 9)}
# Rows of the first task: many and few.
MANY, FEW = 10_000, 100
# The place in ROWS that checks look at: 50 rows.
AT = 2
# Seeds 0, 100, ..., 1900, MNIST: gain over training from scratch in the share of test digits right; with 50 rows, by features
# from many rows and from few; and on the digits 5 to 9 by features that have learned 0 to 4, 25 rows.
SEEDS = range(0, 2000, 100)
MORE = Band(0.05, 0.21, 0.1231, (0.0879, 0.1648), SEEDS)
LESS = Band(-0.07, 0.06, -0.0070, (-0.0374, 0.0208), SEEDS)
STRANGE = Band(-0.26, -0.03, -0.1415, (-0.1909, -0.0945), SEEDS)


def _model(bench: Bench, seed: int, rows: int, **given: Any) -> MLPClassifier:
    """A network that takes about 300 steps, however few rows there are."""
    batch = min(rows, BATCH)
    return MLPClassifier(
        HIDDEN, max_iter=max(1, STEPS * batch // rows), batch_size=batch, learning_rate_init=0.003, random_state=seed,
        n_iter_no_change=np.inf, engine=bench.engine, **given,
    )  # fmt: skip


def _teacher(bench: Bench, data: Digits, rows: Any) -> MLPClassifier:
    """A network that has learned to name the digits of these rows, and has seen 50,000."""
    model = _model(bench, bench.seed, len(rows))
    model.set_params(max_iter=50_000 // len(rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(data.X[rows], data.y[rows])
    return model


def _frozen(bench: Bench, seed: int, rows: int, teacher: MLPClassifier) -> MLPClassifier:
    return _model(bench, seed, rows, init=Pretrained(teacher), layer_rates=[0, 0, 1])


def _scores(models: list[Any], data: Digits, y: Any, rows: list[Any], test: Any, y_test: Any) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit_many(models, data.X, y, rows=rows)
    return [float(model.score(data.X_test[test], y_test[test])) for model in models]


def _asked(bench: Bench, data: Digits, teachers: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Share of test digits right by rows (columns), a row for each question and draw; greatest change of a frozen weight."""
    rng, moved = np.random.default_rng(bench.seed), 0.0
    test = rng.permutation(len(data.X_test))[:TESTED]
    found: dict[str, list[Any]] = {name: [] for name in (*teachers, "from scratch")}
    for done, chosen in enumerate(QUESTIONS.values()):
        bench.say(done, len(QUESTIONS) + 1)
        y, y_test = np.isin(data.y, chosen), np.isin(data.y_test, chosen)
        for seed in bench.seeds(DRAWS):
            rows = [rng.permutation(len(data.X))[:count] for count in ROWS]
            for name, teacher in teachers.items():
                models = [_frozen(bench, seed, count, teacher) for count in ROWS]
                found[name].append(_scores(models, data, y, rows, test, y_test))
                moved = max(moved, *(float(np.abs(m.coefs_[1] - teacher.coefs_[1]).max()) for m in models))
            models = [_model(bench, seed, count) for count in ROWS]
            found["from scratch"].append(_scores(models, data, y, rows, test, y_test))
    return {name: np.array(scores) for name, scores in found.items()}, moved


def _strange(bench: Bench, data: Digits) -> float:
    """What frozen features of the digits 0 to 4 gain on 5 rows of each of 5 to 9, mean of some draws."""
    rng, gains = np.random.default_rng(bench.seed), []
    teacher = _teacher(bench, data, np.flatnonzero(data.y < 5)[:MANY])
    test = np.flatnonzero(data.y_test > 4)[:TESTED]
    for seed in bench.seeds(2 * DRAWS):
        rows = np.concatenate([rng.permutation(np.flatnonzero(data.y == digit))[:5] for digit in range(5, 10)])
        models = [_frozen(bench, seed, len(rows), teacher), _model(bench, seed, len(rows))]
        frozen, scratch = _scores(models, data, data.y, [rows, rows], test, data.y_test)
        gains.append(frozen - scratch)
    return float(np.mean(gains))


def _run(bench: Bench) -> Findings:
    data = digits()
    order = np.random.default_rng(bench.seed).permutation(len(data.X))
    teachers = {f"features from {rows:,} rows": _teacher(bench, data, order[:rows]) for rows in (MANY, FEW)}
    shares, moved = _asked(bench, data, teachers)
    many, few, scratch = (each.mean(axis=0) for each in shares.values())
    strange = _strange(bench, data)
    checks = [
        exact("greatest change of a frozen weight", moved, 0, 1e-15),
        compared(f"{ROWS[AT]} rows: features from many rows beat training from scratch", many[AT] > scratch[AT]),
        compared(f"{ROWS[AT]} rows: features from many rows beat those from few", many[AT] > few[AT]),
        compared("the more rows, the less they help", many[AT] - scratch[AT] > many[-1] - scratch[-1]),
    ]
    if data.source == "MNIST":
        checks += [
            calibrated(f"{ROWS[AT]} rows: gain by features from {MANY:,} rows", many[AT] - scratch[AT], MORE),
            calibrated(f"{ROWS[AT]} rows: gain by features from {FEW:,} rows", few[AT] - scratch[AT], LESS),
            calibrated("25 rows of the digits 5 to 9: gain by features that have learned 0 to 4", strange, STRANGE),
        ]
    reading = (
        f"Three questions about digits, such as 'even?', from {ROWS[AT]} rows: {scratch[AT]:.1%} right from scratch, "
        f"{many[AT]:.1%} with frozen hidden layers that have learned to name digits from {MANY:,} rows, {few[AT]:.1%} if those "
        f"had {FEW}. With {ROWS[-1]} rows it is {scratch[-1]:.1%} against {many[-1]:.1%} and {few[-1]:.1%}."
    )
    caveat = (
        "Useful to many problems, not to any: frozen layers that have learned the digits 0 to 4 gain "
        f"{100 * strange:+.0f} points on 25 rows of the digits 5 to 9, which they have never seen."
    )
    return Findings(tuple(checks), reading, {"shares": shares}, caveat, data.source)


def _draw(found: Findings, figure: Any) -> None:
    ax = figure.subplots()
    curves(ax, {name: 100 * shares for name, shares in found.data["shares"].items()}, ROWS, markers=True)
    ax.set(title=f"median and range of {len(QUESTIONS)} questions and {DRAWS} draws", xscale="log", ylim=(40, 100))
    ax.set_xticks(ROWS, [str(rows) for rows in ROWS], minor=False)
    ax.tick_params(axis="x", which="minor", labelbottom=False)
    ax.set(xlabel="rows with the answer to a new question", ylabel="test digits right in %")


EXPERIMENT = Experiment(
    name="pretrained-features",
    title="Features of one task help another",
    lecture="003",
    source="lecture 003, 'Final Remarks' (pre-trained networks)",
    claim="Features that result from optimisation are useful to many problems; they need a lot of data.",
    prediction="With few rows frozen pretrained layers beat training from scratch; the gain shrinks with more rows.",
    run=_run,
    draw=_draw,
    seconds=8.0,
    size=(7.5, 4.5),
)
