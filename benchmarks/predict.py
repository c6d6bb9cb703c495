"""How fast are predictions? One row through the estimator beside scikit-learn; many rows beside every peer.

All peers predict with the same weights; their outputs must agree to 1e-4 or they do not count. scikit-learn and
chainrule go through `predict_proba`, validation included; PyTorch and JAX start from a tensor that is already theirs.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np

import threads
from store import save, spread, verdict
from summary import geometric_mean

SHAPES = ("20-64-64-2", "54-100-7", "784-100-100-10")
BULK_ROWS = 20_000
Predict = Callable[[], object]


def fitted(kind: type, widths: list[int]) -> object:
    """An estimator with its network in place, from a fit of one epoch."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, widths[0]), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(tuple(widths[1:-1]), max_iter=1, random_state=0).fit(X, np.arange(500) % widths[-1])


def torch_predict(weights: list[np.ndarray], biases: list[np.ndarray], X: np.ndarray, count: int) -> Predict:
    """PyTorch's best: inference mode, preloaded tensors."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(count)
    layers = [(torch.tensor(w.T.copy()), torch.tensor(b)) for w, b in zip(weights, biases, strict=True)]
    data = torch.from_numpy(X)

    @torch.inference_mode()
    def predict() -> np.ndarray:
        x = data
        for w, b in layers[:-1]:
            x = F.linear(x, w, b).relu_()
        x = F.linear(x, *layers[-1])
        return (torch.sigmoid(x) if x.shape[1] == 1 else torch.softmax(x, 1)).numpy()

    return predict


def jax_predict(weights: list[np.ndarray], biases: list[np.ndarray], X: np.ndarray, count: int) -> Predict:
    """JAX's best: one jitted function, data on the device."""
    import jax
    import jax.numpy as jnp

    layers = [(jnp.asarray(w), jnp.asarray(b)) for w, b in zip(weights, biases, strict=True)]
    data = jnp.asarray(X)

    @jax.jit
    def forward(layers: list, x: jax.Array) -> jax.Array:
        for w, b in layers[:-1]:
            x = jax.nn.relu(x @ w + b)
        x = x @ layers[-1][0] + layers[-1][1]
        return jax.nn.sigmoid(x) if x.shape[1] == 1 else jax.nn.softmax(x)

    return lambda: np.asarray(forward(layers, data))


def contestants(widths: list[int], X: np.ndarray, count: int) -> dict[str, Predict]:
    """The same network in every library."""
    import sklearn.neural_network

    theirs = fitted(sklearn.neural_network.MLPClassifier, widths)
    weights, biases = theirs.coefs_, theirs.intercepts_
    found: dict[str, Predict] = {"sklearn": partial(theirs.predict_proba, X)}
    try:
        import chainrule

        # The same seed and the same data give the same network, to rounding.
        found["chainrule"] = partial(fitted(chainrule.MLPClassifier, widths).predict_proba, X)
    except (ImportError, AttributeError) as error:
        print(f"chainrule: left out: {error}")
    for name, make in (("torch", torch_predict), ("jax", jax_predict)):
        try:
            found[name] = make(weights, biases, X, count)
        except ImportError as error:
            print(f"{name}: left out: {error}")
    expected = theirs.predict_proba(X)
    return {name: predict for name, predict in found.items() if agrees(name, predict(), expected)}


def agrees(name: str, output: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the probabilities are those of scikit-learn; prints if not."""
    column = expected[:, -1:] if output.shape[1] == 1 else expected
    distance = float(np.abs(output - column).max())
    if distance > 1e-4:
        print(f"{name}: FAILED, probabilities differ by {distance:.3g}")
    return distance <= 1e-4


def race(predictors: dict[str, Predict], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Microseconds per call of every predictor, interleaved."""
    calls = {}
    for name, predict in predictors.items():
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            predict()
            done += 1
        calls[name] = done
    times: dict[str, list[float]] = {name: [] for name in predictors}
    for _ in range(rounds):
        for name, predict in predictors.items():
            threads.settle()
            start = time.perf_counter()
            for _ in range(calls[name]):
                predict()
            times[name].append((time.perf_counter() - start) / calls[name] * 1e6)
    return times


def measure(count: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """One row and many rows for every shape."""
    found = {}
    rng = np.random.default_rng(1)
    for shape in SHAPES:
        widths = [int(part) for part in shape.split("-")]
        X = rng.standard_normal((BULK_ROWS, widths[0]), dtype=np.float32)
        predictors = contestants(widths, X, count)
        found[f"{shape}, {BULK_ROWS} rows"] = race(predictors, rounds, 0.1)
        one = contestants(widths, X[:1], count)
        users = {name: predict for name, predict in one.items() if name in ("sklearn", "chainrule")}
        found[f"{shape}, one row"] = race(users, rounds, 0.02)
    return found


def show(results: dict[str, dict[str, dict[str, list[float]]]]) -> list[dict]:
    """Print the table; the promises."""
    bulk, single = [], []
    for count, cells in results.items():
        for cell, times in cells.items():
            middle = {name: spread(values)["median"] for name, values in times.items()}
            print(
                f"{count} thread(s)  {cell:30}", "  ".join(f"{name} {value:.1f} us" for name, value in middle.items())
            )
            ours = middle.pop("chainrule", None)
            if ours:
                (single if cell.endswith("one row") else bulk).append(min(middle.values()) / ours)
    worst, mean = min(single, default=float("nan")), geometric_mean(bulk)
    return [
        verdict("one-row predict_proba, scikit-learn / ours, worst", ">= 1", worst, worst >= 1),
        verdict("bulk predict_proba, fastest peer / ours, geometric mean", ">= 2", mean, mean >= 2),
    ]


def main() -> None:
    """One child per thread setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", type=int)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(measure(chosen.child, chosen.rounds)))
        return
    results = threads.measured("predict.py", chosen.threads, chosen.rounds)
    targets = show(results)
    save(
        "predict",
        {"targets": targets},
        {f"{n} threads, {c}": v for n, cells in results.items() for c, v in cells.items()},
    )


if __name__ == "__main__":
    main()
