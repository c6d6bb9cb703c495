"""Searches over hyper-parameters, all candidates and folds as one job over the threads (see `many`).

What a search is, its parameters, attributes, ranking and refit are scikit-learn's: these classes only replace how the fits are
done, and only if what is fitted is one of this package's networks.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from traceback import format_exc
from typing import Any

import numpy as np
import sklearn.model_selection
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv
from sklearn.model_selection._validation import _insert_error_scores, _score, _warn_or_raise_about_fit_failures
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, get_tags, indexable
from sklearn.utils.validation import _check_method_params, _num_samples

from chainrule.estimators.guard import validate_parameters
from chainrule.estimators.job import Job
from chainrule.estimators.many import Part, as_one_of_many, as_shared, is_network, learner_of, threads_inside
from chainrule.estimators.shortcuts import quick_metric
from chainrule.training import default_threads

Check = Callable[[], None]


@dataclass(frozen=True)
class Fold:
    """One split of the data, taken out once for all candidates; `parameters` are those of `fit` and of the scorer."""

    X_train: Any
    y_train: Any
    X_test: Any
    y_test: Any
    fit_parameters: dict[str, Any]
    train_parameters: dict[str, Any]
    test_parameters: dict[str, Any]


class Trials:
    """Fits and scores of all candidates on all folds.

    Parameters
    ----------
    templates : list of estimators
        One for each candidate, its parameters set.
    folds : list of Part
        Each lends a `Fold`.
    scorer : callable
        scikit-learn's, for one or several metrics.
    error_score : float or "raise"
        Score of a fit that fails.
    train_scores : bool
        Whether to score the training rows too.
    """

    def __init__(
        self, templates: list[Any], folds: list[Part], scorer: Any, error_score: Any, train_scores: bool
    ) -> None:
        self._templates, self._folds, self._scorer = templates, folds, scorer
        self._error_score, self._train_scores = error_score, train_scores
        self._valid: set[int] = set()
        self._quick = quick_metric(learner_of(templates[0]), scorer)

    def run(self, n_threads: int, named: Callable[[int, int], str]) -> list[dict[str, Any]]:
        """The outcomes, candidate by candidate; they are computed fold by fold, so that few folds are in memory at once."""
        n, folds = len(self._templates), len(self._folds)
        inside = threads_inside(n * folds, n_threads)

        def work(place: int, check: Check) -> dict[str, Any]:
            number, candidate = divmod(place, n)
            with self._folds[number].lent() as fold:
                return self._outcome(candidate, fold, inside, check)

        job = Job(n * folds, work, lambda place: f"for {named(place % n, place // n)}")
        done = job.run(n_threads)
        return [done[number * n + candidate] for candidate in range(n) for number in range(folds)]

    def _outcome(self, candidate: int, fold: Fold, inside: int, check: Check) -> dict[str, Any]:
        started = time.perf_counter()
        estimator = fresh(self._templates[candidate])
        outcome: dict[str, Any] = {"fit_error": None, "n_test_samples": _num_samples(fold.X_test), "score_time": 0.0}
        try:
            self._fit(estimator, candidate, fold, partial(as_one_of_many, learner_of(estimator), inside, check))
        except Exception:
            if self._error_score == "raise":
                raise
            outcome |= {"fit_error": format_exc(), "fit_time": time.perf_counter() - started}
            return outcome | self._failed()
        fitted = time.perf_counter()
        outcome["test_scores"] = self._scores(estimator, fold.X_test, fold.y_test, fold.test_parameters)
        outcome |= {"fit_time": fitted - started, "score_time": time.perf_counter() - fitted}
        if self._train_scores:
            outcome["train_scores"] = self._scores(estimator, fold.X_train, fold.y_train, fold.train_parameters)
        return outcome

    def _fit(self, estimator: Any, candidate: int, fold: Fold, as_one: Callable[[], Any]) -> None:
        # The parameters of a candidate are the same on all folds: what one fit has found valid is not checked again.
        known = {"skip_parameter_validation": True} if candidate in self._valid else {}
        with as_one(), config_context(**known):
            if fold.y_train is None:
                estimator.fit(fold.X_train, **fold.fit_parameters)
            else:
                estimator.fit(fold.X_train, fold.y_train, **fold.fit_parameters)
        if is_network(estimator):
            self._valid.add(candidate)

    def _scores(self, estimator: Any, X: Any, y: Any, parameters: dict[str, Any]) -> Any:
        if self._quick is not None and not parameters:
            score = self._quick(y, estimator.predict(X))
            if score is not None:
                return score
        return _score(estimator, X, y, self._scorer, parameters, self._error_score)

    def _failed(self) -> dict[str, Any]:
        metrics = getattr(self._scorer, "_scorers", None)
        scores = dict.fromkeys(metrics, self._error_score) if isinstance(metrics, dict) else self._error_score
        return {"test_scores": scores} | ({"train_scores": scores} if self._train_scores else {})


def fresh(template: Any) -> Any:
    """A copy of an unfitted estimator, to be fitted: parameters that a fit only reads are shared, which is quicker."""
    if is_network(template) and not isinstance(template.random_state, np.random.RandomState):
        copied = object.__new__(type(template))  # `copy.copy` would take the way of pickles, as long as some epochs
        vars(copied).update(vars(template))
        return copied
    return clone(template)


def threads_of(n_jobs: int | None) -> int:
    """Number of threads for joblib's way of counting: None and -1 are all, -2 is all but one.

    Raises
    ------
    ValueError
        If it is 0.
    """
    if n_jobs == 0:
        raise ValueError(
            "n_jobs must not be 0: give a number of networks to train at the same time, or None for all threads."
        )
    if n_jobs is None or n_jobs < 0:
        return max(1, default_threads() + 1 + (-1 if n_jobs is None else n_jobs))
    return n_jobs


class OneJob:
    """What turns scikit-learn's searches into one job over the threads; stands before them in the list of bases."""

    estimator: Any
    scoring: Any
    n_jobs: int | None
    refit: Any
    cv: Any
    verbose: int
    error_score: Any
    return_train_score: bool

    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit all candidates on all folds, then the best one on all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **params : dict
            Passed to ``fit`` of the estimator, to the scorer and to the splitter, as in scikit-learn: for example
            ``sample_weight`` and ``groups``.

        Returns
        -------
        self : object
            The search, done.
        """
        base: Any = super()
        if not self._is_ours():
            return base.fit(X, y, **params)
        own: Any = self
        validate_parameters(self)
        scorers, metric = own._get_scorers()
        X, y = indexable(as_shared(X, is_network(self.estimator)), y)
        routed = own._get_routed_params_for_fit(_check_method_params(X, params=params))
        own._checked_cv_orig = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        candidates = list(self._candidates())
        splits = list(own._checked_cv_orig.split(X, y, **routed.splitter.split))
        own.n_splits_ = own._checked_cv_orig.get_n_splits(X, y, **routed.splitter.split)
        if len(splits) != own.n_splits_:
            raise ValueError(f"cv.get_n_splits promises {own.n_splits_} splits, but cv.split gave {len(splits)}.")
        out = self._try_all(candidates, self._folds(X, y, splits, routed, len(candidates)), scorers)
        results = own._format_results(candidates, own.n_splits_, out)
        own.multimetric_ = isinstance(out[0]["test_scores"], dict)
        if callable(self.scoring) and own.multimetric_:
            own._check_refit_for_multimetric(out[0]["test_scores"])
            metric = self.refit
        self._choose(metric, results)
        if self.refit:
            self._refit(X, y, routed.estimator.fit)
        own.scorer_ = getattr(scorers, "_scorers", scorers)
        own.cv_results_ = results
        return self

    @abstractmethod
    def _candidates(self) -> Iterable[dict[str, Any]]:
        """The combinations of parameters to try."""

    def _is_ours(self) -> bool:
        """Whether all candidates are networks of this package, and nobody watches through scikit-learn's callbacks."""
        estimator: Any = self.estimator
        if learner_of(estimator) is None:
            return False
        steps = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else []
        replaced = {"steps", estimator.steps[-1][0]} if steps else set()
        watched = any(getattr(each, "_skl_callbacks", None) for each in (self, estimator, *steps))
        return not (watched or get_tags(estimator).input_tags.pairwise or replaced & self._names())

    def _names(self) -> set[str]:
        own: Any = self
        grids = own.param_grid if hasattr(self, "param_grid") else own.param_distributions
        return {name for grid in ([grids] if isinstance(grids, dict) else grids) for name in grid}

    def _folds(self, X: Any, y: Any, splits: list[Any], routed: Any, users: int) -> list[Part]:
        def extract(train: Any, test: Any) -> Fold:
            fit, score = routed.estimator.fit, routed.scorer.score
            X_train, X_test = _safe_indexing(X, train), _safe_indexing(X, test)
            y_train, y_test = (None if y is None else _safe_indexing(y, rows) for rows in (train, test))
            of_rows = partial(_check_method_params, X)
            return Fold(
                X_train,
                y_train,
                X_test,
                y_test,
                of_rows(params=fit, indices=train),
                of_rows(params=score, indices=train),
                of_rows(params=score, indices=test),
            )

        return [Part(partial(extract, train, test), users) for train, test in splits]

    def _try_all(self, candidates: list[dict[str, Any]], folds: list[Part], scorers: Any) -> list[dict[str, Any]]:
        n_fits, error_score = len(candidates) * len(folds), self.error_score
        if not n_fits:
            raise ValueError("No fits were performed. Was the CV iterator empty? Were there no candidates?")
        base = clone(self.estimator)
        templates = [clone(base).set_params(**clone(each, safe=False)) for each in candidates]
        if self.verbose > 0:
            print(f"Fitting {len(folds)} folds for each of {len(candidates)} candidates, totalling {n_fits} fits")
        trials = Trials(templates, folds, scorers, error_score, self.return_train_score)
        out = trials.run(threads_of(self.n_jobs), lambda number, fold: f"candidate {candidates[number]}, fold {fold}")
        if self.verbose > 1:
            _report(out, candidates, len(folds))
        _warn_or_raise_about_fit_failures(out, error_score)
        if callable(self.scoring):
            _insert_error_scores(out, error_score)
        return out

    def _choose(self, metric: Any, results: dict[str, Any]) -> None:
        own: Any = self
        if not self.refit and own.multimetric_:
            return
        own.best_index_ = own._select_best_index(self.refit, metric, results)
        if not callable(self.refit):
            own.best_score_ = results[f"mean_test_{metric}"][own.best_index_]
        own.best_params_ = results["params"][own.best_index_]

    def _refit(self, X: Any, y: Any, parameters: dict[str, Any]) -> None:
        own: Any = self
        own.best_estimator_ = clone(self.estimator).set_params(**clone(own.best_params_, safe=False))
        started = time.perf_counter()
        if y is None:
            own.best_estimator_.fit(X, **parameters)
        else:
            own.best_estimator_.fit(X, y, **parameters)
        own.refit_time_ = time.perf_counter() - started
        if hasattr(own.best_estimator_, "feature_names_in_"):
            own.feature_names_in_ = own.best_estimator_.feature_names_in_


def _report(out: list[dict[str, Any]], candidates: list[dict[str, Any]], folds: int) -> None:
    for place, outcome in enumerate(out):
        chosen = ", ".join(f"{name}={value}" for name, value in sorted(candidates[place // folds].items()))
        seconds = outcome["fit_time"] + outcome["score_time"]
        print(
            f"[CV {place % folds + 1}/{folds}] END {chosen}; score={outcome['test_scores']} total time={seconds:.2f}s"
        )


class GridSearchCV(OneJob, sklearn.model_selection.GridSearchCV):  # type: ignore[misc]
    """Exhaustive search over a grid; scikit-learn's ``GridSearchCV``, with all candidates and folds as one threaded job.

    Every parameter, attribute and method is that of ``sklearn.model_selection.GridSearchCV``, and so are the scores, bit for
    bit. One difference: ``n_jobs`` counts networks trained at the same time, in threads of this process; ``None`` is as many
    as the process may use threads. Each fold's rows are taken out of X once for all candidates.

    An estimator that is neither an `MLPClassifier`, an `MLPRegressor` nor a ``Pipeline`` that ends in one, and one with
    scikit-learn's callbacks, is searched in scikit-learn's own way.

    Examples
    --------
    >>> grid = {"hidden_layer_sizes": [(8,), (16,)], "alpha": [1e-4, 1e-2]}
    >>> search = GridSearchCV(MLPClassifier(random_state=0), grid).fit(X, y)  # doctest: +SKIP
    """

    def _candidates(self) -> Iterable[dict[str, Any]]:
        grid: Iterable[dict[str, Any]] = ParameterGrid(self.param_grid)
        return grid


class RandomizedSearchCV(OneJob, sklearn.model_selection.RandomizedSearchCV):  # type: ignore[misc]
    """Search over randomly drawn candidates; scikit-learn's ``RandomizedSearchCV``, as one threaded job (see `GridSearchCV`).

    Examples
    --------
    >>> ranges = {"alpha": scipy.stats.loguniform(1e-5, 1e-1)}  # doctest: +SKIP
    >>> search = RandomizedSearchCV(MLPClassifier(random_state=0), ranges, n_iter=20).fit(X, y)  # doctest: +SKIP
    """

    def _candidates(self) -> Iterable[dict[str, Any]]:
        drawn: Iterable[dict[str, Any]] = ParameterSampler(
            self.param_distributions, self.n_iter, random_state=self.random_state
        )
        return drawn
