"""A shallow ReLU network is a line with joints: one for each hidden unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.lab.checks import exact, within
from chainrule.lab.drawing import COLOURS, DASHES
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

# Prince, Understanding Deep Learning, figure 3.3: offsets and slopes of three hidden units, offset and weights of the output.
OFFSETS, SLOPES = (-0.2, -0.9, 1.1), (0.4, 0.9, -0.7)
OFFSET, WEIGHTS = -0.23, (-1.3, 1.3, 0.66)
VALUES = {0.0: 0.496, 0.5: 0.265, 1.0: -0.226, 2.0: 0.160}
PIECES = (-0.462, -0.982, 0.188, 0.650)
X = np.linspace(0, 2, 2001)[:, None]


def _network(units: int) -> Network:
    return Network(1, (Dense(units, "relu"), Dense(1, "identity")))


def _pieces(network: Network, theta: Any, at: Any) -> int:
    """Linear pieces: runs of rows with the same units active."""
    active = network.activations(theta, at)[0] > 0
    return int((active[1:] != active[:-1]).any(axis=1).sum()) + 1


def _run(bench: Bench) -> Findings:
    network = _network(3)
    theta = network.pack([np.array([SLOPES]), np.array(WEIGHTS)[:, None]], [np.array(OFFSETS), np.array([OFFSET])])

    def f(at: Any) -> Any:
        return network.predict(theta, np.reshape(at, (-1, 1)), engine=bench.engine)[:, 0]

    joints = sorted(-offset / slope for offset, slope in zip(OFFSETS, SLOPES, strict=True))
    checks = [exact(f"f({at:g})", f(at)[0], value, 1e-3) for at, value in VALUES.items()]
    ends = np.array([0.0, *joints, 2.0])
    slopes = np.diff(f(ends)) / np.diff(ends)
    checks += [exact(f"slope of piece {k + 1}", slopes[k], value, 1e-9) for k, value in enumerate(PIECES)]
    middles = (f(ends[:-1] + 0.25 * np.diff(ends)), f(ends[:-1] + 0.75 * np.diff(ends)))
    bend = np.abs(middles[0] + middles[1] - f(ends[:-1]) - f(ends[1:])).max()
    checks += [
        exact("greatest bend within a piece", bend, 0),
        exact("linear pieces on [0, 2]", _pieces(network, theta, X), 4),
    ]
    rng, counts = np.random.default_rng(bench.seed), {}
    fine = np.linspace(-20, 20, 40_001)[:, None]
    for units in (1, 2, 4, 8, 16):
        many = _network(units)
        drawn = [many.init(np.random.RandomState(rng.integers(2**31)), "normal") for _ in range(20)]
        counts[units] = [_pieces(many, each + rng.normal(0, 0.5, each.size), fine) for each in drawn]
        checks.append(
            within(f"{units} units: most pieces of 20 networks", max(counts[units]), 1, units + 1, "one joint per unit")
        )
    reading = (
        f"Each unit bends the line once, at {joints[0]:.3g}, {joints[1]:.3g} and {joints[2]:.4g}: four pieces. Random networks "
        f"with 16 units have {min(counts[16])} to {max(counts[16])} pieces, never more than 17."
    )
    tape = network.activations(theta, X)[0]
    linear = X * np.array(SLOPES) + np.array(OFFSETS)
    rows = {"lines": linear, "after ReLU": tape, "weighted": tape * np.array(WEIGHTS), "sum": f(X)[:, None]}
    return Findings(tuple(checks), reading, {"rows": rows, "joints": joints})


def _draw(found: Findings, figure: Any) -> None:
    axes = figure.subplots(1, 4, sharex=True)
    axes[0].set_ylabel("value")
    for ax, (title, values) in zip(axes, found.data["rows"].items(), strict=True):
        for unit, column in enumerate(values.T):
            style = {"color": COLOURS[unit], "linestyle": DASHES[unit]} if values.shape[1] > 1 else {"color": "black"}
            ax.plot(X[:, 0], column, **style, label=f"unit {unit + 1}" if values.shape[1] > 1 else "output")
        for joint in found.data["joints"]:
            ax.axvline(joint, color="#8A8A8A", linewidth=0.8, linestyle=":")
        ax.axhline(0, color="#8A8A8A", linewidth=0.5)
        ax.set(title=title, xlabel="x")
        ax.legend(frameon=False, fontsize="small")


EXPERIMENT = Experiment(
    name="shallow-joints",
    title="A shallow network is a line with joints",
    lecture="000",
    source="lecture 000, 'Shallow Neural Networks' (with its interactive figure); lecture 004, 'A Shallow Neural Network'",
    claim="A hidden layer of D ReLU units on one input gives a piecewise linear function with at most D joints.",
    prediction="Three units with published weights: joints at 0.5, 1 and 1.571, slopes -0.462, -0.982, 0.188, 0.650.",
    run=_run,
    draw=_draw,
    seconds=0.5,
    size=(12.0, 3.0),
)
