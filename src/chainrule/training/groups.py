"""The records of a group of epochs that the engine took in one call."""

from __future__ import annotations

from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import GroupResult
from chainrule.training.records import Epoch

# Epochs in a group: bounds the memory of its records.
MOST = 1024
# Seconds after which a group ends, so that other threads can ask for the end of the training.
SECONDS = 0.05


def records(found: GroupResult, first: int, rates: NDArray[np.float64]) -> list[Epoch]:
    """The epochs' records, as `Training` makes them one by one, all without a note.

    Parameters
    ----------
    found : GroupResult
        What the engine did.
    first : int
        Number of the first epoch.
    rates : ndarray of shape (m or more, steps) or (1, steps)
        Of each epoch, or of all.
    """
    count, last = len(found.losses), rates[:, -1].tolist()
    return list(
        map(
            Epoch,
            range(first, first + count),
            found.losses,
            last * count if len(last) == 1 else last,
            found.gradient_norms,
            found.update_norms,
            found.seconds,
            repeat(None),
            repeat(None),
            map(bool, found.better),
        )
    )
