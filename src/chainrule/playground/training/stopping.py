"""Why a run stops by itself: a wish of the user's, a loss that grows, numbers that are not finite, or nothing more to gain."""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.playground.settings.setup import Until
from chainrule.playground.training.judge import Judged
from chainrule.training import divergence

# A loss so many times the one at the start will hardly come back.
GROWN = 10.0


class Stop(NamedTuple):
    """Why it stopped.

    Parameters
    ----------
    kind : {"until", "growing", "diverged", "converged"}
        What happened.
    text : str
        In a sentence, with the numbers.
    layer : int or None
        The layer in which it began.
    advice : tuple of str
        What to change.
    """

    kind: str
    text: str
    layer: int | None = None
    advice: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Plain data."""
        return {**self._asdict(), "advice": list(self.advice)}


class Standing(NamedTuple):
    """What conditions look at."""

    epochs: int
    seconds: float
    judged: Judged | None
    since_best: int


def needs_judging(until: Until) -> bool:
    """Whether a condition looks at every epoch."""
    return any(getattr(until, name) is not None for name in ("train_loss", "test_loss", "score", "patience"))


def met(until: Until, at: Standing) -> dict[str, str]:
    """The conditions that are fulfilled, with a sentence for each."""
    judged, told = at.judged, {}
    if until.epochs is not None and at.epochs >= until.epochs:
        told["epochs"] = f"{until.epochs:,} epochs are done."
    if until.seconds is not None and at.seconds >= until.seconds:
        told["seconds"] = f"{until.seconds:g} seconds of training are over."
    if judged is not None:
        for name, value in (("train_loss", judged.train), ("test_loss", judged.test)):
            limit = getattr(until, name)
            if limit is not None and value <= limit:
                told[name] = f"the {name.replace('_', ' ')} is {value:.6g}, at most {limit:g}."
        if until.score is not None and judged.test_score >= until.score:
            told["score"] = f"the score on the test rows is {judged.test_score:.4g}, at least {until.score:g}."
    if until.patience is not None and at.since_best >= until.patience:
        told["patience"] = f"the test loss has not become better for {at.since_best:,} epochs."
    return told


def grown(loss: float, usual: float, epoch: int, rate: float, steps: NDArray[np.float64]) -> Stop:
    """The loss has left all bounds."""
    times = loss / usual if usual > 0 else float("inf")
    shown = f" at learning rate {rate:g}" if isfinite(rate) else ""
    layer = int(np.nan_to_num(steps, nan=np.inf).argmax())
    return Stop(
        "growing",
        f"the loss of epoch {epoch} is {loss:.4g}{shown}, {times:.3g} times what a start costs: it grows instead of falling. "
        f"The largest step was in {layer_name(layer, len(steps))}. Shown is the network before.",
        layer,
        ("lower the learning rate", *(("step back",) if epoch > 1 else ()), "go on anyway"),
    )


def diverged(what: str, epoch: int, rate: float, layer: int | None, depth: int, X: Any, Y: Any) -> Stop:
    """Numbers became infinite; shown is the last epoch before."""
    where = "" if layer is None else f" It began in {layer_name(layer, depth)}, whose step was the largest."
    told = divergence.message(what, epoch, rate, X, Y)
    advice = [
        "lower the learning rate" if isfinite(rate) else "increase alpha",
        "step back",
        "clip the gradient (clip_norm = 1)",
    ]
    if np.abs(X).max(initial=0.0) > 100:
        advice.insert(1, "standardise the inputs")
    return Stop("diverged", f"{told}{where} Shown is the network before.", layer, tuple(advice))


def layer_name(layer: int, depth: int) -> str:
    """A layer in words."""
    return "the output layer" if layer == depth - 1 else f"hidden layer {layer + 1}"
