"""Pictures that are asked for once: the points, the truth, the loss around the network, its linear regions, a digit's way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.regions import linear_regions
from chainrule.playground.checked import whole
from chainrule.playground.describing import bayes as bayes_known
from chainrule.playground.describing import output_names
from chainrule.playground.pictures.frames import Frame
from chainrule.playground.pictures.spaces import HUGE, passes
from chainrule.training.evidence import spread_rows

if TYPE_CHECKING:
    from chainrule.playground.session import Session

# Rows from which the loss surface is computed, parameters beyond which it takes too long, regions that can still be drawn.
SURFACE_ROWS, SURFACE_PARAMETERS, MOST_REGIONS = 1000, 200_000, 4000
# Moments of the path; units whose activations a picture's way shows.
MOST_PATH, MOST_UNITS = 200, 1024


def points(session: Session) -> Frame:
    """Where the rows lie in the picture, what they are, and which of them train."""
    data, plane = session.data, session.plane
    place = np.column_stack([data.X[:, 0], data.y.astype(np.float64)]) if plane is None else plane.points
    train = np.zeros(data.rows, np.uint8)
    train[data.train] = 1
    limits = data.box() if plane is None else plane.limits
    names = [data.inputs[0], data.target] if plane is None else list(plane.names)
    header = {"kind": "points", "classes": list(data.classes), "limits": list(limits), "axes": names, "task": data.task}
    arrays: dict[str, NDArray[Any]] = {"X": place.astype(np.float32), "y": data.y.astype(np.float32), "train": train}
    return Frame(header, {**arrays, "row": np.arange(data.rows, dtype=np.int32)})


def bayes(session: Session, resolution: int = 60) -> Frame:
    """The true probability of class 1, or the true mean, on the map."""
    data, plane = session.data, session.plane
    side = whole("resolution", resolution, 20, 200)
    header = {"kind": "bayes", **bayes_known(session)}
    if data.truth is None:
        return Frame(header)
    if plane is None:
        x = np.linspace(*data.box()[:2], side)
        return Frame(header, {"line_x": x.astype(np.float32), "bayes": data.truth(x[:, None]).astype(np.float32)})
    found = data.truth(plane.grid(side)).reshape(side, side)
    return Frame({**header, "limits": list(plane.limits)}, {"bayes": found.astype(np.float32)})


def surface(session: Session, resolution: int = 25, span: float = 1.0, kind: str = "path") -> Frame:
    """The training loss over a plane of parameters through the present ones, with the way the training went.

    The plane is the one in which the way extends most, or one of random directions, normalised unit by unit (Li et al. 2018,
    arXiv 1712.09913).
    """
    # Here: pictures of the library need matplotlib, the page does not.
    from chainrule.plots.directions import principal_directions, random_directions

    built, network = session.built, session.built.network
    side = whole("resolution", resolution, 5, 61)
    if network.n_parameters > SURFACE_PARAMETERS:
        raise ValueError(f"a network of {network.n_parameters:,} parameters is too large for its loss surface here.")
    path, epochs = session.run.path(MOST_PATH)
    theta = session.run.learner.theta.astype(np.float64)
    if np.abs(path).max() > HUGE:
        raise ValueError("the weights are too large for a picture of the loss around them; go back, or begin again.")
    plane, told = None, ""
    if kind == "path":
        try:
            plane = principal_directions(network, path.copy())
        except ValueError as error:
            told = f"{error} Random directions are shown."
    if plane is None:
        plane = random_directions(network, theta)
    places = plane.places(path)
    low, high = _reach(places, span, kind == "path" and not told)
    u, v = np.linspace(low[0], high[0], side), np.linspace(low[1], high[1], side)
    rows = session.data.train[spread_rows(len(session.data.train), SURFACE_ROWS)]
    part = built.rows(rows)
    X, Y = part.X.astype(np.float64), part.Y.astype(np.float64)
    with np.errstate(all="ignore"):
        heights = [[_loss(session, plane.at(one, other), X, Y) for one in u] for other in v]
    header = {
        "kind": "surface",
        "axes": list(plane.names),
        "limits": [float(low[0]), float(high[0]), float(low[1]), float(high[1])],
        "text": told,
    }
    arrays = {
        "surface": np.array(heights, np.float32),
        "path": places.astype(np.float32),
        "path_epochs": epochs,
        "now": plane.places(theta[None])[0].astype(np.float32),
    }
    return Frame(header, arrays)


def _reach(places: NDArray[np.float64], span: float, around: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not around:
        reach = min(max(float(span), 1e-3), 1e3)
        return np.full(2, -reach), np.full(2, reach)
    low, high = places.min(axis=0), places.max(axis=0)
    space = 0.25 * np.where(high > low, high - low, 1.0)
    return low - space, high + space


def _loss(session: Session, theta: NDArray[Any], X: Any, Y: Any) -> float:
    network = session.built.network
    loss, _ = network.loss_and_gradient(theta, X, Y)
    return float(network.objective.reported(loss, network.outputs))


def regions(session: Session) -> Frame:
    """The polygons of the map on which the network is one affine function, and where its decision changes, exactly."""
    plane, built = session.plane, session.built
    header: dict[str, Any] = {"kind": "regions", "known": False}
    affine = built.features in (("x1", "x2"), ()) and session.data.encode is None
    if plane is None or not affine:
        told = "linear regions are shown where the network sees the plane's own coordinates (features x1 and x2 alone)."
        return Frame({**header, "text": told})
    base = np.zeros(2) if plane.base is None else plane.base
    directions = np.eye(2) if plane.directions is None else plane.directions
    try:
        found = linear_regions(
            built.network,
            session.run.learner.theta,
            plane.limits,
            origin=(base - built.centre) / built.spread,
            directions=directions / built.spread,
            max_regions=MOST_REGIONS,
        )
    except ValueError as error:
        return Frame({**header, "text": str(error)})
    sizes = [len(polygon) for polygon in found.polygons]
    header |= {"known": True, "count": found.n_activation_regions, "linear": found.n_linear_regions, "polygons": sizes}
    header["text"] = f"{found.n_linear_regions:,} linear regions from {found.n_activation_regions:,} activation regions"
    arrays = {
        "corners": np.concatenate(found.polygons).astype(np.float32),
        "owner": found.linear_regions.astype(np.int32),
        "borders": found.borders().astype(np.float32),
    }
    return Frame(header, arrays)


def digit(session: Session, pixels: Any) -> Frame:
    """The way of a drawn picture through the network: activations of every layer, probabilities of the classes.

    Parameters
    ----------
    session : Session
        With a network that takes pictures.
    pixels : sequence of float
        As many as the network has inputs, row by row, from 0 (paper) to 1 (ink); they are brought to the range of the rows'
        own numbers, and stay as they are where the rows were only invented. The answer's `range` says which.
    """
    built = session.built
    if built.features or session.data.encode is not None:
        raise ValueError("this network takes no pictures: its inputs are no pixels.")
    try:
        drawn = np.asarray(pixels, np.float64).reshape(-1)
    except (TypeError, ValueError):
        drawn = np.empty(0)
    if drawn.shape != (built.network.inputs,) or not np.isfinite(drawn).all():
        raise ValueError(f"a picture has {built.network.inputs} pixels from 0 to 1; got {drawn.size} numbers.")
    low, high = _ink(session)
    rows = built.inputs(low + np.clip(drawn, 0, 1)[None] * (high - low))
    activations = passes(session, rows)[1]
    out = activations[-1]
    arrays = {f"a{k}": layer[0, :MOST_UNITS].astype(np.float32) for k, layer in enumerate(activations)}
    header: dict[str, Any] = {"kind": "digit", "classes": output_names(session), "range": [low, high]}
    header["probabilities"] = built.in_units(out)[0].tolist()
    if session.data.task == "classification":
        header["class"] = session.data.classes[int(built.decided(out)[0])]
    return Frame(header, arrays)


def _ink(session: Session) -> tuple[float, float]:
    """The numbers that paper and ink are in the user's rows; 0 and 1 where nothing is known of them."""
    low, high = float(session.data.X.min()), float(session.data.X.max())
    known = session.source is not None and not session.source.invented
    return (low, high) if known and low < high else (0.0, 1.0)
