"""Class labels to numbers and back, by scikit-learn's rules; one pass over y, straight into the engine's precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import type_of_target, unique_labels

from chainrule.formulas.lookup import Array

SEVERAL = "multiclass-multioutput"


@dataclass(frozen=True)
class LabelColumns:
    """Several columns of class labels, each with classes of its own (scikit-learn's "multiclass-multioutput").

    Parameters
    ----------
    columns : list of LabelBinarizer
        What each column holds.
    """

    columns: list[LabelBinarizer]

    y_type_: ClassVar[str] = SEVERAL

    @property
    def classes_(self) -> list[NDArray[Any]]:
        """The classes of each column."""
        return [column.classes_ for column in self.columns]

    def parts(self, outputs: Array) -> list[Array]:
        """The outputs (or encoded targets) of each column: one for two classes, else one for each class."""
        ends = np.cumsum([1 if column.y_type_ == "binary" else len(column.classes_) for column in self.columns])
        return np.split(outputs, ends[:-1], axis=1)


def label_columns(classes: Any) -> LabelColumns:
    """Columns of labels with these classes, one array for each column."""
    return LabelColumns([labels_of(np.unique(np.asarray(given))) for given in classes])


def several_columns(classes: Any) -> bool:
    """Whether classes are given for several columns: a list of lists or arrays."""
    return isinstance(classes, (list, tuple)) and len(classes) > 0 and np.ndim(classes[0]) == 1


def labels_of(y: Any) -> LabelBinarizer | LabelColumns:
    """What kind of labels y holds and which, as scikit-learn's `LabelBinarizer` records it.

    Raises
    ------
    ValueError
        If y does not hold class labels.
    """
    kind, classes = _plain_labels(y)
    if classes is None:
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind == SEVERAL:
            return label_columns([np.unique(column) for column in np.asarray(y).T])
        if "multioutput" in kind:
            raise ValueError("Multioutput target data is not supported with label binarization")
        classes = unique_labels(y)
    return binarizer(kind, classes, scipy.sparse.issparse(y))


def binarizer(kind: str, classes: NDArray[Any], sparse: bool = False) -> LabelBinarizer:
    """scikit-learn's record of labels of that kind, as if it had been fitted."""
    labels = LabelBinarizer()
    labels.y_type_, labels.sparse_input_, labels.classes_ = kind, sparse, classes
    return labels


def kind_of(classes: NDArray[Any]) -> str:
    """The kind of one column of labels that has these classes."""
    return "binary" if len(classes) <= 2 else "multiclass"


def _plain_labels(y: Any) -> tuple[str, NDArray[Any] | None]:
    # The common case, decided without scikit-learn's general and slower analysis (which also warns of too many).
    if not isinstance(y, np.ndarray) or y.ndim != 1 or y.dtype.kind not in "biuU":
        return "", None
    classes = np.unique(y)
    return kind_of(classes), (classes if 2 * len(classes) <= len(y) else None)


def encode(labels: LabelBinarizer | LabelColumns, y: Any, dtype: Any) -> Array:
    """Targets of shape (n, K): 0/1 for binary and multilabel, one-hot for multiclass; side by side for several columns.

    Raises
    ------
    ValueError
        If y holds a label that is not among the classes, or has another number of labels.
    """
    if isinstance(labels, LabelColumns):
        given = np.asarray(y)
        if given.ndim != 2 or given.shape[1] != len(labels.columns):
            raise ValueError(
                f"y must hold {len(labels.columns)} label columns, as at the first fit; got {given.shape}."
            )
        parts = [encode(one, column, dtype) for one, column in zip(labels.columns, given.T, strict=True)]
        return np.concatenate(parts, axis=1)
    classes = labels.classes_
    if labels.y_type_ == "multilabel-indicator":
        dense = y.toarray() if scipy.sparse.issparse(y) else np.asarray(y)
        if dense.ndim != 2 or dense.shape[1] != len(classes):
            raise ValueError(f"y must hold {len(classes)} label columns, as at the first fit; got shape {dense.shape}.")
        return np.ascontiguousarray(dense != 0, dtype)
    if np.ndim(y) != 1:
        raise ValueError("The object was not fitted with multilabel input.")
    codes = np.searchsorted(classes, y)
    codes[codes == len(classes)] = 0
    unknown = classes[codes] != y
    if np.any(unknown):
        raise ValueError(
            f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. 'y' has {np.unique(y)}."
        )
    if labels.y_type_ == "binary":
        encoded: Array = codes.astype(dtype).reshape(-1, 1)
        return encoded
    onehot: Array = np.zeros((len(codes), len(classes)), dtype)
    onehot[np.arange(len(codes)), codes] = 1
    return onehot


def codes_of(labels: LabelBinarizer | LabelColumns, Y: Array) -> list[tuple[NDArray[np.int64], NDArray[Any]]]:
    """For each label column the codes of encoded targets, shape (n,), and the classes that they count."""
    if isinstance(labels, LabelColumns):
        return [codes_of(one, part)[0] for one, part in zip(labels.columns, labels.parts(Y), strict=True)]
    if labels.y_type_ == "multilabel-indicator":
        return [(column.astype(np.int64), np.arange(2)) for column in Y.T]
    return [(Y[:, 0].astype(np.int64) if labels.y_type_ == "binary" else Y.argmax(axis=1), labels.classes_)]


def decode(labels: LabelBinarizer, outputs: Array, border: float = 0.5) -> NDArray[Any]:
    """Predicted labels from the network's outputs: the largest, or those above the border."""
    classes = labels.classes_
    if labels.y_type_ == "multiclass":
        predicted: NDArray[Any] = classes[outputs.argmax(axis=1)]
        return predicted
    above = (outputs > border).astype(np.int64)
    if labels.y_type_ == "binary":
        return np.repeat(classes, len(above)) if len(classes) == 1 else classes[above[:, 0]]
    return scipy.sparse.csr_matrix(above) if labels.sparse_input_ else above
