"""A hidden layer of ReLU units cuts the plane along lines: how many pieces there are."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from chainrule.datasets.toys import make_toy
from chainrule.engines.regions import Regions, linear_regions
from chainrule.estimators import MLPClassifier
from chainrule.lab.bounds import most_regions
from chainrule.lab.checks import exact, within
from chainrule.lab.drawing import curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

UNITS, DRAWS, WINDOW = (1, 2, 3, 4, 8, 12, 16, 20), 5, (-6.0, 6.0, -6.0, 6.0)
# Prince, Understanding Deep Learning, figure 3.8 and its notebook: (inputs, units) -> most regions.
PUBLISHED = {(1, 3): 4, (2, 3): 7, (2, 8): 37, (2, 16): 137, (2, 20): 211, (10, 8): 256, (10, 50): 13_432_735_556}


def _crossings(W: Any, b: Any) -> Any:
    """Where the lines of every two units meet, shape (pairs, 2)."""
    pairs = np.array(list(combinations(range(len(b)), 2)), dtype=int).reshape(-1, 2)
    return np.linalg.solve(W.T[pairs], -b[pairs][..., None])[..., 0]


def _in_window(W: Any, b: Any) -> int:
    """Regions of the window by Euler's formula: 1 + lines that meet it + crossings within it."""
    corners = np.array([[u, v] for u in WINDOW[:2] for v in WINDOW[2:]]) @ W + b
    lines = (corners.min(axis=0) < 0) & (corners.max(axis=0) > 0)
    return 1 + int(lines.sum()) + int((np.abs(_crossings(W, b)) < WINDOW[1]).all(axis=1).sum())


def _drawn(units: int, rng: np.random.Generator) -> tuple[Network, Any]:
    """Random weights; biases for joints all over the window."""
    network = Network(2, (Dense(units, "relu"), Dense(1, "identity")))
    theta = rng.standard_normal(network.n_parameters)
    network.views(theta).b[0][...] *= 3
    return network, theta


def _whole(network: Network, theta: Any) -> Regions:
    """The regions of a square that holds all crossings and a piece of every line: as many as of the whole plane."""
    W, b = network.views(theta).W[0], network.views(theta).b[0]
    nearest = np.abs(b) / np.linalg.norm(W, axis=0)
    reach = 1.2 * max(nearest.max(), np.abs(_crossings(W, b)).max(initial=0.0))
    return linear_regions(network, theta, (-reach, reach, -reach, reach))


def _patterns(rng: np.random.Generator) -> int:
    """Of 10 inputs and 8 units: how many of the 2^8 patterns occur at the points that are solved for."""
    network = Network(10, (Dense(8, "relu"), Dense(1, "identity")))
    theta = rng.standard_normal(network.n_parameters)
    wanted = 2.0 * (np.arange(256)[:, None] >> np.arange(8) & 1) - 1
    W, b = network.views(theta).W[0], network.views(theta).b[0]
    return len(np.unique(network.activations(theta, (wanted - b) @ np.linalg.pinv(W))[0] > 0, axis=0))


def _gap(regions: Regions, network: Network, theta: Any, engine: str) -> float:
    """Greatest difference between the regions' affine maps and the engine, at the corners' means."""
    at = np.array([polygon.mean(axis=0) for polygon in regions.polygons])
    maps = np.einsum("rki,ri->rk", regions.A, at) + regions.c
    return float(np.abs(maps - network.predict(theta, at, engine=engine)).max())


def _run(bench: Bench) -> Findings:
    rng = np.random.default_rng(bench.seed)
    checks = [
        exact(f"most regions, {d} inputs and {D} units", most_regions(d, D), known)
        for (d, D), known in PUBLISHED.items()
    ]
    checks.append(exact("10 inputs, 8 units: patterns that occur", _patterns(rng), 256))
    window, gap = {}, 0.0
    for units in UNITS:
        drawn = [_drawn(units, rng) for _ in range(DRAWS)]
        whole = [_whole(*pair).n_activation_regions for pair in drawn]
        seen = [linear_regions(*pair, WINDOW) for pair in drawn]
        expected = [_in_window(network.views(theta).W[0], network.views(theta).b[0]) for network, theta in drawn]
        window[units] = [regions.n_activation_regions for regions in seen]
        gap = max(gap, *(_gap(regions, *pair, bench.engine) for regions, pair in zip(seen, drawn, strict=True)))
        checks += [
            exact(
                f"{units} units: regions of the plane, mean of {DRAWS}", float(np.mean(whole)), most_regions(2, units)
            ),
            exact(f"{units} units: regions of a window, sum", sum(window[units]), sum(expected)),
        ]
    checks.append(exact("engine against the affine maps of all regions", gap, 0, 1e-9))
    sample = make_toy("circle", 200, seed=bench.seed)
    models, trained = {}, {}
    for units in UNITS:
        model = MLPClassifier((units,), solver="lbfgs", alpha=0.01, engine=bench.engine, n_threads=1)
        models[units] = model.set_params(random_state=bench.seed).fit(sample.X, sample.y)
        network = Network(2, (Dense(units, "relu"), Dense(1, "identity")))
        trained[units] = linear_regions(network, model.theta_, WINDOW).n_activation_regions
        checks.append(
            within(f"{units} units, trained: regions", trained[units], 1, most_regions(2, units), "Zaslavsky's bound")
        )
    right = models[16].score(sample.X, sample.y)
    checks.append(within("16 units, trained: points right", right, 0.98, 1, "few lines suffice"))
    reading = (
        f"Random lines give the {most_regions(2, 16)} regions that 16 units can make in the plane; a window holds "
        f"{min(window[16])} to {max(window[16])} of them, and a network with 16 units that has learned disc and ring "
        f"({right:.0%} right) has {trained[16]} there."
    )
    compact = min((_whole(*_drawn(8, rng)) for _ in range(40)), key=lambda regions: regions.limits[1])
    data = {"lines": compact, "model": models[16], "sample": sample, "window": window, "trained": trained}
    return Findings(tuple(checks), reading, data)


def _draw(found: Findings, figure: Any) -> None:
    from chainrule.plots import LinearRegionsDisplay

    left, middle, right = figure.subplots(1, 3)
    LinearRegionsDisplay(regions=found.data["lines"], names=("x0", "x1"), decides=False).plot(ax=left)
    left.set_title(f"8 random lines: {found.data['lines'].n_activation_regions} regions", loc="left")
    sample = found.data["sample"]
    LinearRegionsDisplay.from_estimator(found.data["model"], sample.X, sample.y, limits=WINDOW, ax=middle)
    middle.set_title(f"16 units, trained: {found.data['trained'][16]} regions", loc="left")
    named = {
        "most there can be": [most_regions(2, units) for units in UNITS],
        f"random, in the window ({DRAWS} draws)": np.array(list(found.data["window"].values())).T,
        "trained, in the window": list(found.data["trained"].values()),
    }
    curves(right, named, UNITS, markers=True)
    right.set(xlabel="hidden units", ylabel="regions", yscale="log", xticks=UNITS, title="regions by width")


EXPERIMENT = Experiment(
    name="shallow-regions",
    title="One hidden layer cuts the plane into polygons",
    lecture="004",
    source="lecture 004, 'Activation Function - Rectifier Linear Unit'",
    claim="ReLU is piecewise linear: the units cut the space into polyhedra.",
    prediction="D lines in general position make 1 + D + D (D - 1) / 2 regions: 7 for 3 units, 37 for 8, 137 for 16, 211 for 20.",
    run=_run,
    draw=_draw,
    seconds=1.0,
    size=(13.0, 4.6),
)
