"""What all languages of formulas share: which part needs brackets, and what is written for each kind of part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from chainrule.trace.writing import expressions as e

# How strongly the parts of an expression hang together: a weaker one inside a stronger one gets brackets.
NAMED, ADDED, MULTIPLIED, RAISED, WHOLE = range(5)


class Writer(ABC):
    """One language of formulas.

    Parameters
    ----------
    digits : int
        Significant digits of numbers.
    """

    # Whether fractions are drawn as such, and then need no brackets.
    stacks_fractions = True
    # How strongly an exponent must hang together; raised type needs no brackets.
    in_exponents = ADDED

    def __init__(self, digits: int = 6) -> None:
        self.digits = digits

    def write(self, expression: e.Expression) -> str:
        """The expression in this language."""
        return PARTS[type(expression)](self, expression)

    def inner(self, expression: e.Expression, at_least: int) -> str:
        """The expression as a part of another one, in brackets where they are needed."""
        written = self.write(expression)
        return written if self.binds(expression) >= at_least else self.bracket(written)

    def binds(self, expression: e.Expression) -> int:
        """How strongly the expression hangs together."""
        if isinstance(expression, e.Number):
            # With a bracket around it a negative number is never read as a subtraction.
            return ADDED if expression.value < 0 else WHOLE
        if isinstance(expression, e.Tagged):
            return self.binds(expression.inner)
        if isinstance(expression, e.Words):
            return NAMED if " " in expression.text else WHOLE
        if isinstance(expression, e.Quotient):
            return WHOLE if self.stacks_fractions else MULTIPLIED
        return BINDING.get(type(expression), WHOLE)

    def sum(self, terms: tuple[e.Expression, ...]) -> str:
        """Terms with their signs."""
        return "".join(self.summands(terms))

    def summands(self, terms: tuple[e.Expression, ...]) -> list[str]:
        """Each term with its sign."""
        written = [self.inner(terms[0], ADDED)]
        for term in terms[1:]:
            taken_off = isinstance(term, e.Minus)
            inside = term.inner if isinstance(term, e.Minus) else term
            # A sum that is added needs no brackets, one that is subtracted does; so does a negative number.
            bracketed = MULTIPLIED if taken_off or isinstance(inside, e.Number) else ADDED
            written.append(self.operator("−" if taken_off else "+") + self.inner(inside, bracketed))
        return written

    def product(self, factors: tuple[e.Expression, ...], sign: str) -> str:
        """Factors with a sign between them."""
        # What stands first is read as it is meant without brackets: a minus sign, a division.
        first, *rest = factors
        written = self.inner(first, ADDED if isinstance(first, e.Minus) else MULTIPLIED)
        return self.operator(sign).join([written, *(self.inner(one, self._beside(one)) for one in rest)])

    @staticmethod
    def _beside(factor: e.Expression) -> int:
        return RAISED if isinstance(factor, e.Quotient) else MULTIPLIED

    @abstractmethod
    def number(self, value: float) -> str:
        """A number."""

    @abstractmethod
    def symbol(self, symbol: e.Symbol) -> str:
        """A letter with its places."""

    @abstractmethod
    def words(self, text: str) -> str:
        """Words."""

    @abstractmethod
    def operator(self, sign: str) -> str:
        """A sign between two parts."""

    @abstractmethod
    def bracket(self, inner: str) -> str:
        """Round brackets."""

    @abstractmethod
    def quotient(self, quotient: e.Quotient) -> str:
        """A fraction."""

    @abstractmethod
    def power(self, base: str, exponent: str) -> str:
        """A power."""

    @abstractmethod
    def root(self, inner: str) -> str:
        """A square root."""

    @abstractmethod
    def call(self, name: str, arguments: list[str]) -> str:
        """A function of something."""

    @abstractmethod
    def fenced(self, inner: str, bar: str) -> str:
        """Between bars."""

    @abstractmethod
    def derivative(self, of: str, by: str) -> str:
        """A derivative."""

    @abstractmethod
    def transposed(self, inner: str) -> str:
        """Rows and columns exchanged."""

    @abstractmethod
    def total(self, inner: str) -> str:
        """A sum over the data rows."""

    @abstractmethod
    def change(self, inner: str) -> str:
        """The change of something."""

    @abstractmethod
    def primed(self, inner: str) -> str:
        """Something after the step."""

    @abstractmethod
    def tagged(self, inner: str, remark: str) -> str:
        """Something with a remark."""

    @abstractmethod
    def indexed(self, name: str, place: str) -> str:
        """A quantity of another one."""

    @abstractmethod
    def dots(self) -> str:
        """What is left out."""


BINDING: dict[type[e.Expression], int] = {
    e.Sum: ADDED,
    e.Minus: ADDED,
    e.Product: MULTIPLIED,
    e.Total: MULTIPLIED,
    e.Power: RAISED,
}

PARTS: dict[type[e.Expression], Callable[[Writer, Any], str]] = {
    e.Number: lambda to, x: to.number(x.value),
    e.Symbol: lambda to, x: to.symbol(x),
    e.Words: lambda to, x: to.words(x.text),
    e.Sum: lambda to, x: to.sum(x.terms),
    e.Minus: lambda to, x: to.operator("−").strip() + to.inner(x.inner, MULTIPLIED),
    e.Product: lambda to, x: to.product(x.factors, x.sign),
    e.Quotient: lambda to, x: to.quotient(x),
    e.Power: lambda to, x: to.power(to.inner(x.base, WHOLE), to.inner(x.exponent, to.in_exponents)),
    e.Root: lambda to, x: to.root(to.write(x.inner)),
    e.Call: lambda to, x: to.call(x.name, [to.write(one) for one in x.arguments]),
    e.Fenced: lambda to, x: to.fenced(to.write(x.inner), x.bar),
    e.Derivative: lambda to, x: to.derivative(to.write(x.of), to.write(x.by)),
    e.Transposed: lambda to, x: to.transposed(to.inner(x.inner, RAISED)),
    e.Total: lambda to, x: to.total(to.inner(x.inner, MULTIPLIED)),
    e.Change: lambda to, x: to.change(to.inner(x.inner, RAISED)),
    e.Primed: lambda to, x: to.primed(to.inner(x.inner, RAISED)),
    e.Tagged: lambda to, x: to.tagged(to.write(x.inner), to.write(x.remark)),
    e.Indexed: lambda to, x: to.indexed(to.write(x.name), to.write(x.place)),
    e.Dots: lambda to, x: to.dots(),
}
