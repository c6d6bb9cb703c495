"""Columns to network inputs: the numbers that tables and estimators share.

A numeric part is imputed, centred and scaled; levels become one input each, two levels a single one. Whoever reads the cells
(from files or from data frames) says which are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import RobustScaler, StandardScaler

Inputs = NDArray[np.float64]
Mask = NDArray[np.bool_]
MAX_INPUT_LEVELS = 100
FLAG_FROM = 0.05
# Smooth clip (Holzmueller et al. 2024): an outlier saturates instead of dominating.
CLIP = 3.0
DATE_PARTS = ("days", "month", "weekday", "hour")


@dataclass(frozen=True)
class Part:
    """One numeric input: ``(x - centre) / scale``, missing replaced by ``impute`` first, then softly clipped.

    ``flag`` adds a second input that is 1 where the value was missing.
    """

    name: str
    impute: float
    centre: float
    scale: float
    flag: bool = False

    def names(self, column: str) -> tuple[str, ...]:
        """Names of the inputs, for a column of that name."""
        label = column if self.name == "value" else f"{column}.{self.name}"
        return (label, f"{label} missing") if self.flag else (label,)

    def inputs(self, values: Inputs, missing: Mask, clip: float) -> list[Inputs]:
        """The input of every row, and the flag's if there is one; `clip` is the largest magnitude, 0 for none."""
        filled = np.where(missing, self.impute, values)
        scaled: Inputs = (filled - self.centre) / self.scale
        clipped: Inputs = scaled / np.sqrt(1 + (scaled / clip) ** 2) if clip else scaled
        return [clipped, missing.astype(np.float64)] if self.flag else [clipped]


def fit_part(name: str, values: Inputs, missing: Mask, scaled: bool = True) -> Part | None:
    """Median, centre and scale of the values, which are NaN where missing; None if all are."""
    if missing.all():
        return None
    column = values.reshape(-1, 1)
    imputer = SimpleImputer(strategy="median").fit(column)
    impute, flag = float(imputer.statistics_[0]), bool(missing.mean() >= FLAG_FROM)
    if not scaled:
        return Part(name, impute, 0.0, 1.0, flag)
    filled = imputer.transform(column)
    robust, standard = RobustScaler(unit_variance=True).fit(filled), StandardScaler().fit(filled)
    # More than half of the values alike: the quartiles coincide and say nothing about the spread.
    alike = np.subtract(*np.percentile(filled, [75, 25])) == 0
    centre, scale = (standard.mean_[0], standard.scale_[0]) if alike else (robust.center_[0], robust.scale_[0])
    return Part(name, impute, float(centre), float(scale) or 1.0, flag)


def number_text(value: float) -> str:
    """The shortest text of a number; whole numbers without a decimal point."""
    return str(int(value)) if np.isfinite(value) and value == int(value) else repr(float(value))


def frequent_levels(counts: Mapping[str, int], codes: bool) -> tuple[str, ...]:
    """The most frequent levels in alphabetical order, or by number if they are codes."""
    kept = [level for level, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_INPUT_LEVELS]]
    return tuple(sorted(kept, key=float) if codes else sorted(kept))


def level_names(column: str, levels: Sequence[str]) -> tuple[str, ...]:
    """Names of the inputs of a column with these levels."""
    return tuple(f"{column}={level}" for level in (levels[1:] if len(levels) == 2 else levels))


def level_places(cells: Iterable[str | None], levels: Sequence[str]) -> NDArray[np.int64]:
    """The number of each cell's level; -1 for missing cells and other levels."""
    places = {level: place for place, level in enumerate(levels)}
    return np.array([-1 if cell is None else places.get(cell, -1) for cell in cells], dtype=np.int64)


def level_inputs(places: NDArray[np.int64], count: int) -> Inputs:
    """One-hot inputs of `count` levels; two levels are -1 and +1; missing and unseen (-1) are all zeros."""
    onehot: Inputs = np.zeros((len(places), count))
    known = np.flatnonzero(places >= 0)
    onehot[known, places[known]] = 1.0
    return onehot[:, 1:] - onehot[:, :1] if count == 2 else onehot


def date_part(seconds: Inputs, part: str) -> Inputs:
    """One numeric part of moments given in seconds since 1970-01-01; NaN stays NaN."""
    days = np.floor(seconds / 86_400)
    if part == "month":
        known = np.where(np.isnan(days), 0, days).astype("datetime64[D]")
        month = known.astype("datetime64[M]").astype(np.int64) % 12
        return np.where(np.isnan(days), np.nan, month.astype(np.float64) + 1)
    simple: dict[str, Inputs] = {
        "days": seconds / 86_400,
        "weekday": np.mod(days + 3, 7),
        "hour": (seconds - 86_400 * days) / 3600,
    }
    return simple[part]
