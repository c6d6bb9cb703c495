"""How long the last gradient, the last step and the weights are, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.engines.reference import layer_norms
from chainrule.formulas.lookup import Array

if TYPE_CHECKING:
    from chainrule.playground.training.run import Run


@dataclass(frozen=True, eq=False)
class Norms:
    """Euclidean norms over the weights and biases of each layer.

    Parameters
    ----------
    gradient, update : ndarray
        Of the last step; nan before the first.
    weight : ndarray
        Of the present parameters.
    """

    gradient: Array
    update: Array
    weight: Array

    @property
    def ratio(self) -> Array:
        """The last step over the weights."""
        found: Array = self.update / np.maximum(self.weight, 1e-300)
        return found


def norms_of(run: Run) -> Norms:
    """The norms of a run as it stands."""
    network, last = run.built.network, run.learner.last
    none = np.full(len(network.layers), np.nan)
    gradient, update = (none, none) if last is None else (last.gradient_norms, last.update_norms)
    return Norms(gradient, update, layer_norms(network, run.learner.theta))
