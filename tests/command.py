"""The command line as tests call it: in this process, or as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from chainrule.cli.application import application

PENGUINS = Path(__file__).parents[1] / "examples" / "penguins.csv"
QUICK = ("--hidden", "6", "--alpha", "1", "--epochs", "15")
MAIN = "from chainrule.cli import main; main()"


def run(*arguments):
    """The result of a command in this process: exit_code, stdout, stderr."""
    return CliRunner().invoke(application(), [str(argument) for argument in arguments])


def data(*arguments):
    """The one JSON object that a command prints."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def start(*arguments, **options):
    """The command as a process of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, "-c", MAIN, *map(str, arguments)], **pipes)


def refused(result, code, *words):
    """Assert a failure with that exit code and one message, which has these words and is no traceback."""
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    assert "is a bug" not in result.stderr
    for word in words:
        assert word in result.stderr
    if code == 1:
        assert len(result.stderr.strip().splitlines()) == 1
