"""Why does it not learn? From measured evidence to the lectures' word for it and to what to change.

Evidence comes from what every `fit` records (`chainrule.training.recording`), more of it from data that are passed. The checks
are one literal table, `CHECKS`.
"""

from __future__ import annotations

from typing import Any

from chainrule.diagnosis.building import case_of, case_of_failure
from chainrule.diagnosis.catalogue import CHECKS, Check
from chainrule.diagnosis.findings import Advice, Diagnosis, Finding
from chainrule.diagnosis.judging import judge
from chainrule.errors import DivergenceError


def diagnose(estimator: Any, X: Any = None, y: Any = None, X_val: Any = None, y_val: Any = None) -> Diagnosis:
    """Why a network does not learn, or that nothing is wrong.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, MLPMultiTask, Pipeline, TableModel or DivergenceError
        A fitted estimator, a pipeline that ends in one, or a search for one. Of a TableModel, X may be the table it was trained
        on; it knows its target and its test rows. Of a fit that diverged (it leaves no fitted estimator) the exception itself,
        which carries what was recorded until then; or the unfitted estimator with `X` and `y`: then a copy is trained again. An
        estimator that was fitted before and then failed is diagnosed as it was fitted before.
    X, y : array-like, default=None
        The training data, for checks that what `fit` recorded does not allow (at most 2000 rows are looked at).
    X_val, y_val : array-like, default=None
        Data that were not trained on.

    Returns
    -------
    diagnosis : Diagnosis
        Findings, the cause first: measured numbers, the lectures' word, what to change; and what could not be checked.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If it is not fitted and there are no data, or the data do not fit it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from chainrule import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(8, solver="sgd", learning_rate_init=1e-6, max_iter=50, random_state=0).fit(X, y)
    >>> diagnose(model).findings[0].key
    'rate_too_low'
    """
    if isinstance(estimator, DivergenceError):
        if estimator.failure is None:
            raise ValueError("this DivergenceError does not come from an estimator's fit: nothing was recorded.")
        return judge(case_of_failure(estimator.failure))
    if hasattr(estimator, "schema") and hasattr(estimator, "test_rows"):
        from chainrule.diagnosis.tables import case_of_table  # here: tables are an extra

        return judge(case_of_table(estimator, X))
    return judge(case_of(estimator, (X, y), (X_val, y_val)))


__all__ = ["CHECKS", "Advice", "Check", "Diagnosis", "Finding", "diagnose"]
