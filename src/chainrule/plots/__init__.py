"""Pictures of networks and of their training, after scikit-learn's Display conventions.

A display is made by `from_estimator`, keeps its data, and draws itself with `plot(ax=...)`; afterwards `ax_` and
`figure_` are there to be changed. Confusion matrices and residuals are drawn by scikit-learn's own displays.
"""

try:
    import matplotlib  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("Pictures need matplotlib: pip install 'chainrule[plots]'", name=error.name) from error

from chainrule.plots.curves import LossCurveDisplay
from chainrule.plots.network import NetworkDisplay
from chainrule.plots.scores import confusion_display, residuals_display
from chainrule.plots.svg import to_svg

__all__ = ["LossCurveDisplay", "NetworkDisplay", "confusion_display", "residuals_display", "to_svg"]
