"""A network as a scalar graph: every multiplication and addition a node. The slowest engine, and the one with nothing hidden.

Layer by layer as in lecture 003, 'Inputs and Outputs', and element by element; predictions as users get them: batch normalisation
goes by its running statistics, nothing is dropped out. Parameters are called as in code: ``W[0][1,2]`` is
``network.views(theta).W[0][1, 2]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.engines.arrays import checked_inputs, checked_theta, prepared
from chainrule.engines.normalization import EPSILON
from chainrule.engines.scalar_formulas import Output, activated, row_loss
from chainrule.formulas.heads import Heads
from chainrule.formulas.lookup import Array
from chainrule.formulas.targets import check_targets
from chainrule.graph import Graph, Value, add
from chainrule.network import Network

MOST_PRODUCTS = 10_000


class NetworkGraph(Graph):
    """The graph of a network for one row or a few.

    Its nodes are called ``x[i]``, ``z[k][j]``, ``a[k][j]``, ``y[j]``, the objective ``J``: ``graph["z[0][1]"].data``. With
    several rows it is ``x[r,i]``, ``z[k][r,j]`` and so on, and the loss of a row ``l[r]``. Layers with the identity have no
    ``a``: it is ``z``. Parameters are ``W[k][i,j]``, ``b[k][j]``, ``gamma[k][j]``, ``mean[k][j]``, ``variance[k][j]``.

    Parameters
    ----------
    network : Network
        The network.
    parameters : sequence of Value
        One for each number in theta, in that order; running statistics are constants.
    predictions : sequence of sequence of Value
        Outputs for each row.
    loss : Value or None
        The mean loss of the rows, if targets are given.
    """

    def __init__(
        self,
        network: Network,
        parameters: Sequence[Value],
        predictions: Sequence[Sequence[Value]],
        loss: Value | None,
    ) -> None:
        self.network, self.parameters, self.loss = network, tuple(parameters), loss
        self.predictions = tuple(tuple(row) for row in predictions)
        outputs = [node for row in self.predictions for node in row]
        if loss is not None:
            # Losses from raw scores leave the predictions beside the way to the loss.
            passed = {id(node) for node in Graph(loss).nodes}
            outputs = [loss, *(node for node in outputs if id(node) not in passed)]
        super().__init__(*outputs)

    def _chosen(self, output: Value | None) -> Value:
        return super()._chosen(self.loss if output is None else output)

    def gradient(self) -> Array:
        """The gradient with respect to theta, shape (P,), after `backward()`; 0 for running statistics.

        Raises
        ------
        ValueError
            If no backward pass has been made.
        """
        found = [node.grad for node in self.parameters]
        if all(grad is None for grad in found):
            raise ValueError("there is no gradient yet: call backward() first.")
        return np.array([0.0 if grad is None else grad for grad in found])


def graph(network: Network, theta: Any, x: Any, y: Any = None) -> NetworkGraph:
    """The computational graph of a network.

    Parameters
    ----------
    network : Network
        The network.
    theta : ndarray of shape (P,)
        Its parameters.
    x : array of shape (inputs,) or (n, inputs)
        One row, or several, whose losses are averaged.
    y : array of shape (targets,) or (n, targets), or None
        Encoded targets, as for training; None leaves the graph at the predictions.

    Returns
    -------
    NetworkGraph
        Computed forward; call `backward()` for gradients.

    Raises
    ------
    ValueError
        If something does not fit the network, an activation cannot be trained (with targets), a number is not finite, or the
        graph would have more than 10,000 products of a weight and an input.
    """
    theta = checked_theta(network, theta).astype(np.float64)
    if not np.isfinite(theta).all():
        place = int(np.flatnonzero(~np.isfinite(theta))[0])
        raise ValueError(f"theta must be finite, but theta[{place}] is {theta[place]}.")
    X, Y = _rows(network, x, y)
    products = len(X) * network.n_weights
    if products > MOST_PRODUCTS:
        raise ValueError(
            f"a scalar graph of {len(X)} row(s) through {network.n_weights} weights has {products} products, more than "
            f"{MOST_PRODUCTS}. Take fewer rows or a smaller network, or use network.trace(theta, X, y), which goes by layers."
        )
    builder = _Builder(network, theta)
    several = len(X) > 1
    rows = [builder.row(numbers, f"{r}," if several else "") for r, numbers in enumerate(X)]
    predictions = [a for _, a in rows]
    if Y is None:
        return NetworkGraph(network, builder.parameters, predictions, None)
    losses = [
        builder.loss(
            z, a, [Value(t, f"y[{r},{j}]" if several else f"y[{j}]", constant=True) for j, t in enumerate(targets)]
        )
        for r, ((z, a), targets) in enumerate(zip(rows, Y, strict=True))
    ]
    if several:
        losses = [loss.named(f"l[{r}]") for r, loss in enumerate(losses)]
    mean = add(*losses) / len(losses) if several else losses[0]
    return NetworkGraph(network, builder.parameters, predictions, mean.named("J"))


def _rows(network: Network, x: Any, y: Any) -> tuple[list[list[float]], list[list[float]] | None]:
    """Rows and targets as plain numbers, checked."""
    single = np.ndim(x) == 1 and not hasattr(x, "tocsr")
    X = np.reshape(x, (1, -1)) if single else x
    if y is None:
        X = checked_inputs(network, X, np.float64, "x")
        if not X.shape[0]:
            raise ValueError("x has no rows; at least one is needed.")
        return _plain(X), None
    network.check_trainable()
    data = prepared(network, X, np.reshape(y, (1, -1)) if single else y, None, np.float64)
    check_targets(network.objective.target_ranges, data.Y)
    return _plain(data.X), _plain(data.Y)


def _plain(values: Any) -> list[list[float]]:
    found: list[list[float]] = (values.toarray() if hasattr(values, "tocsr") else values).tolist()
    return found


class _Builder:
    """Parameters as nodes, shared by all rows."""

    def __init__(self, network: Network, theta: Array) -> None:
        self._network = network
        self._nodes = np.array([Value(number) for number in theta.tolist()], dtype=object)
        self._views: Any = network.views(self._nodes)
        for field, parts in self._views._asdict().items():
            for k, part in enumerate(parts):
                for place, node in np.ndenumerate(() if part is None else part):
                    node.named(f"{field}[{k}][{','.join(map(str, place))}]")
                    node.constant = field in ("mean", "variance")

    @property
    def parameters(self) -> list[Value]:
        """The nodes in theta's order."""
        return list(self._nodes)

    def row(self, numbers: list[float], mark: str) -> tuple[list[Value], list[Value]]:
        """Scores and predictions of one row; `mark` goes into the names."""
        a = [Value(number, f"x[{mark}{i}]") for i, number in enumerate(numbers)]
        z: list[Value] = []
        for k, layer in enumerate(self._network.layers):
            z = [self._score(k, j, a).named(f"z[{k}][{mark}{j}]") for j in range(layer.units)]
            parts = layer.activation.parts(np.array(z, dtype=object)) if isinstance(layer.activation, Heads) else None
            if parts is None:
                a = activated(layer.function, z)
            else:
                a = [node for head, part in parts for node in activated(head.function, list(part))]
            for j, node in enumerate(a):
                if node is not z[j]:
                    node.named(f"a[{k}][{mark}{j}]")
        return z, a

    def _score(self, k: int, j: int, a: Sequence[Value]) -> Value:
        """``z_j = sum_i W_ij a_i + b_j``, normalised where the layer does so."""
        views = self._views
        products = [weight * each for weight, each in zip(views.W[k][:, j], a, strict=True)]
        if views.gamma[k] is None:
            return add(*products, views.b[k][j])
        centred = add(*products) - views.mean[k][j]
        normalised = centred / (views.variance[k][j] + EPSILON) ** 0.5
        score: Value = views.gamma[k][j] * normalised + views.b[k][j]
        return score

    def loss(self, z: list[Value], a: list[Value], y: list[Value]) -> Value:
        """The loss of one row."""
        objective, last = self._network.objective, self._network.layers[-1]
        if not isinstance(last.activation, Heads):
            return row_loss(objective, last.function, Output(z, a, y))
        arrays = (np.array(nodes, dtype=object) for nodes in (z, a, y))
        parts = [
            head.weight
            * row_loss(head.objective, head.function, Output(list(zs), list(activated), list(ys))).named(f"l_{h}")
            for h, (head, zs, activated, ys) in enumerate(last.activation.parts(*arrays))
        ]
        return add(*parts)
