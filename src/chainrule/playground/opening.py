"""Beginning a session: what describes a setup, and the user's own data in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zlib import crc32

from chainrule.playground.data.rows import FEWEST
from chainrule.playground.data.source import Source
from chainrule.playground.settings.address import read_hash
from chainrule.playground.settings.links import is_rival_link, rival_setup
from chainrule.playground.settings.setup import DataSetup, Note, Setup


def read_setup(given: Any) -> tuple[Setup, list[Note]]:
    """The setup that a dict, the text of an address or a link describes, and notes."""
    if isinstance(given, Setup):
        return given, []
    notes: list[Note] = []
    if isinstance(given, str):
        given, notes = rival_setup(given) if is_rival_link(given) else read_hash(given)
    setup, more = Setup.from_plain({} if given is None else given)
    notes += more
    if setup.data.source == "points" and len(setup.data.points) < FEWEST:
        notes.append(
            Note("warning", "data.points", "painted points do not stand in a link; the usual points are shown.")
        )
        setup = replace(setup, data=DataSetup())
    return setup, notes


def other_digest(setup: Setup, source: Source) -> list[Note]:
    """A warning where a setup was made with other data."""
    if setup.data.digest in ("", source.digest):
        return []
    return [
        Note("warning", "data.digest", f"this setup was made with other data than {source.name}: the digests differ.")
    ]


def invented_rows(source: Source) -> list[Note]:
    """What is to be known of a model that came without rows."""
    if not source.invented:
        return []
    told = (
        "the model came without rows: those shown are drawn from a normal distribution and labelled by the model itself"
    )
    return [Note("info", "data", f"{told}; a drawn picture goes from 0 (paper) to 1 (ink).")]


def for_source(setup: Setup, source: Source | None) -> Setup:
    """The setup with the user's own data in it."""
    if source is None:
        return setup
    named = replace(setup.data, source="table", name=source.name[:200], digest=source.digest)
    if source.table is None and source.model is None and setup.data.source != "table":
        named = replace(named, scale=True)
    return replace(setup, data=named)


def next_text(seed: str) -> str:
    """Five decimals, as the other playground writes them, from the seed there is."""
    return f"{crc32(seed.encode()) / 2**32:.5f}"
