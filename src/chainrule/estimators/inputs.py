"""Checking X and y: scikit-learn's `validate_data`, with a short way for arrays that need no conversion."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils.validation import check_consistent_length, column_or_1d, validate_data

from chainrule.engines import refuse_damaged

FLOATS = (np.float64, np.float32)


def training_arrays(estimator: Any, X: Any, y: Any, reset: bool, numeric_y: bool, name: str = "y") -> tuple[Any, Any]:
    """X and y as training needs them: X in C order or CSR, copied only for another precision or order; y as given.

    An estimator whose targets are no array of one kind reads them itself, by its method `_read_targets`.
    """
    dtype = FLOATS if estimator.dtype is None else np.dtype(estimator.dtype)
    read = getattr(estimator, "_read_targets", None)
    if read is not None:
        columns = read(y, reset, name)
        X = validate_data(estimator, X, accept_sparse=["csr", "csc"], dtype=dtype, order="C", reset=reset)
        check_consistent_length(X, columns)
        return in_rows(X), columns
    if _ready(X, FLOATS if estimator.dtype is None else (dtype,)) and _ready_targets(y, len(X), numeric_y):
        if reset:
            estimator.n_features_in_ = X.shape[1]
            vars(estimator).pop("feature_names_in_", None)
        if X.shape[1] == estimator.n_features_in_ and not hasattr(estimator, "feature_names_in_"):
            return X, y
    sparse = ["csr", "csc"]
    checks: dict[str, Any] = {"accept_sparse": sparse, "multi_output": True, "y_numeric": numeric_y}
    X, y = validate_data(estimator, X, y, dtype=dtype, order="C", reset=reset, **checks)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return in_rows(X), y


def prediction_rows(estimator: Any, X: Any, dtype: Any) -> Any:
    """X as prediction needs it; text is refused even where it says numbers, as in scikit-learn."""
    if _ready(X, (dtype,)) and X.shape[1] == estimator.n_features_in_ and not hasattr(estimator, "feature_names_in_"):
        return X
    if isinstance(X, (list, tuple)):
        X = np.asarray(X)
    if getattr(getattr(X, "dtype", None), "kind", "") in ("U", "S"):
        raise ValueError(
            "X must be numbers, but it holds text: dtype='numeric' is not compatible with bytes or strings."
        )
    return in_rows(validate_data(estimator, X, accept_sparse=["csr", "csc"], dtype=dtype, order="C", reset=False))


def _ready(X: Any, dtypes: Any) -> bool:
    if type(X) is not np.ndarray or X.dtype not in dtypes or X.ndim != 2 or X.size == 0:
        return False
    return bool(X.flags.c_contiguous) and _finite(X)


def _ready_targets(y: Any, n_rows: int, numeric: bool) -> bool:
    if type(y) is not np.ndarray or y.ndim != 1 or len(y) != n_rows:
        return False
    return y.dtype.kind in "biu" or (y.dtype.kind == "U" and not numeric) or (y.dtype.kind == "f" and _finite(y))


def _finite(values: Any) -> bool:
    # An overflowing sum of finite values only leads to the longer way.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def in_rows(X: Any) -> Any:
    """Sparse matrices as CSR with sorted, unique indices (never changing the caller's); dense arrays as they are."""
    if not scipy.sparse.issparse(X):
        return X
    refuse_damaged(X)
    rows = X.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy() if rows is X else rows
        rows.sum_duplicates()
    return rows
