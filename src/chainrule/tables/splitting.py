"""Training, validation and test rows; classes in the same proportions wherever there are enough of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

Rows = NDArray[np.int64]
FEW = 3


class Split(NamedTuple):
    """Row numbers of the three parts and, in words, how they were drawn."""

    train: Rows
    validation: Rows
    test: Rows
    reason: str


def split(rows: Rows, codes: Rows | None, test: float, validation: float, seed: int) -> Split:
    """Draw the parts; ``codes`` are the class numbers of ``rows`` (None for regression).

    ``test`` is a share of all rows, ``validation`` of the rows that remain.
    """
    rest, held_out, stratified = _part(rows, codes, test, seed)
    rest_codes = None if codes is None else codes[np.searchsorted(rows, rest)]
    train, checked, _ = _part(rest, rest_codes, validation, seed + 1)
    reason = "drawn at random" + (", every class in the same proportion" if stratified else "")
    return Split(train, checked, held_out, f"{reason}, seed {seed}")


def _part(rows: Rows, codes: Rows | None, share: float, seed: int) -> tuple[Rows, Rows, bool]:
    """The rows kept, the rows drawn, and whether classes were kept in proportion."""
    size = round(share * rows.size)
    if size < 1:
        return rows, rows[:0], False
    if codes is None:
        return (*_draw(rows, None, size, seed), False)
    counts = np.bincount(codes)
    # A class of one or two rows cannot be in every part: it stays where it can be learnt.
    rare = counts[codes] < FEW
    common, labels = rows[~rare], codes[~rare]
    classes = np.unique(labels).size
    fits = min(size, common.size - size) >= classes > 0
    kept, drawn = _draw(common, labels if fits else None, min(size, max(common.size - 1, 0)), seed)
    # A class that chance took out of the training rows altogether goes back to them.
    lost = ~np.isin(codes[np.searchsorted(rows, drawn)], codes[np.searchsorted(rows, kept)])
    return np.sort(np.concatenate((kept, rows[rare], drawn[lost]))), drawn[~lost], bool(fits)


def _draw(rows: Rows, labels: Rows | None, size: int, seed: int) -> tuple[Rows, Rows]:
    if size < 1:
        return rows, rows[:0]
    kept, drawn = train_test_split(rows, test_size=size, random_state=seed, stratify=labels)
    return np.sort(kept), np.sort(drawn)
