"""What a page may ask of a session, by name, with the arguments checked: the one door for whatever comes from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import TableError
from chainrule.playground.checked import one_of
from chainrule.playground.explaining import explain
from chainrule.playground.keeping import export
from chainrule.playground.pictures import views
from chainrule.playground.pictures.frames import plain

if TYPE_CHECKING:
    from chainrule.playground.session import Session


# Methods of a session that may be called from outside, by their own names; no other can be.
METHODS = (
    "describe", "status", "advance", "step", "back", "proceed", "reset", "new_weights", "new_data", "change", "edit", "freeze",
    "frame",
)  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "points": views.points,
    "bayes": views.bayes,
    "surface": views.surface,
    "regions": views.regions,
    "digit": views.digit,
    "explain": explain.explain,
    "slow": explain.slow,
    "diagnosis": explain.diagnosis,
    "export": export.export,
    "hash": lambda session: {"hash": session.hash()},
}
ACTIONS = (*METHODS, *FUNCTIONS)


def do(session: Session, action: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """Do what is asked.

    Parameters
    ----------
    session : Session
        Whose.
    action : str
        One of `ACTIONS`.
    arguments : dict, optional
        Its arguments by name.

    Raises
    ------
    ValueError
        If there is no such action or argument, or the action cannot be done.
    """
    one_of("the action", action, ACTIONS)
    call = partial(FUNCTIONS[action], session) if action in FUNCTIONS else getattr(session, action)
    given = dict(arguments or {})
    try:
        signature(call).bind(**given)
    except TypeError as error:
        known = ", ".join(str(one) for one in signature(call).parameters)
        raise ValueError(f"action {action!r}: {error}; it knows {known or 'no argument'}.") from None
    with np.errstate(all="ignore"):
        found = call(**given)
    return plain(found) if isinstance(found, dict) and "bytes" not in found else found


def as_error(error: BaseException) -> dict[str, Any]:
    """What the page is told of an exception; nothing of the program's inside."""
    if isinstance(error, TableError):
        kind, text = "table", str(error)
    elif isinstance(error, (ValueError, ModuleNotFoundError)):
        kind, text = "value", str(error)
    elif isinstance(error, MemoryError):
        kind, text = "limit", "there is not enough memory for this; choose something smaller."
    else:
        kind, text = "internal", "something went wrong inside; the details are in the terminal."
    return {"error": {"kind": kind, "text": text, "field": None}}
