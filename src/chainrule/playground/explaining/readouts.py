"""The read-outs of the training explained: objective, learning rate, speed, norms of gradient, step and weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.playground.checked import option
from chainrule.playground.describing import finite
from chainrule.playground.training.stopping import layer_name

if TYPE_CHECKING:
    from chainrule.playground.session import Session

Told = dict[str, Any]


def _objective(session: Session, what: Mapping[str, Any]) -> Told:
    asked, network, last = session.setup.training, session.built.network, session.run.learner.last
    weights = session.run.learner.theta[: network.n_weights].astype(np.float64)
    penalties = [
        (
            f"alpha / (2 · {session.run.learner.batch}) · Σ w²",
            asked.alpha / session.run.learner.batch / 2 * float(weights @ weights),
        ),
        ("l2 / 2 · Σ w²", asked.l2 / 2 * float(weights @ weights)),
        ("l1 · Σ |w|", asked.l1 * float(np.abs(weights).sum())),
    ]
    used = [(text, value) for text, value in penalties if value]
    value = last.losses[-1] if last is not None and last.losses else None
    return {
        "title": "what the solver minimises, mean over the last epoch",
        "name": "objective",
        "formula": " + ".join(["mean loss of the batches, each before its step", *(text for text, _ in used)]),
        "latex": r"J = \frac{1}{S} \sum_r \ell_r + \text{penalties}",
        "numbers": " + ".join(["loss", *(f"{value:.4g}" for _, value in used)]) if used else "no penalties",
        "value": finite(value),
        "text": "Every batch is judged before its step and the mean is taken, so it lags behind the training loss; penalties "
        "are included, with the present weights where they are spelled out.",
    }


def _rate(session: Session, what: Mapping[str, Any]) -> Told:
    asked, learner = session.setup.training, session.run.learner
    about = " ".join((inspect.getdoc(type(asked.schedule)) or "").split("\n\n")[0].split())
    rate = learner.rate
    return {
        "title": f"learning rate of the coming step, schedule {asked.schedule.name}",
        "name": "η",
        "formula": about,
        "latex": r"\eta",
        "numbers": f"initial rate {asked.learning_rate:g}, after {learner.epochs} epochs: {rate:.6g}",
        "value": finite(rate),
        "text": "How far a step goes along the negative gradient; adaptive solvers scale it for each weight besides.",
    }


def _norm(name: str, title: str, text: str) -> Callable[[Session, Mapping[str, Any]], Told]:
    """The norm of what one layer has of the gradient, the step or the weights."""

    def told(session: Session, what: Mapping[str, Any]) -> Told:
        network, learner = session.built.network, session.run.learner
        layer = option(what, "layer", 0, 0, len(network.layers) - 1)
        count = int(np.prod(network.widths[layer : layer + 2])) + network.widths[layer + 1]
        value = _values(session)[name][layer]
        return {
            "title": f"{title} in {layer_name(layer, len(network.layers))}",
            "name": name.replace("_", " "),
            "formula": "root of the sum of squares over the layer's weights and biases"
            if name != "update_ratio"
            else "norm of the last step / norm of the weights",
            "latex": r"\left\Vert v \right\Vert = \sqrt{\sum_i v_i^2}",
            "numbers": f"over {count} numbers, step {learner.updates:,}",
            "value": finite(value),
            "text": text,
        }

    return told


def _values(session: Session) -> dict[str, Any]:
    from chainrule.engines.reference import layer_norms

    network, last = session.built.network, session.run.learner.last
    weights = layer_norms(network, session.run.learner.theta)
    none = np.full(len(network.layers), np.nan)
    gradients, updates = (none, none) if last is None else (last.gradient_norms, last.update_norms)
    ratio = updates / np.maximum(weights, 1e-300)
    return {"gradient_norm": gradients, "update_norm": updates, "weight_norm": weights, "update_ratio": ratio}


def _speed(session: Session, what: Mapping[str, Any]) -> Told:
    epochs, steps = session.run.speed
    return {
        "title": "speed of the training",
        "name": "epochs / s",
        "formula": "epochs done / seconds of training, over about the last second",
        "latex": "",
        "numbers": f"{steps:,.0f} steps a second, {session.run.learner.steps} steps an epoch",
        "value": finite(epochs),
        "text": "Drawing is not counted: the engine trains at its own pace, and the page shows the newest state.",
    }


# Read-outs of the whole training.
WHOLE: dict[str, Callable[[Session, Mapping[str, Any]], Told]] = {
    "objective": _objective,
    "rate": _rate,
    "epochs_per_second": _speed,
    "gradient_norm": _norm(
        "gradient_norm",
        "length of the last gradient",
        "How steep the loss is in this layer's weights; next to 0 it learns nothing more.",
    ),
    "update_norm": _norm(
        "update_norm", "length of the last step", "How far the solver moved this layer's weights in one step."
    ),
    "weight_norm": _norm(
        "weight_norm", "length of the weights", "How large this layer's weights are; penalties pull it down."
    ),
    "update_ratio": _norm(
        "update_ratio",
        "last step over weights",
        "About 1/1000 is usual: far more jumps about, far less hardly moves (a rule of thumb).",
    ),
}
