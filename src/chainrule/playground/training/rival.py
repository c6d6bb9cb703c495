"""Training as TensorFlow Playground does it, on the library's engines: what of it differs from `train`, and nothing else.

Rows come in fixed order. Gradients of a last incomplete batch are not used but left in the sums, so that they count in the first
step of the next epoch; the weights do not change in between, so that step is one on these rows and the first batch together. The
L1 penalty is subtracted along the sign that a weight had before the step, and a weight that crosses zero by it stays zero
for ever (nn.ts, `updateWeights`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import Engine, EpochResult, TrainingData
from chainrule.network import Network
from chainrule.playground.training.learner import Done, Learner
from chainrule.playground.training.position import Position
from chainrule.training import Settings


class RivalLearner(Learner):
    """A training in progress, as there.

    Parameters
    ----------
    network, data, engine, settings, position
        As for `Learner`; the settings have no L1 penalty.
    l1 : float
        That penalty.
    """

    def __init__(
        self,
        network: Network,
        data: TrainingData,
        engine: Engine,
        settings: Settings,
        position: Position,
        l1: float = 0.0,
    ) -> None:
        self._l1 = l1
        super().__init__(network, data, engine, settings, position)

    @property
    def steps(self) -> int:
        """Steps of an epoch: whole batches only."""
        return max(len(self._order) // self._batch, 1)

    @property
    def _left_over(self) -> int:
        """Rows of the last incomplete batch."""
        return len(self._order) % self._batch

    def _group(self, most: int, seconds: float) -> Done | None:
        return None if self._l1 or self._left_over else super()._group(most, seconds)

    def _whole_epoch(self) -> Done:
        while True:
            done = self.step()
            if not self._at.begun:
                return done

    def _part(self, seconds: float) -> Done:
        return self._whole_epoch()

    def step(self, rows: int | None = None) -> Done:
        """The next step; single rows are not taken there."""
        at, size = self._at, self._batch
        rate = float(self._epoch_rates()[0])
        whole = len(self._order) - self._left_over
        chosen = self._order[at.begun : at.begun + size]
        if not at.begun and at.epochs and self._left_over:
            chosen = np.concatenate([self._order[whole:], chosen])
        result = self._one(chosen, rate)
        self._at = replace(
            self._at, updates=at.updates + 1, begun=at.begun + size, begun_loss=at.begun_loss + result.loss * size
        )
        if self._at.begun < whole:
            return self._told(Done([], result.gradient_norms, result.update_norms, rate))
        return self._ended(result, rate, self._at.begun_loss, max(whole, 1))

    def _one(self, chosen: NDArray[np.int64], rate: float) -> EpochResult:
        if not self._l1:
            return self._session.epoch(chosen, np.array([rate]), len(chosen))
        count, before = self.network.n_weights, self._session.theta
        result = self._session.epoch(chosen, np.array([rate]), len(chosen))
        after = self._session.theta
        dead = np.zeros(count, bool) if self._at.dead is None else self._at.dead
        weights = after[:count]
        shrunk = weights - rate * self._l1 * np.sign(before[:count])
        dead = dead | (weights * shrunk < 0)
        after[:count] = np.where(dead, 0.0, shrunk)
        self._at = replace(self._at, dead=dead)
        self._session = self._new_session(replace(self.position, theta=after))
        return result
