"""scikit-learn's estimator contract: its common checks, and those it runs only on itself."""

from __future__ import annotations

import inspect
import warnings
from functools import partial

import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.utils import estimator_checks as checks
from sklearn.utils._test_common.instance_generator import PER_ESTIMATOR_XFAIL_CHECKS
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import MLPClassifier, MLPRegressor
from chainrule.engines import ENGINES
from chainrule.network import Dense, Network

PROBE = Network(2, (Dense(1, "identity"),), "squared_error")
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(PROBE, "float64") is None]


def _declared_by_scikit_learn(estimator):
    """What scikit-learn declares for its own MLP (in 1.9 nothing)."""
    declared = {kind.__name__: reasons for kind, reasons in PER_ESTIMATOR_XFAIL_CHECKS.items()}
    return declared.get(type(estimator).__name__, {})


CLASSES = ["loss", "class_weight"]
NEW = [
    "output_activation", "dropout", "batch_norm", "l2", "l1", "weight_decay", "max_norm", "clip_norm", "clip_value", "init",
    "layer_rates", "scoring", "categorical_features", "allow_nan", "scale_features",
]  # fmt: skip

# The same instances as in scikit-learn's own suite, on every engine, and those it uses for the weight equivalence.
INSTANCES = [kind(max_iter=100, engine=engine) for engine in USABLE for kind in (MLPClassifier, MLPRegressor)]


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(INSTANCES, expected_failed_checks=_declared_by_scikit_learn)
def test_common_checks(estimator, check):
    check(estimator)


WEIGHTED = [
    MLPClassifier(solver="lbfgs"),
    MLPRegressor(solver="lbfgs"),
    MLPRegressor(solver="sgd", tol=1e-2, random_state=42),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("engine", USABLE)
@pytest.mark.parametrize("estimator", WEIGHTED, ids=repr)
def test_weights_are_repetitions(estimator, engine):
    name = type(estimator).__name__
    estimator = estimator.set_params(engine=engine)
    checks.check_sample_weight_equivalence_on_dense_data(name, estimator)
    checks.check_sample_weight_equivalence_on_sparse_data(name, estimator)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    "check",
    [
        checks.check_dataframe_column_names_consistency,
        checks.check_param_validation,
        partial(checks.check_inplace_ensure_writeable),
    ],
    ids=["column names", "parameter messages", "writeable"],
)
def test_checks_scikit_learn_runs_only_on_itself(check, kind):
    check(kind.__name__, kind(max_iter=3, n_iter_no_change=2))


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_defaults_and_parameters_are_scikit_learns_then_ours(kind):
    import sklearn.neural_network

    theirs = getattr(sklearn.neural_network, kind.__name__)().get_params()
    mine = kind().get_params()
    assert {name: mine[name] for name in theirs} == theirs
    own = [name for name in inspect.signature(kind).parameters if name not in theirs]
    assert own == ["n_threads", "dtype", "engine", *(CLASSES if kind is MLPClassifier else ()), *NEW]


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_tags_are_scikit_learns(kind):
    import sklearn.neural_network

    mine, theirs = (one().__sklearn_tags__() for one in (kind, getattr(sklearn.neural_network, kind.__name__)))
    assert theirs.transformer_tags is None
    mine.transformer_tags = None  # hidden layers as features are ours
    assert mine == theirs


def test_wrong_parameters_say_what_is_expected():
    wrong = {
        "activation": "rely",
        "solver": "adams",
        "engine": "gpu",
        "n_threads": 0,
        "dtype": "float16",
        "learning_rate": "cosin",
    }
    for name, value in wrong.items():
        said = f"The '{name}' parameter of MLPClassifier must be .* Got {value!r} instead"
        with pytest.raises(ValueError, match=said):
            MLPClassifier(**{name: value}).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="one entry per hidden layer"):
        MLPClassifier((3, 4), activation=["relu"]).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be > 0, got \[3, 0\]"):
        MLPClassifier((3, 0)).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("callback", [ProgressBar, partial(ScoringMonitor, scoring="accuracy")], ids=["bar", "monitor"])
def test_clone_and_html_with_callbacks(callback):
    model = MLPClassifier((4,), max_iter=2).set_callbacks(callback())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit([[0.0], [1.0]] * 5, [0, 1] * 5)
    assert "MLPClassifier" in model._repr_html_()
    assert "n_iter_" in model._repr_html_()
