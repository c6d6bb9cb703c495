"""L-BFGS in a playground: it has iterations instead of epochs, and no state to go on from; going back means doing them again."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from time import perf_counter

import numpy as np

from chainrule.engines import Engine, TrainingData
from chainrule.formulas.lookup import Array
from chainrule.network import Network
from chainrule.playground.training.learner import ENDLESS, Done, Learner
from chainrule.playground.training.position import Position
from chainrule.training import Settings, Training


class LBFGSLearner(Learner):
    """A training in progress that goes by all rows at once.

    Parameters
    ----------
    network, data, engine, settings, position
        As for `Learner`.
    """

    def __init__(
        self, network: Network, data: TrainingData, engine: Engine, settings: Settings, position: Position
    ) -> None:
        super().__init__(network, data, engine, replace(settings, max_iter=ENDLESS), position)

    def restore(self, position: Position) -> None:
        """Begin where the position says."""
        self._rng.set_state(position.rng)
        self._at, self._order, self.last = position, position.order, None
        given = self.network, position.theta, self._data, self.engine, self.settings
        self._training = Training(*given, np.random.RandomState(0))

    @property
    def position(self) -> Position:
        """Where it stands."""
        return replace(self._at, theta=self._training.theta)

    @property
    def theta(self) -> Array:
        """The present parameters."""
        return self._training.theta

    @property
    def steps(self) -> int:
        """One: an iteration."""
        return 1

    @property
    def rate(self) -> float:
        """None: a line search finds how far to go."""
        return float("nan")

    @property
    def by_steps(self) -> bool:
        """Whether there are steps within an epoch: no."""
        return False

    @property
    def exhausted(self) -> bool:
        """Whether it has converged."""
        return self._training.outcome != "running"

    def run(self, most: int, seconds: float = inf) -> Done:
        """At most that many iterations."""
        started, losses = perf_counter(), list[float]()
        while len(losses) < most and (not losses or perf_counter() - started < seconds):
            epoch = next(iter(self._training), None)
            if epoch is None:
                break
            losses.append(epoch.loss)
            at = self._at
            self._at = replace(at, epochs=at.epochs + 1, samples=at.samples + self.rows, updates=at.updates + 1)
            self._told(Done([epoch.loss], epoch.gradient_norms, epoch.update_norms, epoch.learning_rate))
        none = np.zeros(len(self.network.layers))
        last = self.last or self._told(Done([], none, none, float("nan")))
        return replace(last, losses=losses)

    def step(self, rows: int | None = None) -> Done:
        """One iteration."""
        return self.run(1)
