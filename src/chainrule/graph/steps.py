"""What one step of a pass says: a node's value computed, or its gradient (lecture 003, 'The pattern')."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.graph.operations import ATOM, PRODUCT
from chainrule.graph.value import Value
from chainrule.graph.writing import DIGITS, LATEX, TEXT, Language, applied, grouped, written_number

if TYPE_CHECKING:
    from chainrule.graph.drawing import Drawing
    from chainrule.graph.graph import Graph


@dataclass(frozen=True, repr=False)
class Step(ABC):
    """One node computed in a pass; the numbers are those of that moment.

    Parameters
    ----------
    graph : Graph
        Where.
    node : Value
        Which node.
    result : float
        Its value, or its gradient.
    """

    graph: Graph
    node: Value
    result: float

    @property
    def edges(self) -> tuple[tuple[Value, int], ...]:
        """The lines of the picture that the step uses: the node where each ends, and the number of that node's input."""
        return ()

    @property
    def text(self) -> str:
        """The step as an equation: in names, in numbers, result."""
        return _joined(self._sides(TEXT, DIGITS))

    @property
    def latex(self) -> str:
        """The same in LaTeX."""
        return _joined(self._sides(LATEX, DIGITS))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text})"

    def draw(self, *, digits: int = DIGITS, limit: int = 300) -> Drawing:
        """The graph as it stands now, with this step highlighted: draw before taking the next step."""
        return self.graph.draw(self, digits=digits, limit=limit)

    @abstractmethod
    def _sides(self, language: Language, digits: int) -> list[str]: ...


@dataclass(frozen=True, repr=False)
class ForwardStep(Step):
    """A node's value from those of its inputs.

    Parameters
    ----------
    inputs : tuple of float
        Values of the node's inputs.
    """

    inputs: tuple[float, ...]

    @property
    def edges(self) -> tuple[tuple[Value, int], ...]:
        """All lines into the node."""
        return tuple((self.node, place) for place in range(len(self.inputs)))

    def _sides(self, language: Language, digits: int) -> list[str]:
        operation = self.node.operation
        assert operation is not None, "leaves are not computed"
        numbers = [written_number(language, number, digits) for number in self.inputs]
        names = [
            (self.graph.label(each, language), ATOM) if each.name or each.operation else number
            for each, number in zip(self.node.inputs, numbers, strict=True)
        ]
        return [
            self.graph.label(self.node, language),
            applied(language, operation, names)[0],
            applied(language, operation, numbers)[0],
            language.number(self.result, digits),
        ]


@dataclass(frozen=True)
class Term:
    """One path of the chain rule: ``dL/ds * ds/dz``, where z is an input of s.

    Parameters
    ----------
    consumer : Value
        s.
    place : int
        Which input of s.
    upstream : float
        dL/ds, known from an earlier step of the backward pass.
    local : float
        ds/dz, known from the forward pass.
    """

    consumer: Value
    place: int
    upstream: float
    local: float

    @property
    def product(self) -> float:
        """What this path contributes."""
        return self.upstream * self.local


@dataclass(frozen=True, repr=False)
class BackwardStep(Step):
    """A node's gradient: the sum over all paths that lead on from it (multivariate chain rule).

    Parameters
    ----------
    output : Value
        What is differentiated.
    terms : tuple of Term
        The paths; empty for the output itself, whose gradient is 1.
    """

    output: Value
    terms: tuple[Term, ...]

    @property
    def edges(self) -> tuple[tuple[Value, int], ...]:
        """All lines out of the node."""
        return tuple((term.consumer, term.place) for term in self.terms)

    def _sides(self, language: Language, digits: int) -> list[str]:
        def derivative(above: Value, below: Value) -> str:
            return language.partial.format(self.graph.label(above, language), self.graph.label(below, language))

        def factor(number: float) -> str:
            return grouped(language, written_number(language, number, digits), PRODUCT)

        def chain(above: str, local: str, term: Term) -> str:
            # dL/dL = 1 goes without saying
            return local if term.consumer is self.output else above + language.times + local

        chains = [
            chain(derivative(self.output, term.consumer), derivative(term.consumer, self.node), term)
            for term in self.terms
        ]
        products = [chain(factor(term.upstream), factor(term.local), term) for term in self.terms]
        return [
            derivative(self.output, self.node),
            " + ".join(chains),
            " + ".join(products),
            language.number(self.result, digits),
        ]


def _joined(sides: list[str]) -> str:
    """Sides of an equation but for empty ones and repetitions."""
    kept = [side for place, side in enumerate(sides) if side and side not in sides[:place]]
    return " = ".join(kept)
