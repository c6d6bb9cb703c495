"""Operations of the check: the objective computed anew, central differences, the first-order prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engines.reference import Masks, training_forward
from chainrule.trace.operations.arithmetic import Operation, Parents, Settings, numbers


def objective(p: Parents, s: Settings) -> Any:
    """J from the rows' data and the parameters, by the reference engine's forward pass.

    Parameters
    ----------
    p : sequence
        X (N, I), Y (N, T), the parameters' arrays in theta's order, the sample weights if there are any, then the masks.
    s : dict
        "network" (the Network), "weighted", "masked" (places of the masks among inputs and layers), "frozen", "alpha", "l2",
        "l1"; theta[place] is first moved by "step" where "place" is not None.
    """
    network, masked = s["network"], s["masked"]
    given = list(p[2:])
    masks: Masks = [None] * (len(network.layers) + 1)
    for place in reversed(masked):
        masks[place] = given.pop()
    weight = given.pop() if s["weighted"] else np.ones(len(p[1]))
    theta = numbers(given)
    if s["place"] is not None:
        theta[s["place"]] += s["step"]
    with np.errstate(all="ignore"):
        z, a, _ = training_forward(network, theta, p[0], weight, masks if masked else None, s["frozen"])
        rows = network.objective.rows(p[1], z[-1], a[-1], network.layers[-1].function)
    weights, total = theta[: network.n_weights], weight.sum()
    decay = s["alpha"] / total + s["l2"]
    penalty = decay / 2 * np.dot(weights, weights) if decay else 0.0
    return np.dot(weight, rows) / total + penalty + (s["l1"] * np.abs(weights).sum() if s["l1"] else 0.0)


def _relative_error(p: Parents, s: Settings) -> Any:
    return abs(p[0] - p[1]) / max(abs(p[0]), abs(p[1]), s["floor"])


def _first_order(p: Parents, s: Settings) -> Any:
    gradients, old, new = np.split(numbers(p), 3)
    weights = s["weights"]
    shrunk = np.abs(new[:weights]).sum() - np.abs(old[:weights]).sum()
    return np.dot(gradients, new - old) + s["l1"] * shrunk


CHECK: dict[str, Operation] = {
    "loss_with": Operation(objective),
    "central_difference": Operation(lambda p, s: (p[0] - p[1]) / (2 * s["step"])),
    "relative_error": Operation(_relative_error),
    "first_order": Operation(_first_order),
}
