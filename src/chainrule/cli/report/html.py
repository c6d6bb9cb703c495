"""HTML from Python values; every text is escaped here and nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from chainrule.cli.text import clean


def text(value: object) -> str:
    """A text as HTML."""
    return escape(clean(value))


def paragraph(value: object, kind: str = "") -> str:
    """A paragraph."""
    return f"<p{_class(kind)}>{text(value)}</p>"


def section(title: str, *parts: str) -> str:
    """A heading and what belongs to it; nothing where there is nothing."""
    inside = "\n".join(part for part in parts if part)
    name = "".join(char if char.isalnum() else "-" for char in title.lower())
    head = f'<h2 id="{name}">{text(title)}</h2>'
    return f'<section aria-labelledby="{name}">\n{head}\n{inside}\n</section>' if inside else ""


def listing(items: Iterable[object], kind: str = "") -> str:
    """A list; nothing where there are no items."""
    lines = "\n".join(f"<li>{text(item)}</li>" for item in items)
    return f"<ul{_class(kind)}>\n{lines}\n</ul>" if lines else ""


def table(
    rows: Sequence[Sequence[object]], header: Sequence[str] = (), caption: str = "", numbers: Iterable[int] = ()
) -> str:
    """A table whose first column names its rows; nothing where there are no rows."""
    if not rows:
        return ""
    right = set(numbers)
    parts = [f"<caption>{text(caption)}</caption>"] if caption else []
    if header:
        cells = "".join(f'<th scope="col"{_number(at, right)}>{text(cell)}</th>' for at, cell in enumerate(header))
        parts.append(f"<thead><tr>{cells}</tr></thead>")
    parts.append("<tbody>\n" + "\n".join(_row(row, right) for row in rows) + "\n</tbody>")
    # A wide table scrolls by itself, by keyboard too, instead of widening the page.
    label = text(caption or "table")
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>{"".join(parts)}</table></div>'


def _row(row: Sequence[object], right: set[int]) -> str:
    first, *rest = row
    cells = "".join(f"<td{_number(at, right)}>{text(cell)}</td>" for at, cell in enumerate(rest, start=1))
    return f'<tr><th scope="row"{_number(0, right)}>{text(first)}</th>{cells}</tr>'


def _number(at: int, right: set[int]) -> str:
    return _class("number") if at in right else ""


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def picture(svg: str, alt: str, caption: str, kind: str = "") -> str:
    """An SVG picture inside the page, with its description in words."""
    # As an image of its own: names inside several SVG pictures would clash in one document.
    data = base64.b64encode(svg.encode()).decode()
    image = f'<img src="data:image/svg+xml;base64,{data}" alt="{text(alt)}">'
    return f"<figure{_class(kind)}>{image}<figcaption>{text(caption)}</figcaption></figure>"


def page(title: str, style: str, body: str) -> str:
    """A whole document; the policy in its head keeps it from loading anything from anywhere."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{text(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
