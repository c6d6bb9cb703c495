"""The forward and the backward pass, one node at a time (lecture 000, 'Forward Pass' and 'Backward Pass')."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from chainrule.graph.steps import BackwardStep, ForwardStep, Term
from chainrule.graph.value import Value

if TYPE_CHECKING:
    from chainrule.graph.graph import Graph


class Forward:
    """The forward pass: each iteration computes one node from its inputs. Until their turn comes, computed nodes have no value.

    Parameters
    ----------
    graph : Graph
        Its gradients become None at once.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        clear_gradients(graph.nodes)
        self._computed = [node for node in graph.nodes if node.operation is not None]
        self._done = 0
        for node in self._computed:
            node._data = None

    def __len__(self) -> int:
        """Steps that remain."""
        return len(self._computed) - self._done

    def __iter__(self) -> Iterator[ForwardStep]:
        return self

    def __next__(self) -> ForwardStep:
        if not len(self):
            raise StopIteration
        node = self._computed[self._done]
        result = node.recompute()
        self._done += 1
        return ForwardStep(self.graph, node, result, tuple(each.data for each in node.inputs))


class Backward:
    """The backward pass: each iteration computes one node's gradient, the output's first (it is 1), the leaves' at the end.

    When a node's turn comes, the gradients of all nodes that use it are known, so each step is final:
    ``dL/dz = sum over the nodes s that use z of dL/ds * ds/dz``. Constants are left out.

    Parameters
    ----------
    graph : Graph
        Where; all its values must be up to date.
    output : Value
        L, one of its nodes. Gradients of any earlier pass through these nodes become None at once.

    Raises
    ------
    ValueError
        If a value is out of date, or the output depends on constants only.
    """

    def __init__(self, graph: Graph, output: Value) -> None:
        self.graph, self.output = graph, output
        nodes = graph.nodes if graph.outputs == (output,) else output.graph.nodes
        for node in nodes:
            _ = node.data
        if output.constant:
            raise ValueError(f"{graph.label(output)} depends on constants only, so there is nothing to differentiate.")
        clear_gradients(graph.nodes)
        self._waiting = [node for node in nodes if not node.constant]
        self._paths: dict[int, list[tuple[Value, int]]] = {id(node): [] for node in self._waiting}
        for node in self._waiting:
            for place, each in enumerate(node.inputs):
                if not each.constant:
                    self._paths[id(each)].append((node, place))
        self._reached: list[Value] = []

    def __len__(self) -> int:
        """Steps that remain."""
        return len(self._waiting)

    def __iter__(self) -> Iterator[BackwardStep]:
        return self

    def __next__(self) -> BackwardStep:
        if not self._waiting:
            raise StopIteration
        node, terms = self._advance()
        assert node.grad is not None
        return BackwardStep(self.graph, node, node.grad, self.output, terms)

    def finish(self) -> None:
        """Take all steps that remain."""
        while self._waiting:
            self._advance()

    def _advance(self) -> tuple[Value, tuple[Term, ...]]:
        node = self._waiting[-1]
        terms = tuple(self._term(consumer, place) for consumer, place in self._paths[id(node)])
        gradient = math.fsum(term.product for term in terms) if terms else 1.0
        if not math.isfinite(gradient):
            raise ValueError(
                f"the derivative of {self.graph.label(self.output)} with respect to {node.label} overflows."
            )
        self._waiting.pop()
        node._grad, node._pass = gradient, self
        self._reached.append(node)
        return node, terms

    def _term(self, consumer: Value, place: int) -> Term:
        if consumer._pass is not self or consumer._grad is None:
            raise ValueError(
                "another pass has gone through these nodes meanwhile, so this backward pass cannot go on; begin a new one."
            )
        return Term(consumer, place, consumer._grad, consumer.slope(place))

    def forget(self) -> None:
        """Gradients that this pass computed become None."""
        for node in self._reached:
            if node._pass is self:
                node._grad, node._pass = None, None


def clear_gradients(nodes: Iterable[Value]) -> None:
    """Gradients of all passes that went through these nodes become None, also beyond them: one output's at a time."""
    for done in {id(node._pass): node._pass for node in nodes if node._pass is not None}.values():
        done.forget()
