"""Activations and losses against closed forms, scipy, scikit-learn's metrics, central differences and published numbers."""

from __future__ import annotations

import copy
import pickle
from functools import partial

import numpy as np
import pytest
from scipy import integrate, special, stats
from sklearn import metrics
from sklearn.base import clone
from sklearn.pipeline import FunctionTransformer

from chainrule.formulas.activations import ACTIVATIONS, ALIASES, get_activation
from chainrule.formulas.losses import LOSS_FAMILIES, LOSSES, Huber, LogLoss, Quantile, get_loss
from tests.combinations import PAIRS, REFUSED

POINTS = np.array([-30.0, -5.0, -1.0, -0.3, -1e-3, 1e-3, 0.2, 1.0, 4.0, 20.0])
KNOWN = {
    "identity": lambda z: z,
    "step": lambda z: np.heaviside(z, 0),
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: np.sinh(z) / np.cosh(z),
    "relu": lambda z: z * (z > 0),
    "leaky_relu": lambda z: np.maximum(z, z / 100),
    "elu": lambda z: z * (z > 0) + (np.e**z - 1) * (z <= 0),
    "selu": lambda z: 1.0507009873554805 * (z * (z > 0) + 1.6732632423543772 * (np.e**z - 1) * (z <= 0)),
    "gelu": lambda z: z * stats.norm.cdf(z),
    "softplus": lambda z: np.logaddexp(0, z),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "mish": lambda z: z * np.tanh(np.log(1 + np.e**z)),
    "exp": lambda z: np.e**z,
    "softmax": lambda z: special.softmax(z, axis=-1),
    "ordered": lambda z: np.array([[row[0] + sum(np.logaddexp(0, row[1:k])) for k in range(1, 5)] for row in z]),
}
TRAINABLE = [name for name, entry in ACTIVATIONS.items() if not entry.untrainable]
LAYERWISE = [name for name, entry in ACTIVATIONS.items() if entry.pullback]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_values(name):
    z = np.linspace(-4, 4, 12).reshape(3, 4)
    assert name in KNOWN, f"give tests/test_formulas.py an independent formula for {name!r}"
    np.testing.assert_allclose(ACTIVATIONS[name].value(z), KNOWN[name](z), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", [name for name, entry in ACTIVATIONS.items() if entry.slope])
def test_activation_slopes_are_central_differences(name):
    entry, h = ACTIVATIONS[name], 1e-6
    z = POINTS if name != "exp" else POINTS[:-1]
    numeric = (entry.value(z + h) - entry.value(z - h)) / (2 * h)
    np.testing.assert_allclose(entry.slope(z, entry.value(z)), numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", LAYERWISE)
def test_pullbacks_are_jacobian_products(name):
    rng, h, entry = np.random.RandomState(0), 1e-6, ACTIVATIONS[name]
    z, upstream = rng.randn(5, 4), rng.randn(5, 4)
    delta = entry.backward(z, entry.value(z), upstream)
    for k in range(4):
        step = h * np.eye(4)[k]
        numeric = ((entry.value(z + step) - entry.value(z - step)) / (2 * h) * upstream).sum(axis=1)
        np.testing.assert_allclose(delta[:, k], numeric, rtol=1e-7, atol=1e-9)


def test_ordered_outputs_never_decrease_and_reach_any_increasing_row():
    z = np.random.RandomState(1).uniform(-40, 40, (50, 6))
    assert (np.diff(ACTIVATIONS["ordered"].value(z), axis=1) >= 0).all()
    wanted = np.sort(z, axis=1)
    scores = np.hstack([wanted[:, :1], np.log(np.expm1(np.diff(wanted, axis=1)))])
    np.testing.assert_allclose(ACTIVATIONS["ordered"].value(scores), wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "loss", [*LOSSES.values(), LogLoss(0.1).build(), Quantile((0.1, 0.9)).build()], ids=lambda loss: loss.name
)
def test_losses_have_latex(loss):
    assert loss.latex.strip() and loss.latex.count("{") == loss.latex.count("}")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_latex_and_gain(name):
    entry = ACTIVATIONS[name]
    assert entry.latex.strip() and entry.gain > 0
    if entry.hidden and name not in ("logistic", "tanh", "step"):
        halves = [(-12, 0), (0, 12)]
        square = sum(integrate.quad(_density(lambda z: KNOWN[name](z) ** 2), *half, epsabs=1e-13)[0] for half in halves)
        assert entry.gain == pytest.approx(square**-0.5, rel=1e-9)


def _density(f):
    return lambda z: f(z) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def test_step_is_refused_in_training_and_points_to_the_perceptron_loss():
    assert set(ACTIVATIONS) - set(TRAINABLE) == {"step"}
    assert "perceptron" in ACTIVATIONS["step"].untrainable
    np.testing.assert_array_equal(ACTIVATIONS["step"].value(np.array([-1.0, -0.0, 0.0, 1e-300])), [0, 0, 0, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_keep_precision_and_are_finite(name, dtype):
    entry = ACTIVATIONS[name]
    for scale in (1.0, 90.0, 1e4, 1e30):
        z = np.array([[scale, -scale, 0.0], [-scale, scale, scale], [0.5, -scale, 1.0]], dtype)
        a = entry.value(z)
        delta = entry.backward(z, a, np.ones_like(a))
        assert a.dtype == delta.dtype == dtype and a.shape == delta.shape == z.shape
        if name != "exp" or scale == 1:
            assert np.isfinite(a).all() and np.isfinite(delta).all()


def losses():
    """Every table entry, and the families with hyper-parameters other than their defaults."""
    return {**LOSSES, "log_loss smoothed": LogLoss(0.2).build(), "huber 0.4": Huber(0.4).build()}


def soft_targets(rng, shape):
    y = rng.uniform(0.1, 0.9, shape)
    return y / y.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_loss_slopes_are_central_differences(loss, output):
    rng = np.random.RandomState(3)
    z = rng.uniform(0.1, 2, (6, 3)) * rng.choice([-1, 1], (6, 3))
    check_delta(LOSSES[loss], ACTIVATIONS[output], soft_targets(rng, (6, 3)), z)


@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_smoothed_slopes_are_central_differences(output):
    rng = np.random.RandomState(4)
    check_delta(LogLoss(0.3).build(), ACTIVATIONS[output], soft_targets(rng, (6, 3)), rng.randn(6, 3))


@pytest.mark.parametrize("output", ["identity", "ordered"])
def test_several_quantiles_share_one_target(output):
    rng = np.random.RandomState(5)
    loss = Quantile((0.1, 0.5, 0.9)).build()
    y, z = rng.randn(7, 1) * 3, rng.randn(7, 3)
    check_delta(loss, ACTIVATIONS[output], y, z)
    a = ACTIVATIONS[output].value(z)
    levels = [metrics.mean_pinball_loss(y[:, 0], a[:, k], alpha=q) for k, q in enumerate((0.1, 0.5, 0.9))]
    assert loss.rows(y, z, a, ACTIVATIONS[output]).mean() == pytest.approx(np.mean(levels), rel=1e-12)
    assert loss.default_output == "ordered" and loss.n_outputs(1) == 3
    with pytest.raises(ValueError, match=r"needs 1 target column\(s\), got 2"):
        loss.n_outputs(2)


def check_delta(entry, activation, y, z, h=1e-6):
    def rows(scores):
        return entry.rows(y, scores, activation.value(scores), activation)

    delta = entry.delta(y, z, activation.value(z), activation)
    for k in range(z.shape[1]):
        step = h * np.eye(z.shape[1])[k]
        np.testing.assert_allclose(delta[:, k], (rows(z + step) - rows(z - step)) / (2 * h), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("loss", "output"), [(name, out) for name, loss in losses().items() for out in loss.outputs])
def test_fused_losses_equal_the_plain_ones(loss, output):
    if output == "step":
        return  # the perceptron's loss is not a function of its 0/1 output
    rng = np.random.RandomState(4)
    z = rng.randn(8, 2)
    y = (rng.uniform(size=(8, 1)) > 0.5) * [[1.0, -1.0]] + [[0.0, 1.0]]
    entry, activation = losses()[loss], ACTIVATIONS[output]
    a = activation.value(z)
    plain = entry.value(y, a)
    if output == "softmax":
        share = entry.origin.label_smoothing
        plain = -special.xlogy(y * (1 - share) + share / 2, a).sum(axis=1)
    np.testing.assert_allclose(entry.outputs[output].value(y, z), plain, rtol=1e-12)


METRICS = {
    "squared_error": lambda y, a: metrics.mean_squared_error(y, a) / 2,
    "mse": metrics.mean_squared_error,
    "absolute_error": metrics.mean_absolute_error,
    "quantile": partial(metrics.mean_pinball_loss, alpha=0.5),
    "huber": lambda y, a: special.huber(1.0, a - y).mean(),
    "huber 0.4": lambda y, a: special.huber(0.4, a - y).mean(),
}


@pytest.mark.parametrize("name", METRICS)
def test_regression_losses_are_scikit_learns_metrics_as_reported(name):
    rng = np.random.RandomState(6)
    y, a = rng.randn(9, 3), rng.randn(9, 3)
    entry = losses()[name]
    assert entry.reported(entry.value(y, a).mean(), 3) == pytest.approx(METRICS[name](y, a), rel=1e-12)


def test_classification_losses_are_scikit_learns_metrics():
    rng = np.random.RandomState(7)
    z, label = rng.randn(30, 4), rng.randint(4, size=30)
    y, softmax = np.eye(4)[label], ACTIVATIONS["softmax"]
    a = softmax.value(z)
    assert LOSSES["log_loss"].rows(y, z, a, softmax).mean() == pytest.approx(metrics.log_loss(label, a), rel=1e-12)
    binary, score = (label > 1).astype(float)[:, None], z[:, :1]
    expected = metrics.hinge_loss(binary[:, 0], score[:, 0])
    assert LOSSES["hinge"].value(binary, score).mean() == pytest.approx(expected, rel=1e-12)
    count, rate = rng.poisson(2, (30, 1)).astype(float), np.exp(score)
    deviance = metrics.mean_poisson_deviance(count, rate) / 2
    for output, scores in (("exp", score), ("softplus", np.log(np.expm1(rate)))):
        rows = LOSSES["poisson"].rows(count, scores, rate, ACTIVATIONS[output])
        assert rows.mean() == pytest.approx(deviance, rel=1e-12)


# w, b, updates, first epoch without an error: Rosenblatt's rule from zero weights, rows in the order 00, 01, 10, 11.
GATES = {
    "AND": ((0, 0, 0, 1), (2, 1), -2, 10, 6),
    "OR": ((0, 1, 1, 1), (1, 1), 0, 4, 4),
    "NAND": ((1, 1, 1, 0), (-2, -1), 3, 11, 6),
}


@pytest.mark.parametrize("output", LOSSES["perceptron"].outputs)
@pytest.mark.parametrize("gate", GATES)
def test_perceptron_slope_is_rosenblatts_rule(gate, output):
    truth, w_end, b_end, expected_updates, expected_epoch = GATES[gate]
    loss, activation = LOSSES["perceptron"], ACTIVATIONS[output]
    w, b, updates, errors, epoch = np.zeros(2), 0.0, 0, 1, 0
    while errors:
        errors, epoch = 0, epoch + 1
        for x, y in zip(np.array([(0, 0), (0, 1), (1, 0), (1, 1)]), truth, strict=True):
            z = np.array([[w @ x + b]])
            delta = loss.delta(np.array([[float(y)]]), z, activation.value(z), activation)[0, 0]
            assert delta == (z[0, 0] > 0) - y
            w, b, errors = w - delta * x, b - delta, errors + (delta != 0)
        updates += errors
    assert (tuple(w), b, updates, epoch) == (w_end, b_end, expected_updates, expected_epoch)


@pytest.mark.parametrize("scale", [1e4, 1e30])
@pytest.mark.parametrize("output", LOSSES["log_loss"].outputs)
def test_log_loss_is_exact_for_any_score(scale, output):
    z = np.array([[scale, -scale], [-scale, scale]])
    y, activation = np.array([[0.0, 1.0]] * 2), ACTIVATIONS[output]
    rows = LOSSES["log_loss"].rows(y, z, activation.value(z), activation)
    assert rows[0] == pytest.approx(2 * scale, rel=1e-12) and rows[1] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_losses_keep_precision_and_are_finite(loss, output, dtype):
    entry, activation = LOSSES[loss], ACTIVATIONS[output]
    y = np.array([[0.0, 1.0]] * 4, dtype)
    for scale in (1.0, 90.0, 1e4, 1e30):
        if output == "exp" and scale > 1:
            continue  # e**90 cannot be squared, e**1e4 not be written
        z = np.array([[scale, -scale], [-scale, scale], [scale, scale], [0.0, scale]], dtype)
        a = activation.value(z)
        with np.errstate(over="ignore"):
            rows = entry.rows(y, z, a, activation)
        delta = entry.delta(y, z, a, activation)
        assert rows.dtype == delta.dtype == dtype and rows.shape == (4,) and delta.shape == z.shape
        assert np.isfinite(delta).all()
        # The square of 1e30 is beyond float32.
        assert np.isfinite(rows).all() or (loss in ("squared_error", "mse") and scale == 1e30 and dtype == np.float32)


@pytest.mark.parametrize(("loss", "output"), REFUSED)
def test_refused_pairs_say_why(loss, output):
    with pytest.raises(ValueError, match=r"does not go with output activation .*: .+\. Use one of"):
        LOSSES[loss].check_output(ACTIVATIONS[output])


def test_the_pairs_of_the_lectures_and_of_common_use_are_allowed():
    wanted = {
        ("squared_error", "logistic"),  # lectures 001 and 003
        ("mse", "logistic"),
        ("log_loss", "softmax"),
        ("log_loss", "logistic"),
        ("absolute_error", "relu"),
        ("huber", "softplus"),
        ("quantile", "identity"),
        ("poisson", "exp"),
        ("poisson", "softplus"),
        ("hinge", "identity"),
        ("perceptron", "step"),
    }
    assert wanted <= set(PAIRS)
    refused = {("hinge", "softmax"), ("perceptron", "logistic"), ("mse", "ordered"), ("poisson", "identity")}
    assert refused <= set(REFUSED)


@pytest.mark.parametrize(("get", "table"), [(get_activation, ACTIVATIONS), (get_loss, LOSSES)])
def test_lookup(get, table):
    for name, entry in table.items():
        assert get(get(name)) is entry
    name = next(iter(table))
    with pytest.raises(ValueError, match="Did you mean"):
        get(name + "x")
    with pytest.raises(TypeError, match="must be one of"):
        get(3)


def test_aliases():
    assert {alias: get_activation(alias).name for alias in ALIASES} == ALIASES
    assert get_activation("swish") is ACTIVATIONS["silu"] and get_loss("mae") is LOSSES["absolute_error"]


@pytest.mark.parametrize("name", ["cross_entropy", "binary_crossentropy", "categorical_crossentropy"])
def test_other_names_of_cross_entropy_are_told(name):
    with pytest.raises(ValueError, match=f"unknown loss '{name}'.*Did you mean 'log_loss'"):
        get_loss(name)


@pytest.mark.parametrize("name", LOSS_FAMILIES)
def test_families_build_the_table_entries(name):
    family = LOSS_FAMILIES[name]()
    assert get_loss(family) == LOSSES[name] and LOSSES[name].origin == family


@pytest.mark.parametrize("family", [Huber(0.3), Quantile((0.2, 0.8)), LogLoss(0.1)], ids=repr)
def test_families_can_be_copied_pickled_and_cloned(family):
    for same in (copy.deepcopy(family), pickle.loads(pickle.dumps(family)), clone_of(family), eval(repr(family))):
        assert same == family and same.build() == family.build() and hash(same) == hash(family)
    loss = family.build()
    assert copy.deepcopy(loss) == loss == pickle.loads(pickle.dumps(loss)) != type(family)().build()


def clone_of(family):
    return clone(FunctionTransformer(kw_args={"loss": family})).kw_args["loss"]


@pytest.mark.parametrize("entry", [*ACTIVATIONS.values(), *LOSSES.values()], ids=lambda entry: entry.name)
def test_table_entries_can_be_pickled(entry):
    assert pickle.loads(pickle.dumps(entry)) == entry


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Huber(0), r"Huber: delta must be a number in \(0, inf\); got 0"),
        (lambda: Huber(np.inf), "delta"),
        (lambda: Huber("1"), "delta"),
        (lambda: Quantile(1.0), "levels must be numbers between 0 and 1"),
        (lambda: Quantile(()), "levels"),
        (lambda: Quantile(np.array(1.5)), "levels must be numbers between 0 and 1"),
        (lambda: Quantile(np.full((2, 2), 0.5)), "levels"),
        (lambda: Quantile(None), "levels"),
        (lambda: Quantile((0.5, "a")), "levels"),
        (lambda: Quantile((0.5, np.nan)), "levels"),
        (lambda: Quantile(True), "levels"),
        (lambda: Huber(True), "delta"),
        (lambda: Quantile((0.9, 0.1)), r"must increase.*Try \(0.1, 0.9\)"),
        (lambda: LogLoss(1.0), r"LogLoss: label_smoothing must be a number in \[0, 1\); got 1.0"),
        (lambda: LogLoss(-0.1), "label_smoothing"),
    ],
)
def test_impossible_hyper_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_one_level_may_be_a_number():
    forms = [(0.9,), [0.9], np.array([0.9]), np.array(0.9), np.float64(0.9)]
    assert all(Quantile(form) == Quantile(0.9) and type(Quantile(form).levels[0]) is float for form in forms)
    assert Quantile(0.9).build().n_outputs(3) == 3
