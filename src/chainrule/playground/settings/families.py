"""Formulas with hyper-parameters as plain data, and what the controls for them are: read from the library's own tables.

A new solver, schedule, initializer or loss is here without an edit: the fields of its dataclass are its controls, and their
ranges are found by asking the dataclass itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import lru_cache
from math import inf, isfinite
from typing import Any, NamedTuple

from chainrule.formulas.initializers import INITIALIZERS
from chainrule.formulas.losses import LOSS_FAMILIES, LOSSES
from chainrule.formulas.schedules import SCHEDULES
from chainrule.formulas.solvers import SOLVERS

# What may be asked for, name by name: the dataclass of its hyper-parameters, None where it has none.
FAMILIES: dict[str, dict[str, type | None]] = {
    "solver": dict(SOLVERS),
    "schedule": dict(SCHEDULES),
    "initializer": {name: type(one) if is_dataclass(one) else None for name, one in INITIALIZERS.items()},
    "loss": {name: LOSS_FAMILIES.get(name) for name in LOSSES},
}
# Asked one after the other, from the widest range to the narrowest.
LOWS, HIGHS = (-1.0, 0.0, 1e-12, 1.0), (1e9, 1.0)


class Knob(NamedTuple):
    """One hyper-parameter of a formula.

    Parameters
    ----------
    name : str
        Of the field.
    kind : {"number", "whole", "flag", "numbers"}
        What it holds.
    default : object
        The formula's own.
    low, high : float
        Least and most; the most is left out where `open_high`.
    optional : bool
        Whether it may be None.
    open_high : bool
        Whether `high` itself is refused.
    """

    name: str
    kind: str
    default: Any
    low: float
    high: float
    optional: bool
    open_high: bool


@lru_cache(maxsize=64)
def knobs(family: type | None) -> tuple[Knob, ...]:
    """The hyper-parameters of a formula."""
    if family is None:
        return ()
    return tuple(_knob(family, field.name, field.default, str(field.type)) for field in fields(family))


def _knob(family: type, name: str, default: Any, annotation: str) -> Knob:
    kind = "numbers" if "tuple" in annotation else "flag" if "bool" in annotation else "number"
    whole = "int" in annotation
    if kind != "number":
        return Knob(name, kind, default, 0.0, 1.0, False, True)
    low, high = _ends(family, name, whole)
    optional = "None" in annotation
    return Knob(name, "whole" if whole else "number", default, low, high, optional, not _takes(family, name, high))


def _ends(family: type, name: str, whole: bool) -> tuple[float, float]:
    """Least and most value that the formula accepts, of those asked."""
    asked = tuple(int(one) for one in (-1, 0, 1)) if whole else LOWS
    low = next((one for one in asked if _takes(family, name, one)), asked[-1])
    if whole:
        return low, inf
    most = next((one for one in HIGHS if _takes(family, name, one) or _takes(family, name, one * (1 - 1e-9))), inf)
    return low, inf if most == HIGHS[0] else most


def _takes(family: type, name: str, value: float) -> bool:
    if not isfinite(value):
        return True
    # Some numbers go with a flag only off, as dampening with Nesterov's momentum.
    off = {field.name: False for field in fields(family) if str(field.type) == "bool"}
    return any(_builds(family, {**more, name: value}) for more in ({}, off))


def _builds(family: type, values: dict[str, Any]) -> bool:
    try:
        family(**values)
    except (ValueError, TypeError):
        return False
    return True


class Repair(ValueError):
    """A value that cannot be used, with what was taken in its place."""

    def __init__(self, text: str, instead: Any) -> None:
        super().__init__(text)
        self.instead = instead


def formula(what: str, given: Any, default: Any) -> Any:
    """The formula that plain data describe.

    Parameters
    ----------
    what : str
        A key of `FAMILIES`.
    given : str, dict or object
        A name, ``{"name": ..., hyper-parameters}``, or the formula itself.
    default : object
        Taken where the name is unknown.

    Returns
    -------
    object
        An object with its hyper-parameters, or a name where there are none.

    Raises
    ------
    Repair
        If something had to be changed; `instead` is the formula taken.
    """
    table = FAMILIES[what]
    if not isinstance(given, (str, Mapping)):
        if any(family is not None and type(given) is family for family in table.values()):
            return given
        raise Repair(f"a {what} is a name, or an object with a name; found {given!r:.80}.", default)
    told = {"name": given} if isinstance(given, str) else dict(given)
    name = told.pop("name", None)
    if not isinstance(name, str) or name not in table:
        near = get_close_matches(str(name), table, 1)
        hint = f" Did you mean {near[0]!r}?" if near else f" Known are {', '.join(table)}."
        raise Repair(f"there is no {what} {str(name)[:80]!r}.{hint}", default)
    family = table[name]
    if family is None:
        return _only_name(what, name, told)
    return _built(what, name, family, told)


def _only_name(what: str, name: str, told: dict[str, Any]) -> str:
    if told:
        raise Repair(f"{what} {name!r} has no hyper-parameters; left out: {', '.join(map(str, told))}.", name)
    return name


def _built(what: str, name: str, family: type, told: dict[str, Any]) -> Any:
    values, complaints = {}, []
    known = {knob.name: knob for knob in knobs(family)}
    for key, value in told.items():
        if key not in known:
            complaints.append(f"{name} has no {str(key)[:80]!r}; left out")
            continue
        values[key], told_wrong = fitted(known[key], value)
        complaints += [f"{key}: {told_wrong}"] if told_wrong else []
    try:
        built = family(**values)
    except (ValueError, TypeError) as error:
        raise Repair(*_instead(family, values, str(error))) from None
    if complaints:
        raise Repair(f"{what} {name!r}: {'; '.join(complaints)}.", built)
    return built


def _instead(family: type, values: dict[str, Any], error: str) -> tuple[str, Any]:
    """What is taken where values do not go together: the same with the flags off if that helps, else the formula's own."""
    off = {**values, **{field.name: False for field in fields(family) if str(field.type) == "bool"}}
    if _builds(family, off):
        changed = [name for name, value in off.items() if values.get(name, True) != value]
        return f"{error} Turned off: {', '.join(changed)}.", family(**off)
    return f"{error} Its own defaults are taken.", family()


def fitted(knob: Knob, value: Any) -> tuple[Any, str]:
    """The value as the formula takes it, and what had to be changed about it."""
    if value is None and knob.optional:
        return None, ""
    if knob.kind == "flag":
        return (value, "") if isinstance(value, bool) else (knob.default, f"{value!r:.40} is neither true nor false")
    if knob.kind == "numbers":
        right = isinstance(value, (list, tuple)) and all(is_number(one) for one in value)
        return (
            (tuple(float(one) for one in value), "")
            if right
            else (knob.default, f"{value!r:.40} is no list of numbers")
        )
    if not is_number(value):
        return knob.default, f"{value!r:.40} is no number"
    return _clipped(knob, value)


def _clipped(knob: Knob, value: Any) -> tuple[Any, str]:
    high = knob.high * (1 - 1e-9) if knob.open_high and isfinite(knob.high) else knob.high
    found: Any = min(max(value, knob.low), high)
    found = round(found) if knob.kind == "whole" else float(found)
    return found, "" if found == value else f"{value!r:.40} became {found:g}"


def is_number(value: Any) -> bool:
    """Whether it is a finite number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def formula_to_plain(made: Any) -> Any:
    """``{"name": ..., hyper-parameters}``, or the name of what has none."""
    if isinstance(made, str):
        return made
    values = {field.name: getattr(made, field.name) for field in fields(made)}
    return {"name": name_of(made), **{key: list(one) if isinstance(one, tuple) else one for key, one in values.items()}}


def name_of(made: Any) -> str:
    """The name that its table knows a formula by."""
    if isinstance(made, str):
        return made
    for table in FAMILIES.values():
        for name, family in table.items():
            if family is type(made):
                return name
    raise ValueError(f"{made!r} is no formula of the library's tables.")
