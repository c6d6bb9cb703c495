"""A formula in words, for people and for summaries: ``adam``, ``huber(delta=2)``, ``cosine(warmup=5)``."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def in_words(formula: Any) -> str:
    """The name of a formula (a dataclass of hyper-parameters), with those that are not the usual ones."""
    name = str(getattr(formula, "name", type(formula).__name__.lower()))
    given = {field.name: (getattr(formula, field.name), field.default) for field in fields(formula)}
    told = [f"{key}={_short(value)}" for key, (value, usual) in given.items() if value != usual]
    return f"{name}({', '.join(told)})" if told else name


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_short, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
