"""Pictures of graphs: SVG and DOT text, without any drawing program.

Cards show a node's value and gradient; a line shows the local derivative of the node where it ends with respect to the node where
it begins. Nothing is told by colour alone: lines of negative derivatives are dashed, of zero dotted; leaves are round, computed
nodes square, the step being explained has a wide frame and a pointer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from chainrule import files
from chainrule.graph.dot import dot
from chainrule.graph.sheet import sheet
from chainrule.graph.svg import svg

if TYPE_CHECKING:
    from chainrule.graph.graph import Graph


@dataclass(frozen=True)
class Drawing:
    """A picture of a graph; notebooks show it as it is.

    Parameters
    ----------
    svg : str
        The picture, self-contained.
    dot : str
        The same content in the DOT language, for Graphviz and its relatives.
    """

    svg: str
    dot: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Drawing(svg of {len(self.svg)} characters; save('graph.svg') or save('graph.dot'))"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, by its ending: .svg, or .dot or .gv.

        Raises
        ------
        ValueError
            If the ending is another one, or the file cannot be written.
        """
        name = os.fspath(path)
        text = {".svg": self.svg, ".dot": self.dot, ".gv": self.dot}.get(os.path.splitext(name)[1].lower())
        if text is None:
            raise ValueError(f"{name}: a drawing is saved as .svg, .dot or .gv; give the file one of these endings.")
        try:
            files.replace(name, text.encode("utf-8"), "the drawing could not be written")
        except OSError as error:
            raise ValueError(f"{name}: {error.strerror or error}.") from error


def draw(graph: Graph, highlight: Any, *, digits: int, limit: int) -> Drawing:
    """See `Graph.draw`."""
    for name, value, most in (("digits", digits, 17), ("limit", limit, None)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1 or (most and value > most):
            bounds = f"from 1 to {most}" if most else "of at least 1"
            raise ValueError(f"draw: {name} must be a whole number {bounds}, got {value!r}.")
    if len(graph.nodes) > limit:
        raise ValueError(
            f"the graph has {len(graph.nodes)} nodes, too many for a legible picture of at most {limit}. Draw a part of it "
            f"(node.draw() of a node before the last), or ask for it: draw(limit={len(graph.nodes)})."
        )
    content = sheet(graph, highlight, digits)
    return Drawing(svg(content), dot(content))
