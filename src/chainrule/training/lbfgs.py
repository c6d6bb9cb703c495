"""L-BFGS: scipy's driver over the engine's loss and gradient, turned into an iterator over its iterations.

scipy calls back, a training is pulled: so scipy runs in a thread of its own that waits for the consumer after each
iteration. Loss and gradient are computed in the precision of the data, the search directions in float64 (scikit-learn's
way with scipy 1.17).
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from chainrule.engines import Engine, TrainingData
from chainrule.network import Network
from chainrule.training.settings import Settings

Vector = NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector]]


@dataclass(frozen=True)
class Iterate:
    """An accepted point of the search."""

    theta: Vector
    loss: float
    gradient: Vector


class _Abandoned(Exception):
    """The consumer does not want any more iterations."""


def objective(network: Network, engine: Engine, data: TrainingData, settings: Settings) -> Objective:
    """Loss as scikit-learn reports it, and the gradient of the summed loss: what scikit-learn hands to scipy."""
    weight, dtype = data.sample_weight, data.Y.dtype
    total = float(len(data.Y)) if weight is None else float(weight.sum())
    decay, n_threads = settings.alpha / total + settings.l2, settings.n_threads

    def evaluate(point: Vector) -> tuple[float, Vector]:
        theta = point.astype(dtype, copy=False)
        loss, gradient = engine.loss_and_gradient(network, theta, data.X, data.Y, weight, n_threads=n_threads)
        weights = theta[: network.n_weights]
        gradient[: network.n_weights] += decay * weights
        penalty = 0.5 * decay * float(weights @ weights)
        return network.objective.reported(loss, network.outputs) + penalty, np.asarray(gradient, np.float64)

    return evaluate


def minimize(
    evaluate: Objective, theta: Vector, max_iter: int, max_fun: int, tol: float
) -> Iterator[Iterate | scipy.optimize.OptimizeResult]:
    """Yield every iterate, then scipy's result."""
    handed_over: queue.SimpleQueue[Any] = queue.SimpleQueue()
    wanted = threading.Semaphore(0)
    abandoned = threading.Event()
    last: list[Vector] = []

    def counted(x: Vector) -> tuple[float, Vector]:
        if abandoned.is_set():
            raise _Abandoned
        value, gradient = evaluate(x)
        last[:] = [gradient]
        return value, gradient

    def watch(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        handed_over.put(Iterate(intermediate_result.x.copy(), float(intermediate_result.fun), last[0]))
        wanted.acquire()

    def work() -> None:
        options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
        try:
            handed_over.put(
                scipy.optimize.minimize(counted, theta, method="L-BFGS-B", jac=True, options=options, callback=watch)
            )
        except BaseException as error:
            handed_over.put(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    try:
        while isinstance(item := handed_over.get(), Iterate):
            yield item
            wanted.release()
        if isinstance(item, BaseException):
            raise item
        yield item
    finally:
        abandoned.set()
        wanted.release()
        thread.join()


def complaint(result: scipy.optimize.OptimizeResult, max_iter: int) -> str:
    """What scikit-learn warns when scipy did not converge; empty if it did."""
    if result.status == 0:
        return ""
    text = f"lbfgs failed to converge after {result.nit} iteration(s) (status={result.status}):\n{result.message}\n"
    if result.nit >= max_iter:
        text += f"\nIncrease the number of iterations to improve the convergence (max_iter={max_iter})."
    url = "https://scikit-learn.org/stable/modules/preprocessing.html"
    return f"{text}\nYou might also want to scale the data as shown in:\n    {url}"
