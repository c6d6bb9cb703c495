"""Numbers, formulas and equations of nodes in text and in LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chainrule.graph.operations import ATOM, PRODUCT, SUM, Form, Operation
from chainrule.graph.value import Value

DIGITS = 6
LONGEST = 400  # characters of a formula before its unnamed parts become dots


@dataclass(frozen=True)
class Language:
    """A way of writing: which form of an operation, how numbers and parentheses look.

    Parameters
    ----------
    form : callable
        Operation -> Form.
    number : callable
        (number, digits) -> str.
    name : callable
        Value -> its name, empty if it has none.
    group : str
        Parentheses around ``{}``.
    times : str
        Between factors.
    partial : str
        Pattern of a derivative of ``{0}`` with respect to ``{1}``.
    """

    form: Callable[[Operation], Form]
    number: Callable[[float, int], str]
    name: Callable[[Value], str]
    group: str
    times: str
    partial: str


def text_number(number: float, digits: int = DIGITS) -> str:
    """A number to so many significant digits, with a real minus sign."""
    return f"{number + 0.0:.{digits}g}".replace("-", "−")  # + 0.0: no negative zero


def latex_number(number: float, digits: int = DIGITS) -> str:
    """The same in LaTeX, powers of ten as such."""
    mantissa, _, exponent = f"{number + 0.0:.{digits}g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


TEXT = Language(
    lambda operation: operation.text,
    text_number,
    lambda node: node.label if node.name else "",
    "({})",
    "·",
    "∂{0}/∂{1}",
)
LATEX = Language(
    lambda operation: operation.latex,
    latex_number,
    lambda node: node.latex,
    r"\left({}\right)",
    r" \cdot ",
    r"\frac{{\partial {0}}}{{\partial {1}}}",
)


def applied(language: Language, operation: Operation, terms: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """An operation on written inputs (text, how strongly it binds), and how strongly the result binds."""
    form = language.form(operation)
    inside = [grouped(language, term, form.wants(place)) for place, term in enumerate(terms)]
    return form.write(*inside), form.binds


def grouped(language: Language, term: tuple[str, int], needs: int) -> str:
    """A written term, in parentheses if it binds less strongly than needed."""
    text, binds = term
    return language.group.replace("{}", text) if binds < needs else text


def written_number(language: Language, number: float, digits: int = DIGITS) -> tuple[str, int]:
    """A number, and how strongly it binds: one with a sign or a power of ten is no atom."""
    text = language.number(number, digits)
    if text.startswith(("-", "−")):
        return text, SUM
    return text, ATOM if text.replace(".", "").isdigit() else PRODUCT


def formula(node: Value, language: Language = TEXT, digits: int = DIGITS) -> str:
    """What the node computes, down to the nearest nodes with names: ``w₁·x₁ + w₂·x₂``.

    Parts beyond a few hundred characters become dots; give names to nodes in between to see them.
    """
    done: dict[int, tuple[str, int]] = {}
    waiting = [node]
    while waiting:
        current = waiting[-1]
        if id(current) in done:
            waiting.pop()
        elif current.operation is None or (current is not node and current.name):
            done[id(waiting.pop())] = _atom(current, language, digits)
        elif missing := [each for each in current.inputs if id(each) not in done]:
            waiting.extend(missing)
        else:
            text, binds = applied(language, current.operation, [done[id(each)] for each in current.inputs])
            done[id(waiting.pop())] = (text, binds) if len(text) <= LONGEST or current is node else ("…", ATOM)
    return done[id(node)][0]


def _atom(node: Value, language: Language, digits: int) -> tuple[str, int]:
    name = language.name(node)
    return (name, ATOM) if name else written_number(language, node.data, digits)
