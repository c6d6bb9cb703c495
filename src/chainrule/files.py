"""Files, below everything that reads or writes them: read and replaced whole, recognised; cells that a spreadsheet runs."""

from __future__ import annotations

import codecs
import contextlib
import errno
import math
import os
import secrets
import stat

from chainrule.errors import ChainruleError

MODEL, TEXT = "a chainrule model file", "text, such as a CSV table"
PARQUET, GZIP = "a Parquet table", "gzip data"
MODEL_HEAD = b'{"__metadata__":{"chainrule"'
SIGNATURES = {
    b"PAR1": PARQUET,
    b"\x1f\x8b": GZIP,
    b"PK\x03\x04": "a ZIP archive or Excel file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF file",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x89HDF": "an HDF5 file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"BZh9": "a bzip2 file",
    b"<!DOCTYPE": "an HTML page",
    b"<html": "an HTML page",
    b"[{": "a JSON file",
    b'{"': "a JSON file",
}
HEAD = 4096
# What a spreadsheet would take for the beginning of a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")


def recognised(data: bytes) -> str:
    """What a file is, by its first bytes; empty where they tell nothing."""
    # A safetensors file begins with the length of its header in eight bytes.
    if data[8:].startswith(MODEL_HEAD):
        return MODEL
    found = next((what for magic, what in SIGNATURES.items() if data.startswith(magic)), "")
    return found or (TEXT if _is_text(data[:HEAD]) else "")


def _is_text(head: bytes) -> bool:
    try:
        # Incremental: the last character may have been cut.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return bool(head.strip()) and b"\0" not in head


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a cell of a table for a formula; plain numbers such as -3.5 are none."""
    if not text.startswith(FORMULA_STARTS):
        return False
    try:
        return not math.isfinite(float(text)) or text[0] in "\t\r"
    except ValueError:
        return True


def read_whole(name: str, wanted: str, refuse: type[ChainruleError]) -> bytes:
    """The bytes of a regular file; whatever goes wrong is one ``refuse`` that names the file and what was wanted."""
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):
            found = "a directory" if os.path.isdir(name) else "not a regular file"
            raise refuse(f"{name}: is {found}; expected {wanted}.")
        with open(name, "rb") as stream:
            return stream.read()
    except ChainruleError:
        raise
    except FileNotFoundError:
        raise refuse(f"{name}: no such file.") from None
    except (OSError, ValueError) as error:
        raise refuse(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error}).") from error


def replace(path: str, data: bytes, failed: str) -> None:
    """Write beside the target, then rename over it: on any failure the old file stands and the new one is removed.

    Raises
    ------
    OSError
        Its type and number as they were, with ``failed`` before the reason, and the name that was given.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".chainrule-{secrets.token_hex(8)}.tmp")
    try:
        mode = _mode(target, path)
        try:
            _write_durably(temporary, data, mode)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _sync_folder(folder)
    except OSError as error:
        # The temporary name would only confuse; the reason and the type of the error stay.
        raise OSError(error.errno, f"{failed}: {error.strerror}", path) from error


def _mode(target: str, path: str) -> int | None:
    """The permissions of the file that is replaced, None if there is none."""
    try:
        found = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(found):
        raise OSError(errno.EINVAL, "not a regular file", path)
    return stat.S_IMODE(found)


def _write_durably(path: str, data: bytes, mode: int | None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
    with open(descriptor, "wb") as stream:
        if mode is not None:
            os.fchmod(descriptor, mode)
        stream.write(data)
        stream.flush()
        os.fsync(descriptor)


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems do not know how to sync a folder; the file itself is synced by then.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
