"""scikit-learn's own tests of its MLP, run with chainrule's classes in place of scikit-learn's."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
import sklearn.neural_network.tests.test_mlp as original

from chainrule import MLPClassifier, MLPRegressor

# Tests of scikit-learn's private attributes; beside each, the test that checks the same behaviour by public ones.
DECLARED = {
    "test_gradient": "calls _loss_grad_lbfgs; the engines' gradients have central-difference tests of their own",
    "test_learning_rate_warmstart": "reads _optimizer.learning_rate; see test_rates_of_invscaling_under_warm_start",
    "test_adaptive_learning_rate": "reads _optimizer.learning_rate; see test_adaptive_rate_falls_below_its_limit",
}


def _substituted() -> dict[str, object]:
    """The test module, executed with our classes under scikit-learn's names."""
    source = inspect.getsource(original)
    line = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
    assert line in source
    names: dict[str, object] = {"__name__": __name__}
    source = source.replace(line, "from chainrule import MLPClassifier, MLPRegressor")
    exec(compile(source, original.__file__, "exec"), names)
    assert names["MLPClassifier"] is MLPClassifier
    return {name: value for name, value in names.items() if name.startswith("test_")}


@pytest.fixture
def global_random_seed() -> int:
    return 42


def test_every_declared_exception_still_exists():
    assert set(DECLARED) <= {name for name in vars(original) if name.startswith("test_")}


for _name, _test in _substituted().items():
    if _name not in DECLARED:
        globals()[_name] = pytest.mark.filterwarnings("ignore")(_test)


def test_rates_of_invscaling_under_warm_start():
    X, y = [[3, 2], [1, 6], [5, 6], [-2, -4]], [1, 1, 1, 0]
    model = MLPClassifier(4, solver="sgd", learning_rate="invscaling", max_iter=1, power_t=0.25, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            model.fit(X, y)
    rates = [epoch.learning_rate for epoch in model.history_]
    np.testing.assert_allclose(rates, 0.001 / np.array([1, 5, 9]) ** 0.25)


def test_adaptive_rate_falls_below_its_limit():
    model = MLPClassifier(tol=0.5, max_iter=3000, solver="sgd", learning_rate="adaptive", random_state=0)
    model.fit([[3, 2], [1, 6]], [1, 0])
    assert model.n_iter_ < 3000
    assert model.history_[-1].learning_rate <= 1e-6


def test_regressor_is_substituted_too():
    assert MLPRegressor.__module__.startswith("chainrule")
    assert original.MLPRegressor.__module__.startswith("sklearn")
