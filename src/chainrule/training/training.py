"""The training loop: an iterable of `Epoch` records. Whoever iterates watches, prints, draws or stops.

The stopping rules, the order of the random draws and the reported numbers are scikit-learn's (else: docs/decisions).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from math import inf, isfinite, nan
from time import perf_counter
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from chainrule.engines import Brake, Engine, TrainingData
from chainrule.engines.reference import layer_norms
from chainrule.errors import DivergenceError
from chainrule.formulas.lookup import Array
from chainrule.formulas.schedules import Adaptive, Clock
from chainrule.formulas.solvers import LBFGS
from chainrule.network import Network
from chainrule.training import divergence, groups, lbfgs
from chainrule.training.rates import Rates
from chainrule.training.records import Epoch, Patience, TrainingState
from chainrule.training.settings import Settings
from chainrule.training.validation import Evaluator, Validation


class Training:
    """A training in progress; iterate over it to train, or `run` it. Leaving the loop pauses it, iterating again goes on.

    Attributes
    ----------
    network : Network
        What is trained.
    engine : str
        Name of the engine that computes.
    outcome : str
        "running", "converged" (the stopping rule ended it), "max_iter", "diverged" or "interrupted".
    complaint : str
        What scikit-learn warns about this outcome; empty if it converged.
    """

    def __init__(
        self,
        network: Network,
        theta: Array,
        data: TrainingData,
        engine: Engine,
        settings: Settings,
        rng: np.random.RandomState,
        *,
        rows: NDArray[np.int64] | None = None,
        validation: Validation | None = None,
        resume: TrainingState | None = None,
    ) -> None:
        self.network, self.engine, self.outcome, self.complaint = network, engine.name, "running", ""
        self._engine, self._settings, self._data, self._rng = engine, settings, data, rng
        settings.check_network(network, len(data.Y) if rows is None else len(rows))
        self._resume_order(np.arange(len(data.Y)) if rows is None else rows, resume)
        self._start(theta, resume or TrainingState())
        if data.sample_weight is not None and not data.sample_weight[self._order].any():
            raise ValueError("sample_weight is zero for every row to train on; at least one must be positive.")
        self._batch = settings.rows_per_batch(len(self._order)) if settings.solver.stochastic else len(self._order)
        evaluator = None if validation is None else Evaluator(network, validation, engine, settings.n_threads)
        self._evaluator = evaluator
        self._resume_best(resume)
        self._rates = Rates(settings.schedule)
        self._generator, self._closed = self._run(), False

    def _start(self, theta: Array, state: TrainingState) -> None:
        settings, solver = self._settings, self._settings.solver
        self._theta, self._session, self._state = theta, None, state
        kept = settings.learning_rate_init == state.initial_rate
        self._rate = state.rate if kept else settings.learning_rate_init
        self._samples, self._epochs = state.samples, state.epochs
        self._first_epoch, self._last_epoch = state.epochs, state.epochs + settings.max_iter
        self._patience = state.patience if state.watched == settings.watched else Patience()
        self._peak: float = -inf
        self._best_theta: Array | None = None
        self._seed = state.dropout_seed
        if self._seed is None and self.network.has_dropout:
            self._seed = int(self._rng.randint(2**31))
        if solver.stochastic:
            continued = set(state.solver_state) == set(solver.slots) and state.t > 0
            self._session = self._engine.session(
                self.network,
                theta,
                self._data,
                solver,
                replace(settings.step, seed=self._seed or 0),
                settings.n_threads,
                state.solver_state if continued else None,
                state.t if continued else 0,
                state.carried if continued else 0.0,
            )

    def _resume_order(self, rows: NDArray[np.int64], resume: TrainingState | None) -> None:
        kept = None if resume is None else resume.order
        same = kept is not None and len(kept) == len(rows) and np.array_equal(np.sort(kept), np.sort(rows))
        self._order = np.ascontiguousarray(kept, np.int64) if same else rows
        if resume is not None and resume.rng is not None:
            self._rng = np.random.RandomState()
            self._rng.set_state(resume.rng)

    def _resume_best(self, resume: TrainingState | None) -> None:
        """What is best so far, by the present validation set: where the training stands, or what it kept."""
        if self._evaluator is None or resume is None or resume.epochs == 0:
            return
        for theta in (resume.best_theta, self._theta):
            if theta is None:
                continue
            if np.shape(theta) != self._theta.shape:
                raise ValueError(f"resume: best_theta has shape {np.shape(theta)}, expected {self._theta.shape}.")
            theta = np.asarray(theta, self._theta.dtype)
            value = self._value(*self._evaluator(theta))
            if value > self._peak:
                self._peak, self._best_theta = value, theta
        if self._settings.watched == "validation":
            self._patience = Patience(self._patience.count, self._peak)

    @staticmethod
    def _value(loss: float, score: float | None) -> float:
        return -loss if score is None else score

    def __iter__(self) -> Iterator[Epoch]:
        return self._generator

    def close(self) -> None:
        """End the training here; theta and state stay as they are."""
        self._closed = True
        self._generator.close()

    def run(self, most: int | None = None, check: Callable[[], None] | None = None) -> list[Epoch]:
        """Train on without a look in between: the same epochs as by iterating, in half the time for the smallest networks.

        Parameters
        ----------
        most : int or None
            Epochs at most; None: to the end.
        check : callable or None
            Called between epochs about every 50 ms; what it raises ends the run.

        Returns
        -------
        epochs : list of Epoch
            Fewer than `most` if the training ended. If the last possible epoch is the last one asked for, `outcome` may still be
            "running"; the next call then gives no epoch and ends the training.

        Raises
        ------
        DivergenceError
            If numbers become non-finite and there is no validation set to fall back on.
        """
        epochs: list[Epoch] = []
        wanted = inf if most is None else most
        try:
            while not self._closed and self.outcome == "running" and len(epochs) < wanted:
                if check is not None:
                    check()
                if not self._run_group(min(wanted - len(epochs), groups.MOST), epochs):
                    break
        except KeyboardInterrupt:
            self._interrupt()
        return epochs

    def _run_group(self, most: float, epochs: list[Epoch]) -> bool:
        """Append some epochs, at most that many, to those there are; False if there are none any more."""
        most = int(min(most, self._last_epoch - self._epochs))
        if most > 0 and self._session is not None and self._evaluator is None and self._group(most, epochs):
            return True
        epoch = next(self._generator, None)
        if epoch is not None:
            epochs.append(epoch)
        return epoch is not None

    @property
    def theta(self) -> Array:
        """The present parameters (a copy)."""
        return self._theta.copy() if self._session is None else self._session.theta

    @property
    def best_theta(self) -> Array:
        """Parameters of the best epoch on the validation set; without one, the present ones."""
        if self._evaluator is None or self._best_theta is None:
            return self.theta
        return self._best_theta.copy()

    @property
    def state(self) -> TrainingState:
        """Where the training stands: with `theta`, all that `train(..., resume=state)` needs to go on exactly.

        `Cosine` and `OneCycle` need their field `epochs` for that: without it each call of `train` is a course of its own.
        """
        return replace(self.standing, order=self._order, rng=self._rng.get_state(legacy=True))

    @property
    def standing(self) -> TrainingState:
        """`state` without permutation and random numbers, which take longer to copy than all the rest of a small network."""
        return TrainingState(
            solver_state={} if self._session is None else self._session.state,
            t=0 if self._session is None else self._session.t,
            initial_rate=self._settings.learning_rate_init,
            rate=self._rate,
            samples=self._samples,
            epochs=self._epochs,
            watched=self._settings.watched,
            patience=self._patience,
            peak=self._peak,
            best_theta=self._best_theta,
            dropout_seed=self._seed,
            carried=0.0 if self._session is None else self._session.carried,
        )

    def _run(self) -> Generator[Epoch]:
        if self._evaluator is not None and self._best_theta is None:
            self._best_theta = self.theta
        try:
            yield from self._stochastic() if self._settings.solver.stochastic else self._lbfgs()
        except KeyboardInterrupt:
            self._interrupt()

    def _interrupt(self) -> None:
        self.outcome = "interrupted"
        warnings.warn("Training interrupted by user.", stacklevel=4)

    def _stochastic(self) -> Iterator[Epoch]:
        settings, session, n_rows = self._settings, self._session, len(self._order)
        assert session is not None
        while self._epochs < self._last_epoch:
            started = perf_counter()
            if settings.shuffle:
                self._order = self._order[self._rng.permutation(n_rows)]
            rates = self._rates.coming(self._clock)
            result = session.epoch(self._order, rates, self._batch)
            self._samples += result.rows
            yield self._judge(result.loss, float(rates[-1]), result.gradient_norms, result.update_norms, started)
            if self.outcome != "running":
                return
        self.outcome = "max_iter"
        self.complaint = (
            f"Stochastic Optimizer: Maximum iterations ({settings.max_iter}) reached and the optimization hasn't "
            "converged yet."
        )

    def _group(self, most: int, epochs: list[Epoch]) -> bool:
        """Several epochs in one call of the engine, to the same effect as one by one; False if they must be one by one."""
        settings, session, patience = self._settings, self._session, self._patience
        # Batches without weight are left out, so that the rows shown are not known in advance.
        rows = len(self._order) if self._data.sample_weight is None else None
        rates = self._rates.ahead(self._clock, most, rows)
        if session is None or rates is None:
            return False
        brake = Brake(settings.tol, settings.n_iter_no_change, patience.count, patience.best, groups.SECONDS)
        stream, most = self._rng if settings.shuffle else None, most if len(rates) == 1 else len(rates)
        found = session.group(self._order, rates, self._batch, stream, most, brake)
        if found is None:
            return False
        interruption = found.interruption
        try:
            new = groups.records(found, self._epochs + 1, rates)
        except KeyboardInterrupt as signal:  # the engine has gone on, so must the records
            new, interruption = groups.records(found, self._epochs + 1, rates), signal
        self._order, self._samples, self._epochs = found.order, self._samples + found.rows, self._epochs + len(new)
        self._patience = Patience(found.count, found.best)
        if new:
            last = new[-1]
            if not _finite(last.loss, last.update_norms):
                self._diverge(last.loss, last.learning_rate)
            new[-1] = replace(last, note=self._decide(last.learning_rate))
        epochs += new
        if interruption is not None:
            raise interruption
        return True

    @property
    def _clock(self) -> Clock:
        steps, initial = -(-len(self._order) // self._batch), self._settings.learning_rate_init
        return Clock(initial, self._rate, self._epochs, self._last_epoch, steps, self._samples, self._first_epoch)

    def _lbfgs(self) -> Iterator[Epoch]:
        settings, dtype = self._settings, self._theta.dtype
        solver = settings.solver
        assert isinstance(solver, LBFGS)
        evaluate = lbfgs.objective(self.network, self._engine, self._whole_batch(), settings)
        before = self._theta.astype(np.float64)
        started = perf_counter()
        for found in lbfgs.minimize(evaluate, before, settings.max_iter, solver.max_fun, settings.tol):
            if not isinstance(found, lbfgs.Iterate):
                break
            self._theta = found.theta.astype(dtype)
            norms = layer_norms(self.network, found.gradient), layer_norms(self.network, found.theta - before)
            before = found.theta
            yield self._judge(found.loss, nan, *norms, started)
            if self.outcome != "running":
                return
            started = perf_counter()
        assert not isinstance(found, lbfgs.Iterate)
        self._theta = found.x.astype(dtype)
        if not isfinite(found.fun):
            unknown = np.full(len(self.network.layers), nan)
            yield self._judge(float(found.fun), nan, unknown, unknown, started)
            return
        self.complaint = lbfgs.complaint(found, settings.max_iter)
        self.outcome = "max_iter" if self.complaint else "converged"

    def _whole_batch(self) -> TrainingData:
        data, rows = self._data, self._order
        if len(rows) == len(data.Y):
            return data
        weight = None if data.sample_weight is None else data.sample_weight[rows]
        return TrainingData(data.X[rows], data.Y[rows], weight)

    def _judge(
        self,
        loss: float,
        rate: float,
        gradient_norms: NDArray[np.float64],
        update_norms: NDArray[np.float64],
        started: float,
    ) -> Epoch:
        """Evaluate, remember the best parameters, decide whether to stop; the epoch's record."""
        self._epochs += 1
        finite = _finite(loss, update_norms)
        if not finite and self._evaluator is None:
            self._diverge(loss, rate)
        value, validation_loss, validation_score = -loss, None, None
        if self._evaluator is not None:
            validation_loss, validation_score = self._evaluate(finite)
            value = self._value(validation_loss, validation_score)
            best = bool(value > self._peak)
            if best:
                self._peak, self._best_theta = value, self.theta
        else:
            best = bool(value > self._patience.best)
        watched = value if self._settings.watched == "validation" else -loss
        self._patience = self._patience.after(watched, float(self._settings.tol))
        note = self._decide(rate) if finite else self._stop_diverged(loss, rate)
        return Epoch(
            self._epochs,
            loss,
            rate,
            gradient_norms,
            update_norms,
            perf_counter() - started,
            validation_loss,
            validation_score,
            best,
            note,
        )

    def _evaluate(self, finite: bool) -> tuple[float, float | None]:
        assert self._evaluator is not None
        if not finite:
            return nan, nan if self._evaluator.scores else None
        return self._evaluator(self._session.theta if self._session is not None else self._theta)

    def _decide(self, rate: float) -> str:
        """Stop, or go on with a smaller rate, after too many epochs without improvement."""
        settings = self._settings
        if not self._patience.count > settings.n_iter_no_change:
            return ""
        if not settings.solver.stochastic and settings.watched == "loss":
            return ""
        what = "Validation score" if settings.watched == "validation" else "Training loss"
        note = (
            f"{what} did not improve more than tol={settings.tol:f} for {settings.n_iter_no_change} consecutive epochs."
        )
        slower = settings.schedule.after_plateau(self._rate)
        if slower is None:
            self.outcome, adaptive = "converged", isinstance(settings.schedule, Adaptive)
            return note + (" Learning rate too small. Stopping." if adaptive else " Stopping.")
        self._rate, self._patience = slower, Patience(0, self._patience.best)
        return f"{note} Setting learning rate to {slower:f}"

    def _diverge(self, loss: float, rate: float) -> NoReturn:
        self.outcome = "diverged"
        raise DivergenceError(self._diverged(loss, rate))

    def _diverged(self, loss: float, rate: float) -> str:
        what = "The parameters became non-finite" if isfinite(loss) else f"The training loss became {loss}"
        return divergence.message(what, max(self._epochs, 1), rate, self._data.X, self._data.Y)

    def _stop_diverged(self, loss: float, rate: float) -> str:
        self.outcome = "diverged"
        note = f"{self._diverged(loss, rate)} Training stops here; the best parameters before this epoch are kept."
        warnings.warn(note, ConvergenceWarning, stacklevel=6)
        return note


def _finite(loss: float, update_norms: NDArray[np.float64]) -> bool:
    return isfinite(loss) and isfinite(sum(update_norms.tolist()))
