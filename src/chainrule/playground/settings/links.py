"""Links of playground.tensorflow.org: the same points, the same start weights, the same losses.

The keys, their ranges and what they mean are those of tensorflow/playground (state.ts, playground.ts, nn.ts).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, nan
from typing import Any
from urllib.parse import parse_qsl

from chainrule.datasets.rival import SHAPES
from chainrule.playground.settings.features import FEATURES
from chainrule.playground.settings.setup import Note

HOST = "playground.tensorflow.org"
# Their names, and what they have where the link says nothing.
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "linear": "identity"}
USUAL = {"seed": "0.5", "dataset": "circle", "regDataset": "reg-plane", "problem": "classification"}
SHOWN_ONLY = ("showTestData", "discretize", "hideText", "tutorial", "collectStats", "cosX", "cosY")
READ = (
    *(
        "activation",
        "batchSize",
        "dataset",
        "regDataset",
        "learningRate",
        "regularization",
        "regularizationRate",
        "noise",
    ),
    *("networkShape", "seed", "percTrainData", "problem", "initZero"),
)


def is_rival_link(text: str) -> bool:
    """Whether a text is a link of theirs."""
    return HOST in text.partition("#")[0]


def rival_setup(link: str) -> tuple[dict[str, Any], list[Note]]:
    """Plain data for `Setup.from_plain` from a link, and notes on what is different here."""
    told = dict(parse_qsl(link.partition("#")[2], keep_blank_values=True))
    notes = [Note("info", "run.compat", COMPAT)]
    regression = told.get("problem") == "regression"
    shape = told.get("regDataset" if regression else "dataset", USUAL["regDataset" if regression else "dataset"])
    if shape not in SHAPES:
        notes.append(Note("repaired", "data.name", f"there is no data set {shape!r:.40} there; circle is taken."))
        shape = "circle"
    if "seed" not in told:
        notes.append(
            Note("warning", "data.seed", "the link has no seed: its points cannot be known; others are drawn.")
        )
    odd = [key for key in told if key not in (*READ, *SHOWN_ONLY, *_feature_keys()) and not key.endswith("_hide")]
    notes += [Note("ignored", key[:80], "playground.tensorflow.org has no such key.") for key in odd]
    data = {
        "source": "rival",
        "name": shape,
        "n": SHAPES[shape].n,
        "noise": _noise(told, notes) / 100,
        "seed": told.get("seed", USUAL["seed"]),
        "train": _number(told, "percTrainData", 50, notes) / 100,
        "stratified": False,
    }
    return {
        "data": data,
        "network": _network(told, regression, notes),
        "training": _training(told, notes),
        "run": {"compat": True},
    }, notes


COMPAT = (
    "Computed as TensorFlow Playground does: squared error also for classes (-1 and 1), rows in fixed order, a last "
    "incomplete batch that goes into the next epoch's first step, weights that stay 0 once the L1 penalty made them 0. Turn "
    "'run.compat' off for the usual mathematics."
)


def _feature_keys() -> dict[str, str]:
    return {feature.link: name for name, feature in FEATURES.items() if feature.link}


def _network(told: Mapping[str, str], regression: bool, notes: list[Note]) -> dict[str, Any]:
    activation = ACTIVATIONS.get(told.get("activation", "tanh"), "tanh")
    widths = [part for part in told.get("networkShape", "4,2").split(",") if part]
    units = [max(int(part), 1) if part.isdecimal() and len(part) < 7 else 1 for part in widths]
    if [str(one) for one in units] != widths:
        notes.append(Note("repaired", "network.layers", f"networkShape={told['networkShape']!r:.40} became {units}."))
    # What is on where the link is silent.
    on = {"x": True, "y": True}
    features = [
        name for key, name in _feature_keys().items() if told.get(key, str(on.get(key, False)).lower()) == "true"
    ]
    return {
        "features": features or ["x1", "x2"],
        "layers": [{"units": one, "activation": activation} for one in units],
        "output": "identity" if regression else "tanh",
        "loss": "squared_error",
        "initializer": "zeros" if told.get("initZero") == "true" else "glorot_uniform",
    }


def _training(told: Mapping[str, str], notes: list[Note]) -> dict[str, Any]:
    penalty = {"L1": "l1", "L2": "l2"}.get(told.get("regularization", "none"), "")
    rate = _number(told, "regularizationRate", 0, notes)
    return {
        "solver": {"name": "sgd", "momentum": 0.0, "nesterov": False, "dampening": 0.0},
        "learning_rate": _number(told, "learningRate", 0.03, notes),
        "batch_size": round(_number(told, "batchSize", 10, notes)),
        "shuffle": False,
        **({penalty: rate} if penalty else {}),
    }


def _noise(told: Mapping[str, str], notes: list[Note]) -> float:
    """As there: more than 80 becomes 50, less than 0 becomes 0."""
    noise = _number(told, "noise", 0, notes)
    return 50.0 if noise > 80 else max(noise, 0.0)


def _number(told: Mapping[str, str], key: str, usual: float, notes: list[Note]) -> float:
    try:
        found = float(told.get(key, usual))
    except ValueError:
        found = nan
    if isfinite(found):
        return found
    notes.append(Note("repaired", key, f"{told[key]!r:.40} is no number; {usual:g} is taken."))
    return usual
