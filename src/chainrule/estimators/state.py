"""The fitted attributes: parameters as views of `theta_`, learning curves, and how they are pickled."""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib import metadata
from itertools import pairwise
from operator import is_
from typing import Any

import numpy as np

import chainrule
from chainrule.estimators.architecture import hidden_layers
from chainrule.formulas.lookup import Array
from chainrule.network import Dense, Network
from chainrule.training import Epoch, Training, TrainingState

# Rebuilt from theta_ when a pickle is read, so that they are views of it again; or of no use in another process.
NOT_PICKLED = ("coefs_", "intercepts_", "_views", "_on_epoch", "_check")


class Fitted:
    """Fitted attributes of an estimator."""

    coefs_: list[Array]
    intercepts_: list[Array]
    theta_: Array
    network_: Network

    def _set_parameters(self, network: Network, theta: Array) -> None:
        """Make this an estimator with that network and those parameters."""
        vars(self).update(parameter_attributes(network, theta))

    def _parameters(self) -> tuple[Network, Array]:
        """Network and parameters; assignments to `coefs_` and `intercepts_` count, as in scikit-learn."""
        own = vars(self)
        coefs, intercepts = own["coefs_"], own["intercepts_"]
        views = own.get("_views", ())
        present = (*coefs, *intercepts)
        if len(views) == len(present) and all(map(is_, views, present)):
            return own["network_"], own["theta_"]
        network = own.get("network_") or self._described(coefs)
        widths = network.widths
        expected: dict[str, list[tuple[int, ...]]] = {
            "coefs_": list(pairwise(widths)),
            "intercepts_": [(units,) for units in widths[1:]],
        }
        for name, shapes in expected.items():
            found = [np.shape(part) for part in own[name]]
            if found != shapes:
                raise ValueError(f"{name} must hold arrays of shapes {shapes}, like the network; got {found}.")
        theta = network.pack(coefs, intercepts, own["theta_"][network.n_affine :] if network.n_normalized else None)
        return network, theta if theta.dtype in (np.float32, np.float64) else theta.astype(np.float64)

    def _described(self, coefs: list[Array]) -> Network:
        estimator: Any = self
        sizes = [np.shape(coef)[1] for coef in coefs]
        layers = hidden_layers(sizes[:-1], estimator.activation)
        return Network(np.shape(coefs[0])[0], (*layers, Dense(sizes[-1], estimator.out_activation_)), estimator.loss)

    def _going_on(self, network: Network) -> tuple[Array, TrainingState | None]:
        """Where `partial_fit` and a warm-started `fit` go on: after the last epoch, even if a better one was kept.

        Parameters that the user changed since take the place of both.

        Raises
        ------
        ValueError
            If the parameters there are do not fit the network.
        """
        before, theta = self._parameters()
        if before.widths != network.widths or _normalized(before) != _normalized(network):
            raise ValueError(
                f"the network to go on with has layers {_dashed(before)}, but now {_dashed(network)} are asked for. "
                "Keep hidden_layer_sizes, batch_norm and the number of outputs, or start afresh with warm_start=False."
            )
        own = vars(self)
        state, last = own.get("_state"), own.get("_last")
        if state is None or state.best_theta is None:
            return theta, state
        if theta is not own.get("theta_") or not np.array_equal(theta, state.best_theta):
            return theta, replace(state, best_theta=None)
        return (theta if last is None else last), state

    def _get_doc_link(self) -> str:
        """The package's documentation, for the "?" of the HTML representation; scikit-learn calls this."""
        try:
            links = metadata.metadata("chainrule").get_all("Project-URL", [])
        except metadata.PackageNotFoundError:
            return ""
        return next((link.split(", ", 1)[1] for link in links if link.startswith("Documentation, ")), "")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]
        if "theta_" in state and "coefs_" in state:
            state["network_"], state["theta_"] = self._parameters()
            for name in NOT_PICKLED:
                state.pop(name, None)
        state["_chainrule_version"] = chainrule.__version__
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        version = state.pop("_chainrule_version", None)
        if version != chainrule.__version__:
            warnings.warn(
                f"this {type(self).__name__} was pickled by chainrule {version}, now read by {chainrule.__version__}; "
                "chainrule.save writes files that all versions read.",
                stacklevel=2,
            )
        super().__setstate__(state)  # type: ignore[misc]
        if "theta_" in state and "coefs_" not in state:
            self._set_parameters(state["network_"], state["theta_"])


def _dashed(network: Network) -> str:
    units = [f"{layer.units} (batch_norm)" if layer.batch_norm else str(layer.units) for layer in network.layers]
    return "-".join([str(network.inputs), *units])


def _normalized(network: Network) -> list[bool]:
    return [bool(layer.batch_norm) for layer in network.layers]


def parameter_attributes(network: Network, theta: Array) -> dict[str, Any]:
    """The attributes that describe network and parameters."""
    views = network.views(theta)
    return {
        "network_": network,
        "theta_": theta,
        "coefs_": list(views.W),
        "intercepts_": list(views.b),
        "_views": (*views.W, *views.b),
        "n_layers_": len(network.layers) + 1,
        "n_outputs_": network.outputs,
        "out_activation_": network.layers[-1].function.name,
    }


def learned(training: Training, theta: Array) -> dict[str, Any]:
    """The attributes of an estimator whose training stands where `training` stands, without the curves."""
    return {
        **parameter_attributes(training.network, theta),
        "engine_": training.engine,
    }


def curves(estimator: Any, epochs: list[Epoch], continued: bool, peak: float) -> dict[str, Any]:
    """Learning curves after these epochs, new lists; a continued training appends to the ones there are.

    `peak` is the validation score of the parameters kept.
    """
    own = vars(estimator) if continued else {}
    history: list[Epoch] = [*(own.get("history_") or []), *epochs]
    found: dict[str, Any] = {
        "history_": history,
        "loss_": epochs[-1].loss if epochs else own.get("loss_", np.nan),
        "loss_curve_": _appended(own, "loss_curve_", [epoch.loss for epoch in epochs]),
        "validation_loss_curve_": _appended(own, "validation_loss_curve_", _given(epochs, "validation_loss")),
        "validation_scores_": _appended(own, "validation_scores_", _scores(estimator, epochs)),
        "best_loss_": None,
        "best_validation_score_": None if epochs else own.get("best_validation_score_"),
    }
    if _scores(estimator, epochs) is not None:
        found["best_validation_score_"] = peak
    if not estimator.early_stopping:
        losses = [epoch.loss for epoch in epochs if not np.isnan(epoch.loss)]
        found["best_loss_"] = min([own.get("best_loss_") or np.inf, *losses])
    return found


def _given(epochs: list[Epoch], name: str) -> list[float] | None:
    values = [getattr(epoch, name) for epoch in epochs]
    return None if not values or values[0] is None else values


def _scores(estimator: Any, epochs: list[Epoch]) -> list[float] | None:
    """Validation scores; with ``scoring="loss"`` they are losses, negated so that greater is better."""
    losses = _given(epochs, "validation_loss") if estimator.scoring == "loss" else None
    return _given(epochs, "validation_score") if losses is None else [-loss for loss in losses]


def _appended(own: dict[str, Any], name: str, values: list[float] | None) -> list[float] | None:
    curve: list[float] | None = own.get(name)
    return curve if values is None else [*(curve or []), *values]


def resumable(training: Training, state: TrainingState) -> dict[str, Any]:
    """What the next `partial_fit` or warm-started `fit` goes on from; permutations are drawn afresh (scikit-learn).

    `state` is the training's without its permutation and random numbers.
    """
    last = None if state.best_theta is None else training.theta
    return {"_state": state, "_last": last, "t_": state.samples, "_no_improvement_count": state.patience.count}
