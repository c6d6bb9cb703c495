"""Assertions of experiments: exact ones, those of a theory with its tolerance, comparisons of two measured numbers, and
bands that were measured beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

EXACT, THEORY, COMPARISON, CALIBRATED = "exact", "theory", "comparison", "calibrated"


@dataclass(frozen=True)
class Band:
    """Where a number lay in earlier runs; frozen, so that a change of the engine is noticed.

    Parameters
    ----------
    low, high : float
        Where the number must lie, the ends included.
    median : float
        Of the calibration runs.
    spread : tuple of float
        Least and greatest value of the calibration runs.
    seeds : range
        The seeds of these runs, at least 20; of groups of seeds the first of each.
    """

    low: float
    high: float
    median: float
    spread: tuple[float, float]
    seeds: range

    def __post_init__(self) -> None:
        if len(self.seeds) < 20 or not self.low <= self.spread[0] <= self.median <= self.spread[1] <= self.high:
            raise ValueError(f"a band needs >= 20 seeds and low <= spread <= high around the median; got {self}.")


@dataclass(frozen=True)
class Check:
    """One assertion: the measured number lies in [low, high].

    Parameters
    ----------
    what : str
        What was measured.
    kind : str
        "exact" (up to rounding), "theory" (a closed form and its tolerance), "comparison" (which of two measured numbers is
        the greater) or "calibrated" (a band of earlier runs).
    measured, low, high : float
        The number and where it must lie.
    expected : str
        The same in words, as reports print it.
    band : Band or None
        The earlier runs of a calibrated check; no other kind has one.
    """

    what: str
    kind: str
    measured: float
    low: float
    high: float
    expected: str
    band: Band | None = None

    def __post_init__(self) -> None:
        if (self.kind == CALIBRATED) != (self.band is not None):
            raise ValueError(
                f"check {self.what!r}: kind {self.kind!r} with band {self.band}; calibrated ones have a Band."
            )

    @property
    def held(self) -> bool:
        """Whether the assertion is true; nan never is."""
        return bool(self.low <= self.measured <= self.high)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "what": self.what,
            "kind": self.kind,
            "measured": self.measured if isfinite(self.measured) else str(self.measured),
            "expected": self.expected,
            "held": self.held,
        }


def exact(what: str, measured: float, expected: float, tolerance: float = 1e-9) -> Check:
    """Equal up to rounding: `tolerance` is absolute below 1 and relative above."""
    slack = tolerance * max(1.0, abs(expected))
    return Check(what, EXACT, float(measured), expected - slack, expected + slack, f"{expected:.10g}")


def within(what: str, measured: float, low: float, high: float, why: str) -> Check:
    """Between two numbers (both may be infinite) for the reason given."""
    return Check(what, THEORY, float(measured), low, high, _asked(low, high, why))


def true(what: str, fact: bool, kind: str = EXACT) -> Check:
    """Something that must be so; measured is 1 if it is."""
    return Check(what, kind, float(bool(fact)), 1.0, 1.0, "true")


def compared(what: str, fact: bool) -> Check:
    """The greater of measured numbers is the one that the claim names; measured is 1 if it is."""
    return Check(what, COMPARISON, float(bool(fact)), 1.0, 1.0, "true")


def calibrated(what: str, measured: float, band: Band) -> Check:
    """In the band of earlier runs."""
    known = f"median {band.median:.4g}, {band.spread[0]:.4g} to {band.spread[1]:.4g} over {len(band.seeds)} seeds"
    asked = _asked(band.low, band.high, known)
    return Check(what, CALIBRATED, float(measured), band.low, band.high, asked, band)


def _asked(low: float, high: float, why: str) -> str:
    if low == -inf:
        asked = f"at most {high:.6g}"
    elif high == inf:
        asked = f"at least {low:.6g}"
    else:
        asked = f"{low:.6g} to {high:.6g}"
    return f"{asked} ({why})"
