"""What the layers do to rows: activations, hidden spaces, histograms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.reference import forward
from chainrule.formulas.lookup import Array
from chainrule.playground.checked import option
from chainrule.playground.pictures.frames import Frame
from chainrule.training.evidence import flat_parts, spread_rows

if TYPE_CHECKING:
    from chainrule.playground.session import Session

# Rows that histograms look at, and lines of the grid that is carried into a hidden space.
MOST_ROWS, GRID, BINS = 2000, 21, 30
# Beyond it squares overflow.
HUGE = 1e100


def outputs(session: Session, X: Array) -> Array:
    """The network's outputs."""
    found: Array = session.run.engine.predict(session.built.network, session.run.learner.theta, X)
    return found


def passes(session: Session, X: Array) -> tuple[list[Array], list[Array]]:
    """Pre-activations and activations of all layers, the inputs first among the latter."""
    with np.errstate(all="ignore"):
        return forward(session.built.network, session.run.learner.theta, X)


def hidden(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """Where a hidden layer puts the rows, and the grid of the map: its two units, or the plane in which they extend most."""
    count = len(session.built.network.layers)
    layer = option(options, "layer", max(count - 2, 0), 0, count - 1)
    rows = passes(session, session.built.X)[1][layer + 1]
    place, told = _flattened(np.clip(np.asarray(rows[session.data.train], np.float64), -HUGE, HUGE))
    found.arrays["hidden"] = place(rows)
    if session.plane is not None:
        grid = passes(session, session.grid(GRID))[1][layer + 1]
        found.arrays["hidden_grid"] = place(grid).reshape(GRID, GRID, 2)
    found.header["hidden"] = {"layer": layer, "units": rows.shape[1], **told}


def _flattened(rows: Any) -> tuple[Any, dict[str, Any]]:
    """From activations to two coordinates."""
    units = rows.shape[1]
    if units <= 2:
        named = "units 1 and 2" if units == 2 else "unit 1; upright is nothing"
        return lambda a: np.pad(a, ((0, 0), (0, 2 - units))).astype(np.float32), {"axes": named, "explained": 1.0}
    centre = rows.mean(axis=0)
    _, sizes, vectors = np.linalg.svd(rows - centre, full_matrices=False)
    total = float((sizes**2).sum())
    explained = float((sizes[:2] ** 2).sum() / total) if total else 1.0
    plane = np.zeros((2, units))
    plane[: min(2, len(vectors))] = vectors[:2]
    # The sign of a principal direction means nothing; a fixed one keeps pictures from flipping.
    signs = np.sign(plane[np.arange(2), np.abs(plane).argmax(axis=1)])
    plane *= np.where(signs == 0, 1, signs)[:, None]
    return lambda a: ((a - centre) @ plane.T).astype(np.float32), {"axes": "principal plane", "explained": explained}


def histograms(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """Shares of the activations of every layer over the training rows, and units that are flat."""
    bins = option(options, "bins", BINS, 5, 100)
    train = session.data.train
    z, a = passes(session, session.built.X[train[spread_rows(len(train), MOST_ROWS)]])
    shares, edges, told = [], [], []
    for k, layer in enumerate(session.built.network.layers):
        values = np.nan_to_num(a[k + 1].astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        counts, ends = np.histogram(values, bins)
        shares.append(counts / max(values.size, 1))
        edges.append(ends)
        dead, saturated = flat_parts(layer.function, z[k], a[k + 1])
        told.append(
            {
                "layer": k,
                "dead": dead,
                "saturated": saturated,
                "mean": float(values.mean()),
                "deviation": float(values.std()),
            }
        )
    found.header["histograms"] = told
    found.arrays["histograms"] = np.array(shares, np.float32)
    found.arrays["edges"] = np.array(edges, np.float32)
