"""How many linear regions a ReLU network can have: bounds of the literature."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, prod


def most_regions(inputs: int, units: int) -> int:
    """Regions that `units` hyperplanes in general position make of a space of `inputs` dimensions (Zaslavsky 1975)."""
    return sum(comb(units, j) for j in range(inputs + 1))


def by_folding(inputs: int, widths: Sequence[int]) -> int:
    """Regions that layers of these widths can at least be made to have (Montufar, Pascanu, Cho & Bengio 2014)."""
    folds: int = prod((width // inputs) ** inputs for width in widths[:-1])
    return folds * most_regions(inputs, widths[-1])
