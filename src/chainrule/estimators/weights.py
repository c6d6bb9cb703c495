"""Class weights: what they make of the weights of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_class_weight

from chainrule.estimators.targets import SEVERAL, LabelColumns, codes_of
from chainrule.formulas.lookup import Array

Weigh = Callable[[Array, Array | None], Array | None]


def unweighted(Y: Array, sample_weight: Array | None) -> Array | None:
    """Rows weigh what they weigh, whatever their class."""
    return sample_weight


def refuse_balanced(given: Iterable[Any]) -> None:
    """Raise ValueError if one of these class weights is a text ("balanced"), which goes by the data: for `partial_fit`."""
    if any(isinstance(one, str) for one in given):
        raise ValueError(
            "class_weight='balanced' is not supported for partial_fit, which does not know the data to come. Compute the "
            "weights from a sample, compute_class_weight('balanced', classes=classes, y=y), and pass them as a dict."
        )


class ClassWeights:
    """The weight of each class, for rows of encoded targets.

    "balanced" weights are scikit-learn's ``n / (n_classes * n_k)``, with sums of `sample_weight` in place of counts.

    Parameters
    ----------
    class_weight : dict, "balanced" or list of dict
        Weights by class label; for several label columns a list with one dict for each. Their weights are multiplied.
    labels : LabelBinarizer or LabelColumns
        Kind of the labels and classes.
    Y : ndarray of shape (n, K)
        Encoded training targets.
    sample_weight : ndarray of shape (n,) or None
        Weights of the training rows.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or a class label is unknown.
    """

    def __init__(
        self, class_weight: Any, labels: LabelBinarizer | LabelColumns, Y: Array, sample_weight: Array | None
    ) -> None:
        self._labels = labels
        columns = codes_of(labels, Y)
        given = _per_column(class_weight, len(columns), labels.y_type_ in ("multilabel-indicator", SEVERAL))
        self._tables = [
            _table(one, classes, codes, sample_weight) for one, (codes, classes) in zip(given, columns, strict=True)
        ]

    def __call__(self, Y: Array, sample_weight: Array | None) -> Array:
        """Weights of rows: those of their classes times their own."""
        columns = codes_of(self._labels, Y)
        weight = np.prod([table[codes] for table, (codes, _) in zip(self._tables, columns, strict=True)], axis=0)
        product: Array = (weight if sample_weight is None else weight * sample_weight).astype(Y.dtype)
        return product


def _per_column(given: Any, columns: int, several: bool) -> list[Any]:
    if isinstance(given, str):
        return [given] * columns
    if isinstance(given, dict) == several:
        raise ValueError(
            f"class_weight must be {'a list with a dict for each label column' if several else 'a dict by class label'} "
            f"for these targets, or 'balanced'; got {given!r}."
        )
    if not several:
        return [given]
    if len(given) != columns:
        raise ValueError(f"class_weight needs one dict for each of the {columns} label columns, got {len(given)}.")
    return list(given)


def _table(
    given: Any, classes: NDArray[Any], codes: NDArray[np.int64], sample_weight: Array | None
) -> NDArray[np.float64]:
    """The weight of each class, by code."""
    if isinstance(given, str):
        table = np.ones(len(classes))
        counted = codes if sample_weight is None else codes[sample_weight > 0]
        weights = None if sample_weight is None else sample_weight[sample_weight > 0]
        present = np.unique(counted)
        if len(present):
            table[present] = compute_class_weight(given, classes=present, y=counted, sample_weight=weights)
        return table
    wrong = {label: weight for label, weight in given.items() if not _is_weight(weight)}
    if wrong:
        raise ValueError(f"class_weight must hold finite numbers, at least 0; got {wrong}.")
    found: NDArray[np.float64] = compute_class_weight(given, classes=classes, y=classes)
    return found


def _is_weight(value: Any) -> bool:
    try:
        return bool(np.isfinite(value) and value >= 0)
    except TypeError:
        return False
