"""Errors as one message and an exit code: 0 done, 1 the data or a file, 2 the usage, 130 Ctrl-C.

What a user can cause is explained; anything else is a bug of chainrule and says so, with a traceback only on request.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from chainrule.cli.text import clean
from chainrule.errors import ChainruleError

DATA_ERROR, INTERRUPTED = 1, 130
OPTIONAL = ("polars", "matplotlib", "rich", "threadpoolctl", "starlette", "uvicorn", "websockets")


class CommandError(ChainruleError):
    """A command cannot do what was asked; the message says why and what to do."""


class Guarded(TyperGroup):
    """The group of commands, with every exception turned into a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            raise _failed("Interrupted; nothing was saved.", INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output (`| head`) has seen enough.
            _discard_output()
            raise typer.Exit(0) from None
        except Exception as error:
            if ctx.params.get("debug") or hasattr(error, "exit_code") or isinstance(error, typer.Abort):
                raise
            raise _failed(explain(error), DATA_ERROR) from None


def explain(error: Exception) -> str:
    """One message for any exception."""
    if isinstance(error, ChainruleError) or type(error).__name__ == "InvalidParameterError":
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory; use fewer columns (--drop), fewer rows, or a smaller network (--hidden)."
    if isinstance(error, OSError):
        return _system(error)
    if isinstance(error, ModuleNotFoundError) and error.name in OPTIONAL:
        return f"this needs {error.name}, which is not installed: pip install 'chainrule[all]'"
    return (
        f"this is a bug in chainrule, not in your data ({type(error).__name__}: {error}). Please report it together with "
        f"the traceback that `chainrule --debug {' '.join(sys.argv[1:])}` shows."
    )


def _system(error: OSError) -> str:
    reason = (error.strerror or str(error)).rstrip(".")
    # Without a name it was a stream, in all likelihood our output.
    return f"{error.filename or 'standard output'}: {reason}."


def _failed(message: str, code: int) -> typer.Exit:
    if not sys.stdout.closed:
        try:
            sys.stdout.flush()
        except OSError:
            _discard_output()
    typer.echo(f"chainrule: {clean(message)}", err=True)
    return typer.Exit(code)


def _discard_output() -> None:
    # Otherwise Python tries once more to write what is left when it exits, and complains.
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
