"""Formulas as small trees, so that one formula can be written as text, as LaTeX and as MathML (`trace/writing/`).

A formula with numbers is the same tree with numbers in the places of the symbols.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expression:
    """Base of all parts of a formula."""


@dataclass(frozen=True)
class Number(Expression):
    """A number, written with the reader's number of digits."""

    value: float


@dataclass(frozen=True)
class Letter:
    """A letter in plain text and in LaTeX."""

    text: str
    latex: str


@dataclass(frozen=True)
class Symbol(Expression):
    """A letter with its places: `sub` below, `sup` above; `bold` for vectors and matrices."""

    letter: Letter
    sub: str = ""
    sup: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Words(Expression):
    """Plain words as a part of a formula: names of units, hyper-parameters, shapes."""

    text: str


@dataclass(frozen=True)
class Sum(Expression):
    """Terms added; a `Minus` among them is subtracted."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Minus(Expression):
    """The negative of something."""

    inner: Expression


@dataclass(frozen=True)
class Product(Expression):
    """Factors; `sign` is "·" for numbers and matrix products, "⊙" element by element, "" for things side by side."""

    factors: tuple[Expression, ...]
    sign: str = "·"


@dataclass(frozen=True)
class Quotient(Expression):
    """A fraction."""

    top: Expression
    bottom: Expression


@dataclass(frozen=True)
class Power(Expression):
    """A power."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True)
class Root(Expression):
    """A square root."""

    inner: Expression


@dataclass(frozen=True)
class Call(Expression):
    """A function of something: log(x), max(0, z), tanh′(z)."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Fenced(Expression):
    """Between bars: "|" for the absolute value, "‖" for the length."""

    inner: Expression
    bar: str = "|"


@dataclass(frozen=True)
class Derivative(Expression):
    """How much one quantity changes with another."""

    of: Expression
    by: Expression


@dataclass(frozen=True)
class Transposed(Expression):
    """Rows and columns exchanged."""

    inner: Expression


@dataclass(frozen=True)
class Total(Expression):
    """A sum over the data rows."""

    inner: Expression


@dataclass(frozen=True)
class Change(Expression):
    """The change of something."""

    inner: Expression


@dataclass(frozen=True)
class Primed(Expression):
    """Something after the step."""

    inner: Expression


@dataclass(frozen=True)
class Tagged(Expression):
    """Something with a remark that tells it from its likes: "via", "clipped", "numeric"."""

    inner: Expression
    remark: Expression


@dataclass(frozen=True)
class Indexed(Expression):
    """A quantity that belongs to another one: Adam's m of a weight."""

    name: Expression
    place: Expression


@dataclass(frozen=True)
class Dots(Expression):
    """What is left out of a long sum."""


def letter(text: str, latex: str = "") -> Letter:
    """A letter that looks the same in LaTeX, unless told otherwise."""
    return Letter(text, latex or text)


def words(text: str) -> Words:
    """Words in a formula."""
    return Words(text)


def number(value: float) -> Number:
    """A number in a formula."""
    return Number(float(value))


def plus(*terms: Expression) -> Expression:
    """Terms added."""
    return terms[0] if len(terms) == 1 else Sum(terms)


def minus(left: Expression, right: Expression) -> Expression:
    """A difference."""
    return Sum((left, Minus(right)))


def times(*factors: Expression, sign: str = "·") -> Expression:
    """Factors multiplied."""
    return factors[0] if len(factors) == 1 else Product(factors, sign)


def squared(inner: Expression) -> Expression:
    """A square."""
    return Power(inner, Number(2))


def call(name: str, *arguments: Expression) -> Expression:
    """A function of something."""
    return Call(name, arguments)
