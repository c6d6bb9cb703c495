"""The network as a Python function that needs NumPy alone: weights and formulas, to be read or taken elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.inspection import first_layers

if TYPE_CHECKING:
    from chainrule.playground.session import Session

MOST_NUMBERS = 50_000
# Activation -> an expression in z. The tests hold every entry to the library's own formula.
EXPRESSIONS: dict[str, str] = {
    "identity": "z",
    "step": "(z > 0) * 1.0",
    "logistic": "1 / (1 + np.exp(-z))",
    "tanh": "np.tanh(z)",
    "relu": "np.maximum(z, 0)",
    "leaky_relu": "np.where(z > 0, z, z / 100)",
    "elu": "np.where(z > 0, z, np.expm1(np.minimum(z, 0)))",
    "selu": "1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))",
    "gelu": "z * 0.5 * (1 + np.vectorize(math.erf)(z / math.sqrt(2)))",
    "softplus": "np.logaddexp(0, z)",
    "silu": "z / (1 + np.exp(-z))",
    "mish": "z * np.tanh(np.logaddexp(0, z))",
    "exp": "np.exp(z)",
    "softmax": "np.exp(z - z.max(1, keepdims=True)) / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)",
    "ordered": "np.cumsum(np.hstack([z[:, :1], np.logaddexp(0, z[:, 1:])]), 1)",
}
FORMULAS = {
    "x1": "X[:, 0]",
    "x2": "X[:, 1]",
    "x1^2": "X[:, 0] ** 2",
    "x2^2": "X[:, 1] ** 2",
    "x1*x2": "X[:, 0] * X[:, 1]",
    "sin(x1)": "np.sin(X[:, 0])",
    "sin(x2)": "np.sin(X[:, 1])",
    "cos(x1)": "np.cos(X[:, 0])",
    "cos(x2)": "np.cos(X[:, 1])",
}


def numpy_code(session: Session) -> str:
    """A script with one function, `predict`.

    Raises
    ------
    ValueError
        If the network is too large to be written as text, or has a formula without one.
    """
    built = session.built
    theta = session.run.learner.theta.astype(np.float64)
    if theta.size > MOST_NUMBERS:
        raise ValueError(f"{theta.size:,} weights are too many to be read; keep the model file instead.")
    network, plain = first_layers(built.network, theta, len(built.network.layers))
    views = network.views(plain)
    missing = [layer.function.name for layer in network.layers if layer.function.name not in EXPRESSIONS]
    if missing:
        raise ValueError(f"activation {missing[0]!r} has no expression in NumPy alone.")
    lines = [
        f'"""A network {"-".join(map(str, network.widths))} from the playground of chainrule, with NumPy alone."""',
        "import math",
        "",
        "import numpy as np",
        "",
        *(
            f"W{k} = np.array({_numbers(W)})\nb{k} = np.array({_numbers(b)})"
            for k, (W, b) in enumerate(zip(views.W, views.b, strict=True))
        ),
        "",
        "",
        "def predict(X):",
        f'    """Outputs for rows of {_columns(session)}."""',
        "    X = np.asarray(X, float)",
        *_inputs(session),
    ]
    for k, layer in enumerate(network.layers):
        lines += [f"    z = a @ W{k} + b{k}", f"    a = {EXPRESSIONS[layer.function.name]}"]
    data = session.data
    scaled = data.task == "regression" and (data.centre, data.scale) != (0.0, 1.0)
    lines.append(f"    return a * {data.scale!r} + {data.centre!r}" if scaled else "    return a")
    row = ", ".join("0.0" for _ in range(data.dimension))
    return "\n".join([*lines, "", "", 'if __name__ == "__main__":', f"    print(predict([[{row}]]))", ""])


def _columns(session: Session) -> str:
    names = ", ".join(session.data.inputs[:20])
    return f"inputs, encoded and scaled as the playground did: {names}" if session.data.encode is not None else names


def _inputs(session: Session) -> list[str]:
    built = session.built
    lines = ["    a = X"]
    if built.features:
        lines = [f"    a = np.column_stack([{', '.join(FORMULAS[name] for name in built.features)}])"]
    if built.centre.any() or (built.spread != 1).any():
        lines.append(f"    a = (a - np.array({_numbers(built.centre)})) / np.array({_numbers(built.spread)})")
    return lines


def _numbers(values: Any) -> str:
    return repr(np.asarray(values, np.float64).tolist())
