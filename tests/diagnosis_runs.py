"""Trainings that are sick of one thing each, with the cure, and healthy ones: what the diagnosis is held to."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import chainrule
from chainrule.errors import DivergenceError
from chainrule.formulas.losses import LogLoss


@dataclass(frozen=True)
class Rows:
    """Training and test rows."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any

    def with_inputs(self, change: Callable[[Any], Any]) -> Rows:
        return Rows(change(self.X), self.y, change(self.X_test), self.y_test)


@dataclass(frozen=True)
class Run:
    """A training.

    `parameters` make it sick; `cured` are those that the advice changes, `cured_rows` the rows if it changes them. `least` is by
    how much the cure must raise the test score (the rarest class's recall where `of` says so).
    """

    key: str
    rows: Callable[[], Rows]
    parameters: dict[str, Any]
    cured: dict[str, Any] = field(default_factory=dict)
    cured_rows: Callable[[Rows], Rows] | None = None
    least: float = 0.1
    of: str = "score"
    data: bool = False
    regression: bool = False
    held: bool = False


def halves(X: Any, y: Any, scaled: bool = True, test: float = 0.3) -> Rows:
    """Split; scaled by the training rows."""
    X, X_test, y, y_test = train_test_split(X, y, test_size=test, random_state=0)
    if scaled:
        scaler = StandardScaler().fit(X)
        X, X_test = scaler.transform(X), scaler.transform(X_test)
    return Rows(np.ascontiguousarray(X), y, np.ascontiguousarray(X_test), y_test)


def toy(name: str, scaled: bool = True, **options: Any) -> Rows:
    """A data set of scikit-learn."""
    return halves(
        *getattr(datasets, name)(**({"return_X_y": True} if name.startswith("load") else {}), **options), scaled
    )


def moons(n: int = 400, noise: float = 0.15) -> Rows:
    return toy("make_moons", n_samples=n, noise=noise, random_state=0)


def digits() -> Rows:
    rows = toy("load_digits", scaled=False)
    return rows.with_inputs(lambda X: X / 8 - 1)


def standardised(rows: Rows) -> Rows:
    """Inputs with mean 0 and deviation 1."""
    scaler = StandardScaler().fit(rows.X)
    return rows.with_inputs(scaler.transform)


def waves(n: int = 400) -> Rows:
    """A smooth function of three columns."""
    X = np.random.RandomState(0).uniform(-1, 1, (n, 3))
    return halves(X, np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2])


def rare(n: int = 2000) -> Rows:
    """Two overlapping classes, one of them 4 % of the rows."""
    return toy(
        "make_classification", n_samples=n, n_features=8, n_informative=4, weights=[0.96], class_sep=0.7, flip_y=0,
        random_state=3,
    )  # fmt: skip


def leaking() -> Rows:
    """A hard problem, and a column made from the answer."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((600, 6))
    y = (X[:, 0] + X[:, 1] + 2 * rng.standard_normal(600) > 0).astype(int)
    return halves(np.column_stack([X, y * 2.0 + 0.01 * rng.standard_normal(600)]), y)


def leaking_number() -> Rows:
    """The same for numbers: the logarithm of the target among the columns."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((600, 5))
    y = np.exp(0.5 * X[:, 0] + rng.standard_normal(600) * 0.7)
    return halves(np.column_stack([X, np.log(y)]), y)


def without_last(rows: Rows) -> Rows:
    return rows.with_inputs(lambda X: X[:, :-1])


def mislabelled() -> Rows:
    """Digits, a quarter of the training labels drawn anew."""
    rows, rng = digits(), np.random.RandomState(0)
    wrong = rng.uniform(size=len(rows.y)) < 0.25
    return Rows(rows.X, np.where(wrong, rng.randint(10, size=len(rows.y)), rows.y), rows.X_test, rows.y_test)


def relabelled(rows: Rows) -> Rows:
    return Rows(rows.X, digits().y, rows.X_test, rows.y_test)


def contradicting() -> Rows:
    """Moons; half of the training rows stand there again with the other label."""
    rows = moons(600)
    chosen = np.random.RandomState(0).permutation(len(rows.y))[: len(rows.y) // 2]
    return Rows(
        np.concatenate([rows.X, rows.X[chosen]]), np.concatenate([rows.y, 1 - rows.y[chosen]]), rows.X_test, rows.y_test
    )


def first_of_twins(rows: Rows) -> Rows:
    _, first = np.unique(rows.X, axis=0, return_index=True)
    return Rows(rows.X[np.sort(first)], rows.y[np.sort(first)], rows.X_test, rows.y_test)


def many_columns() -> Rows:
    """Few rows, many columns, a weak signal."""
    return toy(
        "make_classification", n_samples=200, n_features=100, n_informative=5, n_redundant=0, flip_y=0.1, class_sep=0.8,
        random_state=0,
    )  # fmt: skip


def diabetes(scaled: bool = True) -> Rows:
    rows = toy("load_diabetes")
    if not scaled:
        return rows
    return Rows(
        rows.X, (rows.y - rows.y.mean()) / rows.y.std(), rows.X_test, (rows.y_test - rows.y.mean()) / rows.y.std()
    )


def big_targets() -> Rows:
    rows = waves()
    return Rows(rows.X, 1000 + 100 * rows.y, rows.X_test, 1000 + 100 * rows.y_test)


def scaled_targets(rows: Rows) -> Rows:
    return Rows(rows.X, (rows.y - 1000) / 100, rows.X_test, (rows.y_test - 1000) / 100)


def wide_normal(scale: float) -> Callable[..., Any]:
    """An initializer that draws weights of that deviation whatever the layer."""

    def draw(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> Any:
        return rng.normal(0, scale, (fan_in, fan_out)), np.zeros(fan_out)

    return draw


def shifted(shift: float) -> Callable[..., Any]:
    """Glorot's weights, biases far below zero."""

    def draw(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> Any:
        return rng.uniform(-1, 1, (fan_in, fan_out)) * (6 / (fan_in + fan_out)) ** 0.5, np.full(fan_out, shift)

    return draw


def equal(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> Any:
    """Every weight 0.1."""
    return np.full((fan_in, fan_out), 0.1), np.zeros(fan_out)


DEEP = (16,) * 8
SICK: dict[str, Run] = {
    "wine as measured, sgd": Run(
        "unscaled_inputs", lambda: toy("load_wine", scaled=False), {"solver": "sgd", "learning_rate_init": 0.01, "max_iter": 200},
        cured_rows=standardised,
    ),
    "column in millions diverges": Run(
        "unscaled_inputs", lambda: waves().with_inputs(lambda X: X * [1, 1e6, 1]),
        {"solver": "sgd", "learning_rate_init": 0.01, "max_iter": 200}, cured_rows=standardised, regression=True,
    ),
    "inputs of a millionth": Run(
        "unscaled_inputs", lambda: moons().with_inputs(lambda X: X * 1e-6), {"max_iter": 200, "learning_rate_init": 0.01},
        cured_rows=standardised,
    ),
    "targets of a thousand": Run(
        "unscaled_targets", big_targets, {"max_iter": 200, "learning_rate_init": 0.01}, cured_rows=scaled_targets,
        regression=True,
    ),
    "rate 3 with sgd": Run(
        "rate_too_high", digits, {"solver": "sgd", "learning_rate_init": 3.0, "max_iter": 60}, {"learning_rate_init": 0.03},
    ),
    "rate 1 with adam": Run(
        "rate_too_high", digits, {"learning_rate_init": 1.0, "max_iter": 60}, {"learning_rate_init": 0.01},
    ),
    "rate 3 diverges": Run(
        "rate_too_high", waves, {"solver": "sgd", "learning_rate_init": 3.0, "max_iter": 60, "batch_size": 16},
        {"learning_rate_init": 0.03}, regression=True,
    ),
    "rate 1e-5 with sgd": Run(
        "rate_too_low", digits, {"solver": "sgd", "learning_rate_init": 1e-5, "max_iter": 100}, {"learning_rate_init": 0.1},
    ),
    "rate 1e-6 with adam": Run(
        "rate_too_low", moons, {"learning_rate_init": 1e-6, "max_iter": 100}, {"learning_rate_init": 0.01},
    ),
    "eight logistic layers": Run(
        "vanishing_gradients", moons,
        {"hidden_layer_sizes": DEEP, "activation": "logistic", "solver": "sgd", "learning_rate_init": 0.1, "max_iter": 200},
        {"activation": "relu", "max_iter": 200},
    ),
    "weights of 1 in eight layers": Run(
        "exploding_gradients", digits,
        {"hidden_layer_sizes": (64,) * 8, "init": wide_normal(1.0), "solver": "sgd", "learning_rate_init": 1e-3, "max_iter": 60},
        {"init": "auto", "learning_rate_init": 0.05},
    ),
    "weights of 3 before tanh": Run(
        "saturated_units", digits,
        {"hidden_layer_sizes": (50, 50), "activation": "tanh", "init": wide_normal(3.0), "learning_rate_init": 1e-4,
        "max_iter": 100},
        {"init": "glorot_uniform", "learning_rate_init": 1e-3},
    ),
    "biases of -10 before relu": Run(
        "dead_units", digits, {"hidden_layer_sizes": (50,), "init": shifted(-10.0), "max_iter": 100, "learning_rate_init": 0.003},
        {"init": "he_uniform"},
    ),
    "all weights 0.1": Run(
        "identical_units", moons, {"hidden_layer_sizes": (20,), "activation": "tanh", "init": equal, "max_iter": 300,
                                   "learning_rate_init": 0.01},
        {"init": "glorot_uniform"}, least=0.05,
    ),
    "all weights 0": Run(
        "identical_units", digits, {"init": "zeros", "max_iter": 60, "activation": "tanh"}, {"init": "glorot_uniform"},
    ),
    "linear network on circles": Run(
        "underfitting", lambda: toy("make_circles", n_samples=400, noise=0.1, factor=0.4, random_state=0),
        {"activation": "identity", "solver": "lbfgs"}, {"activation": "relu"}, data=True,
    ),
    "penalty of 1000": Run(
        "penalty_too_strong", digits, {"alpha": 1000.0, "max_iter": 100, "learning_rate_init": 0.01}, {"alpha": 0.1},
    ),
    "by heart": Run(
        "overfitting", many_columns, {"hidden_layer_sizes": (30,), "solver": "lbfgs", "alpha": 0.0},
        {"alpha": 30.0}, data=True, held=True, least=0.0,
    ),
    "three epochs": Run(
        "too_few_epochs", digits, {"max_iter": 3}, {"max_iter": 100},
    ),
    "one class in 25": Run(
        "imbalance_ignored", rare, {"hidden_layer_sizes": (8,), "max_iter": 200, "alpha": 3.0}, {"class_weight": "balanced"},
        of="recall",
    ),
    "a column made from the answer": Run(
        "target_leak", leaking, {"max_iter": 200, "learning_rate_init": 0.01}, cured_rows=without_last, least=-1.0,
    ),
    "the target's logarithm": Run(
        "target_leak", leaking_number, {"max_iter": 200, "learning_rate_init": 0.01}, cured_rows=without_last, least=-1.0,
        regression=True,
    ),
    "a quarter of the labels drawn anew": Run(
        "label_noise", mislabelled, {"max_iter": 200, "hidden_layer_sizes": (100,), "solver": "adam"}, cured_rows=relabelled,
        data=True,
        least=0.05,
    ),
    "batches of three": Run(
        "small_normalised_batches", digits, {"batch_norm": True, "batch_size": 3, "max_iter": 5}, {"batch_size": 32,
        "max_iter": 30},
        least=0.02,
    ),
    "twins with the other label": Run(
        "contradictory_duplicates", contradicting, {"max_iter": 300, "learning_rate_init": 0.01}, cured_rows=first_of_twins,
        data=True,
        least=0.0,
    ),
}  # fmt: skip


def trained(run: Run, rows: Rows, **more: Any) -> Any:
    """The fitted estimator, or the DivergenceError of its fit."""
    kind = chainrule.MLPRegressor if run.regression else chainrule.MLPClassifier
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return kind(**{"random_state": 0, **run.parameters, **more}).fit(rows.X, rows.y)
        except DivergenceError as error:
            return error


def quality(run: Run, model: Any, rows: Rows) -> float:
    """What the cure must raise: the test score, or the recall of the rarest class."""
    if isinstance(model, DivergenceError):
        return -1.0
    if run.of == "score":
        return float(model.score(rows.X_test, rows.y_test))
    labels, counts = np.unique(rows.y, return_counts=True)
    rarest = labels[counts.argmin()]
    return float((model.predict(rows.X_test)[rows.y_test == rarest] == rarest).mean())


def classes(rows: Callable[[], Rows], **parameters: Any) -> Run:
    return Run("", rows, {"max_iter": 300, **parameters}, data=True)


def numbers(rows: Callable[[], Rows], **parameters: Any) -> Run:
    return Run("", rows, {"max_iter": 500, "learning_rate_init": 0.01, **parameters}, data=True, regression=True)


HEALTHY: dict[str, Run] = {
    "iris, lbfgs": classes(lambda: toy("load_iris"), hidden_layer_sizes=(8,), solver="lbfgs", alpha=1.0),
    "iris, adam": classes(lambda: toy("load_iris"), hidden_layer_sizes=(16,), learning_rate_init=0.01),
    "wine, tanh": classes(lambda: toy("load_wine"), activation="tanh", learning_rate_init=0.005),
    "breast cancer, relu": classes(lambda: toy("load_breast_cancer"), alpha=1.0),
    "breast cancer, sgd": classes(lambda: toy("load_breast_cancer"), solver="sgd", learning_rate_init=0.05, alpha=0.1),
    "digits, adam": classes(digits, max_iter=60),
    "digits, sgd, logistic": classes(digits, solver="sgd", activation="logistic", learning_rate_init=0.2, max_iter=150),
    "digits, dropout and batch norm": classes(digits, dropout=0.2, batch_norm=True, max_iter=60, learning_rate_init=0.003),
    "digits as measured": classes(lambda: toy("load_digits", scaled=False), max_iter=100),
    "digits, early stopping": classes(digits, early_stopping=True, learning_rate_init=0.003),
    "moons, two layers": classes(moons, hidden_layer_sizes=(16, 16), learning_rate_init=0.01),
    "circles, tanh": classes(
        lambda: toy("make_circles", n_samples=400, noise=0.1, factor=0.4, random_state=0), activation="tanh",
        learning_rate_init=0.02,
    ),
    "blobs": classes(lambda: toy("make_blobs", n_samples=300, centers=4, random_state=1), learning_rate_init=0.01),
    "diabetes, scaled targets": numbers(diabetes, alpha=10.0, hidden_layer_sizes=(16,)),
    "waves, relu": numbers(waves),
    "waves, lbfgs, tanh": numbers(waves, solver="lbfgs", activation="tanh", hidden_layer_sizes=(16,), alpha=0.01),
    "waves, five layers": numbers(waves, hidden_layer_sizes=(32,) * 5, init="auto", learning_rate_init=0.003),
    "balanced weights": classes(rare, hidden_layer_sizes=(32,), class_weight="balanced", learning_rate_init=0.01),
    "float32, cosine": classes(digits, dtype="float32", learning_rate="cosine", max_iter=40, learning_rate_init=0.01),
    "label smoothing": classes(digits, loss=LogLoss(label_smoothing=0.1), max_iter=60),
}  # fmt: skip
