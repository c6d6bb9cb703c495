"""What an experiment is: a claim of the lectures, a prediction, a run on the real engine, checks that can fail, a picture.

An experiment is one file of `chainrule.lab.experiments` that ends with ``EXPERIMENT = Experiment(...)``, and one line of
`chainrule.lab.catalogue`. `run(bench)` measures and returns `Findings`; `draw(findings, figure)` draws them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chainrule.lab.checks import Check

LECTURES = {
    "000": "Neural networks: from the perceptron to deep learning",
    "001": "Perceptron, multilayer perceptron, backpropagation",
    "002": "Feed-forward networks and how to train them",
    "003": "Neural networks: layers, features, gradients over graphs",
    "004": "Shallow and deep networks",
}


@dataclass(frozen=True)
class Bench:
    """Where an experiment runs.

    Parameters
    ----------
    seed : int
        Of everything random.
    reduced : bool
        Whether to run a smaller setting that takes seconds and still asserts something true.
    engine : str
        "auto", "native" or "reference": what computes.
    say : callable
        ``(done, total) -> None``: told about progress; parts may be counted as the experiment likes.
    """

    seed: int = 0
    reduced: bool = False
    engine: str = "auto"
    say: Callable[[int, int], None] = lambda done, total: None

    def seeds(self, count: int, reduced: int | None = None) -> range:
        """Consecutive seeds, starting with the bench's own; fewer of them in the reduced setting."""
        chosen = count if reduced is None or not self.reduced else reduced
        return range(self.seed, self.seed + chosen)


@dataclass(frozen=True)
class Findings:
    """What a run has found.

    Parameters
    ----------
    checks : tuple of Check
        The assertions; the claim held if all of them did.
    reading : str
        What the picture and the numbers say, in a few sentences with the measured numbers.
    data : dict
        What `draw` needs: arrays, numbers and names.
    caveat : str
        Where the claim as the lecture states it goes too far: what was measured instead. Empty if it does not.
    used : str
        The data, where a substitute may have been taken ("MNIST", "scikit-learn's digits (8 x 8)").
    """

    checks: tuple[Check, ...]
    reading: str
    data: dict[str, Any] = field(default_factory=dict)
    caveat: str = ""
    used: str = ""

    @property
    def held(self) -> bool:
        """Whether every check held."""
        return all(check.held for check in self.checks)


@dataclass(frozen=True)
class Experiment:
    """One claim and how it is tried.

    Parameters
    ----------
    name : str
        The name users type.
    title : str
        A line for lists.
    lecture : str
        Number of the lecture, a key of `LECTURES`.
    source : str
        Where the claim stands: lecture and slide titles.
    claim : str
        What is claimed.
    prediction : str
        The numbers that must come out if the claim is true, and why.
    run : callable
        ``Bench -> Findings``.
    draw : callable
        ``(Findings, matplotlib Figure) -> None``; it draws into the empty figure.
    seconds, reduced_seconds : float
        How long a full and a reduced run takes on two cores, about.
    size : tuple of float
        Width and height of the picture in inches.
    """

    name: str
    title: str
    lecture: str
    source: str
    claim: str
    prediction: str
    run: Callable[[Bench], Findings]
    draw: Callable[[Findings, Any], None]
    seconds: float
    reduced_seconds: float | None = None
    size: tuple[float, float] = (8.0, 4.5)

    @property
    def quick(self) -> bool:
        """Whether it belongs to the quick set."""
        return self.seconds <= QUICK


# Seconds; the whole quick set runs in less than three minutes.
QUICK = 12.0
