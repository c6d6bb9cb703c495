"""Rosenblatt's perceptron: a network without hidden layers, the perceptron loss, batches of one row.

It is here for what it teaches: it finds a separating line if there is one, after a bounded number of corrections, and never
settles if there is none (XOR). The engines compute; this file checks the data and decides when to stop.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from chainrule.engines import ENGINES, choose
from chainrule.estimators.corrections import LEAST_RATE, MOST_RATE, Corrections
from chainrule.estimators.guard import unchanged_on_error, validate_parameters
from chainrule.estimators.inputs import in_rows, prediction_rows
from chainrule.estimators.targets import encode, labels_of
from chainrule.estimators.weights import ClassWeights
from chainrule.formulas.lookup import Array


class Perceptron(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Rosenblatt's perceptron (lecture 001, "This is a perceptron"; lecture 004, "Perceptron Learning Algorithm").

    For every row in turn: ``z = x . w + b``, prediction ``step(z)`` (1 where z > 0), correction
    ``w += eta0 * (y - step(z)) * x``, ``b += eta0 * (y - step(z))``. It stops after the first pass without a correction. If a
    hyperplane through the origin of ``(x, 1)`` separates the classes with margin g and no row is longer than R, there are at
    most ``(R / g)**2`` corrections (Novikoff 1962); if none does, there is always another one, and `fit` warns.
    More than two classes: one perceptron for each against the others.

    Parameters
    ----------
    eta0 : float, default=1.0
        Learning rate. Starting from zero weights it scales them and changes no prediction.
    max_iter : int, default=1000
        Most passes over the rows of a call to `fit`.
    shuffle : bool, default=False
        Whether to permute the rows before each pass. (scikit-learn's default is True.) The lectures' tables take the rows in
        order; shuffle rows that are sorted by class.
    random_state : int, RandomState instance or None, default=None
        Source of the permutations.
    class_weight : dict, 'balanced' or None, default=None
        Weights of classes; they and `sample_weight` multiply the learning rate for a row, in all one-vs-rest problems alike.
    engine : {'auto', 'native', 'reference'}, default='auto'
        What computes.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Biases.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    mistakes_ : list of int
        Corrections in every pass; the last is 0 if the rule came to rest. With more than two classes summed over all
        perceptrons.
    n_iter_ : int
        Passes of the last call.
    network_ : Network
        The network as plain data.
    engine_ : str
        The engine that trained it.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X has names that are all strings.

    Notes
    -----
    Differences from `sklearn.linear_model.Perceptron`: a score of exactly 0 counts as class 0 and is corrected only for rows of
    class 1 (there: always), training ends at the first pass without corrections and at nothing else (there: when the loss stops
    improving by `tol`), intercepts learn at full rate on sparse data too, and there is no penalty. Lecture 004 counts a score
    of 0 as class 1 and draws rows at random.

    Examples
    --------
    >>> from chainrule import Perceptron
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> model = Perceptron().fit(X, [0, 0, 0, 1])
    >>> model.mistakes_, model.coef_.tolist(), model.intercept_.tolist()
    ([1, 3, 3, 2, 1, 0], [[2.0, 1.0]], [-2.0])
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "engine": [StrOptions({"auto", *ENGINES})],
    }

    def __init__(
        self,
        *,
        eta0: float = 1.0,
        max_iter: int = 1000,
        shuffle: bool = False,
        random_state: Any = None,
        class_weight: Any = None,
        engine: str = "auto",
    ) -> None:
        self.eta0 = eta0
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.class_weight = class_weight
        self.engine = engine

    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> Perceptron:
        """Correct the weights until a pass needs no correction.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,)
            The class labels.
        coef_init, intercept_init : array-like, default=None
            Where to start, in the shapes of `coef_` and `intercept_`; zeros by default.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the learning rate; rows of weight zero are absent rows.

        Returns
        -------
        self : object
            The fitted model.
        """
        with unchanged_on_error(self):
            validate_parameters(self)
            X, y = self._checked(X, y, reset=True)
            labels = labels_of(y)
            if len(labels.classes_) < 2:
                raise ValueError(f"Perceptron needs at least two classes; y holds one class only: {labels.classes_}.")
            self.classes_ = labels.classes_
            weights = self._first_weights(X.shape[1], coef_init, intercept_init)
            running = self._corrections(X, y, labels, weights, sample_weight)
            self.mistakes_: list[int] = []
            complaint = self._passes(running, self.max_iter)
        if complaint:
            warnings.warn(complaint, ConvergenceWarning, stacklevel=2)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Perceptron:
        """One pass over these rows, from the weights there are.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,)
            The class labels.
        classes : array-like of shape (n_classes,), default=None
            All classes there will ever be; needed at the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the learning rate.

        Returns
        -------
        self : object
            The model after one pass more; `mistakes_` grows by one.
        """
        with unchanged_on_error(self):
            validate_parameters(self)
            if isinstance(self.class_weight, str):
                raise ValueError(
                    f"class_weight={self.class_weight!r} is not supported by partial_fit, which does not see all rows at "
                    "once; give a dict of weights."
                )
            first = _check_partial_fit_first_call(self, classes)
            if len(self.classes_) < 2:
                raise ValueError(f"Perceptron needs at least two classes; classes holds {len(self.classes_)}.")
            X, y = self._checked(X, y, reset=first)
            weights = self._first_weights(X.shape[1], None, None) if first else (self.coef_, self.intercept_)
            running = self._corrections(X, y, labels_of(self.classes_), weights, sample_weight)
            self.mistakes_ = [] if first else list(self.mistakes_)
            self._passes(running, 1)
        return self

    def decision_function(self, X: Any) -> Array:
        """Scores ``z = x . w + b``.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes one score, above 0 for ``classes_[1]``; else one for each class.
        """
        check_is_fitted(self)
        X = prediction_rows(self, X, np.float64)
        theta = self.network_.pack([np.asarray(self.coef_, np.float64).T], [np.asarray(self.intercept_, np.float64)])
        scores = choose(self.engine, self.network_, theta.dtype).predict(self.network_, theta, X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict class labels: ``step(z)``, or the class with the highest score.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The predicted labels.
        """
        scores = self.decision_function(X)
        codes = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(np.int64)
        predicted: NDArray[Any] = self.classes_[codes]
        return predicted

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(self, X, y, accept_sparse=["csr", "csc"], dtype=np.float64, order="C", reset=reset)
        return in_rows(X), y

    def _first_weights(self, features: int, coef: Any, intercept: Any) -> tuple[Array, Array]:
        outputs = 1 if len(self.classes_) == 2 else len(self.classes_)
        first = []
        for name, given, shape in (("coef", coef, (outputs, features)), ("intercept", intercept, (outputs,))):
            values = np.zeros(shape) if given is None else np.asarray(given, np.float64)
            if values.size != np.prod(shape) or not np.isfinite(values).all():
                raise ValueError(f"{name}_init must hold finite numbers, shape {shape}; got shape {values.shape}.")
            first.append(values.reshape(shape))
        return first[0], first[1]

    def _corrections(
        self, X: Any, y: Any, labels: LabelBinarizer, weights: tuple[Array, Array], sample_weight: Any
    ) -> Corrections:
        Y = encode(labels, y, np.float64)
        weight: Array | None = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if self.class_weight is not None:
            weight = ClassWeights(self.class_weight, labels, Y, weight)(Y, weight)
        if weight is not None and not weight.any():
            raise ValueError("class_weight times sample_weight is zero for every row; at least one must be positive.")
        rates = np.full(len(Y), float(self.eta0)) * (1.0 if weight is None else weight)
        wrong = rates[(rates > 0) & ((rates < LEAST_RATE) | (rates > MOST_RATE))]
        if len(wrong):
            raise ValueError(
                f"eta0 times the weight of a row must lie between {LEAST_RATE} and {MOST_RATE}; found {wrong[0]}."
            )
        return Corrections(self.engine, X, Y, rates, *weights)

    def _passes(self, running: Corrections, most: int) -> str:
        """Up to that many passes; why they did not suffice, or nothing."""
        rng, order = check_random_state(self.random_state), running.rows
        landmark, cycle = (0, running.weights), ""
        for passes in range(1, most + 1):
            if self.shuffle:
                order = order[rng.permutation(len(order))]
            counts = running.epoch(order)
            self.mistakes_.append(int(counts.sum()))
            if not counts.any():
                break
            if not self.shuffle and not cycle:
                cycle = running.returned_to(landmark, passes)
                # Landmarks at passes 1, 2, 4, 8, ... find a cycle of any length (Brent 1980).
                landmark = (passes, running.weights) if passes >= 2 * landmark[0] else landmark
        self.coef_, self.intercept_ = running.weights
        self.network_, self.engine_, self.n_iter_ = running.network, running.engine, passes
        return self._complaint(counts, len(order), cycle)

    def _complaint(self, counts: NDArray[np.int64], rows: int, cycle: str) -> str:
        if not counts.any():
            return ""
        which = "" if len(counts) == 1 else f" (for the classes {list(self.classes_[counts > 0])} against the others)"
        why = cycle or (
            "Either no hyperplane separates the classes, then no number of passes is enough, or the margin is so narrow that "
            f"more than max_iter={self.max_iter} passes are needed."
        )
        return (
            f"Perceptron: in the last of {self.n_iter_} passes over {rows} rows there were still {counts.sum()} "
            f"corrections{which}. {why} An MLPClassifier, with hidden layers, may separate them."
        )
