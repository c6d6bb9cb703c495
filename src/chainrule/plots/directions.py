"""Two directions in the space of parameters, and where a training path lies on their plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.network import Network

Vector = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Directions:
    """A plane through the parameters: ``theta(u, v) = centre + u * first + v * second``.

    Parameters
    ----------
    centre, first, second : ndarray of shape (P,)
        Parameters, and two directions.
    names : tuple of str
        What the axes are called.
    """

    centre: Vector
    first: Vector
    second: Vector
    names: tuple[str, str]

    def at(self, u: float, v: float) -> Vector:
        """The parameters at a point."""
        return self.centre + u * self.first + v * self.second

    def places(self, thetas: NDArray[Any]) -> Vector:
        """The nearest points of the plane to these parameters, shape (T, 2)."""
        plane = np.column_stack([self.first, self.second])
        found: Vector = np.linalg.lstsq(plane, (np.asarray(thetas, np.float64) - self.centre).T, rcond=None)[0].T
        return found


def random_directions(network: Network, theta: NDArray[Any], seed: int = 0) -> Directions:
    """Two random directions, normalised filter by filter (Li et al. 2018, arXiv 1712.09913, section 4).

    The filter of a unit is its weights from the layer before: the direction's part for it is as long as these are, so that one
    step is one relative change everywhere and layers of different scale can be compared. Biases, and what belongs to batch
    normalisation, stay as they are.

    Parameters
    ----------
    network : Network
        The network.
    theta : ndarray of shape (P,)
        The centre.
    seed : int
        Of the random numbers.
    """
    rng, centre = np.random.default_rng(seed), np.asarray(theta, np.float64)
    drawn = []
    for _ in range(2):
        direction = np.zeros_like(centre)
        for into, W in zip(network.views(direction).W, network.views(centre).W, strict=True):
            noise = rng.standard_normal(W.shape)
            into[...] = noise * np.linalg.norm(W, axis=0) / np.linalg.norm(noise, axis=0)
        drawn.append(direction)
    return Directions(centre, drawn[0], drawn[1], ("first random direction", "second random direction"))


def principal_directions(network: Network, path: NDArray[Any]) -> Directions:
    """The two directions in which a training path extends most, seen from its last point (Li et al. 2018, section 7).

    They are the first two right singular vectors of ``theta_t - theta_T``, of unit length; the names say what share of the
    squared distance each explains. Running statistics of batch normalisation are left out.

    Parameters
    ----------
    network : Network
        The network.
    path : ndarray of shape (T, P)
        Parameters along the training.

    Raises
    ------
    ValueError
        If the path has fewer than three points, or does not leave a line.
    """
    centre = path[-1]
    moved = path[:-1] - centre
    moved[:, network.n_trained :] = 0
    _, sizes, vectors = np.linalg.svd(moved, full_matrices=False)
    if len(sizes) < 2 or not sizes[1] > 1e-12 * sizes[0]:
        raise ValueError(
            f"a path of {len(path)} points that lie on one line has no second principal direction; give a longer one, or "
            "directions='random'."
        )
    shares = sizes[:2] ** 2 / (sizes**2).sum()
    names = [
        f"{which} principal direction ({share:.1%})" for which, share in zip(("first", "second"), shares, strict=True)
    ]
    return Directions(centre, vectors[0], vectors[1], (names[0], names[1]))
