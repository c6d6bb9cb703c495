"""The words of the playground's page, read without a browser: paths of the catalogues, and which scripts name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import chainrule.playground

PAGE = Path(chainrule.playground.__file__).with_name("page")
CATALOGUES = ("strings.js", *(f"strings/{name}.js" for name in ("glossary", "methods", "views")))
TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<key>[\w.]+|"[^"\n]*")\s*:(?=[\s\S])|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<mark>[{}\[\]])""",
    re.DOTALL,
)
OBJECT = re.compile(r"^(?:export )?const \w+ = (\{.*?^\});", re.DOTALL | re.MULTILINE)


def read(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def paths(text: str) -> Iterator[tuple[str, ...]]:
    """Keys that lead to the texts of an object literal; a list counts as one text."""
    around: list[tuple[str, ...]] = []
    key, within = "", 0
    for token in TOKEN.finditer(text):
        if token["key"]:
            key = token["key"].strip('"')
        elif token["mark"] in ("{", "["):
            around.append((*around[-1], key) if around else ())
            if token["mark"] == "[":
                within += 1
                if within == 1:
                    yield around[-1]
        elif token["mark"]:
            around.pop()
            within -= token["mark"] == "]"
        elif token["text"] and not within:
            yield (*around[-1], key)


def catalogue(name: str) -> list[tuple[str, ...]]:
    """Paths of all texts of a file of the catalogue."""
    return [path for literal in OBJECT.findall(read(name)) for path in paths(literal)]


def scripts() -> dict[str, str]:
    """Whatever may name a text: the scripts outside the catalogues, and the page itself."""
    files = [*PAGE.rglob("*.js"), PAGE / "index.html"]
    names = [file.relative_to(PAGE).as_posix() for file in files]
    return {name: read(name) for name in names if name not in CATALOGUES}


def unnamed(path: tuple[str, ...], files: dict[str, str]) -> bool:
    """Whether no script names a text: by its own key, or by the table that holds it, looked into with a computed key."""
    section, key = path[0], path[-1]
    owned = re.compile(rf'\b(strings|views)\.{section}\b|"{section}\.' if len(path) > 1 else r"\bstrings\b")
    told = [text for text in files.values() if owned.search(text)]
    holders = "|".join(["strings", "words", "WORDS", *path[:-1]])
    direct = re.compile(rf'\b({holders})\.{re.escape(key)}\b|"{re.escape(".".join(path))}"')
    tables = [re.compile(rf"\b({holders})\.{table}\b(?!\.)") for table in path[1:-1]]
    quoted = re.compile(rf'"{re.escape(key)}"')
    computed = re.compile(r"\b(words|WORDS)\[")
    return not any(
        direct.search(text)
        or any(table.search(text) for table in tables)
        or (len(path) == 2 and computed.search(text) and quoted.search(text))
        for text in told
    )
