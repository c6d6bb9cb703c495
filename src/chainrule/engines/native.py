"""The native engine: hands arrays to C++ (src/native). No arithmetic here.

The kernels' instruction set is the fastest this processor has; the environment variable CHAINRULE_KERNELS (portable, avx2,
avx512) chooses another. Results are the same bits for any number of threads, but not for different instruction sets.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import _native
from chainrule.engines import description
from chainrule.engines.arrays import checked_state, refuse_damaged
from chainrule.engines.base import PLAIN, Brake, EpochResult, GroupResult, StepSettings, TrainingData
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import Solver, State
from chainrule.network import Network

# Columns of a group's table before the norms, as in src/native/group.hpp.
TOLD = 4
KERNELS_VARIABLE = "CHAINRULE_KERNELS"


def kernels() -> str:
    """Name of the instruction set in use.

    Raises
    ------
    ValueError
        If CHAINRULE_KERNELS names one that this processor or build does not have.
    """
    available = _native.available_kernels()
    wanted = os.environ.get(KERNELS_VARIABLE)
    if wanted and wanted not in available:
        raise ValueError(f"{KERNELS_VARIABLE}={wanted!r} is not available on this processor; it has {available}.")
    return wanted or available[0]


def _single(dtype: Any) -> bool:
    return bool(np.dtype(dtype) == np.float32)


def _rows(X: Any, dtype: Any) -> Any:
    """`X` as the native engine reads it: no copy if it is C-contiguous, or CSR, and of that precision.

    Raises
    ------
    ValueError
        If a sparse matrix names a column that it does not have.
    """
    kind = _native.RowsF32 if _single(dtype) else _native.RowsF64
    if not hasattr(X, "tocsr"):
        return kind.dense(np.ascontiguousarray(X, dtype))
    csr = X.tocsr()
    refuse_damaged(csr)
    if not csr.has_sorted_indices:
        csr = csr.sorted_indices()
    return kind.sparse(
        csr.indptr.astype(np.int64, copy=False),
        csr.indices.astype(np.int32, copy=False),
        csr.data.astype(dtype, copy=False),
    )


def _trainer(
    network: Network, data: TrainingData, solver: Solver | None, step: StepSettings, n_threads: int, dtype: Any
) -> Any:
    """The C++ side of a training; without a solver it only computes gradients."""
    return (_native.TrainerF32 if _single(dtype) else _native.TrainerF64)(
        description.shape(network),
        description.settings(network, solver, step),
        n_threads,
        kernels(),
        _rows(data.X, dtype),
        np.ascontiguousarray(data.Y, dtype),
        None if data.sample_weight is None else np.ascontiguousarray(data.sample_weight, dtype),
    )


def _bits(stream: np.random.RandomState) -> Any:
    """The bits that a stream draws from, if C++ may permute in its place; else None.

    The stream is locked meanwhile. The global one serves whoever asks next, so only the main thread may lock it for long.
    """
    if type(stream) is not np.random.RandomState:
        return None
    bits: Any = stream._bit_generator
    everybodys: Any = np.random.get_bit_generator()  # type: ignore[attr-defined]
    return None if bits is everybodys and threading.current_thread() is not threading.main_thread() else bits


class _Workers:
    """The threads of predictions, lent to one at a time.

    They stay: a thread made for one prediction begins on its caller's processor and often ends there, having done nothing.
    """

    def __init__(self) -> None:
        self._lock, self._threads = threading.Lock(), 0

    @contextmanager
    def lent(self, threads: int) -> Iterator[Any]:
        """The workers, or None where others have them (or had them when this process was forked): then one makes its own."""
        if threads < 2 or not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            if self._threads != threads:
                self._threads, self._pool = threads, _native.Workers(threads)
            yield self._pool
        finally:
            self._lock.release()


class NativeSession:
    """A training in progress inside the native engine."""

    def __init__(
        self,
        engine: NativeEngine,
        network: Network,
        theta: Array,
        data: TrainingData,
        solver: Solver,
        settings: StepSettings,
        n_threads: int,
        state: State | None,
        t: int,
        carried: float,
    ) -> None:
        self._engine, self._network, self._slots, self._n_threads = engine, network, solver.slots, n_threads
        self._dtype = theta.dtype
        self._trainer = _trainer(network, data, solver, settings, n_threads, theta.dtype)
        self._trainer.set_theta(np.ascontiguousarray(theta))
        self._trainer.steps, self._trainer.carried = t, carried
        vectors = solver.init(theta) if state is None else checked_state(state, self._slots, theta)
        for place, vector in enumerate(vectors.values()):
            if vector.any():
                self._trainer.set_state(place, vector)

    def epoch(self, order: NDArray[np.int64], rates: NDArray[np.float64], batch_size: int) -> EpochResult:
        """Train on the rows `order` in batches; see `Session.epoch`."""
        total, rows, gradients, updates = self._trainer.epoch(order, rates, batch_size)
        return EpochResult(total / rows if rows else 0.0, rows, np.array(gradients), np.array(updates))

    def group(
        self,
        order: NDArray[np.int64],
        rates: NDArray[np.float64],
        batch_size: int,
        stream: np.random.RandomState | None,
        most: int,
        brake: Brake,
    ) -> GroupResult | None:
        """Several epochs in one call; see `Session.group`."""
        bits: Any = None if stream is None else _bits(stream)
        if stream is not None and bits is None:
            return None
        layers, order = len(self._network.layers), order.copy()
        table = np.empty((most, TOLD + 2 * layers))
        with nullcontext() if bits is None else bits.lock:
            done, count, best, interruption = self._trainer.epochs(
                order,
                rates,
                batch_size,
                None if bits is None else bits.capsule,
                table,
                brake.tol,
                brake.patience,
                brake.count,
                brake.best,
                brake.seconds,
            )
        losses, rows, seconds, better = table[:done, :TOLD].T.tolist()
        norms = table[:done, TOLD:].copy()
        told = norms[:, :layers], norms[:, layers:]
        return GroupResult(losses, seconds, better, int(sum(rows)), *told, order, int(count), best, interruption)

    def predict(self, X: Any) -> Array:
        """Output activations with the present parameters."""
        return self._engine.predict(self._network, self.theta, X, self._n_threads)

    @property
    def theta(self) -> Array:
        """A copy of the present parameters."""
        theta: Array = np.empty(self._network.n_parameters, self._dtype)
        self._trainer.get_theta(theta)
        return theta

    @property
    def state(self) -> State:
        """A copy of the solver's state vectors."""
        state: State = {slot: np.empty(self._network.n_parameters, self._dtype) for slot in self._slots}
        for place, vector in enumerate(state.values()):
            self._trainer.get_state(place, vector)
        return state

    @property
    def t(self) -> int:
        """Steps taken since the solver's state was made."""
        return int(self._trainer.steps)

    @property
    def carried(self) -> float:
        """`Solver.carried` of the last step."""
        return float(self._trainer.carried)


class NativeEngine:
    """The fast twin of the reference engine."""

    name = "native"

    def __init__(self) -> None:
        self._workers = _Workers()

    def refusal(self, network: Network, dtype: Any, solver: Solver | None = None) -> str | None:
        """Why this engine cannot do it, or None if it can."""
        if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
            return f"it computes in float32 or float64, not in {np.dtype(dtype)}."
        return description.unknown(network, solver)

    def predict(self, network: Network, theta: Array, X: Any, n_threads: int = 1) -> Array:
        """Output activations, shape (N, K). A row's result does not depend on the rows around it."""
        out: Array = np.empty((X.shape[0] if hasattr(X, "shape") else len(X), network.outputs), theta.dtype)
        network, theta = description.folded(network, theta)
        rows = _rows(X, theta.dtype)
        with self._workers.lent(n_threads) as workers:
            described, packed = description.shape(network), np.ascontiguousarray(theta)
            _native.predict(described, packed, rows, out, n_threads, kernels(), workers)
        return out

    def loss_and_gradient(
        self,
        network: Network,
        theta: Array,
        X: Any,
        Y: Any,
        sample_weight: Any = None,
        alpha: float = 0.0,
        n_threads: int = 1,
        l2: float = 0.0,
    ) -> tuple[float, Array]:
        """The objective and its gradient."""
        step = StepSettings(alpha=alpha, l2=l2)
        trainer = _trainer(
            description.undropped(network), TrainingData(X, Y, sample_weight), None, step, n_threads, theta.dtype
        )
        trainer.set_theta(np.ascontiguousarray(theta))
        gradient: Array = np.empty_like(theta)
        return float(trainer.gradient(gradient)), gradient

    def session(
        self,
        network: Network,
        theta: Array,
        data: TrainingData,
        solver: Solver,
        settings: StepSettings = PLAIN,
        n_threads: int = 1,
        state: State | None = None,
        t: int = 0,
        carried: float = 0.0,
    ) -> NativeSession:
        """Begin or resume a training."""
        return NativeSession(self, network, theta, data, solver, settings, n_threads, state, t, carried)
