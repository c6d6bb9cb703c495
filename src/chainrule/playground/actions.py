"""What a page may ask of a session, by name, with the arguments checked: the one door for whatever comes from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.errors import TableError
from chainrule.playground.explaining import explain
from chainrule.playground.keeping import export
from chainrule.playground.pictures import views
from chainrule.playground.pictures.frames import plain

if TYPE_CHECKING:
    from chainrule.playground.session import Session


class Action(NamedTuple):
    """One thing that can be asked.

    Parameters
    ----------
    call : callable
        ``(session, **arguments)``.
    arguments : tuple of str
        The names it knows.
    """

    call: Callable[..., Any]
    arguments: tuple[str, ...] = ()


ACTIONS: dict[str, Action] = {
    "describe": Action(lambda session: session.describe()),
    "status": Action(lambda session: session.status()),
    "advance": Action(lambda session, **given: session.advance(**given), ("epochs", "seconds")),
    "step": Action(lambda session, **given: session.step(**given), ("what",)),
    "back": Action(lambda session, **given: session.back(**given), ("what", "count")),
    "proceed": Action(lambda session: session.proceed()),
    "reset": Action(lambda session: session.reset()),
    "new_weights": Action(lambda session: session.new_weights()),
    "new_data": Action(lambda session: session.new_data()),
    "change": Action(lambda session, **given: session.change(**given), ("changes",)),
    "edit": Action(lambda session, **given: session.edit(**given), ("kind", "layer", "unit", "source", "value")),
    "freeze": Action(lambda session, **given: session.freeze(**given), ("row",)),
    "frame": Action(lambda session, **given: session.frame(**given), ("wanted",)),
    "points": Action(views.points),
    "bayes": Action(views.bayes, ("resolution",)),
    "surface": Action(views.surface, ("resolution", "span", "kind")),
    "regions": Action(views.regions),
    "digit": Action(views.digit, ("pixels",)),
    "predict": Action(views.predict, ("values",)),
    "explain": Action(explain.explain, ("what", "row")),
    "slow": Action(explain.slow, ("row",)),
    "diagnosis": Action(explain.diagnosis),
    "export": Action(export.export, ("kind",)),
    "hash": Action(lambda session: {"hash": session.hash()}),
}


def do(session: Session, action: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """Do what is asked.

    Parameters
    ----------
    session : Session
        Whose.
    action : str
        A key of `ACTIONS`.
    arguments : dict, optional
        Its arguments by name.

    Raises
    ------
    ValueError
        If there is no such action or argument, or the action cannot be done.
    """
    if action not in ACTIONS:
        raise ValueError(f"there is no action {action!r:.40}; known are {', '.join(ACTIONS)}.")
    asked, given = ACTIONS[action], dict(arguments or {})
    odd = [name for name in given if name not in asked.arguments]
    if odd:
        raise ValueError(
            f"action {action!r} has no argument {odd[0]!r:.40}; it knows {', '.join(asked.arguments) or 'none'}."
        )
    try:
        with np.errstate(all="ignore"):
            found = asked.call(session, **given)
        return plain(found) if isinstance(found, dict) and "bytes" not in found else found
    except TypeError as error:
        # A missing argument, or one of another type than can be worked with.
        raise ValueError(f"action {action!r}: {error}") from error


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
