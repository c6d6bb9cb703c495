"""What a classifier does with class labels: encoding them, weighing them, choosing outputs, predicting labels again."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels

from chainrule.estimators.base import BaseMLP
from chainrule.estimators.outputs import (
    PROBABILITIES,
    border,
    class_output,
    decision,
    gives_probabilities,
    heads_of,
    probabilities,
    scoring_network,
)
from chainrule.estimators.parameters import NOT_FOR_CLASSES
from chainrule.estimators.scores import accuracy, subset_accuracy
from chainrule.estimators.targets import LabelColumns, decode, encode, labels_of
from chainrule.estimators.weights import ClassWeights, Weigh, refuse_balanced, unweighted
from chainrule.formulas.activations import get_activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, LossFamily, get_loss
from chainrule.network import Network
from chainrule.training.validation import Score


def probabilistic(estimator: Any) -> bool:
    """Whether there are probabilities: AttributeError if the outputs are none."""
    if not _gives_probabilities(estimator):
        raise AttributeError(
            f"{type(estimator).__name__} has probabilities only where its outputs are ('logistic' or 'softmax'), not with "
            f"loss={estimator.loss!r} and output_activation={estimator.output_activation!r}; it has decision_function."
        )
    return True


def scored(estimator: Any) -> bool:
    """Whether there is a decision function: AttributeError if there are probabilities, as in scikit-learn."""
    if _gives_probabilities(estimator):
        raise AttributeError(
            f"{type(estimator).__name__} with loss={estimator.loss!r} has no decision_function; use predict_proba."
        )
    return True


def _gives_probabilities(estimator: Any) -> bool:
    if hasattr(estimator, "network_"):
        return gives_probabilities(estimator.network_)
    try:
        output = class_output(estimator.output_activation, estimator.loss, "multiclass")
        return get_activation(output).name in PROBABILITIES.values()
    except (TypeError, ValueError):
        return True  # wrong parameters: fit says so


class LabellingMLP(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """Base of `MLPClassifier`: everything but its constructor."""

    classes_: Any
    n_outputs_: int
    out_activation_: str
    class_weight: Any
    output_activation: Any
    _label_binarizer: LabelBinarizer | LabelColumns
    _numeric_y = False

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The predicted labels.
        """
        found = [decode(labels, outputs, border(head)) for labels, head, outputs in self._by_column(X)]
        return found[0] if len(found) == 1 else np.stack(found, axis=1)

    def _by_column(self, X: Any) -> list[tuple[LabelBinarizer, Network, Array]]:
        """Labels, output head and outputs of each label column; kinds other than several columns count as one."""
        outputs = self._outputs(X)
        labels = self._label_binarizer
        if not isinstance(labels, LabelColumns):
            return [(labels, self.network_, outputs)]
        return list(zip(labels.columns, heads_of(self.network_), labels.parts(outputs), strict=True))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of rows whose label (whose labels, all of them) are predicted: the accuracy.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            From 0 to 1.
        """
        if isinstance(getattr(self, "_label_binarizer", None), LabelColumns):
            right = (self.predict(X) == np.asarray(y)).all(axis=1)
            return float(np.average(right, weights=sample_weight))
        return float(super().score(X, y, sample_weight))

    @available_if(probabilistic)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array | list[Array]:
        """Probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; for multilabel targets the probability of each label; for several columns of
            classes a list with an array for each.
        """
        found = [probabilities(head, labels.y_type_, outputs) for labels, head, outputs in self._by_column(X)]
        return found[0] if len(found) == 1 else found

    @available_if(probabilistic)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array | list[Array]:
        """Logarithm of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Logarithms, in the order of `classes_`; a list for several columns of classes.
        """
        found = self.predict_proba(X)
        return [np.log(one) for one in found] if isinstance(found, list) else np.log(found, out=found)

    @available_if(scored)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Array | list[Array]:
        """Scores of the classes, where the outputs are no probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes one score, positive for the second class of `classes_`; for several labels one score each,
            positive where the label is predicted; for more classes the largest counts. A list for several columns.
        """
        found = [decision(head, labels.y_type_, outputs) for labels, head, outputs in self._by_column(X)]
        return found[0] if len(found) == 1 else found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _encode_training(self, y: Any, dtype: Any, continued: bool, incremental: bool) -> Array:
        known = hasattr(self, "classes_")
        if not known or not (self.warm_start or incremental):
            self._label_binarizer = labels_of(y)
            self.classes_ = self._label_binarizer.classes_
        elif self.warm_start and not self._same_classes(y):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {unique_labels(y)}"
            )
        return self._encode(y, dtype)

    def _same_classes(self, y: Any) -> bool:
        # Encoding refuses other classes of several columns.
        return isinstance(self._label_binarizer, LabelColumns) or set(unique_labels(y)) == set(self.classes_)

    def _encode(self, y: Any, dtype: Any) -> Array:
        return encode(self._label_binarizer, y, dtype)

    def _before_partial_fit(self) -> None:
        super()._before_partial_fit()
        refuse_balanced([self.class_weight])

    def _weighting(self, Y: Array, sample_weight: Array | None) -> Weigh:
        if self.class_weight is None:
            return unweighted
        return ClassWeights(self.class_weight, self._label_binarizer, Y, sample_weight)

    def _objective(self) -> tuple[Any, str | Loss | LossFamily]:
        name = get_loss(self.loss).name
        if name in NOT_FOR_CLASSES:
            raise ValueError(f"loss {name!r} is made for numbers; to predict them, use MLPRegressor.")
        labels, given = self._label_binarizer, self.output_activation
        if not isinstance(labels, LabelColumns):
            return class_output(given, self.loss, labels.y_type_), self.loss
        kinds = [(1 if one.y_type_ == "binary" else len(one.classes_), one.y_type_) for one in labels.columns]
        heads = Heads(tuple(Head(units, class_output(given, self.loss, kind), self.loss) for units, kind in kinds))
        return heads, heads

    def _score_function(self, network: Network) -> Score | None:
        if scoring_network(network) is not network or isinstance(self._label_binarizer, LabelColumns):
            return None
        if self._label_binarizer.y_type_ == "multiclass":
            return accuracy
        return partial(subset_accuracy, border=border(network))

    def _stratify(self, Y: Array) -> NDArray[np.bool_] | None:
        return Y[:, 0].astype(bool) if Y.shape[1] == 1 else None
