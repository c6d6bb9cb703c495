"""chainrule: the feed-forward neural network, whole.

Names are imported from their modules when they are first used, so that `import chainrule` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule import playground
    from chainrule.engines import StepSettings
    from chainrule.errors import ChainruleError, DivergenceError, ModelFileError, TableError
    from chainrule.estimators import MLPClassifier, MLPRegressor
    from chainrule.estimators.many import fit_many
    from chainrule.estimators.multitask import MLPMultiTask
    from chainrule.estimators.perceptron import Perceptron
    from chainrule.estimators.search import GridSearchCV, RandomizedSearchCV
    from chainrule.estimators.starting import Pretrained
    from chainrule.formulas.activations import Activation
    from chainrule.formulas.heads import Head, Heads
    from chainrule.formulas.initializers import Normal
    from chainrule.formulas.losses import Huber, LogLoss, Loss, Quantile
    from chainrule.formulas.schedules import Adaptive, Constant, Cosine, Exponential, InvScaling, OneCycle, Step
    from chainrule.formulas.solvers import LBFGS, SGD, Adadelta, Adagrad, Adam, AdamW, RMSProp
    from chainrule.models import load, save
    from chainrule.network import Dense, Network
    from chainrule.tables import TableModel, read_table
    from chainrule.training import Epoch, Training, TrainingState, Validation, train

__version__ = "0.1.0"

_HOMES = {
    "chainrule.engines": ("StepSettings",),
    "chainrule.errors": ("ChainruleError", "DivergenceError", "ModelFileError", "TableError"),
    "chainrule.estimators": ("MLPClassifier", "MLPRegressor"),
    "chainrule.estimators.many": ("fit_many",),
    "chainrule.estimators.multitask": ("MLPMultiTask",),
    "chainrule.estimators.perceptron": ("Perceptron",),
    "chainrule.estimators.search": ("GridSearchCV", "RandomizedSearchCV"),
    "chainrule.estimators.starting": ("Pretrained",),
    "chainrule.formulas.activations": ("Activation",),
    "chainrule.formulas.heads": ("Head", "Heads"),
    "chainrule.formulas.initializers": ("Normal",),
    "chainrule.formulas.losses": ("Huber", "LogLoss", "Loss", "Quantile"),
    "chainrule.formulas.schedules": ("Adaptive", "Constant", "Cosine", "Exponential", "InvScaling", "OneCycle", "Step"),
    "chainrule.formulas.solvers": ("LBFGS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "RMSProp"),
    "chainrule.models": ("load", "save"),
    "chainrule.network": ("Dense", "Network"),
    "chainrule.tables": ("TableModel", "read_table"),
    "chainrule.training": ("Epoch", "Training", "TrainingState", "Validation", "train"),
}
# Packages that are called by their own name.
_PACKAGES = ("playground",)
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "LBFGS",
    "SGD",
    "Activation",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adaptive",
    "ChainruleError",
    "Constant",
    "Cosine",
    "Dense",
    "DivergenceError",
    "Epoch",
    "Exponential",
    "GridSearchCV",
    "Head",
    "Heads",
    "Huber",
    "InvScaling",
    "LogLoss",
    "Loss",
    "MLPClassifier",
    "MLPMultiTask",
    "MLPRegressor",
    "ModelFileError",
    "Network",
    "Normal",
    "OneCycle",
    "Perceptron",
    "Pretrained",
    "Quantile",
    "RMSProp",
    "RandomizedSearchCV",
    "Step",
    "StepSettings",
    "TableError",
    "TableModel",
    "Training",
    "TrainingState",
    "Validation",
    "fit_many",
    "load",
    "playground",
    "read_table",
    "save",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"chainrule.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
