"""What both estimators share: checking the data, training, the fitted attributes, predicting. Nothing numerical."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from chainrule.engines import TrainingData, choose
from chainrule.estimators import parameters
from chainrule.estimators.guard import refuse_labels, unchanged_on_error, validate_parameters
from chainrule.estimators.inputs import prediction_rows, training_arrays
from chainrule.estimators.state import Fitted
from chainrule.estimators.watching import Watch
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss
from chainrule.formulas.solvers import Solver
from chainrule.network import Dense, Network
from chainrule.training import Settings, Training, TrainingState, Validation, default_threads, hold_out
from chainrule.training.validation import Score

# Below this many multiplications one thread is at least as fast, and finding out how many threads there are costs more.
SMALL_PREDICTION = 2_000_000
NO_SET = (None, None, None)


class BaseMLP(CallbackSupportMixin, Fitted, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of `MLPClassifier` and `MLPRegressor`."""

    _parameter_constraints = parameters.CONSTRAINTS

    loss: str | Loss
    _numeric_y = True
    _least_validation_rows = 1

    def _store(self, given: dict[str, Any]) -> None:
        """Set the constructor parameters, from the constructor's `locals()`."""
        self.__dict__.update({name: value for name, value in given.items() if name != "self"})

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:
        """Fit the model to data matrix X and target(s) y.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values (class labels in classification, real numbers in regression).
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.
        X_val, y_val : array-like, default=None
            A validation set of your own. Its loss and score are recorded after each epoch and the best epoch's
            parameters are kept; with `early_stopping` it takes the place of the part of X that would be set aside.
        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Its sample weights.

        Returns
        -------
        self : object
            The fitted model.
        """
        with unchanged_on_error(self):
            validate_parameters(self)
            return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    def _before_partial_fit(self) -> None:
        if not hasattr(self, "coefs_"):
            validate_parameters(self)
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, held: tuple[Any, Any, Any] = NO_SET, incremental: bool = False
    ) -> Any:
        given = (X, y, sample_weight)
        layers = parameters.hidden_layers(self.hidden_layer_sizes, self.activation)
        continued = hasattr(self, "coefs_") and (self.warm_start or incremental)
        if self._numeric_y:
            refuse_labels(self, y)
        X, y = training_arrays(self, X, y, not continued, self._numeric_y)
        Y = self._encode_training(y, X.dtype, continued, incremental)
        data = TrainingData(X, Y, self._checked_weight(sample_weight, X))
        rng = check_random_state(self.random_state)
        network = self._network(X.shape[1], layers, Y.shape[1])
        theta, resume = self._first_theta(network, layers, X.dtype, continued, rng)
        solver = parameters.solver_of(self)
        rows, validation = self._validation(data, held, rng, solver)
        training = Training(
            network,
            theta,
            data,
            choose(self.engine, network, X.dtype, solver if solver.stochastic else None),
            self._settings(solver, validation, incremental),
            rng,
            rows=rows,
            validation=validation,
            resume=resume,
        )
        watch = Watch(self, given, () if incremental else getattr(self, "_skl_callbacks", ()))
        if incremental:
            watch.run(training, continued)
        else:
            watch.run_in_context(training, continued, self._init_callback_context(max_subtasks=self.max_iter))
            if training.complaint:
                warnings.warn(training.complaint, ConvergenceWarning, stacklevel=4)
        return self

    def _settings(self, solver: Solver, validation: Validation | None, incremental: bool) -> Settings:
        return Settings(
            solver=solver,
            schedule=parameters.schedule_of(self),
            learning_rate_init=float(self.learning_rate_init),
            alpha=float(self.alpha),
            batch_size=self.batch_size,
            max_iter=1 if incremental else self.max_iter,
            shuffle=self.shuffle,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            watched="validation" if self.early_stopping and validation is not None else "loss",
            n_threads=default_threads() if self.n_threads is None else self.n_threads,
        )

    def _network(self, inputs: int, layers: tuple[Dense, ...], outputs: int) -> Network:
        return Network(inputs, (*layers, Dense(outputs, self._output_activation())), self.loss)

    def _first_theta(
        self, network: Network, layers: tuple[Dense, ...], dtype: Any, continued: bool, rng: np.random.RandomState
    ) -> tuple[Array, TrainingState | None]:
        """Where training starts: drawn, or what the last call left."""
        if continued:
            theta, state = self._going_on(network)
            return theta.astype(dtype, copy=False), state
        parameters.refuse_too_many(network, dtype)
        try:
            return network.init(rng, dtype=dtype, output_like=parameters.drawn_for(self.activation, layers)), None
        except MemoryError as error:
            raise MemoryError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} makes a network of {network.n_parameters} parameters, "
                f"more than there is memory for: {error}"
            ) from None

    def _checked_weight(self, sample_weight: Any, X: Any) -> Array | None:
        if sample_weight is None:
            return None
        checked: Array = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        return checked

    def _validation(
        self, data: TrainingData, held: tuple[Any, Any, Any], rng: np.random.RandomState, solver: Solver
    ) -> tuple[NDArray[np.int64] | None, Validation | None]:
        """The rows to train on (None for all) and the validation set, if there is one."""
        X_val, y_val, weight = held
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val belong together: pass both or neither.")
        if X_val is None and weight is not None:
            raise ValueError("sample_weight_val belongs to a validation set: pass X_val and y_val too.")
        if X_val is not None:
            if self._numeric_y:
                refuse_labels(self, y_val, "y_val")
            X_val, y_val = training_arrays(self, X_val, y_val, False, self._numeric_y)
            X_val = X_val.astype(data.X.dtype, copy=False)
            Y_val = self._encode(y_val, data.X.dtype)
            if Y_val.shape[1] != data.Y.shape[1]:
                raise ValueError(f"y_val must have {data.Y.shape[1]} outputs, like y; got {Y_val.shape[1]}.")
            if len(Y_val) < self._least_validation_rows:
                raise ValueError(
                    f"X_val has {len(Y_val)} row, but its score needs at least {self._least_validation_rows}; give more "
                    "rows, or none."
                )
            return None, Validation(X_val, Y_val, self._checked_weight(weight, X_val), self._score_function())
        if not self.early_stopping or not solver.stochastic:
            return None, None
        rows, held_rows = hold_out(len(data.Y), self.validation_fraction, rng, self._stratify(data.Y))
        return rows, Validation(data.X, data.Y, data.sample_weight, self._score_function(), held_rows)

    def _outputs(self, X: Any) -> Array:
        """The network's outputs for checked or unchecked rows, shape (n, K)."""
        if "coefs_" not in vars(self):
            check_is_fitted(self)
        network, theta = self._parameters()
        X = prediction_rows(self, X, theta.dtype)
        if X.shape[1] != network.inputs:
            raise ValueError(
                f"X has {X.shape[1]} features, but the network of this {type(self).__name__} has {network.inputs} inputs."
            )
        small = X.shape[0] * theta.size < SMALL_PREDICTION
        threads = 1 if small else default_threads() if self.n_threads is None else self.n_threads
        return choose(self.engine, network, theta.dtype).predict(network, theta, X, n_threads=threads)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _encode_training(self, y: Any, dtype: Any, continued: bool, incremental: bool) -> Array:
        return self._encode(y, dtype)

    @abstractmethod
    def _encode(self, y: Any, dtype: Any) -> Array:
        """Targets as numbers, shape (n, K)."""

    @abstractmethod
    def _output_activation(self) -> str:
        """Name of the output layer's activation."""

    @abstractmethod
    def _score_function(self) -> Score:
        """The validation score."""

    def _stratify(self, Y: Array) -> NDArray[np.bool_] | None:
        return None


def stochastic(estimator: Any) -> bool:
    """Whether `partial_fit` is available: AttributeError if the solver does not go step by step."""
    if not getattr(parameters.solver_kind(estimator.solver), "stochastic", False):
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True
