"""Files that the commands write: which name, whether it may be overwritten, and all or nothing on disk."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from chainrule.cli.guard import CommandError
from chainrule.files import replace

TABLE_ENDINGS = (".gz", ".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq")
MODEL_ENDING = ".model.safetensors"


def default_model(table: Path) -> Path:
    """The model's file, named after the table, in the current folder."""
    name = table.name
    for ending in TABLE_ENDINGS:
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return Path((name or "table") + MODEL_ENDING)


def check_model(path: Path, inputs: tuple[Path, ...], force: bool) -> bool:
    """Whether an earlier chainrule model will be replaced; CommandError if the file cannot or must not be written."""
    replaces = _check(path, inputs, force, "a chainrule model", _is_model)
    check_writable(path)
    return replaces


def check_report(path: Path, inputs: tuple[Path, ...], force: bool) -> None:
    """CommandError if the report cannot or must not be written."""
    _check(path, inputs, force, "an HTML page", _is_page)
    check_writable(path)


def check_output(path: Path, inputs: tuple[Path, ...]) -> None:
    """CommandError if predictions cannot or must not be written there."""
    if _special(path):
        return
    _check(path, inputs, True, "", _is_page)
    check_writable(path)


def _check(path: Path, inputs: tuple[Path, ...], force: bool, expected: str, fits: Callable[[Path], bool]) -> bool:
    if path.is_dir():
        raise CommandError(f"{path} is a folder; name a file in it.")
    if not path.exists():
        return False
    for other in inputs:
        if other.exists() and path.samefile(other):
            raise CommandError(f"{path} is an input of this command and would be overwritten; choose another name.")
    if force or fits(path):
        return True
    raise CommandError(f"{path} exists and is not {expected}; choose another name, or --force to overwrite it.")


def _is_model(path: Path) -> bool:
    from chainrule.errors import ModelFileError
    from chainrule.models import inspect_file

    try:
        inspect_file(path)
    except ModelFileError:
        return False
    return True


def _is_page(path: Path) -> bool:
    with open(path, "rb") as stream:
        return stream.read(15).lower() == b"<!doctype html>"


def _special(path: Path) -> bool:
    """Whether this is a pipe or a device, which is written to rather than replaced."""
    return path.exists() and not path.is_dir() and not stat.S_ISREG(path.stat().st_mode)


def check_writable(path: Path) -> None:
    """CommandError unless a file can be made in that folder; found out before the work, not after it."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise CommandError(f"{path}: the folder {folder} does not exist; create it first.")
    try:
        descriptor, probe = tempfile.mkstemp(prefix=".chainrule-", suffix=".tmp", dir=folder)
    except OSError as error:
        raise CommandError(
            f"{path}: the folder {folder} cannot be written to ({error.strerror}); choose another place."
        ) from error
    os.close(descriptor)
    os.unlink(probe)


def write(path: Path, data: bytes) -> None:
    """Write the file, whole or not at all; pipes and devices are written to directly."""
    failed = "could not be written"
    if not _special(path):
        replace(str(path), data, failed)
        return
    try:
        with open(path, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise OSError(error.errno, f"{failed}: {error.strerror}", str(path)) from error
