"""The table of commands, and what stands above them all: version, debugging, exit codes.

A command is one file of this folder and one entry of `COMMANDS`; its options and help are its function's signature.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

import chainrule
from chainrule.cli import lab
from chainrule.cli.bench import bench
from chainrule.cli.evaluate import evaluate
from chainrule.cli.explain import explain
from chainrule.cli.guard import Guarded
from chainrule.cli.help import Grouped
from chainrule.cli.inspect import inspect
from chainrule.cli.play import play
from chainrule.cli.predict import predict
from chainrule.cli.train import train

COMMANDS: dict[str, Callable[..., None]] = {
    "train": train,
    "predict": predict,
    "evaluate": evaluate,
    "explain": explain,
    "inspect": inspect,
    "bench": bench,
    "play": play,
}

# Commands of a command.
GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "lab": (
        "Run the claims of the lectures as experiments.",
        {"list": lab.list_, "run": lab.run, "show": lab.show, "gallery": lab.gallery},
    ),
}


def application() -> typer.Typer:
    """All commands as one typer application."""
    app = typer.Typer(
        name="chainrule",
        cls=Guarded,
        no_args_is_help=True,
        # Plain help and usage errors: one line per message, and no time spent on importing rich for `--help`.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_top)
    for name, command in COMMANDS.items():
        app.command(name, cls=Grouped)(command)
    for name, (about, commands) in GROUPS.items():
        group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=about)
        for inner, command in commands.items():
            group.command(inner, cls=Grouped)(command)
        app.add_typer(group, name=name)
    return app


def run() -> None:
    """Run the application on the arguments of this process."""
    # Where whoever started the command has closed them, Python has none.
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows "?" instead of ending the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    application()(prog_name="chainrule")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"chainrule {chainrule.__version__}")
        raise typer.Exit


def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the Python traceback of an error.")] = False,
) -> None:
    """Feed-forward neural networks for tables: train, predict, evaluate, inspect.

    Begin with: chainrule train FILE --target COLUMN
    """
