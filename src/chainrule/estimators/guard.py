"""Refusing what cannot be fitted, and leaving an estimator as it was when fitting fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse
from sklearn import get_config


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Give the estimator its attributes back if the block raises; scikit-learn's callbacks clean up after themselves."""
    own = vars(estimator)
    before = dict(own)
    try:
        yield
    except BaseException:
        callbacks = {name: value for name, value in own.items() if "callback" in name}
        own.clear()
        own.update(before)
        own.update(callbacks)
        raise


def validate_parameters(estimator: Any) -> None:
    """Check the constructor parameters, unless scikit-learn is configured not to."""
    if not get_config()["skip_parameter_validation"]:
        estimator._validate_params()


def refuse_labels(estimator: Any, y: Any, name: str = "y") -> None:
    """Check that targets for a regressor are numbers.

    Raises
    ------
    ValueError
        If they are text that does not say numbers.
    """
    if scipy.sparse.issparse(y) or getattr(getattr(y, "dtype", None), "kind", "O") not in "USO":
        return
    try:
        given = np.asarray(y)
    except ValueError:
        return  # ragged; scikit-learn's validation says so
    if given.dtype.kind not in "USO":
        return
    try:
        given.astype(np.float64)
    except (TypeError, ValueError):
        text = next((value for value in given.ravel() if isinstance(value, (str, bytes))), None)
        if text is not None:
            raise ValueError(
                f"{name} must be numbers for {type(estimator).__name__}, but it holds {str(text)!r}; to predict labels, "
                "use MLPClassifier."
            ) from None
