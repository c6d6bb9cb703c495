"""Penalties, decay, limits, dropout and batch normalisation of the estimators, against linear models and algebra."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_regression
from sklearn.linear_model import Lasso, Ridge
from sklearn.utils.estimator_checks import check_estimator

from chainrule import SGD, Adam, MLPClassifier, MLPRegressor
from chainrule.formulas.solvers import SOLVERS, AdamW, RMSProp
from chainrule.network import Dense

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
R, r = make_regression(120, 6, n_informative=3, noise=5.0, random_state=0)
R, r = (R - R.mean(axis=0)) / R.std(axis=0), (r - r.mean()) / r.std()
EXACT = {"alpha": 0.0, "solver": "lbfgs", "tol": 1e-10, "max_iter": 1000, "random_state": 0}
LONG = {
    "alpha": 0.0,
    "solver": "sgd",
    "momentum": 0.9,
    "batch_size": 120,
    "max_iter": 3000,
    "tol": 0.0,
    "random_state": 0,
}
ONE_STEP = {"solver": "sgd", "momentum": 0.0, "batch_size": 150, "max_iter": 1, "shuffle": False, "random_state": 0}


def long(**options):
    return MLPRegressor("squared_error", (), **{**LONG, "n_iter_no_change": np.inf, **options}).fit(R, r)


def test_l2_is_independent_of_the_rows_and_alpha_is_scikit_learns():
    """Ridge minimises |r - R w|**2 + a |w|**2: a = n * l2, or alpha itself."""
    penalised = MLPRegressor("squared_error", (), l2=0.3, **EXACT).fit(R, r)
    np.testing.assert_allclose(penalised.coefs_[0][:, 0], Ridge(0.3 * len(R)).fit(R, r).coef_, atol=1e-5)
    doubled = MLPRegressor("squared_error", (), l2=0.3, **EXACT).fit(np.tile(R, (2, 1)), np.tile(r, 2))
    np.testing.assert_allclose(doubled.coefs_[0], penalised.coefs_[0], atol=1e-5)
    theirs = MLPRegressor("squared_error", (), **{**EXACT, "alpha": 36.0}).fit(R, r)
    np.testing.assert_allclose(theirs.coefs_[0][:, 0], Ridge(36.0).fit(R, r).coef_, atol=1e-5)
    by_steps = long(l2=0.3, learning_rate_init=0.01)
    np.testing.assert_allclose(by_steps.coefs_[0][:, 0], Ridge(0.3 * len(R)).fit(R, r).coef_, rtol=1e-6)


def test_l1_is_the_lasso_with_exact_zeros():
    exact = Lasso(0.2, tol=1e-12).fit(R, r)
    mine = long(l1=0.2, learning_rate_init=0.1, momentum=0.0)
    np.testing.assert_allclose(mine.coefs_[0][:, 0], exact.coef_, atol=1e-6)
    assert ((mine.coefs_[0][:, 0] == 0) == (exact.coef_ == 0)).all() and (exact.coef_ == 0).any()


def one_step(**options):
    return MLPClassifier((6,), **{**ONE_STEP, **options}).fit(X, y)


def test_decoupled_decay_shrinks_the_weights_and_no_bias():
    """SGD: W - rate * (gradient + decay * W) in one step, biases without the decay."""
    plain, decayed = (
        one_step(alpha=0.0, learning_rate_init=0.1),
        one_step(alpha=0.0, learning_rate_init=0.1, weight_decay=0.5),
    )
    start = plain.network_.init(0)
    before, after, mine = (plain.network_.views(theta) for theta in (start, plain.theta_, decayed.theta_))
    for W0, W1, W in zip(before.W, after.W, mine.W, strict=True):
        np.testing.assert_allclose(W, W1 - 0.1 * 0.5 * W0, rtol=1e-12, atol=1e-15)
    for b1, b in zip(after.b, mine.b, strict=True):
        np.testing.assert_allclose(b, b1, rtol=1e-12)


def test_the_decay_of_adamw():
    """None is 0.01 for "adamw", as in PyTorch; a number counts for every solver; two numbers are refused."""
    by_name, by_object = (one_step(solver=solver).theta_ for solver in ("adamw", AdamW()))
    np.testing.assert_array_equal(by_name, by_object)
    np.testing.assert_array_equal(
        one_step(solver="adamw", weight_decay=0.3, epsilon=1e-3).theta_,
        one_step(solver=AdamW(epsilon=1e-3, weight_decay=0.3)).theta_,
    )
    np.testing.assert_array_equal(
        one_step(solver="adam", weight_decay=0.3).theta_, one_step(solver="adamw", weight_decay=0.3).theta_
    )
    np.testing.assert_array_equal(one_step(solver="adamw", weight_decay=0.0).theta_, one_step(solver="adam").theta_)
    with pytest.raises(ValueError, match=r"weight_decay=0.1 and solver=AdamW.* both set the weight decay"):
        one_step(solver=AdamW(), weight_decay=0.1)


@pytest.mark.parametrize("name", [name for name, kind in SOLVERS.items() if kind.stochastic])
def test_solvers_by_name_have_their_own_defaults(name):
    """adam's epsilon and sgd's momentum do not leak into other solvers."""
    named = one_step(solver=name, epsilon=0.5, momentum=0.25, beta_1=0.5, beta_2=0.6, nesterovs_momentum=False)
    adam = {"beta_1": 0.5, "beta_2": 0.6, "epsilon": 0.5}
    own = {"sgd": SGD(0.25, nesterov=False), "adam": Adam(**adam), "adamw": AdamW(**adam)}.get(name, SOLVERS[name]())
    np.testing.assert_array_equal(named.theta_, one_step(solver=own).theta_)
    assert RMSProp().eps != 0.5


def test_max_norm_bounds_the_weights_into_every_unit():
    model = MLPClassifier((20,), max_norm=0.7, max_iter=50, learning_rate_init=0.05, random_state=0).fit(X, y)
    norms = np.concatenate([np.linalg.norm(W, axis=0) for W in model.coefs_])
    assert norms.max() == pytest.approx(0.7, rel=1e-12) and (norms <= 0.7 * (1 + 1e-12)).all()


def test_clipping_bounds_the_step():
    """Plain SGD with rate 1: the change of the parameters is the clipped gradient itself."""
    free = one_step(learning_rate_init=1.0, alpha=0.0)
    start = free.network_.init(0)
    gradient = start - free.theta_
    by_norm = start - one_step(learning_rate_init=1.0, alpha=0.0, clip_norm=0.01).theta_
    np.testing.assert_allclose(by_norm, gradient * 0.01 / np.linalg.norm(gradient), rtol=1e-9, atol=1e-15)
    by_value = start - one_step(learning_rate_init=1.0, alpha=0.0, clip_value=0.02).theta_
    np.testing.assert_allclose(by_value, np.clip(gradient, -0.02, 0.02), rtol=1e-9, atol=1e-15)


def test_input_dropout_is_a_ridge_on_the_spread_of_the_inputs():
    """Srivastava et al. 2014, section 9.1: the expected objective is |r - R w|**2 + p / (1 - p) |G w|**2, G**2 = diag R'R."""
    p = 0.4
    gram = R.T @ R
    exact = np.linalg.solve(gram + p / (1 - p) * np.diag(np.diag(gram)), R.T @ r)
    model = MLPRegressor("squared_error", (), dropout=[p], learning_rate_init=0.2, learning_rate="invscaling", **{
        **LONG, "momentum": 0.0, "batch_size": 60, "max_iter": 4000,
    }, power_t=0.3, n_iter_no_change=np.inf).fit(R, r)  # fmt: skip
    np.testing.assert_allclose(model.coefs_[0][:, 0], exact, atol=0.03)
    np.testing.assert_allclose(model.predict(R), R @ model.coefs_[0][:, 0] + model.intercepts_[0])
    assert np.abs(exact - np.linalg.solve(gram, R.T @ r)).max() > 0.15


@pytest.mark.parametrize(
    ("given", "inputs", "hidden"),
    [(0.2, 0.0, [0.2, 0.2]), ([0.2, 0.3], 0.0, [0.2, 0.3]), ([0.1, 0.2, 0.3], 0.1, [0.2, 0.3]), (0, 0.0, [0.0, 0.0])],
)
def test_dropout_for_all_layers_or_one_by_one(given, inputs, hidden):
    model = MLPClassifier((6, 5), dropout=given, max_iter=2, random_state=0).fit(X, y)
    assert model.network_.input_dropout == inputs
    assert [layer.dropout for layer in model.network_.layers] == [*hidden, 0.0]
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))


def test_dropout_is_repeatable_and_belongs_to_the_seed():
    thetas = [MLPClassifier((6,), dropout=0.5, max_iter=3, random_state=seed).fit(X, y).theta_ for seed in (0, 0, 1)]
    np.testing.assert_array_equal(thetas[0], thetas[1])
    assert not np.allclose(thetas[0], thetas[2])
    nothing = [MLPClassifier((6,), dropout=p, max_iter=3, random_state=0).fit(X, y).theta_ for p in (0.0, [0.0, 0.0])]
    np.testing.assert_array_equal(*nothing)


def test_batch_normalisation_predicts_by_its_running_statistics():
    model = MLPClassifier((7, 5), batch_norm=[True, False], max_iter=40, random_state=0).fit(X, y)
    assert model.network_.layers == (Dense(7, "relu", 0.0, True), Dense(5), Dense(3, "softmax"))
    views = model.network_.views(model.theta_)
    z = (
        views.gamma[0] * (X @ model.coefs_[0] - views.mean[0]) / np.sqrt(views.variance[0] + 1e-5)
        + model.intercepts_[0]
    )
    z = (
        np.maximum(np.maximum(z, 0) @ model.coefs_[1] + model.intercepts_[1], 0) @ model.coefs_[2]
        + model.intercepts_[2]
    )
    np.testing.assert_allclose(model.predict_proba(X), np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-9)
    before = model.predict_proba(X)
    model.coefs_[0] = model.coefs_[0].copy()  # replaced parameters keep the statistics
    np.testing.assert_array_equal(model.predict_proba(X), before)


REFUSED = [
    ({"dropout": 1.0}, "'dropout' parameter of MLPClassifier must be"),
    ({"dropout": [0.1]}, r"dropout, as a list, needs one entry per hidden layer \(2 layers \[6, 5\]\), or one more"),
    ({"dropout": [0.1, 1.5]}, "dropout must be numbers from 0 to below 1"),
    ({"batch_norm": "yes"}, "'batch_norm' parameter"),
    ({"batch_norm": [True]}, r"batch_norm, as a list, needs one entry per hidden layer: 2 layers \[6, 5\]"),
    ({"batch_norm": [True, 2]}, "batch_norm must be True or False"),
    ({"layer_rates": [1, 1]}, "layer_rates needs one factor for each of the network's 3 layers"),
    ({"layer_rates": [1, -1, 1]}, "layer_rates must be one finite number, at least 0, for each layer"),
    ({"l1": -1.0}, "'l1' parameter"),
    ({"max_norm": 0.0}, "'max_norm' parameter"),
    ({"batch_norm": True, "batch_size": 149}, "batch_norm needs at least two rows in a batch"),
    ({"batch_norm": True, "batch_size": 1}, "150 rows in batches of 1 leave every batch a single row; choose another"),
    ({"activation": "step"}, "activation 'step' cannot be trained"),
    *[
        ({"solver": "lbfgs", **option}, f"solver 'lbfgs' cannot .*{next(iter(option))}")
        for option in (
            {"l1": 0.1}, {"weight_decay": 0.1}, {"max_norm": 1.0}, {"clip_norm": 1.0}, {"clip_value": 1.0}, {"dropout": 0.1},
            {"batch_norm": True}, {"layer_rates": [1, 1, 0]},
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_is_refused_with_a_reason(options, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier((6, 5), **{"max_iter": 2, **options}).fit(X, y)


def test_a_warm_start_cannot_change_the_normalisation():
    model = MLPClassifier((6,), warm_start=True, max_iter=2, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"has layers 4-6-3, but now 4-6 \(batch_norm\)-3 are asked for"):
        model.set_params(batch_norm=True).fit(X, y)


WEIGHTS = "an input dropped out, or a batch normalised over, counts rows and not weights"
CHECKED = [
    (MLPClassifier(dropout=0.1, max_iter=100), WEIGHTS),
    (MLPClassifier(batch_norm=True, max_iter=100), WEIGHTS),
    (MLPRegressor(l1=1e-4, l2=1e-3, weight_decay=0.01, max_norm=10.0, clip_norm=5.0, init="auto", max_iter=100), ""),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("model", "reason"), CHECKED, ids=lambda value: repr(value)[:60])
def test_common_checks_of_scikit_learn(model, reason):
    equivalence = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]
    check_estimator(model, expected_failed_checks=dict.fromkeys(equivalence, reason) if reason else None)


def test_batch_normalisation_refuses_a_single_row():
    said = "batch_norm needs at least two rows to normalise over, but X has 1 sample."
    model = MLPClassifier((4,), batch_norm=True, random_state=0)
    with pytest.raises(ValueError, match=said):
        model.partial_fit(X[:1], y[:1], classes=[0, 1, 2])
    assert not hasattr(model, "coefs_")
    before = model.partial_fit(X, y, classes=[0, 1, 2]).theta_.copy()
    with pytest.raises(ValueError, match=said):
        model.partial_fit(X[:1], y[:1])
    np.testing.assert_array_equal(model.theta_, before)
