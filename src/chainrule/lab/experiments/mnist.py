"""Handwritten digits: softmax regression, one and two hidden layers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import confusion_matrix

from chainrule.datasets.mnist import Digits, digits, small_digits
from chainrule.estimators import MLPClassifier
from chainrule.lab.checks import Band, calibrated, compared
from chainrule.lab.drawing import COLOURS, DASHES, MARKERS
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.plots.images import WeightImagesDisplay
from chainrule.plots.scores import confusion_display

# Hidden layers, epochs, and the share of the 10,000 test digits that is right (seeds 0 to 19).
SEEDS = range(20)
NETWORKS: dict[str, tuple[tuple[int, ...], int, Band]] = {
    "softmax regression": ((), 10, Band(0.915, 0.93, 0.9257, (0.9244, 0.9274), SEEDS)),
    "100 hidden units": ((100,), 5, Band(0.96, 0.98, 0.9711, (0.9687, 0.9742), SEEDS)),
    "256 and 128 units": ((256, 128), 5, Band(0.97, 0.985, 0.9784, (0.9751, 0.9813), SEEDS)),
}
SOFTMAX, ONE, TWO = NETWORKS
# On the 500 test rows of the small substitute, whose writers are not those of the training rows; the same seeds.
SMALL = {
    SOFTMAX: Band(0.85, 0.94, 0.898, (0.886, 0.906), SEEDS),
    ONE: Band(0.88, 0.97, 0.924, (0.914, 0.936), SEEDS),
    TWO: Band(0.88, 0.98, 0.940, (0.934, 0.952), SEEDS),
}


def _trained(bench: Bench, data: Digits, name: str) -> Any:
    hidden, epochs, *_ = NETWORKS[name]
    small = len(data.X) < 10_000
    model = MLPClassifier(
        hidden, batch_size=128 if not small else 32, learning_rate_init=0.001, max_iter=epochs if not small else 6 * epochs,
        alpha=0, init="glorot_uniform" if not hidden else "he_normal", n_iter_no_change=np.inf, random_state=bench.seed,
        engine=bench.engine,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(data.X, data.y)


def _checks(data: Digits, right: dict[str, float]) -> list[Any]:
    bands = {name: band for name, (_, _, band) in NETWORKS.items()} if data.source == "MNIST" else SMALL
    return [calibrated(f"{name}: share of the test digits that is right", right[name], bands[name]) for name in bands]


def _run(bench: Bench) -> Findings:
    data = small_digits() if bench.reduced else digits()
    models: dict[str, Any] = {}
    for name in NETWORKS:
        bench.say(len(models), len(NETWORKS))
        models[name] = _trained(bench, data, name)
    right = {name: float(model.score(data.X_test, data.y_test)) for name, model in models.items()}
    chances = models[TWO].predict_proba(data.X_test)
    chosen = chances.argmax(axis=1)
    wrong = np.flatnonzero(chosen != data.y_test)
    worst = wrong[np.argsort(-chances[wrong, chosen[wrong]])][:15]
    checks = [
        *_checks(data, right),
        compared("hidden layers add to softmax regression", min(right[ONE], right[TWO]) > right[SOFTMAX]),
    ]
    reading = (
        "Right of the test digits: "
        + ", ".join(f"{name} {share:.2%}" for name, share in right.items())
        + (f". Of the errors of the largest {len(worst)} are drawn, those it was surest of.")
    )
    found = {
        "softmax": models[SOFTMAX], "confusion": confusion_matrix(data.y_test, chosen), "worst": data.X_test[worst],
        "named": list(zip(data.y_test[worst], chosen[worst], strict=True)), "side": data.side,
        "curves": {name: model.loss_curve_ for name, model in models.items()},
    }  # fmt: skip
    return Findings(tuple(checks), reading, found, used=data.source)


def _draw(found: Findings, figure: Any) -> None:
    learned, errors, weights = figure.subfigures(1, 3, width_ratios=(1, 1.2, 0.75))
    top, bottom = learned.subplots(2, 1, height_ratios=(1, 1))
    for place, (name, losses) in enumerate(found.data["curves"].items()):
        look = {"color": COLOURS[place], "linestyle": DASHES[place], "marker": MARKERS[place]}
        top.plot(range(1, len(losses) + 1), losses, label=name, markersize=4, **look)
    top.set(xlabel="epoch", ylabel="training loss", yscale="log")
    top.legend(frameon=False, fontsize="small")
    bottom.set_axis_off()
    side, images = found.data["side"], found.data["worst"].reshape(-1, found.data["side"], found.data["side"])
    for place, (image, (truth, said)) in enumerate(zip(images, found.data["named"], strict=True)):
        panel = bottom.inset_axes([place % 5 / 5, 0.68 - place // 5 / 2.9, 0.17, 0.25])
        panel.imshow(image, cmap="gray_r", extent=(0, side, 0, side))
        panel.set_axis_off()
        panel.set_title(f"{truth} as {said}", fontsize=7, pad=1)
    confusion_display(found.data["confusion"], [str(digit) for digit in range(10)], ax=errors.subplots())
    errors.suptitle("256 and 128 hidden units: test digits", fontsize=10)
    WeightImagesDisplay.from_estimator(found.data["softmax"], ax=weights.subplots(5, 2).ravel())
    weights.suptitle("softmax regression: weights of each digit", fontsize=10)


EXPERIMENT = Experiment(
    name="mnist",
    title="Handwritten digits",
    lecture="004",
    source="lecture 004, 'A Single-Layer Neural Network': about 92 % in handwritten digit recognition",
    claim="A single layer recognises about 92 % of handwritten digits; hidden layers add to that.",
    prediction="Softmax regression 91.5 to 93 %, 784-256-128-10 at least 97 % of the 10,000 test digits.",
    run=_run,
    draw=_draw,
    seconds=8.0,
    reduced_seconds=1.0,
    size=(14.0, 5.5),
)
