"""Hidden layers as features: what the layers of a fitted network put out, and how its outputs depend on the inputs.

`transform` makes the estimators scikit-learn transformers: it is the last hidden layer unless another one is asked for.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.validation import _generate_get_feature_names_out, check_is_fitted

from chainrule.engines import choose
from chainrule.engines.inspection import activations, first_layers, input_gradient
from chainrule.estimators.inputs import prediction_rows
from chainrule.formulas.lookup import Array
from chainrule.network import Network
from chainrule.training import threads_for


class LayerOutputs:
    """Activations and input gradients of a fitted estimator.

    It stands below `TransformerMixin`, which would otherwise name the columns of every layer as those of the last hidden one.
    """

    def transform(self, X: Any, layer: int | None = None) -> Any:
        """Activations of a hidden layer: the features that the network has learned.

        "Each node in the network can be interpreted as a feature variable" (lecture 003).

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        layer : int, default=None
            Which hidden layer, counted from 0, negative numbers from the end; None is the last one.

        Returns
        -------
        features : ndarray or data frame of shape (n_samples, units)
            Activations as predictions use them (no dropout, running statistics); a data frame after
            ``set_output(transform="pandas")`` or ``"polars"``.

        Raises
        ------
        ValueError
            If the network has no hidden layers, or no such one.
        """
        network, theta, rows = self._ready(X)
        place = _hidden_place(self, network, layer)
        part, parameters = first_layers(network, theta, place + 1)
        engine = choose(vars(self)["engine"], part, theta.dtype)
        features = engine.predict(part, parameters, rows, n_threads=threads_for(vars(self)["n_threads"]))
        adapter = _get_container_adapter("transform", self)
        if adapter is None:
            return features
        return adapter.create_container(features, X, columns=self._feature_names(part.outputs))

    def activations(self, X: Any) -> list[Array]:
        """Activations of every layer.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        activations : list of ndarray of shape (n_samples, units)
            One array for each layer, the output layer last: ``activations(X)[0]`` is the first hidden layer.
        """
        return activations(*self._ready(X))

    def input_gradients(self, X: Any, output: int | None = None) -> Array:
        """How the network's outputs change with its inputs, row by row.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The input data.
        output : int, default=None
            Which output of the network: of a regressor the target, of a classifier the class, in probabilities (in scores with
            a loss without probabilities); two classes have one output, for ``classes_[1]``. None is all of them.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_features) or (n_samples, n_outputs, n_features)
            Derivative of the output with respect to each feature; with all outputs if `output` is None. Where the estimator
            prepares X itself, with respect to each of the network's inputs (`get_encoded_feature_names_out`).

        Raises
        ------
        ValueError
            If there is no such output, or an activation on the way has no useful slope (step).
        """
        return input_gradient(*self._ready(X), output)

    def _ready(self, X: Any) -> tuple[Network, Array, Any]:
        """Network, parameters and checked rows of a fitted estimator."""
        if "coefs_" not in vars(self):
            check_is_fitted(self, "coefs_")
        estimator: Any = self
        network, theta = estimator._parameters()
        rows = prediction_rows(self, X, theta.dtype)
        if rows.shape[1] != network.inputs:
            raise ValueError(
                f"X has {rows.shape[1]} features, but the network of this {type(self).__name__} has {network.inputs} inputs."
            )
        return network, theta, rows

    def _feature_names(self, count: int, input_features: Any = None) -> NDArray[np.object_]:
        """Class name and number of the unit, scikit-learn's names for features that have none."""
        names: NDArray[np.object_] = _generate_get_feature_names_out(self, count, input_features)
        return names


class HiddenFeatures(LayerOutputs, TransformerMixin):  # type: ignore[misc]
    """Mixin for the estimators: `transform`, `set_output`, `get_feature_names_out`, `activations`, `input_gradients`."""

    coefs_: list[Array]

    @property
    def _n_features_out(self) -> int:
        """Units of the last hidden layer, 0 without one; scikit-learn reads it, also of estimators that are not fitted."""
        coefs = self.coefs_
        return len(coefs[-1]) if len(coefs) > 1 else 0

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns of `transform`: "mlpclassifier0", "mlpclassifier1", ...

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only compared with the names seen in `fit`.

        Returns
        -------
        names : ndarray of str objects
            One for each unit of the last hidden layer.

        Raises
        ------
        ValueError
            If the network has no hidden layers, or `input_features` are not those of `fit`.
        """
        check_is_fitted(self, "coefs_")
        if not self._n_features_out:
            raise ValueError(_no_hidden_layers(self))
        return self._feature_names(self._n_features_out, input_features)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _no_hidden_layers(estimator: Any) -> str:
    return (
        f"this {type(estimator).__name__} has no hidden layers whose activations could be features: it was fitted with "
        "hidden_layer_sizes=(). Give it hidden layers, or use activations(X) for its outputs."
    )


def _hidden_place(estimator: Any, network: Network, layer: Any) -> int:
    """Number of a hidden layer, from 0."""
    hidden = len(network.layers) - 1
    name = type(estimator).__name__
    if not hidden:
        raise ValueError(_no_hidden_layers(estimator))
    if layer is None:
        return hidden - 1
    if not isinstance(layer, Integral) or isinstance(layer, bool) or not -hidden <= int(layer) < hidden:
        raise ValueError(
            f"layer must be None or a whole number from {-hidden} to {hidden - 1}, as this {name} has {hidden} hidden "
            f"layer(s) {list(network.widths[1:-1])}; got {layer!r}."
        )
    return int(layer) % hidden
