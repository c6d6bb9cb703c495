"""The page's files, read into memory once. A name that is not in the table does not exist: no path is ever joined."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Page:
    """A file of the page."""

    content: bytes
    kind: str


def pages() -> dict[str, Page]:
    """Every file of `page/` by its address; `/` is the page itself."""
    found = dict(_below(files("chainrule.playground") / "page", "/"))
    # Browsers ask for this name by themselves.
    return {"/": found["/index.html"], "/favicon.ico": found["/icon.svg"], **found}


def _below(folder: Traversable, address: str) -> list[tuple[str, Page]]:
    table: list[tuple[str, Page]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            table += _below(entry, f"{address}{entry.name}/")
        else:
            kind = TYPES.get(entry.name[entry.name.rfind(".") :])
            if kind is not None:
                table.append((address + entry.name, Page(entry.read_bytes(), kind)))
    return table
