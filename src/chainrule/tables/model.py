"""A model of a table: schema and network together, from raw cells to predictions.

`TableModel.fit` is the whole path; each step is one function of a neighbouring file. The test rows take no part in
anything before the final score, and only the training rows are looked at for levels, means and scales.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.tables import target as targets
from chainrule.tables.asking import checked
from chainrule.tables.encoding import Encoder, fit_columns
from chainrule.tables.evaluation import Evaluation, evaluate_classes, evaluate_numbers
from chainrule.tables.inference import infer_column
from chainrule.tables.learner import Rows, learn
from chainrule.tables.schema import ColumnSchema, TableSchema, TargetSchema
from chainrule.tables.settings import Choice, Settings, choose_settings
from chainrule.tables.splitting import Split, split
from chainrule.tables.summary import summarize
from chainrule.tables.table import Table
from chainrule.tables.verdict import verdict

MIN_ROWS = 10


@dataclass(frozen=True)
class Plan:
    """What is about to be trained, and why so.

    Attributes
    ----------
    schema : TableSchema
        Columns and target.
    sizes : dict
        Rows in "train", "validation" and "test".
    split : str
        How the rows were divided.
    settings : tuple of Choice
        Estimator parameters with reasons.
    notes : tuple of str
        What the data made necessary.
    """

    schema: TableSchema
    sizes: dict[str, int]
    split: str
    settings: tuple[Choice, ...]
    notes: tuple[str, ...]


class TableModel:
    """A fitted schema with a fitted estimator.

    Parameters
    ----------
    schema : TableSchema
        How cells become inputs.
    estimator : MLPClassifier or MLPRegressor
        Fitted on encoded rows.
    summary : dict
        What the training run was: sizes, seconds, scores, settings, loss curves; plain JSON data.
    test_rows : sequence of int, optional
        The rows (from 0) of the training table that were held out.

    Attributes
    ----------
    notes : list of str
        What the last call had to make do with (unseen categories, rows without a target).
    test_rows : ndarray of int
        The rows held out.
    """

    def __init__(
        self,
        schema: TableSchema,
        estimator: Any,
        summary: dict[str, Any],
        test_rows: Sequence[int] | NDArray[np.int64] = (),
    ) -> None:
        self.schema, self.estimator, self.summary = schema, estimator, summary
        self.notes: list[str] = []
        self.test_rows: NDArray[np.int64] = np.array(test_rows, dtype=np.int64)
        self.evaluation: Evaluation | None = None

    @classmethod
    def fit(
        cls,
        table: Any,
        target: str,
        *,
        task: str | None = None,
        hidden_layer_sizes: Sequence[int] | None = None,
        test_fraction: float = 0.2,
        seed: int = 0,
        drop: Sequence[str] = (),
        estimator_params: dict[str, Any] | None = None,
        on_start: Callable[[Plan], None] | None = None,
        on_epoch: Callable[[Any], None] | None = None,
    ) -> TableModel:
        """Infer the schema, hold out test rows, train, and score.

        Parameters
        ----------
        table : Table, polars.DataFrame or pandas.DataFrame
            The data; wherever the model takes a table, it takes these.
        target : str
            The column to predict.
        task : {None, "classification", "binary", "multiclass", "regression"}
            None infers the task.
        hidden_layer_sizes : sequence of int, optional
            Units of the hidden layers; None chooses by the size of the table.
        test_fraction : float, default=0.2
            Share of the rows held out for the final score; 0 for none.
        seed : int, default=0
            Seed of the split and of the network.
        drop : sequence of str
            Columns not to use.
        estimator_params : dict, optional
            Estimator parameters that overrule the chosen ones.
        on_start, on_epoch : callable, optional
            Called with the Plan before training and with each epoch's record during it.

        Raises
        ------
        TableError
            The table or the request does not allow a model; the message says what does.
        """
        if not 0 <= test_fraction < 1:
            raise TableError(f"test_fraction must be at least 0 and less than 1; found {test_fraction}.")
        table = Table.from_frame(table)
        notes: list[str] = []
        drafts, goal, rows = _understand(table, target, task, drop, notes)
        hidden = None if hidden_layer_sizes is None else tuple(hidden_layer_sizes)
        settings = choose_settings(round(rows.size * (1 - test_fraction)), hidden, checked(estimator_params, goal))
        codes = None if goal.task == "regression" else _codes(table.take(rows), goal)
        parts = split(rows, codes, test_fraction, settings.validation, seed)
        if settings.needs_validation and not parts.validation.size:
            raise TableError(
                f"{table.path}: of {parts.train.size} rows left to train on none can be held out for validation (a share of "
                f"{settings.validation:g}); choose a larger validation_fraction, a smaller test_fraction, or leave both "
                "validation_fraction and early_stopping out."
            )
        settings, train = settings.for_rows(parts.train.size), table.take(parts.train)
        schema = _schema(fit_columns(drafts, train), targets.fit_target(goal, train), parts, table)
        sizes = {"train": parts.train.size, "validation": parts.validation.size, "test": parts.test.size}
        plan = Plan(schema, sizes, parts.reason, settings.choices, tuple(notes))
        if on_start is not None:
            on_start(plan)
        return _train(cls, table, plan, settings, parts, seed, on_epoch)

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes, in the order of the probabilities; empty for regression."""
        return self.schema.target.classes

    def predict(self, table: Any) -> NDArray[Any]:
        """The predicted class or number of every row."""
        inputs = self._inputs(table)
        if self.schema.target.task != "regression":
            predicted: NDArray[Any] = self.estimator.predict(inputs)
            return predicted
        scaled = np.asarray(self.estimator.predict(inputs), dtype=np.float64)
        numbers: NDArray[np.float64] = scaled * self.schema.target.scale + self.schema.target.centre
        return numbers

    def predict_proba(self, table: Any) -> NDArray[np.float64]:
        """The probability of every class for every row, shape (N, K)."""
        if self.schema.target.task == "regression":
            raise TableError(f"target {self.schema.target.name!r} is a number: there are no class probabilities.")
        return np.asarray(self.estimator.predict_proba(self._inputs(table)), dtype=np.float64)

    def evaluate(self, table: Any) -> Evaluation:
        """Score the predictions against the target column; rows without a target are left out, and noted."""
        table, goal = Table.from_frame(table), self.schema.target
        rows = targets.known_rows(table, goal)
        if not rows.size:
            raise TableError(f"{table.path}, target column {goal.name!r}: all {len(table)} values are missing.")
        known = table if rows.size == len(table) else table.take(rows)
        if goal.task == "regression":
            result = evaluate_numbers(goal, targets.numbers_of(known, goal), self.predict(known))
        else:
            result = evaluate_classes(goal, targets.labels_of(known, goal), self.predict_proba(known))
        if rows.size < len(table):
            self.notes.append(f"{len(table) - rows.size:,} rows without a value of {goal.name!r} were left out.")
        return result

    def _inputs(self, table: Any) -> NDArray[np.float64]:
        self.notes = []
        return Encoder(self.schema).encode(Table.from_frame(table), self.notes)


def _codes(table: Table, goal: TargetSchema) -> NDArray[np.int64]:
    return targets.class_codes(targets.labels_of(table, goal), goal)


def _understand(
    table: Table, target: str, task: str | None, drop: Sequence[str], notes: list[str]
) -> tuple[tuple[ColumnSchema, ...], TargetSchema, NDArray[np.int64]]:
    """Column drafts, target draft, and the rows that have a target."""
    table.require([target, *drop])
    if target in drop:
        raise TableError(f"column {target!r} is the target; it cannot be dropped.")
    goal = targets.infer_target(table, target, task)
    rows = targets.known_rows(table, goal)
    if goal.missing:
        notes.append(f"{goal.missing:,} of {len(table):,} rows have no value of {target!r} and are left out.")
    if rows.size < MIN_ROWS:
        raise TableError(f"{table.path}: {rows.size} rows with a target are too few; at least {MIN_ROWS} are needed.")
    drafts = tuple(infer_column(table, name) for name in table.names if name != target)
    asked = tuple(replace(c, used=False, reason="dropped as asked") if c.name in drop else c for c in drafts)
    return asked, goal, rows


def _schema(columns: tuple[ColumnSchema, ...], goal: TargetSchema, parts: Split, table: Table) -> TableSchema:
    if not any(column.used for column in columns):
        told = "; ".join(f"{column.name!r}: {column.kind}, {column.reason}" for column in columns[:5])
        raise TableError(f"{table.path}: no column is of use to predict {goal.name!r} ({told or 'there is none'}).")
    return TableSchema(columns, goal, int(parts.train.size))


def _train(
    cls: type[TableModel],
    table: Table,
    plan: Plan,
    settings: Settings,
    parts: Split,
    seed: int,
    on_epoch: Callable[[Any], None] | None,
) -> TableModel:
    encoder, goal, notes = Encoder(plan.schema), plan.schema.target, list(plan.notes)

    def part(rows: NDArray[np.int64]) -> Rows:
        chosen = table.take(rows)
        return Rows(encoder.encode(chosen, []), targets.targets(chosen, goal))

    started = time.perf_counter()
    held = part(parts.validation) if parts.validation.size else None
    learned = learn(goal.task, settings, part(parts.train), held, seed, on_epoch)
    seconds = time.perf_counter() - started
    about = {"table": table.path, "rows": len(table), "sizes": plan.sizes, "split": plan.split, "seed": seed}
    summary = {**about, **summarize(learned, plan.settings), "seconds": seconds}
    model = cls(plan.schema, learned.estimator, summary, parts.test)
    if parts.test.size:
        model.evaluation = model.evaluate(table.take(parts.test))
        model.summary["test"] = model.evaluation.to_dict()
        notes += model.notes
    notes += verdict(learned.estimator, summary["loss_curve"], model.evaluation)
    model.notes = notes
    model.summary["notes"] = notes
    return model
