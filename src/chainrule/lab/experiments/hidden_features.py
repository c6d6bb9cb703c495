"""Hidden layers as features: what a line cannot do with the inputs, it does with what a network has made of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from chainrule.datasets.mnist import Digits, digits
from chainrule.estimators import MLPClassifier
from chainrule.estimators.perceptron import Perceptron
from chainrule.lab.checks import Band, calibrated, compared, exact, true, within
from chainrule.lab.drawing import COLOURS, points
from chainrule.lab.experiment import Bench, Experiment, Findings

CORNERS, XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float), np.array([0, 1, 1, 0])
ROWS, UNITS, SHOWN = 4000, 64, (3, 5, 7, 8)
# Shares of MNIST's test digits right, for the seeds 0, 100, ..., 1900.
SEEDS = range(0, 2000, 100)
LEARNED = Band(0.92, 0.955, 0.9361, (0.9323, 0.9415), SEEDS)
PIXELS = Band(0.88, 0.91, 0.8958, (0.8922, 0.8995), SEEDS)
RANDOM = Band(0.74, 0.86, 0.805, (0.7856, 0.8221), SEEDS)
# On the 500 test rows of scikit-learn's small digits: learned features less pixels.
SMALL = Band(-0.03, 0.05, 0.008, (-0.002, 0.016), SEEDS)


def _hidden_xor(bench: Bench) -> tuple[list[Any], Any]:
    """Checks of XOR in the hidden space of the first start that learns it, and that space."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in bench.seeds(200):
            model = MLPClassifier(
                (2,), activation="logistic", solver="lbfgs", alpha=1e-4, max_iter=500, random_state=seed
            )
            model.set_params(engine=bench.engine, n_threads=1).fit(CORNERS, XOR)
            if model.score(CORNERS, XOR) == 1:
                break
        before = Perceptron(max_iter=1000, engine=bench.engine).fit(CORNERS, XOR)
    hidden = model.transform(CORNERS)
    after = Perceptron(max_iter=100_000, engine=bench.engine).fit(hidden, XOR)
    checks = [
        true("XOR: no perceptron pass over the inputs without an error", min(before.mistakes_) > 0),
        exact("XOR: errors of the perceptron's last pass over the hidden features", after.mistakes_[-1], 0),
        exact("XOR: a line through the hidden features, share right", after.score(hidden, XOR), 1),
    ]
    return checks, (hidden, after)


def _linear(train: Any, y: Any, test: Any, y_test: Any, bench: Bench) -> float:
    """Share of test rows that softmax regression on such features gets right."""
    model = MLPClassifier((), solver="lbfgs", alpha=1.0, max_iter=100, random_state=bench.seed, engine=bench.engine)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(model.set_params(n_threads=1).fit(train, y).score(test, y_test))


def _of_digits(bench: Bench, data: Digits) -> tuple[dict[str, float], Any, Any]:
    """Shares right from pixels, from random features and from learned ones; learned features of test digits."""
    rng = np.random.default_rng(bench.seed)
    rows = rng.permutation(len(data.X))[:ROWS]
    X, y, X_test, y_test = data.X[rows], data.y[rows], data.X_test, data.y_test
    plain: dict[str, Any] = {
        "max_iter": 20, "random_state": bench.seed, "engine": bench.engine, "n_threads": 1, "batch_size": 50,
        "learning_rate_init": 0.003,
    }  # fmt: skip
    shares = {"pixels": _linear(X, y, X_test, y_test, bench)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # A frozen hidden layer stays as it was drawn.
        drawn = MLPClassifier((UNITS,), layer_rates=[0, 1], **{**plain, "max_iter": 1}).fit(X, y)
        learned = MLPClassifier((UNITS,), **plain).fit(X, y)
    for name, model in (("random features", drawn), ("learned features", learned)):
        shares[name] = _linear(model.transform(X), y, model.transform(X_test), y_test, bench)
    shares["the network itself"] = float(learned.score(X_test, y_test))
    return shares, (X_test, learned.transform(X_test)), y_test


def _run(bench: Bench) -> Findings:
    checks, xor = _hidden_xor(bench)
    data = digits()
    shares, spaces, labels = _of_digits(bench, data)
    pixels, drawn, learned, whole = shares.values()
    checks += [
        compared("digits: learned features beat random ones", learned > drawn),
        within(
            "digits: softmax regression on them, less the network", learned - whole, -0.02, 0.02, "its own last layer"
        ),
    ]
    if data.source == "MNIST":
        checks += [
            compared("digits: learned features beat pixels", learned > pixels),
            calibrated("digits: share right from learned features", learned, LEARNED),
            calibrated("digits: share right from pixels", pixels, PIXELS),
            calibrated("digits: share right from random features", drawn, RANDOM),
        ]
    else:
        checks.append(calibrated("digits: learned features less pixels", learned - pixels, SMALL))
    reading = (
        f"In the hidden space of two units a line separates XOR. Softmax regression reads digits from {UNITS} learned features "
        f"{learned:.1%} right, from the pixels {pixels:.1%}, from {UNITS} random features {drawn:.1%}."
    )
    caveat = "" if learned > pixels else "On digits as small as these the pixels are as good as learned features."
    shown = np.flatnonzero(np.isin(labels, SHOWN))[:600]
    found = {"xor": xor, "shares": shares, "labels": labels[shown]}
    found["spaces"] = [PCA(2).fit_transform(space[shown]) for space in spaces]
    return Findings(tuple(checks), reading, found, caveat, data.source)


def _draw(found: Findings, figure: Any) -> None:
    space, pixels, hidden, bars = figure.subplots(1, 4)
    features, line = found.data["xor"]
    points(space, features, XOR, 60)
    (w1, w2), at = line.coef_[0], np.array([-0.1, 1.1])
    space.plot(at, -(line.intercept_[0] + w1 * at) / w2, color="black")
    for corner, place in zip(CORNERS, features, strict=True):
        alike = CORNERS[np.abs(features - place).max(axis=1) < 0.1]
        if (alike[0] == corner).all():  # one text for corners that the layer has brought together
            text = " and ".join(f"({u:.0f}, {v:.0f})" for u, v in alike)
            space.text(place[0], place[1] + 0.06, text, fontsize=9, ha="right" if place[0] > 0.5 else "left")
    space.set(title="XOR in the hidden layer", xlabel="$h_1$", ylabel="$h_2$", xlim=(-0.15, 1.15), ylim=(-0.15, 1.2))
    for ax, place, title in ((pixels, 0, "digits: pixels"), (hidden, 1, "digits: learned features")):
        points(ax, found.data["spaces"][place], found.data["labels"], 16)
        ax.set(title=title, xlabel="first principal component", ylabel="second principal component")
        ax.margins(y=0.15)
        ax.legend(title="digit", fontsize="small", ncols=4, loc="upper center", columnspacing=0.6, handletextpad=0)
    names = ["pixels", "random\nfeatures", "learned\nfeatures", "network\nitself"]
    drawn = bars.bar(names, list(found.data["shares"].values()), color=COLOURS[0], width=0.6)
    bars.bar_label(drawn, fmt="{:.1%}", fontsize=9)
    bars.set(title="a linear model on top", ylabel="test digits right", ylim=(0, 1.05))
    bars.tick_params(axis="x", labelsize=8)


EXPERIMENT = Experiment(
    name="hidden-features",
    title="Hidden layers are features",
    lecture="003",
    source="lecture 003, 'Final Remarks' (a neuron as a feature map); lecture 004, 'A Two-Layer Neural Network'",
    claim="Each node is a feature variable; the hidden layer provides a space in which the classes can be separated.",
    prediction="A perceptron comes to rest on XOR's hidden features; softmax regression reads digits better from those.",
    run=_run,
    draw=_draw,
    seconds=4.0,
    size=(15.0, 3.8),
)
