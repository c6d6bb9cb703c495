"""When a training looks at itself: before it, after epochs 1, 2, 4, 8, ... and the last. It changes no bit and draws no number.

A small network's epoch takes less time than a look at it, or than the interruption of a group of epochs. So a recorder only
copies parameters, and measures when somebody asks (or at once where the copies would take much memory: then an epoch takes
long); and the smallest networks are looked at only after as many epochs as make some work. Pickles and model files hold the
measured numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.formulas.lookup import Array
from chainrule.formulas.own import is_own
from chainrule.network import Network
from chainrule.training.evidence import (
    FEWEST,
    Evidence,
    Facts,
    Look,
    Probe,
    class_counts,
    facts,
    look,
    rarest_class,
    spread_rows,
)
from chainrule.training.records import Epoch
from chainrule.training.threads import one_blas_thread
from chainrule.training.training import Training

# Rows that are looked at; of the rarest class as many.
MOST_ROWS = 64
# How a training can end, in the order of model files.
OUTCOMES = ("running", "converged", "max_iter", "diverged", "interrupted")
# Multiply-adds of the forward pass between two looks: some 20 times the time that a look takes.
LEAST_WORK = 1_000_000
# Values that may wait to be measured (0.8 MB in float64).
MOST_WAITING = 100_000


@dataclass(frozen=True, eq=False)
class Waiting:
    """A look not yet taken."""

    epoch: int
    theta: Array
    probe: Probe


class Recording:
    """The evidence of one estimator, measured when it is first asked for.

    Parameters
    ----------
    network : Network
        What is trained.
    looks : list of Look or Waiting
        By epoch.
    probe : Probe or Facts
        The rows of the last training, or what is known of them.
    outcome : str
        How it ended.
    """

    def __init__(self, network: Network, looks: list[Look | Waiting], probe: Probe | Facts, outcome: str) -> None:
        self.network, self.looks, self.outcome = network, looks, outcome
        self._probe = probe

    @property
    def evidence(self) -> Evidence:
        """The numbers; the rows they come from are given up."""
        self.measure()
        assert isinstance(self._probe, Facts)
        return Evidence(self._probe, tuple(one for one in self.looks if isinstance(one, Look)), self.outcome)

    def measure(self) -> None:
        """Take the looks that wait."""
        self.looks = [self._taken(one) for one in self.looks]
        if isinstance(self._probe, Probe):
            self._probe = facts(self.network, self._probe)

    def _taken(self, one: Look | Waiting) -> Look:
        return one if isinstance(one, Look) else look(self.network, one.theta, one.probe, one.epoch)

    def __reduce__(self) -> tuple[Any, ...]:
        found = self.evidence
        return Recording, (self.network, list(found.looks), found.facts, found.outcome)


@dataclass(frozen=True, eq=False)
class Failure:
    """What is left of a training that diverged; it hangs on the DivergenceError as `failure`.

    Parameters
    ----------
    kind : str
        Class of the estimator.
    parameters : dict
        Its constructor parameters.
    network : Network
        What was trained.
    epochs : tuple of Epoch
        Until then; the last ones may be missing.
    recording : Recording
        The evidence.
    """

    kind: str
    parameters: dict[str, Any]
    network: Network
    epochs: tuple[Epoch, ...]
    recording: Recording


class Recorder:
    """Looks at a training now and then.

    Parameters
    ----------
    training : Training
        About to begin.
    earlier : Recording or None
        Of the training that this one continues.
    """

    def __init__(self, training: Training, earlier: Recording | None = None) -> None:
        self._training, self._probe = training, probe_of(training)
        self._looks: list[Look | Waiting] = []
        if earlier is not None and earlier.network == training.network:
            self._looks = [one for one in earlier.looks if is_due(one.epoch)]
        self._held = probe_size(self._probe)
        self._last = done = training._epochs
        self._due = due_after(done, training)
        if not self._looks and not done:
            self._look(0)

    def after(self, number: int) -> None:
        """Told that epoch `number` is over, at the latest when `ahead` epochs are."""
        self._last = number
        if number >= self._due:
            self._due = due_after(number, self._training)
            self._look(number)

    @property
    def ahead(self) -> int:
        """Epochs until the next look."""
        return self._due - self._last

    def conclude(self) -> Recording:
        """All that was recorded, and a last look; the training is over."""
        if self._last and (not self._looks or self._looks[-1].epoch < self._last):
            self._look(self._last)
        return Recording(self._training.network, self._looks, self._probe, self._training.outcome)

    def give_up(self) -> Recording:
        """All that was recorded until the training diverged."""
        return Recording(self._training.network, self._looks, self._probe, "diverged")

    def _look(self, number: int) -> None:
        network, waiting = self._training.network, Waiting(number, self._training.theta, self._probe)
        self._held += waiting.theta.size
        # A user's own formulas may have effects: they are only computed when somebody asks.
        if self._held <= MOST_WAITING or owns_formulas(network):
            self._looks.append(waiting)
        else:
            with one_blas_thread():
                self._looks.append(look(network, waiting.theta, waiting.probe, number))
            self._held -= waiting.theta.size


def probe_size(probe: Probe) -> int:
    """Values held for the rows."""
    return int(probe.X.shape[0] * probe.X.shape[1])


def recorder_of(training: Training, earlier: Recording | None, whole: bool) -> Recorder | None:
    """A recorder of a fit (`whole`), or of one of many calls of an epoch each: None where nothing is due after it."""
    if not whole and earlier is not None:
        last = earlier.looks[-1].epoch if earlier.looks else 0
        if training._epochs + 1 < due_after(last, training):
            return None
    return Recorder(training, earlier)


def is_due(number: int) -> bool:
    """Whether a training is looked at after that many epochs: 0, 1, 2, 4, 8, ..."""
    return number & (number - 1) == 0


def due_after(number: int, training: Training) -> int:
    """The epoch of the next look after one at epoch `number`."""
    work = training.network.n_parameters * len(training._order)
    return int(1 << (number + max(1, -(-LEAST_WORK // work)) - 1).bit_length())


def owns_formulas(network: Network) -> bool:
    """Whether a network has a user's own activation or loss."""
    return is_own(network.objective) or any(is_own(layer.function) for layer in network.layers)


def probe_of(training: Training) -> Probe:
    """The rows of a training that are looked at."""
    data = training._data
    return probe_rows(training.network, data.X, data.Y, training._order, training._batch, data.sample_weight)


def probe_rows(
    network: Network, X: Any, Y: Any, order: Any, batch: int, weight: Any = None, among: Any = None
) -> Probe:
    """The rows that are looked at.

    Parameters
    ----------
    network : Network
        What learns from them.
    X, Y : array-like
        All rows and their encoded targets.
    order : ndarray of int
        The rows it learns from, in the order in which they are spread.
    batch : int
        Rows of a step.
    weight : ndarray or None
        Of all rows.
    among : ndarray of int or None
        The rows it learns from, in the order of X, where they are not all.
    """
    chosen = order[spread_rows(len(order), MOST_ROWS)]
    learned = Y if among is None else Y[among]
    totals = learned.sum(axis=0, dtype=np.float64)
    rarest, rare = rarest_class(class_counts(network, totals, len(learned))), None
    if rarest >= 0:
        places = np.flatnonzero(learned[:, rarest] == 1 if network.outputs > 1 else learned[:, 0] == rarest)
        places = places if among is None else among[places]
        rare = X[places[spread_rows(len(places), MOST_ROWS)]] if len(places) >= FEWEST else None
    weights = None if weight is None else weight[chosen]
    return Probe(X[chosen], Y.take(chosen, axis=0), weights, len(order), batch, totals, rare, rarest)
