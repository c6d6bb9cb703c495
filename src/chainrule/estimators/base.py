"""What both estimators share: checking the data, training, the fitted attributes, predicting. Nothing numerical."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from functools import cache
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
from chainrule.estimators.architecture import hidden_of, network_of
from chainrule.estimators.cells import Cells
from chainrule.estimators.features import HiddenFeatures
from chainrule.estimators.guard import refuse_labels, unchanged_on_error, validate_parameters
from chainrule.estimators.inputs import fit_and_encode, prepares, training_arrays
from chainrule.estimators.looking import Looking
from chainrule.estimators.outputs import scoring_network
from chainrule.estimators.starting import first_theta
from chainrule.estimators.state import Fitted
from chainrule.estimators.validating import Held, drawn_rows, split
from chainrule.estimators.watching import Watch
from chainrule.estimators.weights import Weigh, unweighted
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, LossFamily, get_loss
from chainrule.formulas.solvers import Solver
from chainrule.network import Network
from chainrule.training import Settings, Training, TrainingState, Validation, threads_for
from chainrule.training.validation import Score

# Below this many multiplications one thread is at least as fast, and finding out how many threads there are costs more.
SMALL_PREDICTION = 2_000_000
NO_SET = Held()


class BaseMLP(CallbackSupportMixin, HiddenFeatures, Looking, Fitted, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of `MLPClassifier` and `MLPRegressor`."""

    _parameter_constraints: dict[str, list[Any]]

    loss: str | Loss | LossFamily
    _numeric_y = True
    _least_validation_rows = 1

    @classmethod
    @cache
    def _get_param_names(cls) -> tuple[str, ...]:
        """Names of the constructor's parameters; scikit-learn inspects the signature anew each time, as long as some epochs."""
        return tuple(super()._get_param_names())

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
            return self._fit(X, y, sample_weight, Held(X_val, y_val, sample_weight_val))

    def _before_partial_fit(self) -> None:
        if not hasattr(self, "coefs_"):
            validate_parameters(self)
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")

    def _fit(self, X: Any, y: Any, sample_weight: Any, held: Held = NO_SET, incremental: bool = False) -> Any:
        given = (X, y, sample_weight)
        hidden = hidden_of(self)
        continued = hasattr(self, "coefs_") and (self.warm_start or incremental)
        if self._numeric_y:
            refuse_labels(self, y)
        X, y = training_arrays(self, X, y, not continued, self._numeric_y)
        Y = self._encode_training(y, X.dtype, continued, incremental)
        rng, solver = check_random_state(self.random_state), parameters.solver_of(self)
        weight = self._checked_weight(sample_weight, X)
        drawn = None
        if unprepared := isinstance(X, Cells):
            drawn = drawn_rows(self, Y, held, solver, rng)
            X = fit_and_encode(self, X, None if drawn is None else drawn[0], weight)
        weigh = self._weighting(Y, weight)
        data = TrainingData(X, Y, weigh(Y, weight))
        output, loss = self._objective()
        network = network_of(self, hidden, X.shape[1], get_loss(loss).n_outputs(Y.shape[1]), output, loss)
        if network.n_normalized and len(Y) == 1:
            raise ValueError("batch_norm needs at least two rows to normalise over, but X has 1 sample.")
        theta, resume = self._first_theta(network, X.dtype, continued, rng)
        if not unprepared:
            drawn = drawn_rows(self, Y, held, solver, rng)
        rows, validation = split(self, network, data, y, held, weigh, drawn)
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
            l2=float(self.l2),
            l1=float(self.l1),
            weight_decay=parameters.weight_decay_of(self),
            max_norm=self.max_norm,
            clip_norm=self.clip_norm,
            clip_value=self.clip_value,
            layer_rates=None if self.layer_rates is None else tuple(self.layer_rates),
            batch_size=self.batch_size,
            max_iter=1 if incremental else self.max_iter,
            shuffle=self.shuffle,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            watched="validation" if self.early_stopping and validation is not None else "loss",
            n_threads=threads_for(self.n_threads),
        )

    def _first_theta(
        self, network: Network, dtype: Any, continued: bool, rng: np.random.RandomState
    ) -> tuple[Array, TrainingState | None]:
        """Where training starts: as `init` says, or what the last call left."""
        if not continued:
            return first_theta(self, network, dtype, rng), None
        theta, state = self._going_on(network)
        return theta.astype(dtype, copy=False), state

    def _checked_weight(self, sample_weight: Any, X: Any) -> Array | None:
        if sample_weight is None:
            return None
        checked: Array = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        return checked

    def _weighting(self, Y: Array, sample_weight: Array | None) -> Weigh:
        """From encoded targets and the weights of their rows to the weights to train and score with."""
        return unweighted

    def get_encoded_feature_names_out(self) -> NDArray[np.object_]:
        """Names of the network's inputs: "sex=male", "age", "age missing" where X is prepared inside, else the features' own.

        Returns
        -------
        names : ndarray of str objects
            In the order of the rows of ``coefs_[0]`` and of the last axis of `input_gradients`.
        """
        check_is_fitted(self, "coefs_")
        preparation = vars(self).get("preparation_")
        names: Any = getattr(self, "feature_names_in_", [f"x{at}" for at in range(self.n_features_in_)])
        return np.array(names if preparation is None else preparation.inputs, dtype=object)

    def _outputs(self, X: Any) -> Array:
        """The network's outputs for checked or unchecked rows, shape (n, K)."""
        network, theta, X = self._ready(X)
        network = scoring_network(network)
        small = X.shape[0] * theta.size < SMALL_PREDICTION
        threads = threads_for(self.n_threads, alone=small)
        return choose(self.engine, network, theta.dtype).predict(network, theta, X, n_threads=threads)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not prepares(self)
        # `string` means documents in scikit-learn; encoders of categories leave it at False.
        tags.input_tags.categorical = vars(self).get("categorical_features") is not None
        tags.input_tags.allow_nan = bool(vars(self).get("allow_nan"))
        return tags

    def _encode_training(self, y: Any, dtype: Any, continued: bool, incremental: bool) -> Array:
        return self._encode(y, dtype)

    def _know_training_rows(self, data: TrainingData, y: Any, rows: NDArray[np.int64] | None) -> None:
        """Told which rows are trained on (None for all), before anything is scored: what the encoding takes from them alone."""
        return

    @abstractmethod
    def _encode(self, y: Any, dtype: Any) -> Array:
        """Targets as numbers, shape (n, K)."""

    @abstractmethod
    def _objective(self) -> tuple[Any, str | Loss | LossFamily]:
        """The output layer's activation, and the loss."""

    @abstractmethod
    def _score_function(self, network: Network) -> Score | None:
        """The validation score from the outputs; None asks `score`."""

    def _stratify(self, Y: Array) -> NDArray[np.bool_] | None:
        return None


def stochastic(estimator: Any) -> bool:
    """Whether `partial_fit` is available: AttributeError if the solver does not go step by step."""
    if not parameters.is_stochastic(estimator.solver, unknown=False):
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True
