"""The gallery: a page with picture, claim, numbers, verdict and code of every experiment, made from results only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chainrule.lab.experiment import LECTURES

HEAD = """# The lab: the lectures' claims, tried

Each experiment predicts a number, measures it with this library's own networks and says whether the claim held. Run one with
`chainrule lab run NAME`; another seed (`--seed 1`) must confirm it. *exact* checks hold up to rounding, *theory* checks within
the tolerance of a closed form, *comparison* says that the claim names the greater of two measured numbers, *calibrated* checks
lie within the band of at least 20 earlier runs. "held, with limits" means that the lecture says more than was found.

This page is made by `chainrule lab gallery` from the results of `chainrule lab run --all`, never edited by hand.
"""
SOURCE = Path("src/chainrule/lab/experiments")
MOST_CHECKS = 12


def written(results: Iterable[dict[str, Any]], folder: Path, page: Path) -> str:
    """The page in Markdown.

    Parameters
    ----------
    results : iterable of dict
        As `running.kept` reads them, in the order of the catalogue.
    folder : Path
        Where the pictures are.
    page : Path
        The folder that the page will stand in: pictures are linked from there.
    """
    chosen = list(results)
    link = Path(os.path.relpath(folder, page)).as_posix()
    parts = [HEAD, _table(chosen)]
    for lecture, title in LECTURES.items():
        told = [_section(found, link, page) for found in chosen if found["lecture"] == lecture]
        parts += [f"## Lecture {lecture}: {title}\n", *told] if told else []
    return "\n".join(parts)


def _table(results: list[dict[str, Any]]) -> str:
    rows = ["| experiment | verdict | checks |", "|---|---|---|"]
    for found in results:
        held = sum(check["held"] for check in found["checks"])
        name = f"[{found['title']}](#{found['name']})"
        rows.append(f"| {name} | {found['verdict']} | {held} of {len(found['checks'])} |")
    return "\n".join(rows) + "\n"


def _section(found: dict[str, Any], link: str, page: Path) -> str:
    name = found["name"]
    lines = [
        f'<a id="{name}"></a>',
        f"### {found['title']}: {found['verdict']}\n",
        f"![{found['reading']}]({link}/{name}.png)\n",
    ]
    lines += [f"**Claim** ({found['source']}): {found['claim']}\n", f"**Prediction:** {found['prediction']}\n"]
    lines += [f"**Found:** {found['reading']}\n"]
    lines += [f"**Where the claim goes too far:** {found['caveat']}\n"] if found["caveat"] else []
    lines += [f"**Data:** {found['data']}\n"] if found["data"] else []
    return "\n".join([*lines, _checks(found["checks"]), _code(found, page)])


def _checks(checks: list[dict[str, Any]]) -> str:
    rows = ["| check | measured | expected | kind | held |", "|---|---|---|---|---|"]
    # A failing check is never among those left out.
    shown = [check for place, check in enumerate(checks) if place < MOST_CHECKS or not check["held"]]
    for check in shown:
        measured = f"{check['measured']:.6g}" if isinstance(check["measured"], float) else check["measured"]
        held = "yes" if check["held"] else "**no**"
        cells = (check["what"], measured, check["expected"], check["kind"], held)
        rows.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    text = "\n".join(rows) + "\n"
    left = len(checks) - len(shown)
    return text + (f"\nand {left} more that held, in `chainrule lab show`.\n" if left > 0 else "")


def _code(found: dict[str, Any], page: Path) -> str:
    """How to run it, and where its code is: a link if the page stands in the repository's `docs`."""
    code = SOURCE / f"{found['name'].replace('-', '_')}.py"
    link = f"[{code.name}](../{code.as_posix()})" if (page.parent / code).is_file() else f"`{code.as_posix()}`"
    reduced = " --reduced" if found["reduced"] else ""
    return f"`chainrule lab run {found['name']} --seed {found['seed']}{reduced}`; code: {link}\n"
