"""`MLPRegressor`: scikit-learn's class of that name on chainrule's engines."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from chainrule.estimators.base import BaseMLP, stochastic
from chainrule.estimators.guard import unchanged_on_error
from chainrule.estimators.outputs import default_output
from chainrule.estimators.parameters import NOT_FOR_NUMBERS, REGRESSION
from chainrule.estimators.scores import PinballSkill, r2
from chainrule.formulas.activations import Activation
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, LossFamily, Quantile, get_loss
from chainrule.formulas.schedules import Schedule
from chainrule.formulas.solvers import Solver
from chainrule.network import Network
from chainrule.training.validation import Score


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """Multi-layer perceptron regressor: scikit-learn's estimator of that name, with the same numbers in float64.

    It minimises the loss plus an L2 penalty. What scikit-learn does not have begins at `n_threads`.

    Parameters
    ----------
    loss : str, Loss or LossFamily, default='squared_error'
        'squared_error' (half of it), 'poisson' (half the deviance, with an exponential output, for y >= 0), 'mse',
        'absolute_error', 'huber', 'quantile', an object such as ``Huber(delta=2.0)`` or ``Quantile((0.1, 0.5, 0.9))``, heads
        with losses of their own, or a loss of your own.
    hidden_layer_sizes : array-like of int or int, default=(100,)
        Units of each hidden layer; ``()`` is a network without hidden layers.
    activation : str, Activation or list, default='relu'
        Activation of the hidden layers: 'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'gelu',
        'softplus', 'silu', 'mish' or an object of your own; a list names one per hidden layer.
    solver : {'lbfgs', 'sgd', 'adam', 'adamw', 'rmsprop', 'adagrad', 'adadelta'} or Solver, default='adam'
        How the weights are optimised. An object such as ``Adam(beta_2=0.99)`` brings its own hyper-parameters; the names
        'rmsprop', 'adagrad' and 'adadelta' take their usual ones.
    alpha : float, default=0.0001
        Strength of the L2 penalty, divided by the number of rows of a batch (the sum of their weights).
    batch_size : int or 'auto', default='auto'
        Rows per step; "auto" is ``min(200, n_samples)``. Not used by lbfgs.
    learning_rate : str or Schedule, default='constant'
        Schedule of the rate: 'constant'; 'invscaling', ``learning_rate_init / t**power_t``; 'adaptive', divided by 5 whenever
        training stops improving (as in scikit-learn these two names mean 'constant' for adam); 'step', 'exponential',
        'cosine', 'one_cycle'; or an object such as ``Cosine(warmup=5)``.
    learning_rate_init : float, default=0.001
        The initial learning rate. Not used by lbfgs.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int, default=200
        Most epochs (for lbfgs: iterations) of a call to `fit`.
    shuffle : bool, default=True
        Whether to permute the rows before each epoch.
    random_state : int, RandomState instance or None, default=None
        Source of the initial weights, the early-stopping split and the permutations.
    tol : float, default=1e-4
        Least improvement that counts. After more than `n_iter_no_change` epochs without it training stops (or
        'adaptive' lowers the rate). For lbfgs the tolerance of the gradient.
    verbose : bool, default=False
        Whether to print loss (and validation score) of every epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from where the last call left the weights, the solver's state, the learning rate and the
        stopping rule. (scikit-learn restarts the solver.)
    momentum : float, default=0.9
        Momentum of sgd.
    nesterovs_momentum : bool, default=True
        Whether sgd uses Nesterov's momentum.
    early_stopping : bool, default=False
        Whether to stop when the validation score did not improve by `tol` for `n_iter_no_change` epochs. The validation
        set is `validation_fraction` of the training data, or `X_val`. Not used by lbfgs without `X_val`.
    validation_fraction : float, default=0.1
        Share of the training data to set aside for `early_stopping`.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay rates of adam's and adamw's moments.
    epsilon : float, default=1e-8
        Added to the denominator of adam's and adamw's step.
    n_iter_no_change : int or inf, default=10
        Epochs without improvement that are tolerated.
    max_fun : int, default=15000
        Most evaluations of the loss by lbfgs.
    n_threads : int or None, default=None
        Threads of the native engine. None uses all that processors, CPU quota, joblib and threadpoolctl allow. The
        results do not depend on it.
    dtype : {'float32', 'float64'} or None, default=None
        Precision of the computation. None keeps float32 and float64 input and takes float64 for anything else.
    engine : {'auto', 'native', 'reference'}, default='auto'
        What computes: the native engine, or the NumPy reference. "auto" takes the first that knows all formulas used.
    output_activation : str, Activation or None, default=None
        Activation of the output layer. None is the loss's own: 'identity', 'exp' for 'poisson', 'ordered' for several
        quantile levels.
    dropout : float or list, default=0.0
        Share of the hidden units that is left out in each training step; a list gives one share per hidden layer, or one
        more with the inputs' first. Nothing is left out when predicting. Not for lbfgs.
    batch_norm : bool or list of bool, default=False
        Whether hidden layers normalise their pre-activations over the batch; a list says so per hidden layer. Not for lbfgs.
    l2 : float, default=0.0
        Strength of an L2 penalty that does not depend on the batch size: ``l2 / 2 * sum(W**2)`` beside the mean loss. (`alpha`
        is divided by the batch's rows, so its effect changes with `batch_size`.)
    l1 : float, default=0.0
        Strength of an L1 penalty, ``l1 * sum(|W|)``, by soft threshold: weights become exactly zero and can come back.
    weight_decay : float or None, default=None
        Decoupled weight decay: weights shrink by ``rate * weight_decay`` before each step. None is 0.01 for
        ``solver='adamw'`` and 0 for the others. No penalty and no decay touches the biases.
    max_norm : float or None, default=None
        Most Euclidean norm of the weights into a unit.
    clip_norm, clip_value : float or None, default=None
        Most Euclidean norm of the whole gradient; most magnitude of its components. Like `l1`, `weight_decay`, `max_norm` and
        `layer_rates` not for lbfgs.
    init : str, Initializer, array, (coefs, intercepts) or Pretrained, default='glorot_uniform'
        Where training starts: how parameters are drawn ('auto' goes by each layer's activation), the parameters themselves,
        or the hidden layers of a network fitted before.
    layer_rates : list of float or None, default=None
        Factor of the learning rate for each layer, the output layer last; 0 freezes a layer.
    scoring : str, callable or None, default=None
        What is computed on the validation set after each epoch, chooses the best epoch and stops the training with
        `early_stopping`: None for R², 'loss' for the validation loss, a name of scikit-learn's scorers, or
        ``callable(estimator, X, y)``, with a parameter `sample_weight` where rows have weights. Weights count in all of them.
    categorical_features : 'from_dtype', mask or list of int or str, default=None
        Which columns of X are categories; they become one input per level (two levels: -1 and +1; at most 100 levels). Levels
        not seen in training count as missing. 'from_dtype' takes the columns of a data frame whose type is category or enum,
        and those that hold text or truth values; dates become numbers (days, month, weekday, hour). X must be dense.
    allow_nan : bool, default=False
        Whether values may be missing (NaN, None, NA). Numbers are imputed by the median of the rows trained on, with an
        indicator as a further input where at least 5 % of them are missing; missing categories are zero in all their inputs.
    scale_features : bool, default=False
        Whether numbers are scaled as tables are: median 0, ``IQR / 1.349`` 1, outliers smoothly limited to 3. Everything is
        learned from the rows that are trained on, without weights; `partial_fit` and `warm_start` keep it.

    Attributes
    ----------
    loss_ : float
        Loss of the last epoch, penalty included.
    best_loss_ : float or None
        Least training loss; None with `early_stopping`.
    loss_curve_ : list of float
        Loss of every epoch (every iteration of lbfgs).
    validation_loss_curve_ : list of float or None
        Loss on the validation set after every epoch, without penalty; None without one.
    validation_scores_ : list of float or None
        `scoring` on the validation set after every epoch (the loss negated), by default R²; None without such
        a set.
    best_validation_score_ : float or None
        The best of them; the parameters kept are those of that epoch.
    history_ : list of Epoch
        Everything recorded of every epoch: losses, scores, learning rate, norms of gradients and updates, seconds.
    t_ : int
        Number of training rows seen by the solver.
    theta_ : ndarray of shape (n_parameters,)
        All parameters: the weight matrices in layer order, then the biases.
    coefs_ : list of ndarray of shape (inputs, units)
        Weight matrix of each layer, a view of `theta_`.
    intercepts_ : list of ndarray of shape (units,)
        Biases of each layer, a view of `theta_`.
    network_ : Network
        The network as plain data.
    engine_ : str
        The engine that trained it.
    preparation_ : Preparation
        How the columns become inputs, where `categorical_features`, `allow_nan` or `scale_features` ask for it.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X has names that are all strings.
    n_iter_ : int
        Epochs of the last call.
    n_layers_ : int
        Number of layers, inputs included.
    n_outputs_ : int
        Number of outputs.
    out_activation_ : str
        Activation of the output layer.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from chainrule import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=0)
    >>> model = MLPRegressor(solver="lbfgs", max_iter=1000, random_state=0).fit(X, y)
    >>> round(model.score(X, y), 2)
    1.0
    """

    _least_validation_rows = 2  # R² compares with the spread of the targets
    _parameter_constraints = REGRESSION

    def __init__(
        self,
        loss: str | Loss | LossFamily = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str | Activation | list[str | Activation] = "relu",
        *,
        solver: str | Solver = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        n_threads: int | None = None,
        dtype: Any = None,
        engine: str = "auto",
        output_activation: str | Activation | None = None,
        dropout: Any = 0.0,
        batch_norm: Any = False,
        l2: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        init: Any = "glorot_uniform",
        layer_rates: Any = None,
        scoring: Any = None,
        categorical_features: Any = None,
        allow_nan: bool = False,
        scale_features: bool = False,
    ) -> None:
        self._store(locals())

    @available_if(stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Go on training for one epoch over the given data.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        self : object
            The model, trained one epoch more.
        """
        with unchanged_on_error(self):
            self._before_partial_fit()
            self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> Array:
        """Predict target values.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values; with several quantile levels one column for each.
        """
        outputs = self._outputs(X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², the coefficient of determination; with several quantile levels their mean D² (`d2_pinball_score`).

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true values.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            1 for perfect predictions.
        """
        outputs = self.predict(X)
        measure = score_of(self.network_.objective)
        if measure is not r2:
            return measure(np.asarray(y), outputs, sample_weight)
        return float(r2_score(y, outputs, sample_weight=sample_weight))

    def _encode(self, y: Any, dtype: Any) -> Array:
        name = get_loss(self.loss).name
        if name in NOT_FOR_NUMBERS:
            raise ValueError(f"loss {name!r} is made for classes; to predict them, use MLPClassifier.")
        Y: Array = np.ascontiguousarray(y, dtype)
        Y = Y.reshape(-1, 1) if Y.ndim == 1 else Y
        for wanted in get_loss(self.loss).target_ranges:
            part = wanted.of(Y)
            if wanted.outside(part).any():
                what, value = ("smallest", part.min()) if part.min() < wanted.low else ("largest", part.max())
                raise ValueError(f"loss={wanted.loss!r} needs y {wanted.expected}; the {what} value of y is {value:g}.")
        return Y

    def _objective(self) -> tuple[Any, str | Loss | LossFamily]:
        return default_output(self.loss) if self.output_activation is None else self.output_activation, self.loss

    def _score_function(self, network: Network) -> Score:
        return score_of(network.objective)


def score_of(loss: Loss) -> Score:
    """How predictions of a network with this loss are scored."""
    levels = loss.origin.levels if isinstance(loss.origin, Quantile) else ()
    return PinballSkill(levels) if len(levels) > 1 else r2
