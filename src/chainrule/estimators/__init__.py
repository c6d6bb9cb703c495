"""scikit-learn estimators on chainrule's engines."""

from chainrule.estimators.classifier import MLPClassifier
from chainrule.estimators.perceptron import Perceptron
from chainrule.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "Perceptron"]
