"""`MLPMultiTask`: one network for a table of targets, columns of classes and columns of numbers side by side."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from chainrule.engines import TrainingData
from chainrule.estimators.base import BaseMLP, stochastic
from chainrule.estimators.columns import Columns, read_columns, table_of
from chainrule.estimators.guard import unchanged_on_error
from chainrule.estimators.parameters import CONSTRAINTS
from chainrule.estimators.regressor import MLPRegressor
from chainrule.estimators.targets import LabelColumns
from chainrule.estimators.tasks import MeanScore, Task, distinct, going_on, per_column, tasks_of
from chainrule.estimators.weights import ClassWeights, Weigh, refuse_balanced, unweighted
from chainrule.formulas.heads import Heads
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, LossFamily
from chainrule.network import Network
from chainrule.training.validation import Score

# Each column has a loss and an output of its own.
NOT_SHARED = ("self", "loss", "output_activation")
SHARED = {name: one for name, one in signature(MLPRegressor.__init__).parameters.items() if name not in NOT_SHARED}
OWN = ("hidden_layer_sizes", "activation", "tasks", "losses", "loss_weights", "class_weight")


def _with_shared(init: Callable[..., None]) -> Callable[..., None]:
    """Show the parameters behind ``**parameters`` in the signature, where scikit-learn (clone, searches) looks for them."""
    own = [one for one in signature(init).parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    others = [one for one in SHARED.values() if one.name not in OWN]
    vars(init)["__signature__"] = signature(init).replace(parameters=[*own, *others])
    return init


def _with_classes(estimator: Any) -> bool:
    """Whether there are classes to have probabilities: AttributeError where all columns are numbers, or before `fit`."""
    tasks = getattr(estimator, "tasks_", ())
    if all(task.kind == "number" for task in tasks):
        found = "all its columns are numbers" if tasks else "fit it first"
        raise AttributeError(f"this {type(estimator).__name__} has no probabilities: {found}.")
    return True


class MLPMultiTask(BaseMLP):
    """Multi-layer perceptron for several targets of any kind: columns of classes and of numbers on one network.

    ``y`` is a data frame (pandas, polars), an array or a list of rows, with a column for each target. Each column gets an
    output head: softmax or logistic with the cross-entropy for classes, identity with the squared error for numbers. The
    objective is the sum of the heads' losses, each times its weight (several tasks share the hidden layers: Caruana 1997,
    "Multitask Learning").

    Columns of numbers are standardised inside, by mean and deviation (with sample weights) of the rows trained on, so that no
    head dominates by its units: predicting the mean costs 1/2 in each. Predictions are on the columns' own scales; losses and
    learning curves are on the standardised one. `partial_fit` takes mean and deviation from its first call, a warm-started
    `fit` keeps those it has.

    Parameters
    ----------
    hidden_layer_sizes, activation : optional
        As in `MLPRegressor`.
    tasks : 'auto', list or dict, default='auto'
        What each column is: 'class', 'number' or 'auto'. A list has an entry for each column, a dict names columns (of an
        array, their places); columns left out are 'auto'. By itself a column of numbers, whole ones too, is 'number'; text,
        truth values and categories are 'class'.
    losses : str, Loss, list, dict or None, default=None
        Loss of each column, of the kinds that `MLPClassifier` or `MLPRegressor` takes; None is 'log_loss' for classes and
        'squared_error' for numbers. Numbers with 'poisson', or another loss for numbers >= 0, are divided by
        their mean in place of being standardised; with a loss for another range of numbers they are left as they are.
    loss_weights : list, dict or None, default=None
        Factor of each column's loss, above 0; None is 1.
    class_weight : 'balanced', list, dict or None, default=None
        For each column of classes a dict of weights by class, or 'balanced'; None for a column without. They are weights of
        rows, as in scikit-learn for several outputs: a row weighs the product of them, in every column's loss.
    **parameters : optional
        All other parameters of `MLPRegressor`, by name: `solver`, `alpha`, `early_stopping`, `categorical_features`,
        `allow_nan`, `scale_features`, ... `scoring` as a callable gets ``(estimator, X, y)`` with y as a table of the kind
        given.

    Attributes
    ----------
    tasks_ : tuple of Task
        What was learned of each column: name, kind, classes or scale, loss, weight.
    classes_ : list of ndarray or None
        The classes of each column, None for numbers.
    n_outputs_ : int
        Number of outputs of the network, over all heads.
    network_, theta_, coefs_, loss_curve_, preparation_, ... : object
        As in `MLPRegressor`; the default validation score is that of `score`.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import MLPMultiTask
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> y = [["up" if x > 0 else "down", 1000 * x] for x in X[:, 0]]
    >>> model = MLPMultiTask(8, solver="lbfgs", max_iter=500, random_state=0).fit(X, y)
    >>> label, number = model.predict([[0.5]])[0]
    >>> label, round(number, -1)
    ('up', 500.0)
    """

    tasks_: tuple[Task, ...]
    classes_: list[Any]
    _library: str
    _numeric_y = False
    _parameter_constraints = {name: kinds for name, kinds in CONSTRAINTS.items() if name not in NOT_SHARED} | {
        "tasks": [str, list, tuple, dict],
        "losses": [str, Loss, LossFamily, list, tuple, dict, None],
        "loss_weights": ["array-like", dict, None],
        "class_weight": [str, list, tuple, dict, None],
    }

    @_with_shared
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        tasks: Any = "auto",
        losses: Any = None,
        loss_weights: Any = None,
        class_weight: Any = None,
        **parameters: Any,
    ) -> None:
        unknown = set(parameters) - set(SHARED)
        if unknown:
            raise TypeError(f"MLPMultiTask has no parameter {', '.join(map(repr, sorted(unknown)))}.")
        self._store({name: parameters.get(name, one.default) for name, one in SHARED.items()})
        own = (hidden_layer_sizes, activation, tasks, losses, loss_weights, class_weight)
        self._store(dict(zip(OWN, own, strict=True)))

    @available_if(stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPMultiTask:
        """Go on training for one epoch over the given data.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        y : {data frame, array, list of rows} of shape (n_samples, n_columns)
            The targets. The first call decides what the columns are, and takes mean and deviation of the numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.
        classes : list or dict, default=None
            For each column of classes all there will ever be, None for numbers; or a dict by column name. Needed at the first
            call if there are classes.

        Returns
        -------
        self : object
            The model, trained one epoch more.
        """
        with unchanged_on_error(self):
            self._before_partial_fit()
            self._know_classes(y, classes)
            self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> Any:
        """Predict all columns.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : data frame or ndarray of shape (n_samples, n_columns)
            Of the library, with the names and types that `fit` was given, and X's index if both are of pandas; columns of whole
            numbers are predicted as floats. An array of objects, if it was that or a list of rows; one column without a table
            as such.
        """
        values = [task.predicted(outputs) for task, outputs in self._by_column(X)]
        types = [task.type for task in self.tasks_]
        return table_of(self._library, [task.name for task in self.tasks_], types, values, like=X)

    @available_if(_with_classes)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> list[Array | None]:
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        probabilities : list of ndarray of shape (n_samples, n_classes) or None
            For each column, in the order of its `classes_`; None for numbers, and for a loss without probabilities.
        """
        return [task.probabilities(outputs) for task, outputs in self._by_column(X)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean over the columns of accuracy (classes) and R² (numbers).

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        y : {data frame, array, list of rows} of shape (n_samples, n_columns)
            The true targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            1 for perfect predictions.
        """
        return float(np.mean(list(self.scores(X, y, sample_weight).values())))

    def scores(self, X: Any, y: Any, sample_weight: Any = None) -> dict[Any, float]:
        """Accuracy or R² of each column, by name; parameters as of `score`."""
        by_column = self._by_column(X)
        columns = self._read_targets(y, False)
        parts = zip(by_column, columns.values, strict=True)
        return {task.name: task.score(true, task.predicted(out), sample_weight) for (task, out), true in parts}

    def _by_column(self, X: Any) -> list[tuple[Task, Array]]:
        outputs = self._outputs(X)
        ends = np.cumsum([task.head.units for task in self.tasks_])[:-1]
        return list(zip(self.tasks_, np.split(outputs, ends, axis=1), strict=True))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output, tags.target_tags.single_output = True, False
        return tags

    @property
    def _least_validation_rows(self) -> int:  # type: ignore[override]
        """R² compares with the spread of the targets."""
        return 2 if any(task.kind == "number" for task in self.tasks_) else 1

    def _read_targets(self, y: Any, fresh: bool, place: str = "y") -> Columns:
        columns = read_columns(y, place)
        return columns if fresh else columns.arranged(tuple(task.name for task in self.tasks_), self._library, place)

    def _learn_tasks(self, columns: Columns, classes: list[Any] | None = None) -> None:
        self.tasks_, self._library = tasks_of(self, columns, classes), columns.library
        self.classes_ = [task.classes for task in self.tasks_]

    def _know_classes(self, y: Any, classes: Any) -> None:
        """At the first call of `partial_fit`, the classes of all calls; later they must be the same or left out."""
        if not hasattr(self, "coefs_"):
            columns = read_columns(y)
            self._learn_tasks(columns, per_column("classes", classes, columns.names))
            return
        given = per_column("classes", classes, [task.name for task in self.tasks_])
        for task, one in zip(self.tasks_, given, strict=True):
            known = () if task.classes is None else task.classes
            if one is not None and not np.array_equal(distinct(one), known):
                raise ValueError(
                    f"`classes` of column {task.name!r} is not the same as on last call to partial_fit, was: {task.classes!r}"
                )

    def _encode_training(self, y: Columns, dtype: Any, continued: bool, incremental: bool) -> Array:
        if continued:
            self.tasks_ = going_on(self, self.tasks_)
        elif not incremental:
            self._learn_tasks(y)
        return self._encode(y, dtype)

    def _encode(self, y: Columns, dtype: Any) -> Array:
        parts = [task.encode(values, dtype, y.place) for task, values in zip(self.tasks_, y.values, strict=True)]
        return np.concatenate(parts, axis=1)

    def _know_training_rows(self, data: TrainingData, y: Columns, rows: NDArray[np.int64] | None) -> None:
        if all(task.kind == "class" or task.scale is not None for task in self.tasks_):
            return
        chosen = slice(None) if rows is None else rows
        weight = None if data.sample_weight is None else data.sample_weight[chosen]
        parts = zip(self.tasks_, y[chosen].values, strict=True)
        self.tasks_ = tuple(task.scaled(values, weight) for task, values in parts)
        data.Y[...] = self._encode(y, data.Y.dtype)  # this fit's own array, from _encode_training

    def _before_partial_fit(self) -> None:
        super()._before_partial_fit()
        given = self.class_weight
        refuse_balanced(
            given.values() if isinstance(given, dict) else [given] if isinstance(given, str) else given or ()
        )

    def _weighting(self, Y: Array, sample_weight: Array | None) -> Weigh:
        if self.class_weight is None:
            return unweighted
        given = per_column("class_weight", self.class_weight, [task.name for task in self.tasks_])
        return _row_weights(self.tasks_, given, isinstance(self.class_weight, str), Y, sample_weight)

    def _objective(self) -> tuple[Any, str | Loss | LossFamily]:
        heads = Heads(tuple(task.head for task in self.tasks_))
        return heads, heads

    def _score_function(self, network: Network) -> Score:
        return MeanScore(tuple(task.measure for task in self.tasks_), tuple(task.head.units for task in self.tasks_))

    def _stratify(self, Y: Array) -> NDArray[np.bool_] | None:
        alone = Y.shape[1] == 1 and self.tasks_[0].kind == "class"
        return Y[:, 0].astype(bool) if alone else None


def _row_weights(
    tasks: tuple[Task, ...], given: list[Any], for_all: bool, Y: Array, sample_weight: Array | None
) -> Weigh:
    """Class weights of the columns of classes; `for_all` if one word was given for all columns."""
    ends = np.cumsum([task.head.units for task in tasks])
    places: list[int] = []
    for task, one, end in zip(tasks, given, ends, strict=True):
        if task.kind == "class":
            places.extend(range(end - task.head.units, end))
        elif one is not None and not for_all:
            raise ValueError(f"class_weight is given for column {task.name!r}, but it is a column of numbers.")
        wrong = one is not None and not isinstance(one, dict) and one != "balanced"
        if wrong:
            raise ValueError(
                f"class_weight of column {task.name!r} must be a dict by class or 'balanced'; got {one!r}."
            )
    columns = [(task.labels, {} if one is None else one) for task, one in zip(tasks, given, strict=True) if task.labels]
    if not columns:
        return unweighted
    labels = LabelColumns([one for one, _ in columns])
    weights = ClassWeights([table for _, table in columns], labels, Y[:, places], sample_weight)
    return lambda Y, sample_weight: weights(Y[:, places], sample_weight)
