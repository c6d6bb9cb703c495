"""What a network with several kinds of targets does for each column: a head, encoded targets, predictions, a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import LabelBinarizer

from chainrule.estimators.columns import Columns, at
from chainrule.estimators.outputs import border, class_output, default_output, gives_probabilities, probabilities
from chainrule.estimators.parameters import NOT_FOR_CLASSES, NOT_FOR_NUMBERS
from chainrule.estimators.scores import accuracy, r2, subset_accuracy
from chainrule.estimators.targets import binarizer, decode, encode, kind_of
from chainrule.formulas.heads import Head
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, LossFamily, get_loss
from chainrule.network import Dense, Network
from chainrule.training.validation import Score

KINDS = ("class", "number")
DEFAULT_LOSSES = {"class": "log_loss", "number": "squared_error"}


@dataclass(frozen=True, eq=False)
class Task:
    """One column of the targets.

    Parameters
    ----------
    name : object
        Name of the column; of an array its place.
    type : object
        Data type of the column in its library.
    loss : str, Loss or LossFamily
        Loss of its head.
    weight : float
        Factor of that loss.
    labels : LabelBinarizer or None
        The classes; None for a column of numbers.
    centre, scale : float
        The head learns ``(y - centre) / scale``. `scale` is None until the training rows are known.
    """

    name: Any
    type: Any
    loss: str | Loss | LossFamily
    weight: float = 1.0
    labels: LabelBinarizer | None = None
    centre: float = 0.0
    scale: float | None = None

    @property
    def kind(self) -> str:
        """ "class" or "number"."""
        return "number" if self.labels is None else "class"

    @property
    def classes(self) -> NDArray[Any] | None:
        """The classes; None for numbers."""
        return None if self.labels is None else self.labels.classes_

    @property
    def head(self) -> Head:
        """Its output head."""
        if self.labels is None:
            return Head(1, default_output(self.loss), self.loss, self.weight)
        kind = self.labels.y_type_
        units = 1 if kind == "binary" else len(self.labels.classes_)
        return Head(units, class_output(None, self.loss, kind), self.loss, self.weight)

    @property
    def network(self) -> Network:
        """A network that has this head alone."""
        head = self.head
        return Network(1, (Dense(head.units, head.activation),), head.loss)

    def encode(self, values: NDArray[Any], dtype: Any, place: str = "y") -> Array:
        """Targets of shape (n, units); numbers are zeros until the scale is known.

        Raises
        ------
        ValueError
            If a class is unknown, or a value is none that this column holds; the message names the row.
        """
        if self.labels is None:
            numbers = self.numbers(values, place)
            scaled: Array = np.zeros(len(numbers)) if self.scale is None else (numbers - self.centre) / self.scale
            return scaled.astype(dtype).reshape(-1, 1)
        classes = self.labels.classes_
        alike = (values.dtype.kind == "U") == (classes.dtype.kind == "U")
        unknown = np.flatnonzero(~np.isin(values, classes)) if alike else np.arange(len(values))
        if len(unknown):
            row = int(unknown[0])
            raise ValueError(
                f"{at(place, row, self.name)}: class {values[row : row + 1].tolist()[0]!r} is not among the classes known, "
                f"{classes.tolist()}."
            )
        return encode(self.labels, values, dtype)

    def numbers(self, values: NDArray[Any], place: str = "y") -> NDArray[np.float64]:
        """The column as numbers."""
        if values.dtype.kind == "U":
            raise ValueError(
                f"{at(place, 0, self.name)}: found {str(values[0])!r}; this column is to be predicted as a number."
            )
        found = values.astype(np.float64)
        for wanted in get_loss(self.loss).target_ranges:
            wrong = np.flatnonzero(wanted.outside(found))
            if len(wrong):
                where = at(place, int(wrong[0]), self.name)
                raise ValueError(
                    f"{where}: found {found[wrong[0]]:g}; loss={wanted.loss!r} needs numbers {wanted.expected}."
                )
        return found

    def scaled(self, values: NDArray[Any], weight: Array | None) -> Task:
        """With mean and deviation of these training values.

        For a loss that asks for a range a column is not shifted: it is divided by its mean where that keeps the range, as for
        numbers >= 0, and left as it is otherwise.
        """
        if self.labels is not None or self.scale is not None:
            return self
        numbers = self.numbers(values)
        counted = None if weight is None or not weight.any() else weight.astype(np.float64)
        mean = float(np.average(numbers, weights=counted))
        deviation = float(np.sqrt(np.average((numbers - mean) ** 2, weights=counted)))
        # A constant column's deviation is rounding.
        constant = deviation <= 10 * np.finfo(np.float64).eps * abs(mean)
        if ranges := get_loss(self.loss).target_ranges:
            return replace(self, scale=abs(mean) or 1.0 if all(wanted.scalable for wanted in ranges) else 1.0)
        return replace(self, centre=mean, scale=1.0 if constant else deviation)

    def predicted(self, outputs: Array) -> NDArray[Any]:
        """Labels, or numbers on their own scale, from the head's outputs."""
        if self.labels is not None:
            return decode(self.labels, outputs, border(self.network))
        scale = 1.0 if self.scale is None else self.scale
        numbers: NDArray[np.float64] = outputs[:, 0].astype(np.float64) * scale + self.centre
        return numbers

    def probabilities(self, outputs: Array) -> Array | None:
        """Probabilities of the classes; None for numbers, and for a loss that gives none."""
        if self.labels is None or not gives_probabilities(self.network):
            return None
        return probabilities(self.network, self.labels.y_type_, outputs)

    @property
    def measure(self) -> Score:
        """Accuracy or R², from encoded targets and outputs."""
        if self.labels is None:
            return r2
        exclusive = self.labels.y_type_ == "multiclass"
        return accuracy if exclusive else partial(subset_accuracy, border=border(self.network))

    def score(self, values: NDArray[Any], predicted: NDArray[Any], weight: Any = None) -> float:
        """Accuracy or R², from values as given."""
        if self.labels is not None:
            self.encode(values, np.float64)
            return float(accuracy_score(values, predicted, sample_weight=weight))
        return float(r2_score(self.numbers(values), predicted, sample_weight=weight))


@dataclass(frozen=True, eq=False)
class MeanScore:
    """Mean of the columns' accuracies and R²s, from encoded targets and outputs.

    Parameters
    ----------
    measures : tuple of callable
        The score of each column.
    units : tuple of int
        The outputs of each column.
    """

    measures: tuple[Score, ...]
    units: tuple[int, ...]

    def __call__(self, Y: Array, outputs: Array, sample_weight: Any = None) -> float:
        """The score; nan where the outputs are not finite."""
        ends = np.cumsum(self.units)[:-1]
        parts = zip(self.measures, np.split(Y, ends, axis=1), np.split(outputs, ends, axis=1), strict=True)
        return float(np.mean([measure(ys, predicted, sample_weight) for measure, ys, predicted in parts]))


def per_column(parameter: str, given: Any, names: Sequence[Any]) -> list[Any]:
    """The entry of each column of a parameter that is None, one text for all, a list, or a dict by column name.

    Raises
    ------
    ValueError
        If it names another column, or is a list of another length.
    """
    if given is None or isinstance(given, (str, Loss, LossFamily)):
        return [given] * len(names)
    if isinstance(given, dict):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ValueError(f"{parameter} names {unknown}, but the columns of y are {list(names)}.")
        return [given.get(name) for name in names]
    entries = list(given)
    if len(entries) != len(names):
        raise ValueError(
            f"{parameter}, as a list, needs one entry for each of the {len(names)} columns of y, {list(names)}; got "
            f"{len(entries)}."
        )
    return entries


def tasks_of(estimator: Any, columns: Columns, classes: list[Any] | None = None) -> tuple[Task, ...]:
    """The tasks that the parameters make of the columns.

    Parameters
    ----------
    estimator : MLPMultiTask
        Its parameters `tasks`, `losses` and `loss_weights` count.
    columns : Columns
        The targets.
    classes : list or None
        The classes of each column, None for numbers; None takes those there are.

    Raises
    ------
    ValueError
        If a parameter is wrong, or a loss is not for that kind of column; the message names the column.
    """
    names = columns.names
    wanted, losses, weights = (
        per_column(one, getattr(estimator, one), names) for one in ("tasks", "losses", "loss_weights")
    )
    found: list[Task] = []
    for place, (name, values) in enumerate(zip(names, columns.values, strict=True)):
        kind = _kind(name, values, wanted[place])
        labels = _labels(name, kind, values, None if classes is None else classes[place], classes is not None)
        found.append(_with_loss(Task(name, columns.types[place], "", 1.0, labels), losses[place], weights[place]))
    return tuple(found)


def going_on(estimator: Any, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """The same tasks with the losses and weights that the parameters ask for now.

    Raises
    ------
    ValueError
        If one does not go with what its column is.
    """
    names = [task.name for task in tasks]
    losses, weights = (per_column(one, getattr(estimator, one), names) for one in ("losses", "loss_weights"))
    return tuple(_with_loss(*part) for part in zip(tasks, losses, weights, strict=True))


def _with_loss(task: Task, loss: Any, weight: Any) -> Task:
    changed = replace(
        task, loss=DEFAULT_LOSSES[task.kind] if loss is None else loss, weight=1.0 if weight is None else weight
    )
    _refuse_misfit(changed)
    return changed


def _labels(name: Any, kind: str, values: NDArray[Any], classes: Any, incremental: bool) -> LabelBinarizer | None:
    if kind == "number":
        if classes is not None:
            raise ValueError(f"classes are given for column {name!r}, but it is a column of numbers; give None for it.")
        return None
    if incremental and classes is None:
        raise ValueError(
            f"classes must be passed on the first call to partial_fit; those of column {name!r} are missing."
        )
    return labels_with(np.unique(values) if classes is None else distinct(classes))


def distinct(classes: Any) -> NDArray[Any]:
    """Classes as the user lists them: each once, in order, and in an array of objects as what they are."""
    listed = np.asarray(classes)
    return np.unique(listed.tolist() if listed.dtype.kind == "O" else listed)


def _refuse_misfit(task: Task) -> Head:
    try:
        loss = get_loss(task.loss).name
        if loss in (NOT_FOR_NUMBERS if task.labels is None else NOT_FOR_CLASSES):
            raise ValueError(f"loss {loss!r} is not for a {task.kind} column.")
        if _leaves_its_range(task):
            raise ValueError(f"loss {loss!r} cannot go on where another one has standardised the column; start afresh.")
        return task.head
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {task.name!r} of y: {error}") from None


def _leaves_its_range(task: Task) -> bool:
    """Whether centre and scale, learned with another loss, take a column out of the range that this one asks for."""
    ranges = get_loss(task.loss).target_ranges if task.labels is None else ()
    rescaled = task.scale not in (None, 1.0)
    return bool(ranges) and (task.centre != 0 or (rescaled and not all(wanted.scalable for wanted in ranges)))


def _kind(name: Any, values: NDArray[Any], wanted: Any) -> str:
    if wanted is None or (isinstance(wanted, str) and wanted == "auto"):
        return "number" if values.dtype.kind in "iuf" else "class"
    if wanted not in KINDS:
        raise ValueError(f"tasks: column {name!r} must be 'class', 'number' or 'auto'; got {wanted!r}.")
    if wanted == "number" and values.dtype.kind == "U":
        raise ValueError(
            f"tasks: column {name!r} is said to be 'number', but it holds text, {str(values[0])!r} in row 0."
        )
    return str(wanted)


def labels_with(classes: NDArray[Any]) -> LabelBinarizer:
    """Labels of one column with these classes, in order."""
    return binarizer(kind_of(classes), classes)
