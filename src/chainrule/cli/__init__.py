"""The command line: `chainrule train FILE --target COLUMN`, `predict`, `evaluate`, `inspect`, `bench`.

Importing this package costs nothing; numbers, tables and pictures are imported by the commands that need them.
"""

from __future__ import annotations

import sys

NEEDED = ("typer", "rich")


def main() -> None:
    """Run the command line; what `chainrule` on a shell calls."""
    try:
        from chainrule.cli.application import run
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        sys.exit(
            f"chainrule: the command line needs {error.name}, which is not installed: pip install 'chainrule[all]'"
        )
    except KeyboardInterrupt:
        sys.exit(130)
    run()
