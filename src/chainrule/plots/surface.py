"""The loss around a trained network: its height along two directions of the parameters, with the way the training went."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.network import Network
from chainrule.plots.directions import Directions, principal_directions, random_directions
from chainrule.plots.opening import at_least, network_data, opened
from chainrule.plots.style import INK, ORANGE, SEQUENTIAL, axes, halo, line_labels

MAX_ROWS = 5000


class LossSurfaceDisplay:
    """Contour lines of the loss over a plane of parameters.

    Parameters
    ----------
    u, v : ndarray of shape (w,) and (h,)
        The grid, in units of the two directions.
    loss : ndarray of shape (h, w)
        Loss of the data, without penalties.
    names : tuple of str
        What the axes are called.
    path : ndarray of shape (T, 2), optional
        The training path on the plane, its start first.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where `plot` has drawn.
    """

    def __init__(
        self,
        *,
        u: NDArray[np.float64],
        v: NDArray[np.float64],
        loss: NDArray[np.float64],
        names: tuple[str, str] = ("u", "v"),
        path: NDArray[np.float64] | None = None,
    ) -> None:
        self.u, self.v, self.loss, self.names, self.path = u, v, loss, names, path

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        directions: str | Directions | None = None,
        path: NDArray[Any] | None = None,
        span: float = 1.0,
        resolution: int = 41,
        seed: int = 0,
        max_rows: int = MAX_ROWS,
        ax: Any = None,
    ) -> LossSurfaceDisplay:
        """Draw the loss around the parameters of a fitted model.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, or TableModel
            Fitted.
        X, y : array, or a table alone for a TableModel
            Data whose loss is drawn, in natural weights.
        directions, path, span, resolution, seed, max_rows, ax
            As in `from_network`; `training_path` records a path.

        Returns
        -------
        display : LossSurfaceDisplay
        """
        network, theta = opened(estimator)[1:3]
        data = network_data(estimator, X, y)
        return cls.from_network(
            network, theta, *data, directions=directions, path=path, span=span, resolution=resolution, seed=seed,
            max_rows=max_rows, ax=ax,
        )  # fmt: skip

    @classmethod
    def from_network(
        cls,
        network: Network,
        theta: NDArray[Any],
        X: Any,
        y: Any,
        *,
        directions: str | Directions | None = None,
        path: NDArray[Any] | None = None,
        span: float = 1.0,
        resolution: int = 41,
        seed: int = 0,
        max_rows: int = MAX_ROWS,
        ax: Any = None,
    ) -> LossSurfaceDisplay:
        """Draw the loss around the parameters of a network.

        Parameters
        ----------
        network : Network
            The network.
        theta : ndarray of shape (P,)
            The centre.
        X, y : array of shape (n, inputs) and (n, targets)
            Inputs and encoded targets.
        directions : "random", "principal" or Directions, optional
            Random ones, normalised filter by filter, or the two in which the path extends most; the latter where there is a
            path, as random directions hardly show one: it is nearly orthogonal to them (Li et al. 2018, section 7).
        path : ndarray of shape (T, P), optional
            Parameters along the training, such as those collected from `chainrule.train`, start first.
        span : float, default=1.0
            How far to go from the centre without a path, in lengths of the directions; with one, the plane reaches around it.
        resolution : int, default=41
            Points of the grid in each direction.
        seed : int, default=0
            Of random directions.
        max_rows : int, default=5000
            Of more rows an even choice is taken.
        ax : matplotlib Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        display : LossSurfaceDisplay

        Raises
        ------
        ValueError
            If arguments do not fit the network or each other.
        """
        resolution, max_rows = at_least("resolution", resolution, 2), at_least("max_rows", max_rows, 1)
        if not isinstance(span, Real) or not 0 < float(span) < np.inf:
            raise ValueError(f"span must be a positive number; got {span!r}.")
        X, y = (part if hasattr(part, "tocsr") else np.asarray(part) for part in (X, y))
        path = None if path is None else _checked_path(network, path)
        plane = _plane(network, theta, directions, path, seed)
        places = None if path is None else plane.places(path)
        low, high = _reach(places, span)
        u, v = np.linspace(low[0], high[0], resolution), np.linspace(low[1], high[1], resolution)
        every = slice(None, None, max(1, -(-X.shape[0] // max_rows)))
        loss = [[_loss(network, plane.at(one, other), X[every], y[every]) for one in u] for other in v]
        if not np.isfinite(loss).any():
            raise ValueError("the loss is finite nowhere on this plane; are parameters and data?")
        return cls(u=u, v=v, loss=np.array(loss), names=plane.names, path=places).plot(ax=ax)

    def plot(self, ax: Any = None) -> LossSurfaceDisplay:
        """Draw on the axes; None makes a new figure."""
        self.figure_, self.ax_ = axes(ax, (6.4, 5.0))
        finite = np.where(np.isfinite(self.loss), self.loss, np.nan)
        levels = contour_levels(finite)
        drawn = self.ax_.contourf(self.u, self.v, finite, levels=levels, cmap=SEQUENTIAL, norm=_by_rank(levels))
        lines = self.ax_.contour(self.u, self.v, finite, levels=levels[::2], colors="white", linewidths=0.6)
        line_labels(self.ax_, lines, "%.3g")
        self.figure_.colorbar(drawn, ax=self.ax_, label="loss", format="%.3g", ticks=levels[::2])
        self._draw_path()
        self.ax_.set(xlabel=self.names[0], ylabel=self.names[1])
        return self

    def _draw_path(self) -> None:
        if self.path is None:
            self.ax_.plot(0, 0, "*", color=ORANGE, markeredgecolor="white", markersize=15, label="trained network")
        else:
            marker = {"marker": ".", "markersize": 4} if len(self.path) <= 60 else {}
            self.ax_.plot(*self.path.T, color=INK, linewidth=1.6, path_effects=halo(), label="training path", **marker)
            self.ax_.plot(*self.path[0], "o", color="white", markeredgecolor=INK, markersize=9, label="start")
            self.ax_.plot(*self.path[-1], "*", color=ORANGE, markeredgecolor="white", markersize=15, label="end")
        self.ax_.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=True, fontsize=9)


def contour_levels(loss: NDArray[np.float64], count: int = 16) -> NDArray[np.float64]:
    """Levels that lie closer near the minimum: in equal ratios of the height above it."""
    low, high = np.nanmin(loss), np.nanmax(loss)
    if not high > low:
        return np.array([low - 0.5, low + 0.5])
    above = np.sort((loss - low)[np.isfinite(loss) & (loss > low)])
    first = max(float(above[len(above) // 100]), 1e-3 * float(high - low))
    return np.concatenate([[low], low + np.geomspace(first, high - low, count)])


def _by_rank(levels: NDArray[np.float64]) -> Any:
    """Colours in equal steps from level to level."""
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm

    return BoundaryNorm(levels, colormaps[SEQUENTIAL].N)


def _loss(network: Network, theta: NDArray[Any], X: Any, y: Any) -> float:
    loss = network.loss_and_gradient(theta, X, y)[0]
    return float(network.objective.reported(loss, network.outputs))


def _checked_path(network: Network, path: Any) -> NDArray[np.float64]:
    found = np.array(path, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != network.n_parameters or len(found) < 2:
        raise ValueError(
            f"path must hold the parameters of at least two moments, shape (T, {network.n_parameters}); got {found.shape}."
        )
    if not np.isfinite(found).all():
        raise ValueError("path must be finite; it holds NaN or infinity.")
    return found


def _plane(network: Network, theta: NDArray[Any], directions: Any, path: NDArray[Any] | None, seed: int) -> Directions:
    if isinstance(directions, Directions):
        return directions
    wanted = directions or ("random" if path is None else "principal")
    if wanted == "random":
        return random_directions(network, theta, seed)
    if wanted != "principal":
        raise ValueError(f"directions must be 'random', 'principal' or Directions, got {directions!r}.")
    if path is None:
        raise ValueError(
            "directions='principal' are those of a path; give path=..., for example training_path(...).thetas."
        )
    return principal_directions(network, path)


def _reach(places: NDArray[np.float64] | None, span: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest u and v: `span` around the centre, or the path with a quarter of its extent around it."""
    if places is None:
        return np.full(2, -span), np.full(2, span)
    low, high = places.min(axis=0), places.max(axis=0)
    space = 0.25 * np.where(high > low, high - low, 1.0)
    return low - space, high + space
