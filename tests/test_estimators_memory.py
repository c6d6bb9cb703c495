"""X is copied at most once, and only for another precision or order; a validation split copies nothing of its size."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse

from chainrule import MLPClassifier, MLPRegressor
from chainrule.engines import ENGINES
from chainrule.network import Dense, Network

PROBE = Network(2, (Dense(1, "identity"),), "squared_error")
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(PROBE, np.float64) is None]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ROWS, COLUMNS = 20_000, 200
X = np.random.RandomState(0).randn(ROWS, COLUMNS).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)

WAYS = {
    "as it is": (X, {}, 0),
    "early stopping": (X, {"early_stopping": True}, 0.15),
    "F order": (np.asfortranarray(X), {}, 1),
    "another precision": (X.astype(np.float64), {"dtype": "float32"}, 1),
    "another precision, early stopping": (X.astype(np.float64), {"dtype": "float32", "early_stopping": True}, 1.15),
}


@pytest.mark.parametrize("engine", USABLE)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("way", WAYS)
def test_copies_of_X(way, kind, engine):
    """Counted in X's size (16 MB); the rest (targets, permutations, batches) is allowed a quarter of it."""
    given, parameters, copies = WAYS[way]
    model = kind(hidden_layer_sizes=(4,), max_iter=2, random_state=0, engine=engine, n_threads=1, **parameters)
    tracemalloc.start()
    try:
        model.fit(given, Y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (copies + 0.25) * X.nbytes


@pytest.mark.parametrize("engine", USABLE)
def test_sparse_rows_are_not_copied(engine):
    given = scipy.sparse.random_array((ROWS, 1000), density=0.02, format="csr", dtype=np.float32, random_state=0)
    size = given.data.nbytes + given.indices.nbytes
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=1, random_state=0, engine=engine, n_threads=1)
    tracemalloc.start()
    try:
        model.fit(given, Y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.75 * size
