"""Read a table from a CSV file (plain or gzip-compressed) or a Parquet file.

Whatever cannot be read leaves as one TableError that names the file and, where there is one, the line. Nothing is
guessed beyond the separator and a UTF-16 mark: a file that is not what it says is refused, not repaired.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from chainrule.errors import TableError
from chainrule.files import MODEL, TEXT, read_whole, recognised
from chainrule.tables.layout import Layout, check_widths, guess_separator, scan
from chainrule.tables.table import Table

EXPECTED = "a CSV or Parquet file"
MAX_COLUMNS = 20_000
# Text compresses tenfold; a file that grows past both limits is a bomb, not a table.
MAX_GROWTH, ALWAYS_ALLOWED = 200, 256 * 2**20


def read_table(path: str | os.PathLike[str], *, must_have: Sequence[str] | None = None) -> Table:
    """Read a CSV or Parquet file.

    Parameters
    ----------
    path : path-like
        A CSV file (separated by comma, semicolon, tab or bar; ``.gz`` allowed), with one header line, in UTF-8; or a
        Parquet file. What the file is, is told by its first bytes, not by its name.
    must_have : sequence of str, optional
        Columns without which the table is of no use.

    Returns
    -------
    table : Table

    Raises
    ------
    TableError
        The file cannot be read as a table; the message says where and why.
    """
    name = os.fspath(path)
    table = table_of(read_whole(name, EXPECTED, TableError), name)
    if must_have is not None:
        table.require(must_have)
    return table


def table_of(raw: bytes, name: str) -> Table:
    """The table in the bytes of a file, such as an uploaded one; see `read_table`.

    Parameters
    ----------
    raw : bytes
        The whole file.
    name : str
        What error messages call it.

    Raises
    ------
    TableError
        The bytes cannot be read as a table; the message says where and why.
    """
    if not raw:
        raise TableError(f"{name} is empty; expected a header line and rows.")
    raw = _decompress(raw, name) if raw[:2] == b"\x1f\x8b" else raw
    try:
        return _parquet(raw, name) if raw[:4] == b"PAR1" else _csv(raw, name)
    except MemoryError:
        raise TableError(f"{name}: too large for the memory of this machine ({len(raw):,} bytes).") from None


def _decompress(raw: bytes, name: str) -> bytes:
    limit = max(ALWAYS_ALLOWED, MAX_GROWTH * len(raw))
    try:
        with gzip.open(io.BytesIO(raw)) as stream:
            text = stream.read(limit + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise TableError(f"{name}: the gzip data is damaged ({error}).") from error
    if len(text) > limit:
        raise TableError(f"{name}: {len(raw):,} compressed bytes grow to more than {limit:,}; refused as a gzip bomb.")
    if not text:
        raise TableError(f"{name} is empty; expected a header line and rows.")
    return text


def _csv(raw: bytes, name: str) -> Table:
    what = recognised(raw)
    if what not in ("", TEXT):
        change = "" if what == MODEL else ": export the table as one of these"
        raise TableError(f"{name} is {what}; expected {EXPECTED}{change}.")
    text = _plain_text(raw, name)
    separator = guess_separator(text)
    layout = scan(text, separator, name)
    blank = layout.ends == layout.starts
    layout = layout.keep(~blank) if int(layout.fields.max()) > 1 else layout
    if int(layout.fields[0]) > MAX_COLUMNS:
        raise TableError(f"{name} has {int(layout.fields[0]):,} columns; at most {MAX_COLUMNS:,} are read.")
    check_widths(layout, name)
    names = _header(text[layout.starts[0] : layout.ends[0]], separator, int(layout.fields[0]), name)
    if layout.starts.size == 1:
        raise TableError(f"{name} has a header but no rows.")
    frame = _columns(text, layout, names, separator)
    if frame.height != layout.starts.size - 1:
        raise TableError(f"{name}: {layout.starts.size - 1} rows were found but {frame.height} could be split.")
    return Table(frame, name, layout.lines[1:])


def _plain_text(raw: bytes, name: str) -> bytes:
    """UTF-8 without byte-order mark, lines ended by line feeds, leading blank lines dropped."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            raw = raw.decode("utf-16").encode()
        except UnicodeError as error:
            raise TableError(f"{name} begins as UTF-16 but is not ({error}).") from None
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    zero = text.find(b"\0")
    if zero >= 0:
        line = text.count(b"\n", 0, zero) + 1
        raise TableError(f"{name}, line {line}: a NUL byte; this is not text in UTF-8. Save the file as UTF-8.")
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise TableError(
            f"{name}, line {line}: byte 0x{text[error.start]:02X} is not UTF-8; save the file as UTF-8 "
            "(for instance: iconv -f latin1 -t utf-8)."
        ) from None
    if not text.strip():
        raise TableError(f"{name} is empty; expected a header line and rows.")
    return text


def _header(line: bytes, separator: str, width: int, name: str) -> list[str]:
    cells = _parse(line + b"\n", separator, [str(i) for i in range(width)]).row(0) if line else ("",)
    # Programs that write row numbers leave the name of that column empty.
    names = [(cell or "").strip() or f"column_{place}" for place, cell in enumerate(cells, start=1)]
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        places = [str(place) for place, column in enumerate(names, start=1) if column == twice[0]]
        raise TableError(
            f"{name}: the column name {twice[0]!r} stands {len(places)} times in the header (columns "
            f"{', '.join(places[:8])}); names must differ."
        )
    if all(_is_number(column) for column in names) and names != [str(i) for i in range(width)]:
        raise TableError(f"{name}: the first line holds only numbers; expected a header line with the column names.")
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(text: bytes, layout: Layout, names: list[str], separator: str) -> pl.DataFrame:
    gaps = bool(np.any(layout.starts[1:] != layout.ends[:-1] + 1))
    blank = layout.starts == layout.ends
    if gaps or blank.any():
        records = zip(layout.starts[1:].tolist(), layout.ends[1:].tolist(), strict=True)
        body = b"\n".join(text[start:end] or b'""' for start, end in records)
    else:
        body = text[layout.starts[1] :]
    return _parse(body, separator, names)


def _parse(body: bytes, separator: str, names: list[str]) -> pl.DataFrame:
    schema = pl.Schema({name: pl.String() for name in names})
    return pl.read_csv(body, has_header=False, separator=separator, schema=schema, quote_char='"', raise_if_empty=False)


def _parquet(raw: bytes, name: str) -> Table:
    try:
        frame = _parquet_frame(raw, name)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, OverflowError) as error:
        first = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise TableError(f"{name}: not a readable Parquet file ({first[0]}).") from None
    if not frame.width or not frame.height:
        raise TableError(f"{name} has {frame.height} rows and {frame.width} columns; expected some of both.")
    return Table(frame, name)


def _parquet_frame(raw: bytes, name: str) -> pl.DataFrame:
    columns = pl.read_parquet_schema(io.BytesIO(raw))
    if len(columns) > MAX_COLUMNS:
        raise TableError(f"{name} has {len(columns):,} columns; at most {MAX_COLUMNS:,} are read.")
    lazy = pl.scan_parquet(io.BytesIO(raw))
    rows = int(lazy.select(pl.len()).collect().item())
    if 8 * rows * len(columns) > max(ALWAYS_ALLOWED, 5 * MAX_GROWTH * len(raw)):
        raise TableError(f"{name}: {len(raw):,} bytes claim {rows:,} rows of {len(columns):,} columns; refused.")
    return lazy.collect()
