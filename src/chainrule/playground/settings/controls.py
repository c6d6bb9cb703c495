"""A control: what a field of the setup may hold, and what is done with anything else.

Each field of the dataclasses in `setup` carries its control; the page's list of controls, the repair of files and links, and the
text of the address all read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import inf
from typing import Any

from chainrule.playground.settings.families import Repair, formula, is_number

LONGEST = 200


@dataclass(frozen=True)
class Control:
    """What a field may hold.

    Parameters
    ----------
    kind : str
        A key of `REPAIRS`.
    default : object
        What it holds at first, and where nothing of use is given.
    effect : {"live", "grow", "reset", "data", "view"}
        What a change does to a run: nothing is reset; what fits is kept; the start weights are drawn; new data; only the view.
    low, high : float
        The interval of a number, ends included.
    choices : tuple of str
        Of a choice.
    optional : bool
        Whether None is allowed: off.
    scale : {"linear", "log"}
        How a slider should go.
    suggested : tuple
        Values worth a tick.
    family : str
        Of a formula: the key of `FAMILIES`.
    label : str
        For people; by default the field's name.
    """

    kind: str
    default: Any
    effect: str
    low: float = -inf
    high: float = inf
    choices: tuple[str, ...] = ()
    optional: bool = False
    scale: str = "linear"
    suggested: tuple[Any, ...] = ()
    family: str = ""
    label: str = ""

    def repaired(self, given: Any) -> Any:
        """The value, if it may stand there.

        Raises
        ------
        Repair
            If not; `instead` may.
        """
        if given is None and self.optional:
            return None
        return REPAIRS[self.kind](self, given)


def held(kind: str, default: Any, effect: str, **told: Any) -> Any:
    """A dataclass field with a control."""
    return field(default=default, metadata={"control": Control(kind, default, effect, **told)})


def _number(control: Control, given: Any) -> float:
    if not is_number(given):
        raise Repair(f"{_shown(given)} is no number; {_shown(control.default)} is taken.", control.default)
    found = min(max(float(given), control.low), control.high)
    if found != given:
        raise Repair(f"{given:g} is outside {control.low:g} to {control.high:g}; {found:g} is taken.", found)
    return found


def _whole(control: Control, given: Any) -> int:
    if not is_number(given) or given != int(given):
        raise Repair(f"{_shown(given)} is no whole number; {_shown(control.default)} is taken.", control.default)
    found = int(min(max(given, control.low), control.high))
    if found != given:
        raise Repair(f"{given:g} is outside {control.low:g} to {control.high:g}; {found} is taken.", found)
    return found


def _flag(control: Control, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    raise Repair(f"{_shown(given)} is neither true nor false; {_shown(control.default)} is taken.", control.default)


def _choice(control: Control, given: Any) -> str:
    if isinstance(given, str) and given in control.choices:
        return given
    near = get_close_matches(given, control.choices, 1) if isinstance(given, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else f" Known are {', '.join(control.choices)}."
    raise Repair(f"{_shown(given)} is not known; {_shown(control.default)} is taken.{hint}", control.default)


def _text(control: Control, given: Any) -> str:
    if isinstance(given, str) and len(given) <= LONGEST:
        return given
    raise Repair(f"expected a text of at most {LONGEST} characters.", control.default)


def _names(control: Control, given: Any) -> tuple[str, ...]:
    texts = isinstance(given, (list, tuple)) and all(isinstance(one, str) and len(one) <= LONGEST for one in given)
    if not texts:
        raise Repair(f"expected a list of names, found {_shown(given)}.", control.default)
    kept = tuple(dict.fromkeys(one for one in given if one and (not control.choices or one in control.choices)))
    if len(kept) != len(given):
        raise Repair(f"left out of {_shown(list(given))} what is unknown, empty or stands twice.", kept)
    return kept


def _formula(control: Control, given: Any) -> Any:
    return formula(control.family, given, control.default)


def _seed(control: Control, given: Any) -> Any:
    """A whole number; links have texts such as 0.59704."""
    return _text(control, given) if isinstance(given, str) else _whole(control, given)


def _places(control: Control, given: Any) -> tuple[tuple[str, Any], ...]:
    """Values by column."""
    pairs = list(given.items()) if isinstance(given, dict) else given
    kept = []
    for pair in pairs if isinstance(pairs, (list, tuple)) else ():
        name, value = pair if isinstance(pair, (list, tuple)) and len(pair) == 2 else (None, None)
        if isinstance(name, str) and (is_number(value) or (isinstance(value, str) and len(value) <= LONGEST)):
            kept.append((name, value))
    if not isinstance(pairs, (list, tuple)) or len(kept) != len(pairs):
        raise Repair(f"expected a number or a level for each column, found {_shown(given)}.", tuple(kept))
    return tuple(kept)


def _points(control: Control, given: Any) -> tuple[tuple[float, ...], ...]:
    listed = given if isinstance(given, (list, tuple)) else ()
    kept = [
        tuple(float(one) for one in point)
        for point in listed
        if isinstance(point, (list, tuple)) and len(point) in (2, 3) and all(is_number(one) for one in point)
    ]
    kept = [point for point in kept if len(point) == len(kept[0])][: int(control.high)]
    if not isinstance(given, (list, tuple)) or len(kept) != len(given):
        raise Repair(
            f"expected at most {control.high:g} points [x, y, label] of numbers; {len(kept)} of {len(listed)} are kept.",
            tuple(kept),
        )
    return tuple(kept)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


REPAIRS: dict[str, Callable[[Control, Any], Any]] = {
    "number": _number,
    "whole": _whole,
    "flag": _flag,
    "choice": _choice,
    "text": _text,
    "names": _names,
    "formula": _formula,
    "seed": _seed,
    "places": _places,
    "points": _points,
}
