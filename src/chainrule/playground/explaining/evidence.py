"""A run as a case for the library's diagnosis: what it was set to, how it went, and the rows themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.diagnosis.case import MOST_DATA, Case, Data
from chainrule.estimators.scores import r2
from chainrule.playground.training.building import Built
from chainrule.training.evidence import Evidence, facts, look, spread_rows
from chainrule.training.recording import probe_rows

if TYPE_CHECKING:
    from chainrule.playground.session import Session

# Moments of the run that are looked at.
MOST_LOOKS = 12


class Model:
    """Answers and scores, as the checks ask an estimator for them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def predict(self, X: Any) -> Any:
        """Class numbers, or values as the network learns them."""
        built = self._session.built
        outputs = self._session.run.engine.predict(built.network, self._session.run.learner.theta, X)
        return built.decided(outputs) if built.data.task == "classification" else outputs[:, outputs.shape[1] // 2]

    def score(self, X: Any, y: Any) -> float:
        """Accuracy or R²."""
        found = self.predict(X)
        if self._session.data.task == "classification":
            return float(np.mean(found == y))
        return r2(y[:, None], found[:, None])


def case_of(session: Session) -> Case:
    """The case of the present network."""
    run, built, data = session.run, session.built, session.data
    stop = run.stopped
    outcome = "diverged" if stop is not None and stop.kind == "diverged" else "running"
    batch = min(session.setup.training.batch_size, len(data.train))
    probe = probe_rows(built.network, built.X, built.Y, data.train, batch, among=data.train)
    moments = [moment for moment in run.memory.moments if moment.position.theta.shape == run.learner.theta.shape]
    thetas = {moment.position.epochs: moment.position.theta for moment in _spread(moments)}
    thetas[run.learner.epochs] = run.learner.theta
    looks = tuple(look(built.network, theta, probe, epoch) for epoch, theta in sorted(thetas.items()))
    return Case(
        f"a network {'-'.join(map(str, built.network.widths))} after {run.learner.epochs:,} epochs",
        _parameters(session),
        built.network,
        tuple(run.history),
        Evidence(facts(built.network, probe), looks, outcome),
        run.learner.theta,
        _data(built, data.train),
        _data(built, data.test) if len(data.test) else None,
        built.names,
        tuple(range(len(data.classes))),
        Model(session),
    )


def _spread(moments: list[Any]) -> list[Any]:
    """The first one, and others evenly spread."""
    return [moments[place] for place in spread_rows(len(moments), MOST_LOOKS)] if moments else []


def _data(built: Built, rows: Any) -> Data:
    chosen = rows[spread_rows(len(rows), MOST_DATA)]
    part = built.rows(chosen)
    data = built.data
    y = data.y[chosen] if data.task == "classification" else (data.y[chosen] - data.centre) / data.scale
    return Data(part.X, part.Y, y, (part.X, y), len(rows))


def _parameters(session: Session) -> dict[str, Any]:
    """The setup in the words of an estimator's constructor."""
    asked, network = session.setup.training, session.setup.network
    names = (
        "solver",
        "alpha",
        "l2",
        "l1",
        "weight_decay",
        "max_norm",
        "clip_norm",
        "clip_value",
        "batch_size",
        "shuffle",
    )
    return {
        **{name: getattr(asked, name) for name in names},
        "learning_rate": asked.schedule,
        "learning_rate_init": asked.learning_rate,
        "max_iter": session.run.learner.epochs,
        "hidden_layer_sizes": tuple(layer.units for layer in network.layers),
        "dropout": [layer.dropout for layer in network.layers],
        "init": network.initializer,
    }
