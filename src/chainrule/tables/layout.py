"""Where the records and fields of a CSV text are, and whether they fit together.

The parser that fills the columns (polars) pads short rows silently and names no row for long ones; this scan, a few
vectorised passes over the bytes, finds both first and says where. Quoting follows RFC 4180: a field is quoted whole
or not at all, an inner quote is doubled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError

QUOTE, NEWLINE = ord('"'), ord("\n")
SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, eq=False)
class Layout:
    """Byte range, line number and number of fields of each record."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    fields: NDArray[np.int64]

    def keep(self, mask: NDArray[np.bool_]) -> Layout:
        """The records where `mask` is true."""
        return Layout(self.starts[mask], self.ends[mask], self.lines[mask], self.fields[mask])


def scan(text: bytes, separator: str, path: str) -> Layout:
    """Find the records of ``text``, whose lines end in a line feed."""
    data = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(data == QUOTE)
    breaks = np.flatnonzero(data == NEWLINE)
    if quotes.size:
        check_quotes(data, quotes, breaks, ord(separator), path)
    outside = np.searchsorted(quotes, breaks) % 2 == 0
    ends = breaks[outside]
    if not text.endswith(b"\n"):
        ends = np.append(ends, data.size)
    starts = np.concatenate(([0], ends[:-1] + 1)).astype(np.int64)
    lines = np.searchsorted(breaks, starts) + 1
    commas = np.flatnonzero(data == ord(separator))
    if quotes.size:
        commas = commas[np.searchsorted(quotes, commas) % 2 == 0]
    fields = np.searchsorted(commas, ends) - np.searchsorted(commas, starts) + 1
    return Layout(starts, ends.astype(np.int64), lines.astype(np.int64), fields.astype(np.int64))


def check_quotes(
    data: NDArray[np.uint8], quotes: NDArray[np.int64], breaks: NDArray[np.int64], separator: int, path: str
) -> None:
    """Refuse a quote inside an unquoted field, text after a closing quote, and a quote that never closes."""
    before = np.where(quotes > 0, data[quotes - 1], NEWLINE)
    after = np.append(data, NEWLINE)[quotes + 1]
    opening = np.arange(quotes.size) % 2 == 0
    border_before = (before == separator) | (before == NEWLINE)
    border_after = (after == separator) | (after == NEWLINE)
    doubled = np.concatenate(([False], np.diff(quotes) == 1))
    doubling = np.append(doubled[1:], False)
    wrong = np.flatnonzero(np.where(opening, ~(border_before | doubled), ~(border_after | doubling)))
    if wrong.size:
        place = int(np.searchsorted(breaks, quotes[wrong[0]])) + 1
        what = "stands inside a field that does not begin with one" if opening[wrong[0]] else "closes before its field"
        raise TableError(
            f'{path}, line {place}: a double quote (") {what}; quote the whole field and double the quotes within it.'
        )
    if quotes.size % 2:
        place = int(np.searchsorted(breaks, quotes[-1])) + 1
        raise TableError(f'{path}, line {place}: the double quote (") opened here is never closed.')


def guess_separator(text: bytes) -> str:
    """The separator most frequent in the first line, a comma if there is none."""
    header = text.split(b"\n", 1)[0].decode("utf-8", "replace")
    unquoted = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=unquoted.count)


def check_widths(layout: Layout, path: str) -> None:
    """Every record must have as many fields as the header."""
    width = int(layout.fields[0])
    wrong = np.flatnonzero(layout.fields != width)
    if wrong.size:
        first = int(wrong[0])
        found = int(layout.fields[first])
        more = f" ({wrong.size - 1} more rows have the same trouble)" if wrong.size > 1 else ""
        raise TableError(
            f"{path}, row {first} (line {int(layout.lines[first])}): found {found} field{'s' * (found != 1)}, "
            f"but the header has {width}{more}."
        )
