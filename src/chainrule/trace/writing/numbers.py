"""Numbers as the reader sees them; nothing is ever computed from these texts."""

from __future__ import annotations

import math

MOST_DIGITS = 17


def shown(value: float, digits: int = 6) -> str:
    """A number with that many significant digits; whole ones as they are.

    Parameters
    ----------
    value : float
        Any number, also NaN and the infinities.
    digits : int, default=6
        Significant digits, up to 17, with which a float64 is told exactly.

    Returns
    -------
    text : str
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 10 ** min(digits, 15):
        # Adding 0 turns -0.0 into 0.0.
        return minus(f"{int(value + 0)}")
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return minus(f"{mantissa}e{int(exponent)}" if exponent else mantissa)


def minus(text: str) -> str:
    """The text with a true minus sign, which screen readers say and which is as wide as a plus."""
    return text.replace("-", "−")


def parts(value: float, digits: int) -> tuple[str, str]:
    """Mantissa and exponent of ten; the exponent is empty where there is none."""
    mantissa, _, exponent = shown(value, digits).partition("e")
    return mantissa, exponent
