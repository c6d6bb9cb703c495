"""Depth multiplies pieces, width adds them: folds made by hand, and what random and trained networks do with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.datasets.toys import make_toy
from chainrule.engines.regions import Regions, linear_regions
from chainrule.estimators import MLPClassifier
from chainrule.lab.bounds import by_folding, most_regions
from chainrule.lab.checks import Band, calibrated, exact, true, within
from chainrule.lab.drawing import COLOURS, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

DEEPEST, WINDOW = 10, (-6.0, 6.0, -6.0, 6.0)
DEEP = (8, 8)
# Inputs and widths -> regions that folding makes (Montufar et al. 2014); for 8 and 8: floor(8 / 2)^4 folds, 37 pieces each.
FOLDED = {(1, (8, 8)): 72, (1, (10,) * 5): 110_000, (2, DEEP): 592, (2, (8,) * 3): 9472, (2, (4,) * 4): 704}
NEURONS, LINES, GROWTH = (16, 32, 64, 128, 256), 20, "Hanin & Rolnick 2019: in proportion to the units"
RANDOM, TRAINED = Band(20, 200, 86, (56, 106), range(0, 2000, 100)), Band(20, 300, 118, (58, 155), range(0, 2000, 100))


def _network(inputs: int, hidden: Any) -> Network:
    return Network(inputs, (*(Dense(units, "relu") for units in hidden), Dense(1, "identity")))


def _zigzag(depth: int) -> tuple[Network, Any]:
    """g(x) = 2 relu(x) - 4 relu(x - 1/2), applied `depth` times: it folds [0, 1] in two each time."""
    network, fold = _network(1, [2] * depth), np.array([2.0, -4.0])
    weights = [np.ones((1, 2)), *(np.outer(fold, [1.0, 1.0]) for _ in range(depth - 1)), fold[:, None]]
    return network, network.pack(weights, [*[np.array([0.0, -0.5])] * depth, np.zeros(1)])


def _folded(rng: np.random.Generator) -> tuple[Network, Any]:
    """Each input folded in four by four units, then eight lines through the middle of the folded square."""
    network = _network(2, DEEP)
    first = np.kron(np.eye(2), np.full((1, 4), 4.0))
    fold = np.kron(np.eye(2), np.array([[1.0], [-2.0], [2.0], [-2.0]]))
    # Every second line turned round: no unbounded piece has all units off, which would merge with its mirror image.
    angle = np.pi * (np.arange(8) + rng.uniform(-0.05, 0.05, 8)) / 8 + np.pi * (np.arange(8) % 2)
    normals, offsets = np.array([np.cos(angle), np.sin(angle)]), rng.uniform(-0.08, 0.08, 8)
    biases = [np.tile([0.0, -1.0, -2.0, -3.0], 2), offsets - normals.sum(axis=0) / 2, np.zeros(1)]
    return network, network.pack([first, fold @ normals, rng.standard_normal((8, 1))], biases)


def _random(inputs: int, hidden: Any, rng: np.random.Generator, spread: float) -> tuple[Network, Any]:
    """He's weights, and biases that put joints all over the inputs."""
    network = _network(inputs, hidden)
    theta = network.init(int(rng.integers(2**31)), "he_normal")
    network.views(theta).b[0][...] = spread * rng.standard_normal(hidden[0])
    return network, theta


def _joints(network: Network, theta: Any, low: float, high: float) -> int:
    """Pieces of a network with one input between two points: layer by layer, the places where a unit changes sign."""
    knots, parts = np.array([low, high]), network.views(theta)
    for k, (W, b) in enumerate(zip(parts.W[:-1], parts.b[:-1], strict=True)):
        inner = knots[:, None] if k == 0 else network.activations(theta, knots[:, None])[k - 1]
        z = inner @ W + b
        piece, unit = np.nonzero(z[:-1] * z[1:] < 0)
        share = z[piece, unit] / (z[piece, unit] - z[piece + 1, unit])
        knots = np.union1d(knots, knots[piece] + share * np.diff(knots)[piece])
    return len(knots) - 1


def _folds(bench: Bench) -> tuple[list[Any], dict[int, Any]]:
    """Checks of the zigzags; their values on the finest grid, exact in binary."""
    checks, values, x = [], {}, np.arange(4 * 2**DEEPEST + 1) / (4 * 2**DEEPEST)
    for depth in range(1, DEEPEST + 1):
        network, theta = _zigzag(depth)
        values[depth] = network.predict(theta, x[:, None], engine=bench.engine)[:, 0]
        slopes = np.diff(values[depth]) / np.diff(x)
        checks.append(exact(f"{depth} layers of 2: pieces", 1 + (slopes[1:] != slopes[:-1]).sum(), 2**depth))
        checks.append(exact(f"{depth} layers of 2: least steep slope", np.abs(slopes).min(), 2**depth))
    return checks, values


def _trained(bench: Bench) -> Regions:
    """Regions of a network with layers of 8 and 8 that has learned two spirals."""
    sample = make_toy("spiral", 300, seed=bench.seed)
    model = MLPClassifier(DEEP, solver="lbfgs", alpha=1e-3, max_iter=500, engine=bench.engine, n_threads=1)
    model.set_params(random_state=bench.seed).fit(sample.X, sample.y)
    return linear_regions(_network(2, DEEP), model.theta_, WINDOW)


def _run(bench: Bench) -> Findings:
    rng = np.random.default_rng(bench.seed)
    checks, values = _folds(bench)
    plane = {"folded": linear_regions(*_folded(rng), (0, 1, 0, 1)), "trained": _trained(bench)}
    folded, trained = (regions.n_linear_regions for regions in plane.values())
    drawn = np.median([linear_regions(*_random(2, DEEP, rng, 3.0), WINDOW).n_linear_regions for _ in range(5)])
    along = {n: [_joints(*_random(1, [n // 2] * 2, rng, 1.0), -3, 3) for _ in range(LINES)] for n in NEURONS}
    means = [np.mean(counts) for counts in along.values()]
    slope = float(np.polyfit(np.log(NEURONS), np.log(means), 1)[0])
    wide = _network(2, DEEP).n_parameters // 4  # four parameters a unit
    checks += [
        exact(f"bound for {inputs} inputs, widths {widths}", by_folding(inputs, widths), known)
        for (inputs, widths), known in FOLDED.items()
    ]
    checks += [
        exact("layers of 8 and 8, folds by hand: regions of the unit square", folded, by_folding(2, DEEP)),
        true("more than one layer with as many parameters can make", most_regions(2, wide) < folded),
        within("random networks on a line: pieces grow with this power of the units", slope, 0.9, 1.1, GROWTH),
        calibrated("layers of 8 and 8, random: regions, median of 5", float(drawn), RANDOM),
        calibrated("layers of 8 and 8, trained: regions", trained, TRAINED),
    ]
    reading = (
        f"{DEEPEST} layers of two units fold a line into {2**DEEPEST} pieces. Two layers of 8 fold a square into {folded}; one "
        f"layer with as many parameters makes at most {most_regions(2, wide)}. Random weights give {drawn:.0f}, "
        f"training on two spirals {trained}. Along a line random networks have {means[-1] / NEURONS[-1]:.2f} pieces per unit, "
        "small or large."
    )
    caveat = (
        "What depth makes possible is not what networks have: neither random nor trained ones come near the bound; one layer "
        "could make as many pieces."
    )
    return Findings(tuple(checks), reading, {"values": values, **plane, "along": along}, caveat)


def _draw(found: Findings, figure: Any) -> None:
    from chainrule.plots import LinearRegionsDisplay

    zigzag, folded, trained, line = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1.1))
    for place, depth in enumerate((1, 2, 3, 4)):
        values = found.data["values"][depth][:: 2 ** (DEEPEST - 4)]
        zigzag.plot(np.linspace(0, 1, len(values)), values + 1.2 * place, color=COLOURS[place])
        zigzag.text(1.02, 1.2 * place + 0.4, f"{2**depth} pieces", fontsize=9)
    zigzag.set(title="1, 2, 3, 4 layers of 2 units", xlabel="x", yticks=[], xlim=(0, 1.35))
    for ax, name, title in ((folded, "folded", "folded by hand"), (trained, "trained", "trained on spirals")):
        LinearRegionsDisplay(regions=found.data[name], names=("x0", "x1"), decides=False).plot(ax=ax)
        ax.set_title(f"8 + 8 units, {title}: {found.data[name].n_linear_regions}", loc="left", fontsize=11)
    named = {
        "one per unit": NEURONS,
        "possible by folding": [(units // 2) ** 2 + units // 2 for units in NEURONS],
        f"{LINES} random networks": np.array(list(found.data["along"].values())).T,
    }
    curves(line, named, NEURONS, markers=True)
    line.set_xscale("log", base=2)
    line.set(yscale="log", title="two layers, one input", xlabel="hidden units", ylabel="pieces on [-3, 3]")


EXPERIMENT = Experiment(
    name="deep-and-wide",
    title="Depth multiplies pieces, width adds them",
    lecture="004",
    source="lecture 004, 'Deeper VS. Wider Architectures' and its references (Montufar et al. 2014)",
    claim="Deeper networks do with few units what a wide one needs many for.",
    prediction="L layers of 2 units fold a line into 2^L pieces; layers of 8 and 8 cut a square into 592, one of 16 into 137.",
    run=_run,
    draw=_draw,
    seconds=2.0,
    size=(15.0, 4.0),
)
