"""What all pictures share: colours that colour-blind readers can tell apart, shapes beside them, and texts taken literally.

Colour never stands alone: classes differ in shape and colour, curves in dashes and colour, signs in dashes or words. Signed
numbers run from vermillion through white to blue, symmetrically about zero; other numbers from dark to light (cividis).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito's palette (jfly.uni-koeln.de/color); orange and blue differ in lightness too.
BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8A8A8A", "#222222"


class Look(NamedTuple):
    """How one class or curve looks; points have a dark outline, as the light colours fade on white."""

    colour: str
    marker: str
    dashes: Any


LOOKS = (
    Look(BLUE, "o", "-"),
    Look(ORANGE, "^", "--"),
    Look("#009E73", "s", "-."),
    Look("#CC79A7", "D", ":"),
    Look("#E69F00", "v", (0, (5, 1))),
    Look("#56B4E9", "P", (0, (3, 1, 1, 1))),
    Look("#F0E442", "X", (0, (1, 1))),
    Look("#000000", "*", (0, (6, 2, 1, 2))),
)
SEQUENTIAL = "cividis"


def look(place: int) -> Look:
    """How the class or curve of that number looks; from the ninth on colour and marker come in new pairs."""
    turn, at = divmod(place, len(LOOKS))
    shifted = LOOKS[(at + 3 * turn) % len(LOOKS)]
    return Look(LOOKS[at].colour, shifted.marker, shifted.dashes)


def tint(colour: str, share: float) -> tuple[float, float, float]:
    """A colour mixed with white: 0 is white, 1 the colour itself."""
    from matplotlib.colors import to_rgb

    red, green, blue = (1 - share * (1 - part) for part in to_rgb(colour))
    return red, green, blue


def signed_colours() -> Any:
    """The colour map of signed numbers: vermillion below zero, white at zero, blue above."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [ORANGE, "white", BLUE])


def ordered_colours(count: int) -> list[Any]:
    """Colours of ordered things such as layers, from dark to light; cividis beyond 0.6 would fade on white."""
    from matplotlib import colormaps

    return [colormaps[SEQUENTIAL](0.6 * place / max(1, count - 1)) for place in range(count)]


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


def axes_grid(given: Any, rows: int, columns: int, figsize: tuple[float, float]) -> tuple[Any, NDArray[Any]]:
    """Figure and a grid of axes: as many as are given, or new ones.

    Raises
    ------
    ValueError
        If axes are given, but not as many as there are panels.
    """
    if given is None:
        import matplotlib.pyplot as plt

        figure, made = plt.subplots(rows, columns, figsize=figsize, layout="constrained", squeeze=False)
        return figure, made
    found = np.array(given, dtype=object).ravel()
    if len(found) != rows * columns:
        raise ValueError(f"ax: this picture has {rows * columns} panels, so it needs as many axes; got {len(found)}.")
    return found[0].figure, found.reshape(rows, columns)


def unframed(ax: Any) -> None:
    """No lines at the top and at the right."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def halo(width: float = 3.5) -> list[Any]:
    """A white rim that keeps a line or a text legible on any ground."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="white")]


def line_labels(ax: Any, lines: Any, form: Any) -> None:
    """Numbers on contour lines, dark with a white rim, legible on dark and light ground."""
    for text in ax.clabel(lines, fontsize=7, fmt=form, colors=INK):
        text.set_path_effects(halo(1.2))


def class_points(ax: Any, points: NDArray[Any], codes: NDArray[Any], names: Sequence[object], size: float) -> list[Any]:
    """Points of every class in its shape and colour, with a dark outline; the classes' artists."""
    return [
        ax.scatter(
            *points[codes == place].T, s=size, color=look(place).colour, marker=look(place).marker, edgecolors=INK,
            linewidths=0.6, zorder=4, label=literal(name),
        )
        for place, name in enumerate(names)
    ]  # fmt: skip
