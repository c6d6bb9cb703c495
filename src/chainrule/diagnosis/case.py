"""The case to be diagnosed: an estimator's parameters, its network, what its training recorded, and data if there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.parameters import is_stochastic
from chainrule.formulas.lookup import Array
from chainrule.network import Network
from chainrule.training import Epoch
from chainrule.training.evidence import Evidence, Facts, Look, Probe, facts, look

Vector = NDArray[np.float64]
# Below the first share of the loss removed a network has learned nothing to speak of, below the second little.
NOTHING, LITTLE = 0.1, 0.5
# Fewer rows than these say less than what the fit recorded.
FEW_ROWS = 20
# Rows given that are looked at; neighbours are searched among them.
MOST_DATA = 2000


@dataclass(frozen=True, eq=False)
class Data:
    """Rows given to `diagnose`, at most `MOST_DATA` of them.

    Parameters
    ----------
    X : array or CSR of shape (n, I)
        As the network gets them.
    Y : ndarray of shape (n, targets) or None
        Encoded; None where the estimator is not fitted.
    y : ndarray of shape (n,) or (n, columns)
        The targets as an array.
    given : (array-like, array-like)
        Inputs and targets as they were given.
    rows : int
        How many were given.
    """

    X: Any
    Y: Array | None
    y: NDArray[Any]
    given: tuple[Any, Any]
    rows: int

    @property
    def telling(self) -> bool:
        """Whether there are rows enough, with targets that differ, to compare a network with a constant."""
        return self.Y is not None and len(self.Y) >= FEW_ROWS and bool(np.ptp(self.Y, axis=0).any())

    @cached_property
    def dense(self) -> Vector:
        """X as a dense array."""
        return np.asarray(self.X.toarray() if hasattr(self.X, "tocsr") else self.X, np.float64)


@dataclass(frozen=True, eq=False)
class Case:
    """Everything the checks may look at.

    Parameters
    ----------
    subject : str
        In words.
    parameters : dict
        The estimator's constructor parameters.
    network : Network
        The network.
    history : sequence of Epoch
        Its epochs.
    evidence : Evidence or None
        What its training recorded.
    theta : ndarray of shape (P,) or None
        Its parameters; None if the training diverged.
    data, held : Data or None
        Training rows, and rows that were not trained on.
    columns : tuple of str
        Names of the network's inputs.
    classes : tuple
        Labels of the classes, empty for numbers and several targets.
    model : object
        The fitted estimator, which scores; None if there is none.
    """

    subject: str
    parameters: Mapping[str, Any]
    network: Network
    history: Sequence[Epoch]
    evidence: Evidence | None
    theta: Array | None = None
    data: Data | None = None
    held: Data | None = None
    columns: tuple[str, ...] = ()
    classes: tuple[Any, ...] = ()
    model: Any = None

    @cached_property
    def facts(self) -> Facts | None:
        """Numbers about the data: from the rows given, else those recorded."""
        recorded = None if self.evidence is None else self.evidence.facts
        if self.data is None or self.data.Y is None or not self.data.telling:
            return recorded
        rows = self.data.rows if recorded is None else recorded.rows
        batch = rows if recorded is None else recorded.batch
        totals = self.data.Y.sum(axis=0, dtype=np.float64) * (rows / len(self.data.Y))
        measured = facts(self.network, Probe(self.data.X, self.data.Y, None, rows, batch, totals))
        return measured

    @cached_property
    def last(self) -> Look | None:
        """The network as it is now: on the rows given, else as recorded."""
        if self.data is not None and self.data.Y is not None and self.data.telling and self.theta is not None:
            probe = Probe(self.data.X, self.data.Y, None, self.data.rows, self.data.rows, np.zeros(0))
            return look(self.network, self.theta, probe, self.n_epochs)
        return self.looks[-1] if self.looks else None

    @property
    def looks(self) -> tuple[Look, ...]:
        """The network at some epochs, as recorded, those with finite numbers."""
        found = () if self.evidence is None else self.evidence.looks
        return tuple(one for one in found if isfinite(float(one.weights.sum())))

    @property
    def outcome(self) -> str:
        """How the training ended; "" if nobody knows."""
        return "" if self.evidence is None else self.evidence.outcome

    @property
    def diverged(self) -> bool:
        """Whether numbers became non-finite."""
        return self.outcome == "diverged"

    @property
    def n_epochs(self) -> int:
        """Number of the last epoch."""
        return self.history[-1].number if self.history else 0

    @property
    def stochastic(self) -> bool:
        """Whether the solver takes steps of a learning rate."""
        return is_stochastic(self.parameters.get("solver", "adam"))

    @cached_property
    def learned(self) -> float:
        """Share of the best constant prediction's loss that the network has removed; nan where nobody can tell."""
        if self.diverged and self.theta is None:
            return -inf
        if self.last is None or self.facts is None or not self.facts.baseline > 0:
            return nan
        share = 1 - self.last.loss / self.facts.baseline
        return share if isfinite(share) else -inf

    @cached_property
    def baseline(self) -> float:
        """Loss of the best constant prediction as losses are reported; nan where nobody can tell."""
        return nan if self.facts is None else self.network.objective.reported(self.facts.baseline, self.network.outputs)

    @property
    def failed(self) -> bool:
        """Whether the network has learned next to nothing."""
        return self.diverged or self.learned < NOTHING

    @property
    def poor(self) -> bool:
        """Whether it has learned little."""
        return self.failed or self.learned < LITTLE

    def severity(self) -> str:
        """Of a fault in the training: serious where the network learned little."""
        return "serious" if self.poor else "warning"

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        if self.evidence is None or not self.stochastic:
            return 1
        return max(1, -(-self.evidence.facts.rows // max(1, self.evidence.facts.batch)))

    @cached_property
    def losses(self) -> Vector:
        """Training loss of every epoch."""
        return np.array([epoch.loss for epoch in self.history], np.float64)

    @cached_property
    def ratios(self) -> Vector:
        """Change of the last step over the size of the parameters, shape (epochs, L); see `update_ratios`."""
        return update_ratios(self.history, self.looks)

    def predicted(self, data: Data) -> NDArray[Any]:
        """What the model answers to these rows."""
        found: NDArray[Any] = np.asarray(self.model.predict(data.given[0]))
        return found

    def score(self, data: Data) -> float:
        """Accuracy or R2 on these rows."""
        return float(self.model.score(*data.given))

    @property
    def rate(self) -> str:
        """The learning rate in words."""
        return f"{float(self.parameters.get('learning_rate_init', nan)):g}"

    def column(self, place: int) -> str:
        """Name of an input."""
        return self.columns[place] if 0 <= place < len(self.columns) else f"x{place}"

    def layer(self, place: int) -> str:
        """A layer in words."""
        return "the output layer" if place == len(self.network.layers) - 1 else f"hidden layer {place + 1}"


def update_ratios(history: Sequence[Epoch], looks: Sequence[Look]) -> Vector:
    """Norm of a step over the norm of the parameters, the weights' norms interpolated between the looks (in log of the epoch)."""
    if not history or not looks:
        return np.empty((0, 0))
    known = np.log1p([one.epoch for one in looks])
    at = np.log1p([epoch.number for epoch in history])
    norms = np.array([one.weights for one in looks])
    weights = np.stack([np.interp(at, known, layer) for layer in norms.T], axis=1)
    updates = np.array([epoch.update_norms for epoch in history], np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(updates / np.maximum(weights, 1e-12), np.float64)
