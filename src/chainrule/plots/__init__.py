"""Pictures of networks and of their training, after scikit-learn's Display conventions.

A display is made by `from_estimator`, keeps its data, and draws itself with `plot(ax=...)`; afterwards `ax_` and
`figure_` are there to be changed. Confusion matrices and residuals are drawn by scikit-learn's own displays: of an estimator
by `confusion_from_estimator` and `residuals_from_estimator`, of numbers at hand by `confusion_display` and `residuals_display`.
"""

try:
    import matplotlib  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("Pictures need matplotlib: pip install 'chainrule[plots]'", name=error.name) from error

from chainrule.plots.activity import ActivationsDisplay
from chainrule.plots.curves import LossCurveDisplay
from chainrule.plots.decisions import DecisionDisplay
from chainrule.plots.directions import Directions, principal_directions, random_directions
from chainrule.plots.images import WeightImagesDisplay
from chainrule.plots.network import NetworkDisplay
from chainrule.plots.norms import LayerNormsDisplay
from chainrule.plots.paths import TrainingPath, training_path
from chainrule.plots.pieces import LinearRegionsDisplay
from chainrule.plots.scores import (
    confusion_display,
    confusion_from_estimator,
    residuals_display,
    residuals_from_estimator,
)
from chainrule.plots.surface import LossSurfaceDisplay
from chainrule.plots.svg import to_svg

__all__ = [
    "ActivationsDisplay",
    "DecisionDisplay",
    "Directions",
    "LayerNormsDisplay",
    "LinearRegionsDisplay",
    "LossCurveDisplay",
    "LossSurfaceDisplay",
    "NetworkDisplay",
    "TrainingPath",
    "WeightImagesDisplay",
    "confusion_display",
    "confusion_from_estimator",
    "principal_directions",
    "random_directions",
    "residuals_display",
    "residuals_from_estimator",
    "to_svg",
    "training_path",
]
