"""Several networks at once: many estimators fitted on the same data as one job, one network per thread.

Small networks leave nothing to share inside one training; whole trainings share well, because the native engine computes its
epochs without Python's lock. Results are the same bits as those of `fit` called one by one (docs/decisions/many-networks.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _check_sample_weight

from chainrule.engines import checked_rows
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.inputs import FLOATS, in_rows
from chainrule.estimators.job import Job
from chainrule.training import threads_for

ABSENT = object()


def fit_many(
    estimators: Iterable[Any],
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    rows: Any = None,
    n_threads: int | None = None,
) -> list[Any]:
    """Fit many estimators on the same data, or on parts of its rows, as one job over the threads.

    Each estimator ends up as its own ``fit`` would have left it, bit for bit. X is converted once, and rows that several
    estimators ask for are taken out of X once.

    Parameters
    ----------
    estimators : iterable of MLPClassifier, MLPRegressor, or Pipeline that ends in one
        What to fit; each is fitted in place. They must be different objects and may not share a
        ``numpy.random.RandomState``: draws from it would depend on who comes first.
    X, y : array-like
        Inputs of shape (n, n_features) and targets, as for ``fit``.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.
    rows : array of int, mask of bool, or a list with one such array or None for each estimator, default=None
        The rows to fit on, in this order; None means all.
    n_threads : int, default=None
        How many networks are trained at the same time; None: as many as the process may use threads. It takes the place of
        the estimators' own ``n_threads``; threads that are left over are given to the networks.

    Returns
    -------
    estimators : list
        The estimators, fitted.

    Raises
    ------
    Exception
        The first estimator's (in the order given) that cannot be fitted, with a note that names its place. The ones before
        it are fitted, later ones may be.
    KeyboardInterrupt
        After Ctrl-C, when all threads have stopped; estimators not finished then are as they were.

    Examples
    --------
    >>> seeds = [MLPClassifier((16,), random_state=seed) for seed in range(10)]  # doctest: +SKIP
    >>> ensemble = fit_many(seeds, X, y)  # doctest: +SKIP
    """
    chosen = list(estimators)
    learners = [_learner_at(place, estimator) for place, estimator in enumerate(chosen)]
    _refuse_shared(chosen, learners)
    X, y = indexable(as_shared(X, all(map(is_network, chosen))), y)
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    weight = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=None)
    parts = _parts(_selections(rows, len(chosen), n_rows), (X, y, weight))
    inside = threads_inside(len(chosen), n_threads)

    def work(place: int, check: Callable[[], None]) -> Any:
        with parts[place].lent() as (X_part, y_part, weight_part):
            estimator = chosen[place]
            with as_one_of_many(learners[place], inside, check):
                return estimator.fit(X_part, y_part, **_weights_for(estimator, weight_part))

    return Job(len(chosen), work, lambda place: f"in estimators[{place}]: {chosen[place]!r}").run(n_threads)


def is_network(estimator: Any) -> bool:
    """Whether it is one of this package's estimators itself."""
    return isinstance(estimator, BaseMLP)


def learner_of(estimator: Any) -> Any:
    """The network's estimator: itself, or the last step of a pipeline; None if there is none."""
    if isinstance(estimator, Pipeline) and estimator.steps:
        estimator = estimator.steps[-1][1]
    return estimator if is_network(estimator) else None


def _learner_at(place: int, estimator: Any) -> Any:
    learner = learner_of(estimator)
    if learner is None:
        raise TypeError(
            f"estimators[{place}] must be an MLPClassifier, an MLPRegressor or a Pipeline that ends in one; got "
            f"{estimator!r}. Fit other estimators with their own fit, or with joblib."
        )
    return learner


def _refuse_shared(estimators: list[Any], learners: list[Any]) -> None:
    """Two threads must not train one network, nor draw from one stream of random numbers."""
    streams = [_stream(learner.random_state) for learner in learners]
    kinds = (
        (learners, "are the same object; clone one of them (sklearn.base.clone)"),
        (streams, "share a RandomState, whose draws depend on the order of the fits; give each a random_state number"),
    )
    for things, complaint in kinds:
        first: dict[int, int] = {}
        for place, thing in enumerate(things):
            if thing is not None and first.setdefault(id(thing), place) != place:
                raise ValueError(f"estimators[{first[id(thing)]}] and estimators[{place}] {complaint}.")


def _stream(random_state: Any) -> Any:
    return random_state if isinstance(random_state, np.random.RandomState) else None


def as_shared(X: Any, converted: bool) -> Any:
    """X so that many fits can read it without a copy of their own, if it only goes to networks (`converted`)."""
    if not converted:
        return X
    if scipy.sparse.issparse(X):
        return in_rows(X) if X.format in ("csr", "csc") else X
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "biuf":
        return np.ascontiguousarray(X, X.dtype if X.dtype in FLOATS else np.float64)
    return X


def _selections(rows: Any, count: int, n_rows: int) -> list[NDArray[np.int64] | None]:
    if rows is None:
        return [None] * count
    if isinstance(rows, np.ndarray) and rows.ndim == 1 and rows.dtype != object:
        return [checked_rows(rows, n_rows)] * count
    given = list(rows)
    if len(given) != count:
        raise ValueError(
            f"rows must have one entry for each of the {count} estimators, or be one array; got {len(given)}."
        )
    return [None if each is None else checked_rows(each, n_rows, f"rows[{i}]: ") for i, each in enumerate(given)]


def _parts(selections: list[NDArray[np.int64] | None], data: tuple[Any, ...]) -> list[Part]:
    """One part for each selection; equal selections are one part."""
    found: dict[bytes | None, Part] = {}
    keys = [None if rows is None else rows.tobytes() for rows in selections]
    for key, rows in zip(keys, selections, strict=True):
        if key not in found:
            found[key] = Part(_extraction(data, rows), keys.count(key))
    return [found[key] for key in keys]


def _extraction(data: tuple[Any, ...], rows: NDArray[np.int64] | None) -> Callable[[], Any]:
    if rows is None:
        return lambda: data
    return lambda: tuple(None if each is None else _safe_indexing(each, rows) for each in data)


def _weights_for(estimator: Any, weight: Any) -> dict[str, Any]:
    if weight is None:
        return {}
    if not isinstance(estimator, Pipeline) or get_config()["enable_metadata_routing"]:
        return {"sample_weight": weight}
    return {f"{estimator.steps[-1][0]}__sample_weight": weight}


def threads_inside(count: int, n_threads: int | None) -> int:
    """Threads for each network, when that many networks share all threads."""
    threads = threads_for(n_threads)
    return max(1, threads // max(1, count))


class Part:
    """Rows of the data: taken out when the first of its users comes, given up after the last."""

    def __init__(self, extract: Callable[[], Any], users: int) -> None:
        self._extract, self._users, self._lock = extract, users, threading.Lock()
        self._data: Any = ABSENT

    @contextmanager
    def lent(self) -> Iterator[Any]:
        """The rows, for one user."""
        with self._lock:
            if self._data is ABSENT:
                self._data = self._extract()
            data = self._data
        try:
            yield data
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._data = ABSENT


@contextmanager
def as_one_of_many(learner: Any, n_threads: int, check: Callable[[], None]) -> Iterator[None]:
    """While an estimator is fitted as one of many: its threads, its random numbers, and a look at `check` between epochs."""
    own = vars(learner)
    lent = {"n_threads": n_threads, "_check": check}
    if type(learner.random_state) is int and 0 <= learner.random_state < 2**32:
        lent["random_state"] = _seeded(learner.random_state)
    before = {name: own.get(name, ABSENT) for name in lent}
    own.update(lent)
    try:
        yield
    finally:
        own.update(before)
        for name, value in before.items():
            if value is ABSENT:
                del own[name]


def _seeded(seed: int) -> np.random.RandomState:
    """``RandomState(seed)``, an old one of this thread seeded anew: making one takes longer than an epoch."""
    thread: Any = threading.current_thread()
    stream = getattr(thread, "chainrule_stream", None)
    if stream is None:
        stream = thread.chainrule_stream = np.random.RandomState(seed)
    stream.seed(seed)
    return cast(np.random.RandomState, stream)
