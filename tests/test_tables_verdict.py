"""Trainings that went badly with finite numbers: one note each; good ones are left in peace."""

from __future__ import annotations

import pytest

from chainrule.estimators import MLPClassifier
from chainrule.tables import Evaluation
from chainrule.tables.verdict import verdict


def scored(score, baseline):
    return Evaluation("binary", "accuracy", score, "always a", baseline, 50)


@pytest.mark.parametrize(
    ("solver", "curve", "found", "words"),
    [
        ("adam", [1.0, 0.5], scored(0.9, 0.5), None),
        ("adam", [1.0, 9.9], scored(0.9, 0.5), None),
        ("adam", [], scored(0.9, 0.5), None),
        ("adam", [1.0, 0.5], None, None),
        ("lbfgs", [1.0, 0.5], scored(1.0, 1.0), None),
        ("adam", [1.0, 10.0], scored(0.9, 0.5), "rose from 1 to 10; try a smaller learning rate (now 0.001)"),
        ("adam", [1.0, 50.0], scored(0.4, 0.5), "rose from 1 to 50"),
        ("sgd", [1.0, 50.0], None, "rose from 1 to 50"),
        ("lbfgs", [1.0, 50.0], None, "a larger alpha"),
        ("lbfgs", [1.0, 0.5], scored(0.5, 0.5), "no better than always a (accuracy 0.500 against 0.500)"),
        ("lbfgs", [1.0, 0.5], scored(0.4, 0.5), "try more epochs, a smaller alpha (now 0.0001) or other columns"),
        ("adam", [1.0, 0.5], scored(0.4, 0.5), "try another learning rate (now 0.001), more epochs"),
        ("adam", [1.0, None], scored(0.4, 0.5), "try a smaller learning rate (now 0.001) or other columns"),
    ],
)
def test_verdict(solver, curve, found, words):
    told = verdict(MLPClassifier(solver=solver), curve, found)
    assert len(told) == (words is not None)
    assert words is None or words in told[0]
