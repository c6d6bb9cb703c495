"""A real Ctrl-C (SIGINT) in the middle of a fit: it returns with the model so far and a warning."""

from __future__ import annotations

import os
import signal
import sys
import threading

import numpy as np
import pytest

from chainrule import MLPClassifier
from chainrule.engines import ENGINES
from chainrule.network import Dense, Network

PROBE = Network(2, (Dense(1, "identity"),), "squared_error")
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(PROBE, np.float64) is None]
X = np.random.RandomState(0).randn(4000, 20)
y = (X[:, 0] * X[:, 1] > 0).astype(int)
FOREVER = 10**7


@pytest.mark.skipif(sys.platform == "win32", reason="signals to the own process differ there")
@pytest.mark.parametrize("engine", USABLE)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_ctrl_c(solver, engine):
    model = MLPClassifier((30,), solver=solver, max_iter=FOREVER, max_fun=FOREVER, tol=0, engine=engine, random_state=0)
    model.set_params(n_iter_no_change=np.inf)
    seen, threads = [], threading.active_count()

    def on_epoch(epoch):
        seen.append(epoch)
        if epoch.number == 2:
            # From another thread, so that the signal meets the main thread wherever it then is.
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()

    model._on_epoch = on_epoch
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert 2 <= model.n_iter_ < FOREVER
    assert len(model.loss_curve_) == model.n_iter_ in (len(seen), len(seen) + 1)
    assert model.score(X, y) > 0.4 and np.isfinite(model.theta_).all()
    assert threading.active_count() <= threads + 1  # the timer may still be ending
