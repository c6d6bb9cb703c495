"""Looking inside a fitted estimator: doors to the rows above, which explain, diagnose and take apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.engines.regions import LocalLinear, local_linear

if TYPE_CHECKING:
    from chainrule.diagnosis import Diagnosis
    from chainrule.trace import Trace


class Looking:
    """`trace`, `diagnose` and `local_linear`."""

    def trace(self, X: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> Trace:
        """Every number of the forward and backward pass over a few rows, and of the next training step.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Their targets; None ends the trace at the predictions.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.
        **options : Any
            See `chainrule.trace.trace_estimator`.

        Returns
        -------
        trace : Trace
            It renders itself as text, Markdown, LaTeX, HTML, JSON and SVG, and can be verified.
        """
        from chainrule.trace import trace_estimator

        return trace_estimator(self, X, y, sample_weight, **options)

    def diagnose(self, X: Any = None, y: Any = None, X_val: Any = None, y_val: Any = None) -> Diagnosis:
        """Why the network does not learn, or that nothing is wrong.

        Parameters
        ----------
        X, y : array-like, default=None
            The training data, for checks that what `fit` recorded does not allow.
        X_val, y_val : array-like, default=None
            Data that were not trained on.

        Returns
        -------
        diagnosis : Diagnosis
            Findings, the cause first: measured numbers, the lecture's word, what to change.
        """
        from chainrule.diagnosis import diagnose

        return diagnose(self, X, y, X_val, y_val)

    def local_linear(self, X: Any) -> LocalLinear:
        """The affine map in force at each row; see `chainrule.engines.regions.local_linear`.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        maps : LocalLinear
            ``A`` of shape (n_samples, n_outputs, inputs) and ``c``: scores before the output activation.
        """
        network, theta, rows = self._ready(X)  # type: ignore[attr-defined]
        return local_linear(network, theta, rows)
