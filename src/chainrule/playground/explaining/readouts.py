"""The read-outs of the training explained: objective, learning rate, speed, norms of gradient, step and weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.playground.checked import option
from chainrule.playground.describing import finite
from chainrule.playground.training.norms import norms_of
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
        "numbers": _sum(value, [one for _, one in used]),
        "value": finite(value),
        "text": "Every batch is judged before its step and the mean is taken, so it lags behind the training loss. Penalties "
        "are included; they are spelled out with the present weights, and the first number is what they leave of the value.",
    }


def _sum(value: float | None, penalties: list[float]) -> str:
    """The loss alone and the penalties, as a sum."""
    if value is None:
        return "no epoch is over yet"
    loss = value - sum(penalties)
    return " + ".join(f"{one:.6g}" for one in (loss, *penalties)) + (
        f" = {value:.6g}" if penalties else ", no penalties"
    )


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
        views = network.views(learner.theta)
        parts = (views.W[layer], views.b[layer], views.gamma[layer])
        count = sum(part.size for part in parts if part is not None)
        norms = norms_of(session.run)
        numbers = {
            "gradient_norm": norms.gradient,
            "update_norm": norms.update,
            "weight_norm": norms.weight,
            "update_ratio": norms.ratio,
        }
        value = float(numbers[name][layer])
        if not isfinite(value):
            shown = "no step has been taken yet"
        elif name == "update_ratio":
            shown = f"{norms.update[layer]:.6g} / {norms.weight[layer]:.6g}, step {learner.updates:,}"
        else:
            # The mean says more than a sum of thousands of squares.
            shown = f"{value / count**0.5:.6g} · √{count}: {count} numbers of that root mean square, step {learner.updates:,}"
        return {
            "title": f"{title} in {layer_name(layer, len(network.layers))}",
            "name": name.replace("_", " "),
            "formula": "root of the sum of squares over all that the layer learns"
            if name != "update_ratio"
            else "norm of the last step / norm of the weights",
            "latex": r"\left\Vert v \right\Vert = \sqrt{\sum_i v_i^2}",
            "numbers": shown,
            "value": finite(value),
            "text": text,
        }

    return told


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
