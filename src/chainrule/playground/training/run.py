"""A run: one network on one set of data, trained forwards, undone backwards, changed while it goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from math import inf, isfinite, nan
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DivergenceError
from chainrule.formulas.lookup import Array
from chainrule.playground.settings.setup import Setup
from chainrule.playground.training import stopping
from chainrule.playground.training.building import Built
from chainrule.playground.training.course import Action, Event, actions
from chainrule.playground.training.curves import Curve, Row, due_after
from chainrule.playground.training.equipment import equipped
from chainrule.playground.training.learner import Done
from chainrule.playground.training.memory import Memory, Moment
from chainrule.playground.training.position import Position
from chainrule.playground.training.stopping import Stop
from chainrule.training import Epoch
from chainrule.training.evidence import constant_loss

# Below this many multiplications in a step one thread is at least as fast.
SMALL_STEP = 200_000
# Seconds of training over which the speed is told.
WINDOW = 1.0


class Run:
    """A training with its past.

    Parameters
    ----------
    setup : Setup
        In agreement with the data.
    built : Built
        Network and rows.
    theta : ndarray of shape (P,)
        Where it starts.
    """

    def __init__(self, setup: Setup, built: Built, theta: Array) -> None:
        self.setup, self.built = setup, built
        rng = np.random.RandomState(setup.training.seed).get_state(legacy=True)
        order = np.arange(len(built.data.train))
        self.memory, self.curve = Memory(), Curve()
        self.events, self.history, self._sampled = list[Event](), list[Epoch](), list[int]()
        self.seconds = 0.0
        self.stopped: Stop | None = None
        self._waived: set[str] = set()
        self._speeds: deque[tuple[float, int, int]] = deque()
        self._best: tuple[float, int] = (inf, 0)
        self._equip(Position(theta, order, rng, setup.training.learning_rate))
        self.judged = self.judge(theta)
        self._usual = self._objective()
        self._record(nan, nan)
        self._keep(firm=True)

    def _equip(self, position: Position) -> None:
        """Engine, learner and judge for setup and network."""
        self.engine, self.learner, self.judge = equipped(self.setup, self.built, position)
        self._due = due_after(position.epochs)

    def _objective(self) -> float:
        """What is minimised, as it stands."""
        part, asked = self.built.rows(self.built.data.train), self.setup.training
        loss, _ = self.built.network.loss_and_gradient(
            self.learner.theta, part.X, part.Y, alpha=asked.alpha, l2=asked.l2
        )
        weights = self.learner.theta[: self.built.network.n_weights]
        return float(loss) + asked.l1 * float(np.abs(weights).sum())

    def _keep(self, firm: bool = False) -> Moment:
        moment = Moment(self.learner.position, self.setup, self.built, len(self.events), firm, self.seconds)
        if firm or self.learner.by_steps:
            self.memory.keep(moment)
        return moment

    def _record(self, objective: float, rate: float) -> None:
        epoch, judged, last = self.learner.epochs, self.judged, self.learner.last
        self.curve.add(Row(float(epoch), objective, *judged, rate, self.seconds))
        if last is not None:
            norms = last.gradient_norms, last.update_norms
            self.history.append(Epoch(epoch, objective, rate, *norms, 0.0, judged.test, judged.test_score))

    # -- forwards

    def advance(self, epochs: int, seconds: float | None = None) -> int:
        """Train for that many epochs, or until time is over or something stops it; how many were done."""
        started, done, tried = perf_counter(), 0, False
        while done < epochs and self.stopped is None:
            left = inf if seconds is None else seconds - (perf_counter() - started)
            if left <= 0 and tried:
                break
            if self.setup.run.until.seconds is not None:
                left = min(left, self.setup.run.until.seconds - self.seconds)
            done, tried = done + self._stretch(epochs - done, max(left, 0.0)), True
        return done

    def _stretch(self, most: int, seconds: float) -> int:
        """Some epochs in which nobody needs to look."""
        if self.learner.exhausted:
            self.stopped = Stop("converged", "the training has converged: nothing more is gained.")
            return 0
        until, started = self.setup.run.until, perf_counter()
        most = min(most, self._due - self.learner.epochs)
        if until.epochs is not None and "epochs" not in self._waived:
            most = min(most, max(until.epochs - self.learner.epochs, 1))
        if stopping.needs_judging(until):
            most = 1
        moment = self._keep()
        found = self._carefully(lambda: self.learner.run(most, seconds))
        if found is None or not found.finite:
            self._diverge(moment, found)
            return 0
        count = self._until_grown(found, moment)
        self._spent(perf_counter() - started, count, self.learner.updates - moment.position.updates)
        if self.learner.epochs >= self._due or stopping.needs_judging(until):
            self._look(found.losses[count - 1] if count else nan, found.rate)
        self._check()
        return count

    def _carefully(self, train: Any) -> Done | None:
        """What training gives; None if L-BFGS diverged."""
        try:
            done: Done = train()
        except DivergenceError:
            return None
        return done

    def _spent(self, seconds: float, epochs: int, updates: int) -> None:
        self.seconds += seconds
        self._speeds.append((seconds, epochs, updates))
        while len(self._speeds) > 1 and sum(one[0] for one in self._speeds) - self._speeds[0][0] > WINDOW:
            self._speeds.popleft()

    @property
    def speed(self) -> tuple[float, float]:
        """Epochs and steps in a second of training, lately."""
        seconds = sum(one[0] for one in self._speeds)
        if not seconds:
            return 0.0, 0.0
        return sum(one[1] for one in self._speeds) / seconds, sum(one[2] for one in self._speeds) / seconds

    def _look(self, objective: float, rate: float) -> None:
        """Judge, and note a row of the curve where one is due."""
        self.judged = self.judge(self.learner.theta)
        if self.judged.test < self._best[0]:
            self._best = (self.judged.test, self.learner.epochs)
        if self.learner.epochs >= self._due:
            self._record(objective, rate)
            self._due = due_after(self.learner.epochs)

    def _check(self) -> None:
        at = stopping.Standing(self.learner.epochs, self.seconds, self.judged, self.learner.epochs - self._best[1])
        told = [text for name, text in stopping.met(self.setup.run.until, at).items() if name not in self._waived]
        if told and self.stopped is None:
            self.stopped = Stop("until", f"stopped as asked: {' '.join(told)}")

    def _until_grown(self, found: Done, moment: Moment) -> int:
        """If the loss grew out of all proportion, go back to before the first epoch where it had; how many epochs count."""
        limit = stopping.GROWN * self._usual
        if not any(loss > limit for loss in found.losses):
            return len(found.losses)
        part = self.built.rows(self.built.data.train)
        self._usual = max(self._usual, constant_loss(self.built.network, part.Y))
        limit = stopping.GROWN * self._usual
        place = next((place for place, loss in enumerate(found.losses) if loss > limit), None)
        if place is None:
            return len(found.losses)
        if self.learner.by_steps:
            self.learner.restore(moment.position)
            if place:
                self.learner.run(place)
        self.stopped = stopping.grown(
            found.losses[place], self._usual, self.learner.epochs + 1, found.rate, found.update_norms
        )
        return place

    def _diverge(self, moment: Moment, found: Done | None) -> None:
        """Back to the last epoch with finite numbers; say why, and where it began."""
        if found is None:  # L-BFGS: from where it began
            self._go_back(self.memory.before(moment.position.updates), moment.position.updates)
            rate, what = nan, "the training loss became infinite"
        else:
            rate = found.rate
            loss = found.losses[-1] if found.losses else nan
            what = f"The training loss became {loss}" if not isfinite(loss) else "The parameters became non-finite"
            self.learner.restore(moment.position)
            whole = len(found.losses) - 1
            if whole > 0:
                self.learner.run(whole)
        layer = None if found is None else self._blame()
        part = self.built.rows(self.built.data.train)
        depth = len(self.built.network.layers)
        self.stopped = stopping.diverged(what, self.learner.epochs + 1, rate, layer, depth, part.X, part.Y)
        self.judged = self.judge(self.learner.theta)

    def _blame(self) -> int | None:
        """The layer whose step was the largest when numbers stopped being finite."""
        stood, before = self.learner.position, np.zeros(len(self.built.network.layers))
        found = None
        for _ in range(self.learner.steps + 1):
            done = self.learner.step()
            wrong = ~np.isfinite(done.update_norms)
            if wrong.any():
                sizes = np.where(np.isfinite(before), before, 0)
                found = int(sizes.argmax()) if before.any() else int(np.flatnonzero(wrong)[-1])
                break
            before = done.update_norms
        self.learner.restore(stood)
        return found

    def step(self, what: str) -> None:
        """A batch, or a single row."""
        self.stopped = None
        if not self.learner.by_steps or what == "epoch":
            self.advance(1)
            return
        moment, started, epochs = self._keep(), perf_counter(), self.learner.epochs
        self._sampled += [self.learner.updates] if what == "sample" else []
        found = self.learner.step(1 if what == "sample" else None)
        if not found.finite:
            self.learner.restore(moment.position)
            self._diverge(moment, found)
            return
        self._spent(perf_counter() - started, self.learner.epochs - epochs, 1)
        self.judged = self.judge(self.learner.theta)
        if self.learner.epochs > epochs and self.learner.epochs >= self._due:
            self._look(found.losses[-1], found.rate)
        if what == "sample":
            self._keep(firm=True)

    def proceed(self) -> None:
        """Go on in spite of why it stopped."""
        at = stopping.Standing(self.learner.epochs, self.seconds, self.judged, self.learner.epochs - self._best[1])
        self._waived |= set(stopping.met(self.setup.run.until, at))
        if self.stopped is not None and self.stopped.kind == "growing":
            self._usual = inf
        self.stopped = None

    @property
    def first(self) -> Moment:
        """The start."""
        return self.memory.moments[0]

    @property
    def sampled(self) -> bool:
        """Whether a step was taken on a single row."""
        return bool(self._sampled)

    def actions(self) -> Iterator[Action]:
        """What was done since the start, as actions of a session: the shortest way to the same place."""
        return actions(self.first, self.events, self._sampled, self.learner.updates)

    # -- backwards

    def can_back(self) -> dict[str, bool]:
        """Whether there is a step, and an epoch, to go back."""
        moved = self.learner.updates > 0
        return {"batch": moved and self.learner.by_steps, "epoch": moved}

    def back(self, what: str, count: int = 1) -> None:
        """Some steps or epochs back, with all that was changed since."""
        at = self.learner
        if what == "batch":
            updates = max(at.updates - count, 0)
            self._go_back(self.memory.before(updates), updates)
        else:
            epochs = max(at.epochs - count + (1 if at.begun else 0), 0)
            moment = self.memory.before(0, epochs)
            self._restore(moment)
            if epochs > self.learner.epochs:
                self.learner.run(epochs - self.learner.epochs)
            self._arrived()

    def _go_back(self, moment: Moment, updates: int) -> None:
        """To a number of steps: by whole epochs as far as they go, then step by step."""
        self._restore(moment)
        while self.learner.updates < updates:
            left = updates - self.learner.updates
            if not self.learner.by_steps:
                self.learner.run(left)
                break
            if not self.learner.begun and left >= self.learner.steps:
                self.learner.run(left // self.learner.steps)
            else:
                self.learner.step()
        self._arrived()

    def _restore(self, moment: Moment) -> None:
        self.memory.forget_after(moment)
        del self.events[moment.events :]
        self._sampled = [place for place in self._sampled if place < moment.position.updates]
        # What is only looked at, or waited for, is no part of the past.
        run = replace(moment.setup.run, until=self.setup.run.until)
        self.setup = replace(moment.setup, run=run, view=self.setup.view)
        self.built, self.seconds = moment.built, moment.seconds
        self._equip(moment.position)

    def _arrived(self) -> None:
        self.stopped = None
        self.curve.cut(self.learner.epochs)
        self.history = [epoch for epoch in self.history if epoch.number <= self.learner.epochs]
        self._due = due_after(self.learner.epochs)
        self.judged = self.judge(self.learner.theta)
        self._best = min(((row.test, int(row.epoch)) for row in self._tested()), default=(inf, 0))

    def _tested(self) -> Iterator[Row]:
        return (row for row in self.curve.rows if isfinite(row.test))

    def path(self, most: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Parameters at some moments of the way here, the present ones last, shape (T, P), and their epochs."""
        theta = self.learner.theta
        moments = [one.position for one in self.memory.moments if one.position.theta.shape == theta.shape]
        every = max(1, -(-len(moments) // most))
        kept = moments[::every]
        thetas = np.array([*(one.theta for one in kept), theta], np.float64)
        return thetas, np.array([*(one.epochs for one in kept), self.learner.epochs], np.int32)

    # -- changes

    def wish(self, setup: Setup) -> None:
        """Another view, or other conditions to stop at: nothing of the training changes."""
        self.setup, self._waived = setup, set()
        if self.stopped is not None and self.stopped.kind == "until":
            self.stopped = None

    def change(
        self, setup: Setup, built: Built, theta: Array | None = None, edit: tuple[Any, ...] | None = None
    ) -> None:
        """Go on with another setup, and other parameters where they are given."""
        position = self.learner.position
        trained = position.theta.astype(built.X.dtype, copy=False)
        found = trained if theta is None else theta
        fits = found.shape == position.theta.shape and found.dtype == position.theta.dtype
        kept = setup.training.learning_rate == self.setup.training.learning_rate
        position = replace(
            position,
            theta=found,
            solver_state=position.solver_state if fits else {},
            t=position.t if fits else 0,
            dead=position.dead if fits else None,
            rate=position.rate if kept else setup.training.learning_rate,
        )
        if not setup.training.solver.stochastic:
            position = replace(position, begun=0, begun_loss=0.0)
        before = self.setup, self.built
        self.setup, self.built = setup, built
        try:
            self._equip(position)
        except ValueError:
            self.setup, self.built = before
            self._equip(self.learner.position)
            raise
        told = found if theta is not None else None
        self.events.append(Event(position.epochs, position.begun, position.updates, setup, built, told, edit))
        self.stopped, self._waived = None, set()
        self._usual = max(self._usual, self._objective()) if theta is None else self._objective()
        self.judged = self.judge(found)
        self._keep(firm=True)
