"""All nodes that some outputs are computed from, in an order in which they can be computed; the two passes over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.graph.names import as_latex, as_text
from chainrule.graph.passes import Backward, Forward, clear_gradients
from chainrule.graph.steps import Step
from chainrule.graph.value import Value
from chainrule.graph.writing import LATEX, TEXT, Language, formula, text_number

if TYPE_CHECKING:
    from chainrule.graph.drawing import Drawing


class Graph:
    """A computational graph.

    Parameters
    ----------
    *outputs : Value
        At least one. All that they depend on is part of the graph.

    Raises
    ------
    TypeError
        If one is no Value.
    ValueError
        If there is none.
    """

    def __init__(self, *outputs: Value) -> None:
        if not outputs:
            raise ValueError("Graph needs at least one output.")
        for output in outputs:
            if not isinstance(output, Value):
                raise TypeError(f"Graph: outputs must be Values, got {output!r} of type {type(output).__name__}.")
        self.outputs = outputs

    @cached_property
    def nodes(self) -> tuple[Value, ...]:
        """All nodes, every one after its inputs."""
        return tuple(walk(self.outputs))

    @property
    def leaves(self) -> tuple[Value, ...]:
        """The nodes that are not computed, constants among them."""
        return tuple(node for node in self.nodes if node.operation is None)

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Value:
        """The node of that name; ValueError if there is none, or more than one."""
        found = [node for node in self.nodes if node.name == name and name]
        if len(found) == 1:
            return found[0]
        names = sorted({node.name for node in self.nodes if node.name})
        if found:
            raise ValueError(f"{len(found)} nodes of the graph are called {name!r}; give them names of their own.")
        near = get_close_matches(str(name), names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {names[:12]}."
        raise ValueError(f"the graph has no node called {name!r}; {hint}")

    @cached_property
    def _numbered(self) -> dict[int, str]:
        """Names for computed nodes without one: v1, v2, ... in the order of computation, but for names that are taken."""
        taken, number, given = {node.name for node in self.nodes}, 0, {}
        for node in self.nodes:
            if node.operation is None or node.name:
                continue
            number += 1
            while f"v_{number}" in taken:
                number += 1
            given[id(node)] = f"v_{number}"
        return given

    def name(self, node: Value) -> str:
        """The node's own name, or its number in the graph ("v_3"); empty for leaves without a name."""
        return node.name or self._numbered.get(id(node), "")

    def label(self, node: Value, language: Language = TEXT) -> str:
        """How a node is called in this graph: its name, a number (v₃) for computed ones without, constants by their value."""
        own = language.name(node)
        if own:
            return own
        if node.operation is None:
            return language.number(node.data, 6)
        given = self.name(node)
        return as_latex(given) if language is LATEX else as_text(given)

    def equations(self, language: Language = TEXT) -> list[str]:
        """One line for each named computed node: ``z = w₁·x₁ + w₂·x₂``; the last node of the graph has one in any case."""
        wanted = [node for node in self.nodes if node.operation and (node.name or node in self.outputs)]
        return [f"{self.label(node, language)} = {formula(node, language)}" for node in wanted]

    # ---- the passes -----------------------------------------------------------------------------------------------------

    def forward(self) -> tuple[float, ...]:
        """Compute all nodes anew from the leaves; gradients become None. Returns the outputs' values.

        Raises
        ------
        ValueError
            If a node has no finite value; it and what depends on it stay out of date.
        """
        clear_gradients(self.nodes)
        for node in self.nodes:
            node.recompute()
        return tuple(output.data for output in self.outputs)

    def backward(self, output: Value | None = None) -> None:
        """Derivatives of one output with respect to all nodes: their `grad`.

        Parameters
        ----------
        output : Value or None
            Which node; None means the only output.

        Raises
        ------
        ValueError
            If there are several outputs and none is chosen, a value is out of date, or a derivative is not finite.
        """
        self.backward_pass(output).finish()

    def forward_pass(self) -> Forward:
        """The forward pass, one node at a time; computed nodes have no value until their turn comes."""
        return Forward(self)

    def backward_pass(self, output: Value | None = None) -> Backward:
        """The backward pass, one node at a time, from the output to the leaves; see `backward`."""
        return Backward(self, self._chosen(output))

    def _chosen(self, output: Value | None) -> Value:
        if output is None:
            if len(self.outputs) > 1:
                names = [self.label(each) for each in self.outputs]
                raise ValueError(f"the graph has {len(names)} outputs {names}; say which one: backward(output).")
            return self.outputs[0]
        if not any(node is output for node in self.nodes):
            raise ValueError(f"{output!r} is not a node of this graph.")
        return output

    def draw(self, highlight: Value | Step | None = None, *, digits: int = 6, limit: int = 300) -> Drawing:
        """A picture of the graph as it stands, left to right.

        Each card shows a node's value and gradient, each line the local derivative of its end towards its beginning.

        Parameters
        ----------
        highlight : Value, Step or None
            The node, or the step of a pass, that the picture is about.
        digits : int
            Significant digits, from 1 to 17.
        limit : int
            Most nodes that are drawn.

        Raises
        ------
        ValueError
            If the graph has more nodes, or an argument is out of range.
        """
        from chainrule.graph.drawing import draw

        return draw(self, highlight, digits=digits, limit=limit)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{self.label(each)} = {text_number(each.data) if each.known else '?'}" for each in self.outputs
        )
        return f"Graph({len(self.nodes)} nodes; {shown})"


def walk(outputs: Sequence[Value]) -> Iterator[Value]:
    """Every node that the outputs depend on, inputs before what is computed from them; without recursion, for deep graphs."""
    done: set[int] = set()
    waiting = [(output, iter(output.inputs)) for output in reversed(outputs)]
    while waiting:
        node, rest = waiting[-1]
        following = None if id(node) in done else next((each for each in rest if id(each) not in done), None)
        if following is not None:
            waiting.append((following, iter(following.inputs)))
            continue
        waiting.pop()
        if id(node) not in done:
            done.add(id(node))
            yield node
