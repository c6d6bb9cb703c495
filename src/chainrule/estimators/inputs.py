"""Checking X and y: scikit-learn's `validate_data`, with a short way for arrays that need no conversion.

An estimator that is to prepare X itself gets its columns as they are, once, to fit a `Preparation`; from then on, inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.utils.validation import _check_y, check_consistent_length, column_or_1d, validate_data

from chainrule.engines import refuse_damaged
from chainrule.estimators.cells import Cells, cells_of
from chainrule.estimators.preparation import fit_preparation

FLOATS = (np.float64, np.float32)


def training_arrays(estimator: Any, X: Any, y: Any, reset: bool, numeric_y: bool, name: str = "y") -> tuple[Any, Any]:
    """X and y as training needs them: X in C order or CSR, copied only for another precision or order; y as given.

    An estimator whose targets are no array of one kind reads them itself, by its method `_read_targets`. X is `Cells` where a
    preparation is still to be fitted.
    """
    dtype = FLOATS if estimator.dtype is None else np.dtype(estimator.dtype)
    if prepares(estimator) if reset else "preparation_" in vars(estimator):
        cells = _checked_cells(estimator, X, estimator.dtype, reset)
        targets = _targets(estimator, y, cells, reset, numeric_y, name)
        return cells if reset else estimator.preparation_.encode(cells), targets
    if reset:
        vars(estimator).pop("preparation_", None)
    elif prepares(estimator):
        raise ValueError(
            "categorical_features, allow_nan and scale_features belong to the first fit, and this one was without; start afresh "
            "with warm_start=False."
        )
    sparse = ["csr", "csc"]
    if hasattr(estimator, "_read_targets"):
        X = validate_data(estimator, X, accept_sparse=sparse, dtype=dtype, order="C", reset=reset)
        return in_rows(X), _targets(estimator, y, X, reset, numeric_y, name)
    if _ready(X, FLOATS if estimator.dtype is None else (dtype,)) and _ready_targets(y, len(X), numeric_y):
        if reset:
            estimator.n_features_in_ = X.shape[1]
            vars(estimator).pop("feature_names_in_", None)
        if X.shape[1] == estimator.n_features_in_ and not hasattr(estimator, "feature_names_in_"):
            return X, y
    checks: dict[str, Any] = {"accept_sparse": sparse, "multi_output": True, "y_numeric": numeric_y}
    X, y = validate_data(estimator, X, y, dtype=dtype, order="C", reset=reset, **checks)
    return in_rows(X), _single_column(y)


def _targets(estimator: Any, y: Any, X: Any, reset: bool, numeric_y: bool, name: str) -> Any:
    """The targets that belong to X, of the kind that the estimator reads."""
    if hasattr(estimator, "_read_targets"):
        y = estimator._read_targets(y, reset, name)
    elif y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None.")
    else:
        y = _single_column(_check_y(y, multi_output=True, y_numeric=numeric_y, estimator=estimator))
    check_consistent_length(X, y)
    return y


def _single_column(y: Any) -> Any:
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def prepares(estimator: Any) -> bool:
    """Whether an estimator is asked to prepare X."""
    own = vars(estimator)
    return own.get("categorical_features") is not None or bool(own.get("allow_nan") or own.get("scale_features"))


def _checked_cells(estimator: Any, X: Any, dtype: Any, reset: bool) -> Cells:
    """The columns of X, compared with those of `fit`."""
    if scipy.sparse.issparse(X):
        raise TypeError(
            "categorical_features, allow_nan and scale_features need dense data, but X is sparse; pass X.toarray(), or prepare "
            "it in a pipeline."
        )
    cells = cells_of(X, dtype)
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    return cells.named(getattr(estimator, "feature_names_in_", cells.names))


def fit_and_encode(estimator: Any, cells: Cells, rows: NDArray[np.int64] | None, weight: Any) -> Any:
    """X as inputs, by a preparation fitted on these rows (None for all) where their weight is not zero."""
    if weight is not None and not weight.all():
        rows = np.flatnonzero(weight) if rows is None else rows[weight[rows] > 0]
    asked = (estimator.categorical_features, estimator.allow_nan, estimator.scale_features)
    estimator.preparation_ = fit_preparation(cells, rows, *asked)
    return estimator.preparation_.encode(cells)


def prediction_rows(estimator: Any, X: Any, dtype: Any) -> Any:
    """X as prediction needs it; text is refused even where it says numbers, as in scikit-learn."""
    preparation = vars(estimator).get("preparation_")
    if preparation is not None:
        return preparation.encode(_checked_cells(estimator, X, dtype, False))
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
