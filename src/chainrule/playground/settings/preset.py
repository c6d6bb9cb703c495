"""An experiment to be played with, and how its setup is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chainrule.playground.settings.setup import Setup


@dataclass(frozen=True)
class Preset:
    """An experiment as a setup.

    Parameters
    ----------
    experiment : str
        Its name in the lab.
    title : str
        A line for the gallery.
    lecture : str
        Number of the lecture.
    question : str
        What to predict.
    answer : str
        What comes out, and why.
    then : str
        How to break it, or what to try next.
    setup : dict
        What differs from the usual setup, as plain data.
    """

    experiment: str
    title: str
    lecture: str
    question: str
    answer: str
    then: str
    setup: dict[str, Any] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Plain data, with the whole setup."""
        return {
            "name": self.experiment,
            "experiment": self.experiment,
            "title": self.title,
            "lecture": self.lecture,
            "question": self.question,
            "answer": self.answer,
            "then": self.then,
            "setup": Setup.from_plain(self.setup)[0].to_plain(),
        }


def layers_of(*units: int, activation: str = "tanh", **more: Any) -> list[dict[str, Any]]:
    """Hidden layers as plain data."""
    return [{"units": one, "activation": activation, **more} for one in units]


def sgd(momentum: float = 0.0, nesterov: bool = False) -> dict[str, Any]:
    """Gradient descent as plain data."""
    return {"name": "sgd", "momentum": momentum, "nesterov": nesterov}
