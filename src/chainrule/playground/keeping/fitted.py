"""Fitted estimators, in and out: one as the beginning of a playground, and the network of a run as one like any other."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.estimators.parameters import schedule_of, solver_of, weight_decay_of
from chainrule.formulas.lookup import Array
from chainrule.network import Network
from chainrule.playground.keeping.tabular import table_model
from chainrule.playground.settings.families import formula, formula_to_plain
from chainrule.playground.settings.features import apply, plain_features
from chainrule.playground.settings.setup import Note, Setup
from chainrule.playground.training.building import Built

if TYPE_CHECKING:
    from chainrule.playground.session import Session


SAME = ("alpha", "l2", "l1", "max_norm", "clip_norm", "clip_value", "shuffle")


def opened_setup(setup: Setup, model: Any) -> tuple[Setup, list[Note]]:
    """The setup with network and training of a fitted estimator, and notes on what of its training is not known here."""
    network, last = model.network_, model.network_.layers[-1]
    described = network.to_dict()
    batch = model.batch_size if isinstance(model.batch_size, int) else 200
    plain = {
        "data": {"task": "classification" if hasattr(model, "classes_") else "regression", "scale": False},
        "network": {
            "features": list(plain_features(network.inputs) or setup.network.features),
            "layers": [
                {
                    "units": int(one.units),
                    "activation": one.function.name,
                    "dropout": one.dropout,
                    "batch_norm": bool(one.batch_norm),
                }
                for one in network.layers[:-1]
            ],
            "input_dropout": float(network.input_dropout),
            "output": last.function.name,
            "loss": described["loss"],
        },
        "training": {
            "solver": formula_to_plain(solver_of(model)),
            "schedule": formula_to_plain(schedule_of(model)),
            "learning_rate": float(model.learning_rate_init),
            "batch_size": int(batch),
            "weight_decay": float(weight_decay_of(model)),
            **{name: getattr(model, name) for name in SAME},
        },
    }
    return setup.changed(plain)


def check_opened(built: Built, model: Any) -> None:
    """Refuse a network that is not the model's own: other weights than its own must never stand for them.

    Raises
    ------
    ValueError
        If the two differ; the message says in what.
    """
    asked, found = _described(model.network_), _described(built.network)
    if asked != found:
        name = next(name for name in (*asked, *found) if asked.get(name) != found.get(name))
        raise ValueError(
            f"this model cannot be opened as it is: its {name.replace('_', ' ')} would be {found.get(name)!r:.200} instead of "
            f"{asked.get(name)!r:.200}. Open it with rows of its own classes, or train one of the playground's own kinds."
        )


def _described(network: Network) -> dict[str, Any]:
    # A loss without hyper-parameters may be told by its name, or as an object.
    described = network.to_dict()
    return {**described, "loss": formula_to_plain(formula("loss", described["loss"], None))}


def fitted_model(session: Session) -> Any:
    """An estimator (of a table: a TableModel) with the present weights; it takes rows in the user's units.

    Raises
    ------
    ValueError
        If no estimator has such a network; the message says what to change.
    """
    from chainrule.estimators import MLPClassifier, MLPRegressor

    built, data, asked = session.built, session.data, session.setup
    network, output = built.network, built.network.layers[-1].function.name
    if built.signed or (output == "softmax" and len(data.classes) == 2):
        raise ValueError(
            f"no estimator has this output: {output} with {network.outputs} output(s) for {len(data.classes)} classes. Choose "
            "the natural output of the loss, or keep the setup instead."
        )
    table = data.encode is not None
    theta = session.run.learner.theta
    if not table:
        theta = _in_user_units(session, theta.astype(np.float64)).astype(theta.dtype)
    training = asked.training
    kind: Any = MLPRegressor if data.task == "regression" else MLPClassifier
    hidden = network.layers[:-1]
    model = kind(
        hidden_layer_sizes=tuple(layer.units for layer in hidden),
        activation=[layer.function.name for layer in hidden] or "relu",
        solver="sgd",
        layer_rates=[0.0] * len(network.layers),
        max_iter=1,
        loss=network.loss,
        output_activation=output,
        init=theta.astype(np.float64),
        dropout=[layer.dropout for layer in hidden] or 0.0,
        batch_norm=[bool(layer.batch_norm) for layer in hidden] or False,
        dtype=asked.run.dtype,
        alpha=training.alpha,
    )
    X = data.X if table else apply(session.built.features, session.data.X)
    y = _labels(data.classes)[data.y] if data.classes else (data.y - data.centre) / data.scale if table else data.y
    with warnings.catch_warnings():
        # One epoch at rate 0: it changes nothing, and cannot converge.
        warnings.simplefilter("ignore")
        model.fit(X, y)
    model.set_params(
        layer_rates=None,
        init="glorot_uniform",
        max_iter=200,
        solver=training.solver,
        learning_rate=training.schedule,
        learning_rate_init=training.learning_rate,
        batch_size=training.batch_size,
    )
    # What its one epoch left behind is replaced by what the run has been.
    epochs, loss = session.run.learner.epochs, session.judged().train
    model.n_iter_, model.t_ = epochs, epochs * len(data.train)
    model.loss_curve_, model.loss_, model.best_loss_ = [loss], loss, loss
    return table_model(session, model) if table else model


def _labels(classes: tuple[str, ...]) -> Any:
    """Class labels as numbers where they are whole ones."""
    whole = all(label.lstrip("-").isdigit() for label in classes)
    found = np.array([int(label) for label in classes] if whole else list(classes))
    return found if (np.sort(found) == found).all() else np.array(list(classes))


def _in_user_units(session: Session, theta: Array) -> Array:
    """Weights that take the features as they are, and put out values in the user's units."""
    built, data = session.built, session.data
    network, found = built.network, theta.copy()
    views = network.views(found)
    views.W[0][...] = views.W[0] / built.spread[:, None]
    shift = built.centre @ views.W[0]
    mean = views.mean[0]
    if mean is not None:
        mean += shift
    else:
        views.b[0][...] -= shift
    if data.task == "regression" and (data.centre, data.scale) != (0.0, 1.0):
        _check_linear(network)
        views.W[-1][...] *= data.scale
        views.b[-1][...] = views.b[-1] * data.scale + data.centre
    return found


def _check_linear(network: Network) -> None:
    if network.layers[-1].function.name != "identity":
        raise ValueError(
            "the target is scaled, which only the output 'identity' can undo; choose it, or keep the setup."
        )
