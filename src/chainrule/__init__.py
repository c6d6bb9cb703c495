"""chainrule: the feed-forward neural network, whole.

Names are imported from their modules when they are first used, so that `import chainrule` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.errors import ChainruleError, DivergenceError, ModelFileError, TableError
    from chainrule.estimators import MLPClassifier, MLPRegressor
    from chainrule.formulas.activations import Activation
    from chainrule.formulas.losses import Loss
    from chainrule.formulas.schedules import Adaptive, Constant, InvScaling
    from chainrule.formulas.solvers import LBFGS, SGD, Adam
    from chainrule.models import load, save
    from chainrule.network import Dense, Network
    from chainrule.training import Epoch, Training, TrainingState, Validation, train

__version__ = "0.1.0"

_HOMES = {
    "chainrule.errors": ("ChainruleError", "DivergenceError", "ModelFileError", "TableError"),
    "chainrule.estimators": ("MLPClassifier", "MLPRegressor"),
    "chainrule.formulas.activations": ("Activation",),
    "chainrule.formulas.losses": ("Loss",),
    "chainrule.formulas.schedules": ("Adaptive", "Constant", "InvScaling"),
    "chainrule.formulas.solvers": ("LBFGS", "SGD", "Adam"),
    "chainrule.models": ("load", "save"),
    "chainrule.network": ("Dense", "Network"),
    "chainrule.training": ("Epoch", "Training", "TrainingState", "Validation", "train"),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "LBFGS",
    "SGD",
    "Activation",
    "Adam",
    "Adaptive",
    "ChainruleError",
    "Constant",
    "Dense",
    "DivergenceError",
    "Epoch",
    "InvScaling",
    "Loss",
    "MLPClassifier",
    "MLPRegressor",
    "ModelFileError",
    "Network",
    "TableError",
    "Training",
    "TrainingState",
    "Validation",
    "load",
    "save",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
