"""Formulas on the command line: a name, or a name with hyper-parameters such as ``huber:delta=2``.

Names and hyper-parameters come from the library's tables, which are imported only when an option is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

import typer

from chainrule.cli.options import named

NUMBER_NAMES = {"true": True, "false": False}


def activations(text: str) -> str | list[str]:
    """The name of a hidden activation, or several of them, one per hidden layer."""
    names = [_activation(part.strip()) for part in text.split(",")]
    return names[0] if len(names) == 1 else names


def _activation(text: str) -> str:
    from chainrule.formulas.activations import ACTIVATIONS, get_activation

    hidden = [name for name, entry in ACTIVATIONS.items() if entry.hidden and not entry.untrainable]
    checked = named("activation", lambda: hidden)
    try:
        return checked(get_activation(text).name)
    except ValueError:
        return checked(text)


def output(text: str) -> str:
    """The name of an output activation that tables can be trained with."""
    from chainrule.formulas.activations import ACTIVATIONS, get_activation
    from chainrule.tables.asking import outputs

    known = dict.fromkeys([*outputs("multiclass"), *outputs("regression")])
    try:
        name = get_activation(text.strip()).name
    except ValueError:
        name = text.strip()
    if name in ACTIVATIONS and name not in known:
        raise typer.BadParameter(
            f"{name!r} is not for the outputs of a table, which are probabilities of the classes (softmax, logistic) or, scaled, "
            f"numbers of either sign; known are {', '.join(known)}."
        )
    return named("output activation", lambda: known)(name)


def solver(text: str) -> Any:
    """A solver."""
    from chainrule.formulas.solvers import SOLVERS

    return formula("solver", text, SOLVERS, SOLVERS)


def schedule(text: str) -> Any:
    """A schedule of the learning rate; always an object: the names of two mean another one where the solver is adam."""
    from chainrule.formulas.schedules import SCHEDULES

    found = formula("schedule", text, SCHEDULES, SCHEDULES)
    return SCHEDULES[found]() if isinstance(found, str) else found


def loss(text: str) -> Any:
    """A loss that tables can be trained on."""
    from chainrule.formulas.losses import LOSS_FAMILIES
    from chainrule.tables.asking import NOT_FOR_TABLES, losses

    known = dict.fromkeys([*losses("binary"), *losses("regression")])
    if text in NOT_FOR_TABLES:
        raise typer.BadParameter(f"{text!r} is not for tables: {NOT_FOR_TABLES[text]}; known are {', '.join(known)}.")
    return formula("loss", text, known, LOSS_FAMILIES)


def initializer(text: str) -> Any:
    """How the first weights are drawn."""
    from chainrule.formulas.initializers import INITIALIZERS, Normal

    return formula("initializer", text, INITIALIZERS, {"normal": Normal})


def formula(what: str, text: str, names: Mapping[str, Any], kinds: Mapping[str, Any]) -> Any:
    """The name, or the object of ``NAME:FIELD=NUMBER,...``; a usage error that lists what there is."""
    name, colon, rest = text.partition(":")
    name = named(what, lambda: names)(name.strip().replace("-", "_"))
    if not colon:
        return name
    known = [field.name for field in fields(kinds[name])] if name in kinds else []
    if not known:
        raise typer.BadParameter(f"{what} {name} has no hyper-parameters; found {text!r}.")
    given: dict[str, Any] = {}
    for part in rest.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key.replace("-", "_") not in known or not equals:
            near = get_close_matches(key, known, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise typer.BadParameter(
                f"{text!r}: expected {name}:NAME=NUMBER,... with names out of {', '.join(known)}; found {part!r}.{hint}"
            )
        given[key.replace("-", "_")] = number(text, value)
    return built(kinds[name], **given)


def built(kind: Any, **given: Any) -> Any:
    """An object of a table; its own complaint as a usage error."""
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(str(error)) from None


def number(text: str, value: str) -> Any:
    """A number, or true or false."""
    if value.lower() in NUMBER_NAMES:
        return NUMBER_NAMES[value.lower()]
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    raise typer.BadParameter(f"{text!r}: {value!r} is no number.")
