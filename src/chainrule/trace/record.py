"""`Trace`: a header and its rows, with everything that can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.trace.build import filled
from chainrule.trace.formulas import Formulas
from chainrule.trace.header import Header
from chainrule.trace.plans.plan import Q
from chainrule.trace.rows import STAGES, Row

if TYPE_CHECKING:
    from chainrule.trace.verify import Report


class Trace:
    """An explanation of one pass through a network: every number, what it is, and how it follows from the others.

    Parameters
    ----------
    header : Header
        What it is about.
    rows : sequence of Row
        The claims, parents before children.
    own : dict, optional
        The user's own formulas by the names the header gives them.
    """

    def __init__(self, header: Header, rows: tuple[Row, ...], own: Mapping[str, Any] | None = None) -> None:
        self.header, self.rows, self.own = header, tuple(rows), dict(own or {})

    @cached_property
    def _by_id(self) -> dict[str, Row]:
        return {row.id: row for row in self.rows}

    def __getitem__(self, row: str) -> Row:
        """The row of that id.

        Raises
        ------
        ValueError
            If there is none; the message names the nearest.
        """
        if row not in self._by_id:
            near = get_close_matches(str(row), self._by_id, 3)
            hint = f"; near are {', '.join(near)}" if near else ""
            raise ValueError(f"there is no row {row!r} in this trace{hint}.")
        return self._by_id[row]

    def __contains__(self, row: object) -> bool:
        """Whether there is a row of that id."""
        return row in self._by_id

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def __repr__(self) -> str:
        widths = "-".join(map(str, self.header.widths))
        return f"<Trace of {self.header.rows} row(s) through {widths}: {len(self)} claims, level={self.level!r}>"

    @property
    def level(self) -> str:
        """The finest level of all units: "unit" or "layer"."""
        return self.header.level

    @property
    def prediction(self) -> NDArray[np.float64]:
        """Outputs of the forward pass shown, shape (N, K)."""
        return np.asarray(self[Q("activation", self.header.depth - 1).id].value)

    def stage(self, name: str) -> tuple[Row, ...]:
        """The rows of one stage.

        Raises
        ------
        ValueError
            If there is no such stage.
        """
        if name not in STAGES:
            raise ValueError(f"stage must be one of {', '.join(STAGES)}; got {name!r}.")
        return tuple(row for row in self.rows if row.stage == name)

    def unit(self, layer: int, unit: int) -> Trace:
        """Open one unit: the layer rows, and rows for every number of this unit.

        Parameters
        ----------
        layer : int
            Its layer, the first hidden one is 0; negative numbers count from the output layer.
        unit : int
            Its place in the layer; negative numbers count from the end.

        Raises
        ------
        ValueError
            If there is no such unit.
        """
        header = replace(self.header, level="layer", opened=(self.place(layer, unit),))
        numbers = {row.id: row.value for row in self.rows if row.level != "unit"}
        return Trace(header, filled(header, numbers, Formulas(self.own)), self.own)

    def place(self, layer: Any, unit: Any) -> tuple[int, int]:
        """Layer and unit counted from 0, negative numbers from the end.

        Raises
        ------
        ValueError
            If the network has no such unit.
        """
        depth = self.header.depth
        if not whole(layer) or not -depth <= layer < depth:
            raise ValueError(f"layer must be a whole number from {-depth} to {depth - 1}; got {layer!r}.")
        units = self.header.widths[layer % depth + 1]
        if not whole(unit) or not -units <= unit < units:
            raise ValueError(
                f"layer {layer % depth} has {units} units: unit must be a whole number from {-units} to {units - 1}; "
                f"got {unit!r}."
            )
        return int(layer) % depth, int(unit) % units

    def verify(self) -> Report:
        """Re-derive every row; see `chainrule.trace.verify`."""
        from chainrule.trace.verify import verify

        return verify(self)

    def to_json(self) -> str:
        """The trace as a JSON document, which `from_json` reads and `chainrule.trace.verify` checks by itself."""
        from chainrule.trace.document import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, text: str, own: Mapping[str, Any] | None = None) -> Trace:
        """Read a document written by `to_json`.

        Parameters
        ----------
        text : str
            The document.
        own : dict, optional
            The user's own formulas, which no document holds, by name.

        Raises
        ------
        ValueError
            If it is not such a document; the message names the place.
        """
        from chainrule.trace.document import from_json

        header, rows = from_json(text)
        return cls(header, rows, own)

    def render(self, format: str = "terminal", **options: Any) -> str:
        """The trace for reading: see `chainrule.trace.render.render`.

        Parameters
        ----------
        format : {"terminal", "markdown", "latex", "html", "json", "svg"}
            How.
        **options
            `notation`, `digits` and what else the renderer takes.
        """
        from chainrule.trace.render import render

        return render(self, format, **options)

    def _repr_html_(self) -> str:
        return self.render("html")


def whole(value: Any) -> bool:
    """Whether it is a whole number."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
