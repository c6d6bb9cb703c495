"""Between the training loop and those who watch it: `verbose`, scikit-learn's callbacks, progress displays."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from chainrule.errors import DivergenceError
from chainrule.estimators.state import curves, learned, resumable
from chainrule.training import Epoch, Training
from chainrule.training.recording import Failure, Recorder, recorder_of


class Watch:
    """Runs a training to its end for an estimator and gives it its fitted attributes."""

    def __init__(self, estimator: Any, given: tuple[Any, Any, Any], callbacks: Iterable[Any]) -> None:
        X, y, weight = given
        self._estimator, self._callbacks = estimator, list(callbacks)
        self._data = {"X": X, "y": y, "metadata": {} if weight is None else {"sample_weight": weight}}

    def run_in_context(self, training: Training, continued: bool, context: Any) -> None:
        """Run with scikit-learn's callbacks: one task for the fit, one subtask for each epoch."""
        watching: dict[str, Any] = {"estimator": self._estimator, **self._data} if self._callbacks else {}
        if watching:
            context.call_on_fit_task_begin(**watching)
        self._run(training, continued, context if watching else None, watching)
        if watching:
            context.call_on_fit_task_end(**watching, reconstruction_attributes=dict)

    def run(self, training: Training, continued: bool) -> None:
        """One epoch of many calls; it is recorded where its number is due, since none of them is the last."""
        self._run(training, continued, None, {}, whole=False)

    def _run(
        self, training: Training, continued: bool, context: Any, watching: dict[str, Any], whole: bool = True
    ) -> None:
        """Train until the training, a callback or the user's Ctrl-C ends it."""
        epochs: list[Epoch] = []
        recorder = recorder_of(training, vars(self._estimator).get("_recording") if continued else None, whole)
        try:
            if self._watched(context):
                self._epochs(training, epochs, context, watching, recorder)
            else:
                self._groups(training, epochs, recorder)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        except DivergenceError as error:
            error.failure = self._failure(training, epochs, recorder)
            raise
        finally:
            training.close()
        self._conclude(training, epochs, continued, recorder)

    def _watched(self, context: Any) -> bool:
        estimator = self._estimator
        return context is not None or bool(estimator.verbose) or getattr(estimator, "_on_epoch", None) is not None

    def _groups(self, training: Training, epochs: list[Epoch], recorder: Recorder | None) -> None:
        """Nobody looks between epochs but the recorder."""
        check = getattr(self._estimator, "_check", None)
        while training.outcome == "running":
            found = training.run(None if recorder is None else recorder.ahead, check)
            if not found:
                return
            epochs += found
            if recorder is not None:
                recorder.after(found[-1].number)

    def _epochs(
        self,
        training: Training,
        epochs: list[Epoch],
        context: Any,
        watching: dict[str, Any],
        recorder: Recorder | None,
    ) -> None:
        estimator = self._estimator
        verbose, on_epoch = estimator.verbose, getattr(estimator, "_on_epoch", None)
        check = getattr(estimator, "_check", None)
        task = self._begun(context, watching)

        def present() -> dict[str, Any]:
            return learned(training, training.theta)

        for epoch in training:
            epochs.append(epoch)
            if recorder is not None:
                recorder.after(epoch.number)
            if check is not None:
                check()
            if verbose:
                report(epoch, len(epochs))
            if on_epoch is not None:
                on_epoch(epoch)
            if task is None:
                continue
            if task.call_on_fit_task_end(**watching, reconstruction_attributes=present):
                return
            more = training.outcome == "running" and len(epochs) < estimator.max_iter
            task = self._begun(context, watching) if more else None
        if task is not None:
            task.call_on_fit_task_end(estimator=estimator)

    @staticmethod
    def _begun(context: Any, watching: dict[str, Any]) -> Any:
        return None if context is None else context.subcontext(task_name="epoch").call_on_fit_task_begin(**watching)

    def _failure(self, training: Training, epochs: list[Epoch], recorder: Recorder | None) -> Failure | None:
        if recorder is None:
            return None
        recording = recorder.give_up()
        parameters = self._estimator.get_params(deep=False)
        return Failure(type(self._estimator).__name__, parameters, training.network, tuple(epochs), recording)

    def _conclude(self, training: Training, epochs: list[Epoch], continued: bool, recorder: Recorder | None) -> None:
        estimator = self._estimator
        theta = training.best_theta
        vars(estimator).update(learned(training, theta))
        state = training.standing
        vars(estimator).update(curves(estimator, epochs, continued, state.peak))
        vars(estimator).update(resumable(training, state))
        vars(estimator)["n_iter_"] = len(epochs)
        if recorder is not None:
            vars(estimator)["_recording"] = recorder.conclude()


def report(epoch: Epoch, number: int) -> None:
    """Print an epoch in scikit-learn's words."""
    print(f"Iteration {number}, loss = {epoch.loss:.8f}")
    if epoch.validation_score is not None:
        print(f"Validation score: {epoch.validation_score:f}")
    elif epoch.validation_loss is not None:
        print(f"Validation loss: {epoch.validation_loss:f}")
    if epoch.note:
        print(epoch.note)
