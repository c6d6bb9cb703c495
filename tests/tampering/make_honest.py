"""Writes honest.json, the document that the cases doctor: ``python -m tests.tampering.make_honest``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chainrule.network import Dense, Network
from chainrule.trace import trace
from chainrule.training import TrainingState

HONEST = Path(__file__).parent / "honest.json"


def document() -> str:
    """A network 2-2-2 with softmax, two weighted rows, an L2 penalty, and Adam's fourth step."""
    network = Network(2, [Dense(2, "tanh"), Dense(2, "softmax")], "log_loss")
    theta = network.pack(
        [np.array([[0.15, -0.25], [0.2, 0.3]]), np.array([[0.4, -0.5], [0.45, 0.55]])],
        [np.full(2, 0.35), np.full(2, 0.6)],
    )
    slots = {"m": np.linspace(-0.1, 0.1, theta.size), "v": np.linspace(0.01, 0.03, theta.size)}
    state = TrainingState(slots, t=3)
    rows, targets = np.array([[0.5, -1.2], [0.8, 0.3]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    options = {"alpha": 0.1, "solver": "adam", "learning_rate_init": 0.05, "state": state, "level": "unit"}
    return trace(network, theta, rows, targets, sample_weight=[1.0, 2.0], **options).to_json()


if __name__ == "__main__":
    HONEST.write_text(document() + "\n", encoding="utf-8")
