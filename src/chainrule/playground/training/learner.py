"""A training in steps of any size, on an engine's session: the steps, the order of the rows and the rates are those of `train`.

Between epochs a whole group runs inside the engine; an epoch can also be gone through batch by batch, or row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isfinite
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import Brake, Engine, EpochResult, Session, TrainingData
from chainrule.formulas.lookup import Array
from chainrule.formulas.schedules import Adaptive, Clock
from chainrule.network import Network
from chainrule.playground.training.position import Position
from chainrule.training import Patience, Settings
from chainrule.training.rates import Rates

# Epochs in a group: bounds the memory of its table.
MOST = 1024
# `Clock.epochs` of a training without an end.
ENDLESS = 10**9
# Multiply-adds of an epoch of which nobody knows yet how long it takes; seconds that an epoch may always take.
LARGE, SHORT = 200_000_000, 0.05


@dataclass(frozen=True)
class Done:
    """What some epochs gave.

    Parameters
    ----------
    losses : list of float
        The objective of each, mean over the rows.
    gradient_norms, update_norms : ndarray of shape (L,)
        Of the last step.
    rate : float
        Of the last step.
    """

    losses: list[float]
    gradient_norms: NDArray[np.float64]
    update_norms: NDArray[np.float64]
    rate: float

    @property
    def finite(self) -> bool:
        """Whether all numbers are."""
        return isfinite(sum(self.losses)) and isfinite(float(np.sum(self.update_norms)))


class Learner:
    """A training in progress.

    Parameters
    ----------
    network : Network
        What is trained.
    data : TrainingData
        The rows to train on.
    engine : Engine
        What computes.
    settings : Settings
        How.
    position : Position
        Where it begins, or goes on.
    """

    def __init__(
        self, network: Network, data: TrainingData, engine: Engine, settings: Settings, position: Position
    ) -> None:
        settings.check_network(network, len(data.Y))
        self.network, self.engine, self.settings = network, engine, settings
        self._data, self._rates = data, Rates(settings.schedule)
        self._batch = settings.rows_per_batch(len(data.Y), warn=False)
        self._rng = np.random.RandomState()
        self._pace: float | None = None
        self.last: Done | None = None
        self.restore(position)

    def restore(self, position: Position) -> None:
        """Stand where the position says."""
        self._rng.set_state(position.rng)
        seed = position.dropout_seed
        if seed is None and self.network.has_dropout:
            seed = int(self._rng.randint(2**31))
        self._at = replace(position, dropout_seed=seed)
        self._order = position.order
        self._session = self._new_session(position)
        self.last = None

    def _new_session(self, position: Position) -> Session:
        solver = self.settings.solver
        continued = set(position.solver_state) == set(solver.slots) and position.t > 0
        return self.engine.session(
            self.network,
            position.theta,
            self._data,
            solver,
            replace(self.settings.step, seed=self._at.dropout_seed or 0),
            self.settings.n_threads,
            position.solver_state if continued else None,
            position.t if continued else 0,
            position.carried if continued else 0.0,
        )

    @property
    def position(self) -> Position:
        """Where it stands."""
        session = self._session
        return replace(
            self._at,
            theta=session.theta,
            solver_state=session.state,
            t=session.t,
            carried=session.carried,
            order=self._order,
            rng=self._rng.get_state(legacy=True),
        )

    @property
    def theta(self) -> Array:
        """The present parameters (a copy)."""
        return self._session.theta

    @property
    def epochs(self) -> int:
        """Whole epochs done."""
        return self._at.epochs

    @property
    def updates(self) -> int:
        """Steps taken since the start."""
        return self._at.updates

    @property
    def begun(self) -> int:
        """Rows done of the epoch begun."""
        return self._at.begun

    @property
    def batch(self) -> int:
        """Rows of a step."""
        return self._batch

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-len(self._order) // self._batch)

    @property
    def rows(self) -> int:
        """Rows to train on."""
        return len(self._order)

    @property
    def rate(self) -> float:
        """The rate of the coming step."""
        return float(self._epoch_rates()[min(self._at.begun // self._batch, self.steps - 1)])

    @property
    def by_steps(self) -> bool:
        """Whether there are steps within an epoch."""
        return True

    @property
    def exhausted(self) -> bool:
        """Whether the schedule has come to its end: the smallest rate brought nothing any more."""
        return self._over_patience() and self.settings.schedule.after_plateau(self._at.rate) is None

    def _clock(self) -> Clock:
        at = self._at
        return Clock(self.settings.learning_rate_init, at.rate, at.epochs, at.epochs + ENDLESS, self.steps, at.samples)

    def _epoch_rates(self) -> NDArray[np.float64]:
        return self._rates.coming(self._clock())

    def run(self, most: int, seconds: float = inf) -> Done:
        """At most that many epochs, until the time is over or numbers are not finite; an epoch begun is ended first.

        Where a whole epoch takes longer than that only a part of it is done.
        """
        started, losses = perf_counter(), list[float]()
        left = seconds
        while len(losses) < most and (self.last is None or self.last.finite) and not self.exhausted:
            if self._at.begun or not self._fits(left):
                losses += self._part(left).losses
            else:
                losses += self._timed(partial(self._some, min(most - len(losses), MOST), max(left, 0.0))).losses
            left = seconds - (perf_counter() - started)
            if left <= 0:
                break
        assert self.last is not None
        return replace(self.last, losses=losses)

    def _fits(self, seconds: float) -> bool:
        """Whether an epoch takes no longer than that, or not long anyway."""
        if self._pace is None:
            return self.network.n_parameters * len(self._order) < LARGE or seconds == inf
        return self._pace * self.steps <= max(seconds, SHORT)

    def _timed(self, train: Callable[[], Done]) -> Done:
        """What training gives; how long a step takes is remembered."""
        started, before = perf_counter(), self._at.updates
        done = train()
        self._pace = (perf_counter() - started) / max(self._at.updates - before, 1)
        return done

    def _part(self, seconds: float) -> Done:
        """As many of the steps that are left of an epoch as there is time for, at least one."""
        if not self._at.begun:
            self._shuffle()
        count = -(-(len(self._order) - self._at.begun) // self._batch)
        if seconds < inf:
            count = 1 if self._pace is None else min(count, max(1, int(max(seconds, 0.0) / max(self._pace, 1e-9))))
        return self._timed(partial(self._steps_of, count))

    def _some(self, most: int, seconds: float) -> Done:
        """A group of epochs inside the engine, or one."""
        return self._group(most, seconds) or self._whole_epoch()

    def _group(self, most: int, seconds: float) -> Done | None:
        at, settings = self._at, self.settings
        rates = self._rates.ahead(self._clock(), most, len(self._order))
        if rates is None:
            return None
        brake = Brake(settings.tol, settings.n_iter_no_change, at.patience.count, at.patience.best, seconds)
        most = most if len(rates) == 1 else len(rates)
        stream = self._rng if settings.shuffle else None
        found = self._session.group(self._order, rates, self._batch, stream, most, brake)
        if found is None:
            return None
        if found.interruption is not None:
            raise found.interruption
        count = len(found.losses)
        self._order = found.order
        self._at = replace(
            at,
            epochs=at.epochs + count,
            samples=at.samples + found.rows,
            updates=at.updates + count * self.steps,
            patience=Patience(found.count, found.best),
        )
        rate = float(rates[min(count, len(rates)) - 1, -1])
        self._decide()
        return self._told(Done(found.losses, found.gradient_norms[-1], found.update_norms[-1], rate))

    def _whole_epoch(self) -> Done:
        self._shuffle()
        rates = self._epoch_rates()
        result = self._session.epoch(self._order, rates, self._batch)
        self._at = replace(self._at, updates=self._at.updates + self.steps)
        return self._ended(result, float(rates[-1]), result.loss * result.rows, result.rows)

    def _shuffle(self) -> None:
        if self.settings.shuffle:
            self._order = self._order[self._rng.permutation(len(self._order))]

    def step(self, rows: int | None = None) -> Done:
        """One step: on the next batch, or on that many rows; the last one ends the epoch."""
        at = self._at
        if not at.begun:
            self._shuffle()
        size = min(self._batch if rows is None else rows, len(self._order) - at.begun)
        rates = self._epoch_rates()
        place = min(at.begun // self._batch, self.steps - 1)
        chosen = self._order[at.begun : at.begun + size]
        result = self._session.epoch(chosen, rates[place : place + 1], size)
        return self._advanced(result, size, 1, float(rates[place]))

    def _steps_of(self, count: int) -> Done:
        """That many steps of an epoch, at most to its end."""
        at, rates = self._at, self._epoch_rates()
        place = min(at.begun // self._batch, self.steps - 1)
        chosen = self._order[at.begun : at.begun + count * self._batch]
        coming = rates[place : place + count]
        # After single rows there may be more steps in an epoch than it has rates.
        coming = np.concatenate([coming, np.repeat(rates[-1:], count - len(coming))])
        result = self._session.epoch(chosen, coming, self._batch)
        return self._advanced(result, len(chosen), count, float(coming[-1]))

    def _advanced(self, result: EpochResult, size: int, count: int, rate: float) -> Done:
        """After a part of an epoch."""
        at = self._at
        total = at.begun_loss + result.loss * size
        self._at = replace(at, updates=at.updates + count, begun=at.begun + size, begun_loss=total)
        if self._at.begun < len(self._order):
            return self._told(Done([], result.gradient_norms, result.update_norms, rate))
        return self._ended(result, rate, total, len(self._order))

    def _ended(self, result: EpochResult, rate: float, total: float, rows: int) -> Done:
        at, loss = self._at, total / rows if rows else 0.0
        patience = at.patience.after(-loss, float(self.settings.tol))
        samples = at.samples + rows
        self._at = replace(at, epochs=at.epochs + 1, samples=samples, begun=0, begun_loss=0.0, patience=patience)
        self._decide()
        return self._told(Done([loss], result.gradient_norms, result.update_norms, rate))

    def _told(self, done: Done) -> Done:
        self.last = done
        return done

    def _over_patience(self) -> bool:
        return self._at.patience.count > self.settings.n_iter_no_change

    def _decide(self) -> None:
        """At a plateau an adaptive schedule goes on with a smaller rate."""
        if not self._over_patience():
            return
        slower = self.settings.schedule.after_plateau(self._at.rate)
        if slower is not None:
            patience = Patience(0, self._at.patience.best)
            self._at = replace(self._at, rate=slower, patience=patience)


def has_plateaus(schedule: Any) -> bool:
    """Whether a schedule goes by plateaus: then the training needs its stopping rule."""
    return isinstance(schedule, Adaptive)
