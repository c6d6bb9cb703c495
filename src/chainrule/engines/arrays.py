"""Checking the arrays that users hand to a network: shapes, precision, row numbers, weights. Copies only to convert."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import TrainingData
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import State
from chainrule.network import Network

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
MOST_THREADS = 4096


def checked_theta(network: Network, theta: Any) -> Array:
    """Parameters as an array of shape (P,); whole numbers become float64.

    Raises
    ------
    ValueError
        If they have another shape or are neither float32 nor float64.
    """
    found: Array = np.asarray(theta)
    if found.dtype.kind in "biu":
        found = found.astype(np.float64)
    if found.dtype not in FLOATS:
        raise ValueError(f"theta must be float32 or float64, got {found.dtype}.")
    network.views(found)
    return found


def checked_threads(n_threads: Any) -> int:
    """The number of threads.

    Raises
    ------
    ValueError
        If it is not a whole number from 1 to 4096.
    """
    if not isinstance(n_threads, Integral) or not 1 <= int(n_threads) <= MOST_THREADS:
        raise ValueError(f"n_threads must be a whole number from 1 to {MOST_THREADS}, got {n_threads!r}.")
    return int(n_threads)


def checked_inputs(network: Network, X: Any, dtype: Any, what: str = "X") -> Any:
    """Inputs in the engines' form: a C-contiguous array or a CSR matrix of that precision.

    Raises
    ------
    ValueError
        If they are not numbers or do not have shape (n, inputs).
    """
    X = _numbers(X, dtype, what)
    if X.ndim != 2 or X.shape[1] != network.inputs:
        raise ValueError(f"{what} must have shape (n, {network.inputs}) for this network, got {X.shape}.")
    return X


def _numbers(values: Any, dtype: Any, what: str) -> Any:
    if np.iscomplexobj(values):
        raise ValueError(f"{what} must hold real numbers, got complex ones.")
    try:
        with np.errstate(over="ignore"):
            if hasattr(values, "tocsr"):
                refuse_damaged(values)
                return values.tocsr().astype(dtype, copy=False)
            return np.ascontiguousarray(values, dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must be an array of numbers: {error}") from None


def refuse_damaged(X: Any) -> None:
    """Check that a compressed sparse matrix names no column (for CSC: row) that it does not have; scipy itself would crash.

    Raises
    ------
    ValueError
        If it does.
    """
    size = {"csr": X.shape[-1], "csc": X.shape[0]}.get(X.format)
    if size is None or not len(X.indices):
        return
    low, high = X.indices.min(), X.indices.max()
    if low < 0 or high >= size:
        name = "column" if X.format == "csr" else "row"
        raise ValueError(
            f"the sparse matrix is damaged: {name} indices from {low} to {high}, but it has {size} {name}s."
        )


def finite(values: Any) -> bool:
    """Whether all values (of a sparse matrix: all stored ones) are finite; mostly decided by their sum."""
    stored = values.data if hasattr(values, "tocsr") else values
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(stored.sum()) or np.isfinite(stored).all())


def prepared(network: Network, X: Any, y: Any, sample_weight: Any, dtype: Any, where: str = "") -> TrainingData:
    """Data in the engines' form; `where` is put before the names in messages.

    Raises
    ------
    ValueError
        If the shapes do not go with the network or with each other, or if there are no rows.
    """
    X = checked_inputs(network, X, dtype, f"{where}X")
    Y: Array = _numbers(y, dtype, f"{where}y")
    Y = Y.reshape(-1, 1) if Y.ndim == 1 else Y
    if Y.shape != (X.shape[0], network.targets):
        raise ValueError(
            f"{where}y must hold encoded targets of shape ({X.shape[0]}, {network.targets}) (one-hot for softmax, 0/1 "
            f"for logistic outputs), got {np.shape(y)}."
        )
    if not len(Y):
        raise ValueError(f"{where}X has no rows; at least one is needed.")
    return TrainingData(X, Y, None if sample_weight is None else _weights(sample_weight, len(Y), dtype, where))


def _weights(given: Any, n_rows: int, dtype: Any, where: str) -> Array:
    weight: Array = _numbers(given, dtype, f"{where}sample_weight")
    if weight.shape != (n_rows,):
        raise ValueError(f"{where}sample_weight must have shape ({n_rows},), got {weight.shape}.")
    if not finite(weight) or weight.min() < 0:
        raise ValueError(f"{where}sample_weight must be finite and not negative.")
    if not weight.any():
        raise ValueError(f"{where}sample_weight is zero for every row; at least one must be positive.")
    return weight


def refuse_non_finite(data: TrainingData, where: str = "") -> None:
    """Check that inputs and targets are finite.

    Raises
    ------
    ValueError
        If not; the message says which.
    """
    for name, values in (("X", data.X), ("y", data.Y)):
        if not finite(values):
            raise ValueError(f"{where}{name} must be finite in {values.dtype}; it holds NaN or infinity.")


def checked_rows(rows: Any, n_rows: int, where: str = "") -> NDArray[np.int64]:
    """Row numbers as an array; a mask of booleans is one way to give them.

    Raises
    ------
    ValueError
        If there are none, or one is not in ``range(n_rows)``.
    """
    found = np.asarray(rows)
    if found.dtype.kind == "b" and found.shape == (n_rows,):
        found = np.flatnonzero(found)
    if found.ndim != 1 or not found.size or found.dtype.kind not in "iu":
        raise ValueError(
            f"{where}rows must be one list of whole numbers, at least one, or a mask of {n_rows} booleans; got shape "
            f"{found.shape} of {found.dtype}."
        )
    if found.min() < 0 or found.max() >= n_rows:
        raise ValueError(
            f"{where}rows must lie between 0 and {n_rows - 1}, got numbers from {found.min()} to {found.max()}."
        )
    return np.ascontiguousarray(found, np.int64)


def checked_state(state: State, slots: tuple[str, ...], theta: Array) -> State:
    """The solver's vectors, each as long as theta and of its precision.

    Raises
    ------
    ValueError
        If one is missing or of another length.
    """
    missing = [slot for slot in slots if slot not in state]
    if missing:
        raise ValueError(f"the solver's state lacks {missing[0]!r}; it holds {sorted(state)}.")
    vectors = {slot: np.ascontiguousarray(state[slot], theta.dtype) for slot in slots}
    for slot, vector in vectors.items():
        if vector.shape != theta.shape:
            raise ValueError(
                f"the solver's state {slot!r} has shape {vector.shape}, expected {theta.shape}, one number per parameter."
            )
    return vectors
