"""What all pictures share: colours that colour-blind readers can tell apart, and texts taken literally."""

from __future__ import annotations

from typing import Any

# Okabe and Ito's palette; orange and blue differ in lightness too.
BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8A8A8A", "#222222"


def literal(text: object, width: int = 28) -> str:
    """A name as matplotlib shall show it: no formulas, one line, not too long."""
    flat = "".join(char if char.isprintable() else " " for char in str(text))
    cut = flat if len(flat) <= width else flat[: width - 1] + "…"
    return cut.replace("$", r"\$")


def axes(ax: Any, figsize: tuple[float, float]) -> tuple[Any, Any]:
    """Figure and axes to draw on: the given axes, or new ones."""
    if ax is not None:
        return ax.figure, ax
    import matplotlib.pyplot as plt

    figure, made = plt.subplots(figsize=figsize, layout="constrained")
    return figure, made


def unframed(ax: Any) -> None:
    """No lines at the top and at the right."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
