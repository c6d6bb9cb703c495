"""What a phrase is: the formula of an operation over any terms, and a plain sentence that says the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.trace.writing import expressions as e

# The longest sum that is written out; of a longer one the beginning and the end.
LONGEST, ENDS = 12, 4
ETA = e.Symbol(e.letter("η", r"\eta"))
E = e.Symbol(e.letter("e"))


@dataclass(frozen=True)
class Terms:
    """What stands in a formula: symbols of the parents, or their numbers.

    Parameters
    ----------
    items : tuple of Expression
        One for each parent.
    settings : mapping
        Of the row.
    numeric : bool
        Whether hyper-parameters are written as numbers too.
    arrays : bool
        Whether the terms are whole layers.
    """

    items: tuple[e.Expression, ...]
    settings: Mapping[str, Any]
    numeric: bool = False
    arrays: bool = False

    def __getitem__(self, place: int) -> e.Expression:
        """The term of one parent."""
        return self.items[place]

    def pairs(self, start: int = 0) -> list[tuple[e.Expression, e.Expression]]:
        """The terms from there on, two by two."""
        rest = self.items[start:]
        return list(zip(rest[::2], rest[1::2], strict=True))

    def setting(self, name: str) -> e.Expression:
        """A hyper-parameter: its number, or the name users know it by."""
        value = self.settings[name]
        if self.numeric and isinstance(value, (int, float)):
            return e.number(value)
        return ETA if name == "rate" else e.words(name)

    def rest(self, name: str) -> e.Expression:
        """One minus a hyper-parameter."""
        return e.minus(e.number(1), self.setting(name))


Formula = Callable[[Terms], e.Expression]


@dataclass(frozen=True)
class Phrase:
    """How one operation is told.

    Parameters
    ----------
    sentence : str
        In plain words.
    formula : callable or None
        From terms to the formula; None where nothing is computed.
    numbers : bool
        Whether the formula can be written with the parents' numbers in it.
    shapes : bool
        Whether it is a product of matrices, whose shapes are worth checking.
    """

    sentence: str
    formula: Formula | None = None
    numbers: bool = True
    shapes: bool = False


def series(terms: list[e.Expression]) -> e.Expression:
    """Terms added; the middle of a long sum is left out."""
    if len(terms) > LONGEST:
        terms = [*terms[: LONGEST - ENDS], e.Dots(), *terms[-ENDS:]]
    return e.plus(*terms)


def listed(terms: tuple[e.Expression, ...]) -> tuple[e.Expression, ...]:
    """Arguments of a function; the middle of a long list is left out."""
    return terms if len(terms) <= LONGEST else (*terms[: LONGEST - ENDS], e.Dots(), *terms[-ENDS:])


def products(pairs: list[tuple[e.Expression, e.Expression]]) -> e.Expression:
    """Products added."""
    return series([e.times(left, right) for left, right in pairs])


def multiplied(terms: Terms, *factors: e.Expression) -> e.Expression:
    """A product; of whole layers, element by element."""
    return e.times(*factors, sign="⊙" if terms.arrays else "·")


def exponential(exponent: e.Expression) -> e.Expression:
    """A power of e."""
    return e.Power(E, exponent)


def name_of(formula: Any) -> str:
    """The name of a formula in plain form."""
    if isinstance(formula, dict):
        return str(formula.get("own", formula.get("name", "heads" if "heads" in formula else "f")))
    return str(formula)
