"""scikit-learn 1.9's callbacks: one task per epoch, scores of the model as it then is, stopping."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)


class Recorder:
    """Records the hooks; asks to stop at the end of epoch `stop_at`."""

    def __init__(self, stop_at=None):
        self.stop_at, self.calls, self.models = stop_at, [], []

    def setup(self, estimator, context):
        self.calls.append(("setup", context.max_subtasks))

    def teardown(self, estimator, context):
        self.calls.append(("teardown", len(list(context)) - 1))

    def on_fit_task_begin(self, estimator, context, *, X=None):
        self.calls.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.calls.append(("end", context.task_name))
        if context.task_name == "epoch":
            self.models.append(fitted_estimator)
        return context.task_id + 1 == self.stop_at


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_one_task_per_epoch(solver):
    recorder = Recorder()
    model = MLPClassifier((4,), solver=solver, max_iter=3, random_state=0).set_callbacks(recorder).fit(X, y)
    epochs = [("begin", "epoch"), ("end", "epoch")] * 3
    expected = [("setup", 3), ("begin", "fit"), *epochs, ("end", "fit"), ("teardown", 3)]
    assert recorder.calls == expected
    np.testing.assert_array_equal(recorder.models[-1].theta_, model.theta_)
    for number, snapshot in enumerate(recorder.models, 1):
        shorter = MLPClassifier((4,), solver=solver, max_iter=number, random_state=0).fit(X, y)
        np.testing.assert_array_equal(snapshot.predict_proba(X), shorter.predict_proba(X))


def test_a_callback_can_stop():
    model = MLPClassifier((4,), max_iter=50, random_state=0).set_callbacks(Recorder(stop_at=5)).fit(X, y)
    assert model.n_iter_ == 5
    expected = MLPClassifier((4,), max_iter=5, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.theta_, expected.theta_)


def test_scoring_monitor_scores_every_epoch():
    monitor = ScoringMonitor(scoring="accuracy")
    MLPClassifier((4,), max_iter=4, random_state=0).set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    expected = [
        accuracy_score(y, MLPClassifier((4,), max_iter=n, random_state=0).fit(X, y).predict(X)) for n in (1, 2, 3, 4)
    ]
    assert [row["accuracy"] for row in rows] == expected


def test_early_stopping_ends_the_tasks():
    recorder = Recorder()
    model = MLPRegressor(hidden_layer_sizes=(4,), early_stopping=True, tol=0.5, n_iter_no_change=2, random_state=0)
    model.set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ < 200
    assert recorder.calls.count(("begin", "epoch")) == recorder.calls.count(("end", "epoch")) == model.n_iter_


def test_lbfgs_that_converges_ends_the_tasks():
    recorder = Recorder()
    model = MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs", tol=1e-1, random_state=0).set_callbacks(recorder)
    model.fit(X, y)
    assert model.n_iter_ < 200
    assert recorder.calls.count(("begin", "epoch")) == recorder.calls.count(("end", "epoch"))
    assert len([snapshot for snapshot in recorder.models if snapshot is not None]) == model.n_iter_


def test_progress_bar_and_search(capsys):
    pytest.importorskip("rich")
    MLPClassifier((4,), max_iter=3).set_callbacks(ProgressBar()).fit(X, y)
    assert "MLPClassifier" in capsys.readouterr().out
    search = GridSearchCV(MLPClassifier((4,), max_iter=3), {"alpha": [0.1, 1.0]}, cv=2).set_callbacks(ProgressBar())
    search.fit(X, y)
    assert hasattr(search.best_estimator_, "theta_")


def test_a_failing_callback_is_torn_down():
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("no more")

    recorder = Failing()
    with pytest.raises(RuntimeError, match="no more"):
        MLPClassifier((4,), max_iter=3).set_callbacks(recorder).fit(X, y)
    assert recorder.calls[-1][0] == "teardown"
