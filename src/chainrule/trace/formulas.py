"""Formulas as plain data in a trace's header, and back.

Formulas of the tables are named as in model files. A user's own are named ``{"own": name, ...}`` with what is needed to know
which rows there must be; the objects themselves stay beside the trace, in memory only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from chainrule.formulas.activations import ACTIVATIONS, Activation, get_activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import Loss, get_loss
from chainrule.formulas.plain import activation_to_plain, loss_from_plain, loss_to_plain
from chainrule.formulas.solvers import SOLVERS, Solver
from chainrule.network import Dense, Network


class UnknownFormula(Exception):
    """A user's own formula whose object is not at hand."""


class Formulas:
    """Finds the formulas that plain data names.

    Parameters
    ----------
    own : dict
        The user's own objects by name.
    """

    def __init__(self, own: Mapping[str, Any] | None = None) -> None:
        self.own: dict[str, Any] = dict(own or {})
        self._networks: list[tuple[Any, Network]] = []

    def _own(self, name: Any) -> Any:
        if name not in self.own:
            raise UnknownFormula(f"{name!r} is a user's own formula, which the document does not hold")
        return self.own[name]

    def activation(self, plain: Any) -> Activation:
        """The activation that `Describer` named."""
        if isinstance(plain, dict):
            return self.heads(plain).activation() if "heads" in plain else self._own(plain.get("own"))
        return get_activation(str(plain))

    def loss(self, plain: Any) -> Loss:
        """The loss that `Describer` named."""
        if isinstance(plain, dict) and "own" in plain:
            found: Loss = self._own(plain["own"])
            return found
        if isinstance(plain, dict) and "heads" in plain:
            return self.heads(plain).build()
        return get_loss(loss_from_plain(plain))

    def heads(self, plain: Mapping[str, Any]) -> Heads:
        """The heads that `Describer` named."""
        return Heads(
            tuple(
                Head(head["units"], self.activation(head["activation"]), self.loss(head["loss"]), head["weight"])
                for head in plain["heads"]
            )
        )

    def solver(self, plain: Mapping[str, Any]) -> Solver:
        """The solver that `Describer` named."""
        if "own" in plain:
            found: Solver = self._own(plain["own"])
            return found
        return SOLVERS[plain["name"]](**{name: value for name, value in plain.items() if name != "name"})

    def network(self, plain: Mapping[str, Any]) -> Network:
        """The network that `Describer` named; the last one is remembered."""
        if not self._networks or self._networks[0][0] != plain:
            self._networks = [(plain, self._built(plain))]
        return self._networks[0][1]

    def _built(self, plain: Mapping[str, Any]) -> Network:
        heads: Any = self.heads(plain["loss"]) if isinstance(plain["loss"], dict) and "heads" in plain["loss"] else None
        layers = [
            Dense(
                layer["units"],
                heads
                if heads is not None and place == len(plain["layers"]) - 1
                else self.activation(layer["activation"]),
                layer.get("dropout", 0.0),
                layer.get("batch_norm", False),
            )
            for place, layer in enumerate(plain["layers"])
        ]
        loss = self.loss(plain["loss"]) if heads is None else heads
        return Network(plain["inputs"], tuple(layers), loss, plain.get("input_dropout", 0.0))

    def resolve(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with formulas in the place of their names."""
        kinds = {"activation": self.activation, "loss": self.loss, "solver": self.solver, "network": self.network}
        return {key: kinds[key](value) if key in kinds else value for key, value in settings.items()}


class Describer:
    """Writes formulas as plain data and remembers the user's own objects."""

    def __init__(self) -> None:
        self.own: dict[str, Any] = {}

    def _remember(self, formula: Any, name: str) -> str:
        while name in self.own and self.own[name] is not formula:
            name += "'"
        self.own[name] = formula
        return name

    def activation(self, given: Any) -> Any:
        """A table's name, or ``{"own": name, "elementwise": bool}``."""
        try:
            return get_activation(activation_to_plain(given)).name
        except ValueError:
            function = get_activation(given)
            return {"own": self._remember(function, function.name), "elementwise": function.pullback is None}

    def loss(self, given: Any, output: Activation) -> Any:
        """A table's name or family, or ``{"own": name, "fused": bool, "levels": int}``."""
        try:
            plain = loss_to_plain(given)
            return get_loss(plain).name if isinstance(plain, str) else plain
        except ValueError:
            loss = get_loss(given)
            facts = {"fused": loss.fused(output) is not None, "levels": loss.levels}
            return {"own": self._remember(loss, loss.name), **facts}

    def heads(self, heads: Heads) -> dict[str, Any]:
        """All heads, their own formulas included."""
        described = [
            {
                "units": head.units,
                "activation": self.activation(head.activation),
                "loss": self.loss(head.loss, head.function),
                "weight": head.weight,
            }
            for head in heads.heads
        ]
        return {"name": heads.name, "heads": described}

    def network(self, network: Network) -> dict[str, Any]:
        """Like `Network.to_dict`, own formulas included."""
        origin = network.objective.origin
        heads = self.heads(origin) if isinstance(origin, Heads) else None
        layers: list[dict[str, Any]] = []
        for layer in network.layers:
            layers.append({"units": int(layer.units)})
            last = heads is not None and len(layers) == len(network.layers)
            layers[-1]["activation"] = heads if last else self.activation(layer.activation)
            layers[-1] |= {"dropout": float(layer.dropout)} if layer.dropout else {}
            layers[-1] |= {"batch_norm": True} if layer.batch_norm else {}
        loss = self.loss(network.loss, network.layers[-1].function) if heads is None else heads
        described: dict[str, Any] = {"inputs": int(network.inputs), "layers": layers, "loss": loss}
        return described | ({"input_dropout": float(network.input_dropout)} if network.input_dropout else {})

    def solver(self, solver: Solver) -> dict[str, Any]:
        """A table's name and hyper-parameters, or ``{"own": name, "slots": [...], "decay": float}``."""
        if type(solver) in SOLVERS.values():
            return {"name": solver.name, **{field.name: getattr(solver, field.name) for field in fields(solver)}}
        name = self._remember(solver, str(getattr(solver, "name", type(solver).__name__)))
        return {"own": name, "slots": list(solver.slots), "decay": float(solver.decay)}


def elementwise(activation: Any) -> bool:
    """Whether each unit's activation depends on its own score only."""
    if isinstance(activation, dict):
        return bool(activation.get("elementwise"))
    return ACTIVATIONS[activation].pullback is None


def fused(loss: Any, activation: Any) -> bool:
    """Whether loss and output activation, in plain form, have a fused form."""
    if isinstance(loss, dict) and "own" in loss:
        return bool(loss["fused"])
    if isinstance(activation, dict):
        return False
    return get_loss(loss_from_plain(loss)).fused(get_activation(activation)) is not None


def levels(loss: Any) -> int:
    """Outputs for each target column."""
    if isinstance(loss, dict) and "own" in loss:
        return int(loss["levels"])
    return get_loss(loss_from_plain(loss)).levels
