"""Activations and losses as plain data, for model files: names, and the hyper-parameters of families."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSS_FAMILIES, LOSSES, Loss, LossFamily

HEAD_FIELDS = ("units", "activation", "loss", "weight")


def activation_to_plain(activation: Any) -> Any:
    """A name, or for heads what `loss_to_plain` gives.

    Raises
    ------
    ValueError
        If it is a user's own activation, which plain data cannot hold.
    """
    if isinstance(activation, str):
        return activation
    if isinstance(activation, Heads):
        return loss_to_plain(activation)
    assert isinstance(activation, Activation)
    if ACTIVATIONS.get(activation.name) != activation:
        raise ValueError(_own(activation.name))
    return activation.name


def loss_to_plain(loss: Any) -> Any:
    """A name, or ``{"name": ..., hyper-parameters}``.

    Raises
    ------
    ValueError
        If it is a user's own loss.
    """
    if isinstance(loss, str):
        return loss
    if isinstance(loss, Loss):
        if LOSSES.get(loss.name) == loss:
            return loss.name
        return loss_to_plain(loss.origin) if loss.origin is not None else _refuse(loss.name)
    if isinstance(loss, Heads):
        heads = [
            {
                "units": head.units,
                "activation": activation_to_plain(head.activation),
                "loss": loss_to_plain(head.loss),
                "weight": head.weight,
            }
            for head in loss.heads
        ]
        return {"name": loss.name, "heads": heads}
    if type(loss) not in LOSS_FAMILIES.values():
        return _refuse(getattr(loss, "name", type(loss).__name__))
    values = {field.name: getattr(loss, field.name) for field in fields(loss)}
    return {"name": loss.name, **{k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}}


def activation_from_plain(data: Any) -> str | Heads:
    """The activation that `activation_to_plain` described; ValueError for anything else."""
    if isinstance(data, str):
        return data
    built = loss_from_plain(data)
    if not isinstance(built, Heads):
        raise ValueError(f"an activation is described by its name, got {data!r}.")
    return built


def loss_from_plain(data: Any) -> str | LossFamily:
    """The loss that `loss_to_plain` described.

    Raises
    ------
    ValueError
        If it is no name, names no family, or has other hyper-parameters than the family.
    """
    if isinstance(data, str):
        return data
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise ValueError(f"a loss is described by its name, or by a dict with a name; got {data!r}.")
    given = {key: value for key, value in data.items() if key != "name"}
    if data["name"] == Heads.name:
        return _heads_from_plain(given)
    family = LOSS_FAMILIES.get(data["name"])
    expected = set() if family is None else {field.name for field in fields(family)}
    if family is None or set(given) != expected:
        raise ValueError(
            f"loss {data['name']!r} with the hyper-parameters {sorted(given)}: expected {sorted(expected)}."
        )
    if not all(_plain_number(value) for value in given.values()):
        raise ValueError(f"loss {data['name']!r}: the hyper-parameters must be numbers, got {given!r}.")
    return family(**{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()})


def _heads_from_plain(given: dict[str, Any]) -> Heads:
    listed = given.get("heads")
    if set(given) != {"heads"} or not isinstance(listed, list):
        raise ValueError(f"heads are described by a list named 'heads', got {sorted(given)}.")
    for head in listed:
        if not isinstance(head, dict) or set(head) != set(HEAD_FIELDS):
            raise ValueError(f"a head is described by {', '.join(HEAD_FIELDS)}; got {head!r}.")
        if not isinstance(head["activation"], str):
            raise ValueError(f"the activation of a head is a name, got {head['activation']!r}.")
    return Heads(
        tuple(Head(head["units"], head["activation"], loss_from_plain(head["loss"]), head["weight"]) for head in listed)
    )


def _plain_number(value: Any) -> bool:
    if isinstance(value, list):
        return all(_plain_number(item) for item in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _own(name: str) -> str:
    return f"a network with its own {name!r} object cannot be written as plain data."


def _refuse(name: str) -> Any:
    raise ValueError(_own(name))
