"""Looking inside a fitted estimator: doors to the rows above, which explain, diagnose and take apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from chainrule.engines.regions import MOST_REGIONS, LocalLinear, Regions, linear_regions, local_linear

if TYPE_CHECKING:
    from chainrule.diagnosis import Diagnosis
    from chainrule.playground.server.launch import Server
    from chainrule.trace import Trace


def unwrapped(model: Any) -> tuple[list[Any], Any]:
    """The steps of a pipeline before its last one, and the last one; anything else is its own last step.

    A fitted search stands for the best estimator that it found.
    """
    model = getattr(model, "best_estimator_", model)
    if hasattr(model, "steps"):
        return [step for _, step in model.steps[:-1]], model.steps[-1][1]
    return [], model


def passed_through(steps: Sequence[Any], X: Any) -> Any:
    """Rows as the steps of a pipeline pass them on."""
    for step in steps:
        if step is not None and not isinstance(step, str):
            X = step.transform(X)
    return X


class Looking:
    """`trace`, `diagnose`, `playground`, `local_linear` and `linear_regions`."""

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

    def playground(self, X: Any = None, y: Any = None, **options: Any) -> Server:
        """Go on with this network in the browser, where every number is explained.

        Parameters
        ----------
        X, y : array-like, default=None
            Rows to look at it on; without them the inputs are drawn at random.
        **options : Any
            See `chainrule.playground.server.launch.playground`: ``port``, ``browser``, ``setup``.

        Returns
        -------
        server : Server
            It serves this machine alone, until ``stop()`` or the end of the program.
        """
        from chainrule.playground.server.launch import playground

        return playground(X, y, model=self, **options)

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

    def linear_regions(
        self,
        limits: tuple[float, float, float, float],
        *,
        origin: Any = None,
        directions: Any = None,
        max_regions: int = MOST_REGIONS,
    ) -> Regions:
        """The pieces of a plane of inputs on which the network is one affine map; see `chainrule.engines.regions`.

        The plane is one of the network's inputs (`get_encoded_feature_names_out`): where the estimator prepares X itself, after
        the preparation.

        Parameters
        ----------
        limits : tuple of float
            (left, right, bottom, top) of the rectangle, in units of the two directions.
        origin : array of shape (inputs,), default=None
            The point at (0, 0); None is zero.
        directions : array of shape (2, inputs), default=None
            The directions of the two axes; a network with two inputs has them by default.
        max_regions : int, default=100000
            More than so many are refused, to spare time and memory.

        Returns
        -------
        regions : Regions
            Polygons, affine maps, ``n_linear_regions``, ``n_activation_regions`` and ``borders()``, all exact.

        Raises
        ------
        ValueError
            If a hidden activation is not piecewise linear, the plane is none, or there are too many regions.
        """
        check_is_fitted(self, "coefs_")
        network, theta = self._parameters()  # type: ignore[attr-defined]
        return linear_regions(network, theta, limits, origin=origin, directions=directions, max_regions=max_regions)
