"""Where each parameter lives in the flat vector theta.

theta holds all weight matrices in layer order (row-major, shape (inputs, outputs)), then all biases. Penalties apply to the
weights only, hence to a prefix of theta. Layers with batch normalisation add their scales gamma, then the running means and
variances that predictions use; the shift beta is the layer's bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from chainrule.formulas.lookup import Array
from chainrule.network.layers import Dense


class Views(NamedTuple):
    """The parameters of each layer, as views into theta: ``W[k] (I, O)``, ``b[k] (O,)``.

    ``gamma[k]``, ``mean[k]`` and ``variance[k]``, shape (O,), belong to batch normalisation; None for layers without.
    """

    W: list[Array]
    b: list[Array]
    gamma: list[Array | None]
    mean: list[Array | None]
    variance: list[Array | None]


class Layout:
    """The part of a network that knows lengths and places; `inputs` and `layers` come from `Network`."""

    inputs: int
    layers: tuple[Dense, ...]

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, the input layer first."""
        return (int(self.inputs), *(int(layer.units) for layer in self.layers))

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.widths[-1]

    @cached_property
    def n_weights(self) -> int:
        """Length of theta's prefix that holds the weights (the part that penalties apply to)."""
        return sum(fan_in * fan_out for fan_in, fan_out in pairwise(self.widths))

    @cached_property
    def n_affine(self) -> int:
        """Length of theta's prefix that holds weights and biases."""
        return self.n_weights + sum(self.widths[1:])

    @cached_property
    def n_normalized(self) -> int:
        """Units of all layers with batch normalisation."""
        return sum(int(layer.units) for layer in self.layers if layer.batch_norm)

    @cached_property
    def n_trained(self) -> int:
        """Length of theta's prefix that solvers change: all but the running statistics."""
        return self.n_affine + self.n_normalized

    @cached_property
    def n_parameters(self) -> int:
        """Length of theta."""
        return self.n_affine + 3 * self.n_normalized

    def views(self, theta: Array) -> Views:
        """Views of each layer's parameters; writing to them changes theta."""
        theta = np.asarray(theta)
        if theta.shape != (self.n_parameters,):
            raise ValueError(f"theta must have shape ({self.n_parameters},) for this network, got {theta.shape}.")
        weights, biases, at = [], [], 0
        for fan_in, fan_out in pairwise(self.widths):
            weights.append(theta[at : at + fan_in * fan_out].reshape(fan_in, fan_out))
            at += fan_in * fan_out
        for fan_out in self.widths[1:]:
            biases.append(theta[at : at + fan_out])
            at += fan_out
        parts: list[list[Array | None]] = []
        for _ in range(3):
            parts.append([])
            for layer in self.layers:
                parts[-1].append(theta[at : at + layer.units] if layer.batch_norm else None)
                at += layer.units if layer.batch_norm else 0
        return Views(weights, biases, *parts)

    def pack(self, weights: Sequence[Array], biases: Sequence[Array], normalization: Array | None = None) -> Array:
        """The flat theta of these matrices and vectors (a copy).

        `normalization` is the rest of theta where layers have batch normalisation: all gamma, all running means, all
        running variances; by default 1, 0 and 1.

        Raises
        ------
        ValueError
            If one of them has not the shape that its layer needs.
        """
        shapes: list[tuple[int, ...]] = [*pairwise(self.widths), *((units,) for units in self.widths[1:])]
        found = [np.shape(part) for part in (*weights, *biases)]
        if found != shapes or len(weights) != len(biases):
            raise ValueError(f"weights and biases of this network have shapes {shapes}, got {found}.")
        if normalization is None:
            normalization = np.repeat([1.0, 0.0, 1.0], self.n_normalized)
        if np.shape(normalization) != (3 * self.n_normalized,):
            raise ValueError(
                f"normalization must have shape ({3 * self.n_normalized},), got {np.shape(normalization)}."
            )
        parts = [np.ravel(part) for part in (*weights, *biases)]
        theta: Array = np.concatenate([*parts, normalization] if self.n_normalized else parts)
        return theta
