"""Numbers, names and curves as short texts."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.-~=+*#"
Curve = Sequence[float | None]


def clean(text: object) -> str:
    """The text without characters that steer a terminal; names and cells come from other people's files."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in str(text))


def one_line(text: object, width: int = 60) -> str:
    """The text on one line, cut where it is too long."""
    flat = clean(" ".join(str(text).split()))
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def short(value: float | None) -> str:
    """A number with four digits that count; large ones whole, with separators."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def percent(share: float) -> str:
    """A share in percent."""
    return f"{100 * share:.1f} %"


def score(name: str, value: float) -> str:
    """A score as its kind is usually written."""
    # Adding 0 turns -0.0 into 0.0.
    return percent(value) if name == "accuracy" else f"{round(value, 3) + 0:.3f}"


def setting(value: object) -> str:
    """A setting's value."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {setting(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(setting(item) for item in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Seconds, or minutes and seconds."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02} h"
    return f"{minutes}:{rest:02} min" if minutes else f"{rest} s"


def size(count: int) -> str:
    """A file's size."""
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1000:,.0f} kB"


def sparkline(curve: Curve, bounds: tuple[float, float], width: int = 40, symbols: str = BLOCKS) -> str:
    """A curve as a line of characters of different heights, logarithmic within the bounds."""
    low, high = (math.log(max(bound, 1e-300)) for bound in bounds)
    line = ""
    for value in thinned(curve, width):
        if value is None or not value > 0:
            line += " " if value is None else symbols[0]
            continue
        height = (math.log(value) - low) / (high - low) if high > low else 0.0
        line += symbols[round(min(max(height, 0.0), 1.0) * (len(symbols) - 1))]
    return line


def thinned(curve: Curve, width: int) -> Curve:
    """At most that many points of the curve, evenly spaced, first and last among them."""
    if len(curve) <= width:
        return curve
    return [curve[round(place * (len(curve) - 1) / (width - 1))] for place in range(width)]


def bounds(*curves: Curve) -> tuple[float, float]:
    """Least and largest positive value of all curves."""
    values = [value for curve in curves for value in curve if value is not None and 0 < value < math.inf]
    return (min(values), max(values)) if values else (1.0, 1.0)
