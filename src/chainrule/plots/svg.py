"""A figure as SVG text: the same bytes for the same figure, no date, no outside reference."""

from __future__ import annotations

import io
import warnings
from typing import Any

HIDDEN = ("Date", "Creator", "Format", "Type")


def to_svg(figure: Any) -> str:
    """The figure as an SVG document.

    Parameters
    ----------
    figure : matplotlib Figure
        What to draw.

    Returns
    -------
    svg : str
    """
    import matplotlib as mpl

    if not hasattr(figure, "savefig"):
        raise TypeError(f"to_svg takes a figure, such as a display's figure_; got {type(figure).__name__}.")
    page = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "chainrule", "svg.fonttype": "path"}), warnings.catch_warnings():
        # A script that the font does not have appears as boxes in the picture; the tables beside it have the names.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(page, format="svg", metadata=dict.fromkeys(HIDDEN), bbox_inches="tight")
    text = page.getvalue()
    return text[text.index("<svg") :]
