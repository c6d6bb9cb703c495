"""Maps of the plane: what the network says, what every unit does; on a line the function with its joints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from chainrule.engines.regions import SLOPES
from chainrule.formulas.lookup import Array
from chainrule.playground.checked import option
from chainrule.playground.pictures.frames import Frame
from chainrule.playground.pictures.spaces import outputs, passes

if TYPE_CHECKING:
    from chainrule.playground.session import Session

RESOLUTION, THUMBNAIL, MOST_MAPS, COARSE = 60, 24, 256, 30
# Units of a layer whose maps are sent while there are many layers.
FEWEST_MAPS = 8


def decision_map(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """What the network says on the plane: a probability, a score or a value; or what one unit does."""
    plane = session.plane
    if plane is None:
        return
    resolution = option(options, "resolution", RESOLUTION, 20, 200)
    grid = session.grid(resolution)
    told: dict[str, Any] = {"limits": list(plane.limits), "x": plane.names[0], "y": plane.names[1], "slice": plane.told}
    if options.get("unit") is not None:
        values = _unit(session, grid, options["unit"])[:, None]
        told |= {"kind": "unit", "border": None}
    else:
        values = shown(session, outputs(session, grid))
        told |= _scale(session)
    maps = values.T.reshape(-1, resolution, resolution).astype(np.float32)
    finite = maps[np.isfinite(maps)]
    told.setdefault("low", float(finite.min(initial=np.inf)))
    told.setdefault("high", float(finite.max(initial=-np.inf)))
    found.header["map"] = told
    found.arrays["map"] = maps


def shown(session: Session, out: Array) -> Array:
    """The outputs as a map shows them: of two classes one, values in the user's units."""
    two = session.data.task == "classification" and out.shape[1] == 2
    return out[:, 1:] if two else session.built.in_units(out)


def _scale(session: Session) -> dict[str, Any]:
    """What the values of a map mean."""
    built, data = session.built, session.data
    if data.task == "regression":
        return {"kind": "value", "border": None, "low": float(data.y.min()), "high": float(data.y.max())}
    name = built.network.layers[-1].function.name
    if name in ("logistic", "softmax"):
        single = built.network.outputs <= 2
        return {"kind": "probability", "border": 0.5 if single else None, "low": 0.0, "high": 1.0}
    ends = {"low": -1.0, "high": 1.0} if built.signed else {}
    return {"kind": "score", "border": built.border, **ends}


def _unit(session: Session, grid: Array, unit: Any) -> Array:
    """What one unit puts out; layer -1 are the inputs."""
    layer, place = unit if isinstance(unit, (list, tuple)) and len(unit) == 2 else (None, None)
    widths = session.built.network.widths
    if not isinstance(layer, int) or not isinstance(place, int) or not -1 <= layer < len(widths) - 1:
        raise ValueError(f"unit must be [layer, unit], layer -1 for the inputs; got {unit!r:.40}.")
    if not 0 <= place < widths[layer + 1]:
        raise ValueError(f"layer {layer} has {widths[layer + 1]} units; got {place}.")
    values: Array = passes(session, grid)[1][layer + 1][:, place]
    return values


def unit_maps(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """A small map of every unit, and of the inputs, in 256 steps from its least to its largest value."""
    size = option(options, "size", THUMBNAIL, 8, 64)
    line = session.plane is None
    layers = passes(session, _line_grid(session, size)[1] if line else session.grid(size))[1]
    most = _most_per_layer([layer.shape[1] for layer in layers])
    listed, maps, left_out = [], [], 0
    for k, layer in enumerate(layers):
        chosen = layer[:, :most].astype(np.float64)
        left_out += layer.shape[1] - chosen.shape[1]
        chosen = np.nan_to_num(chosen, nan=0.0, posinf=1e300, neginf=-1e300)
        low, high = chosen.min(axis=0), chosen.max(axis=0)
        steps = (chosen - low) / np.where(high > low, high - low, 1.0) * 255
        maps.append(np.rint(steps).astype(np.uint8).T.reshape(-1, 1 if line else size, size))
        listed += [[k - 1, unit, float(low[unit]), float(high[unit])] for unit in range(chosen.shape[1])]
    found.header["units"] = listed
    found.header["units_left_out"] = left_out
    found.arrays["units"] = np.concatenate(maps)


def _most_per_layer(widths: list[int]) -> int:
    """As many units of each layer as `MOST_MAPS` allow."""
    most = max(widths)
    while most > FEWEST_MAPS and sum(min(width, most) for width in widths) > MOST_MAPS:
        most -= max(1, most // 20)
    return most


def _line_grid(session: Session, resolution: int) -> tuple[NDArray[np.float64], Array]:
    """Places on the line, and what the network sees there."""
    left, right = session.data.box()[:2]
    places = np.linspace(left, right, resolution)
    return places, session.built.inputs(places[:, None])


def line(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """The function on a line, what every unit adds to it, and where it bends."""
    if session.plane is not None:
        return
    resolution = option(options, "resolution", 200, 20, 2000)
    x, rows = _line_grid(session, resolution)
    network, built = session.built.network, session.built
    _, a = passes(session, rows)
    found.arrays["line_x"] = x.astype(np.float32)
    found.arrays["line_y"] = shown(session, a[-1]).T.astype(np.float32)
    units = [[k, unit] for k, layer in enumerate(network.layers[:-1]) for unit in range(layer.units)][:MOST_MAPS]
    found.arrays["line_units"] = np.array([a[k + 1][:, unit] for k, unit in units], np.float32).reshape(-1, resolution)
    if len(network.layers) == 2 and network.layers[-1].function.name == "identity" and network.outputs == 1:
        v = network.views(session.run.learner.theta).W[1][:, 0]
        found.arrays["line_parts"] = (a[1] * v * built.data.scale).T[:MOST_MAPS].astype(np.float32)
    joints = bends(session)
    told = {"units": units, "joints": joints, "limits": list(session.data.box()), "pieces": _pieces(session, joints)}
    if session.data.truth is not None:
        found.arrays["line_mean"] = session.data.truth(x[:, None]).astype(np.float32)
    found.header["line"] = told


def bends(session: Session) -> list[dict[str, Any]]:
    """Where units begin or end to be active, exactly: between two bends every layer is straight, so zeros can be interpolated."""
    network, (left, right) = session.built.network, session.data.box()[:2]
    straight = all(layer.function.name in SLOPES for layer in network.layers[:-1])
    if not straight or session.built.names not in (("x1",), session.data.inputs):
        return []
    found: list[dict[str, Any]] = []
    places = np.array([left, right])
    for k, layer in enumerate(network.layers[:-1]):
        if SLOPES[layer.function.name][0] == SLOPES[layer.function.name][1]:
            continue
        z = passes(session, session.built.inputs(places[:, None]))[0][k].astype(np.float64)
        at, unit = np.nonzero(z[:-1] * z[1:] < 0)
        before, after = z[at, unit], z[at + 1, unit]
        crossing = places[at] + (places[at + 1] - places[at]) * before / (before - after)
        found += [{"x": float(x), "layer": k, "unit": int(j)} for x, j in zip(crossing, unit, strict=True)]
        places = np.unique(np.concatenate([places, crossing]))
    return sorted(found, key=lambda joint: joint["x"])


def _pieces(session: Session, joints: list[dict[str, Any]]) -> list[list[float]]:
    """From, to, slope and offset of every straight piece of the function."""
    if not joints or session.built.network.layers[-1].function.name != "identity":
        return []
    left, right = session.data.box()[:2]
    ends = np.unique([left, *(joint["x"] for joint in joints), right])
    y = session.built.in_units(outputs(session, session.built.inputs(ends[:, None])))[:, 0].astype(np.float64)
    slopes = np.diff(y) / np.diff(ends)
    return [
        [float(a), float(b), float(slope), float(value - slope * a)]
        for a, b, slope, value in zip(ends[:-1], ends[1:], slopes, y[:-1], strict=True)
    ]


def boundary(session: Session) -> str:
    """The map in a sentence, for those who do not see it."""
    data, plane = session.data, session.plane
    if data.task == "regression" or plane is None:
        return ""
    decided = session.built.decided(outputs(session, session.grid(COARSE))).reshape(COARSE, COARSE)
    parts = []
    for code in np.unique(decided):
        regions, count = ndimage.label(decided == code)
        edge = set(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]).tolist()) - {0}
        closed = count - len(edge)
        shape = f"in {count} regions" if count > 1 else "in one region"
        inside = f", {closed} of them closed" if closed and count > 1 else ", closed" if closed else ""
        parts.append(
            f"class {data.classes[int(code)]} covers {np.mean(decided == code):.0%} of the map {shape}{inside}"
        )
    return "; ".join(parts[:6])
