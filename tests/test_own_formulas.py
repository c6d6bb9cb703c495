"""A user's own formulas are checked numerically; heads refuse what cannot be a head.

The oracle of the check is the table: correct entries pass under another name, and each of them, spoilt, is found out.
"""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, special

from chainrule.formulas.activations import ACTIVATIONS, Activation, get_activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES, Fused, Huber, LogLoss, Loss, Quantile, get_loss
from chainrule.formulas.own import check_activation, check_loss, is_own
from chainrule.network import Dense, Network

TRAINABLE = [name for name, entry in ACTIVATIONS.items() if not entry.untrainable]
SMOOTH = Activation("arsinh", np.arcsinh, lambda z, a: 1 / np.sqrt(1 + z * z), r"\operatorname{arsinh} z")
LOG_COSH = Loss(
    "log_cosh",
    lambda y, a: np.log(np.cosh(a - y)).sum(axis=1),
    lambda y, a: np.tanh(a - y),
    r"\sum_k \log\cosh(a_k - y_k)",
)
FOCAL = Loss(
    "focal",
    lambda y, a: -(special.xlogy(y * (1 - a) ** 2, a)).sum(axis=1),
    lambda y, a: y * (2 * (1 - a) * np.log(a) - (1 - a) ** 2 / a),
    r"-\sum_k y_k (1 - a_k)^2 \log a_k",
)
FAMILIES = [Quantile((0.1, 0.5, 0.9)), Quantile(0.3), Huber(0.2), LogLoss(0.1)]


def spoilt(function, by=1.001):
    return lambda *arguments: by * function(*arguments)


@pytest.mark.parametrize("entry", [*ACTIVATIONS.values(), SMOOTH], ids=lambda entry: entry.name)
def test_correct_activations_pass(entry):
    check_activation(replace(entry, name="mine"))


@pytest.mark.parametrize("entry", [*map(get_loss, [*LOSSES, *FAMILIES]), LOG_COSH, FOCAL], ids=lambda entry: entry.name)
def test_correct_losses_pass(entry):
    check_loss(replace(entry, name="mine"))


@pytest.mark.parametrize("name", TRAINABLE)
@pytest.mark.parametrize("by", [1.001, -1.0, 0.0, np.nan])
def test_a_wrong_activation_slope_is_found_and_named(name, by):
    entry = ACTIVATIONS[name]
    part = "pullback" if entry.pullback else "slope"
    wrong = replace(entry, name="mine", **{part: spoilt(getattr(entry, part), by)})
    message = (
        rf"activation 'mine': {part} at z = \[.*\], output \d: .*, but the central difference of the value is -?[\d.]"
    )
    with pytest.raises(ValueError, match=message):
        check_activation(wrong)


@pytest.mark.parametrize("loss", [*map(get_loss, [*LOSSES, *FAMILIES]), LOG_COSH, FOCAL], ids=lambda loss: loss.name)
def test_a_wrong_loss_slope_is_found_and_named(loss):
    message = r"loss 'mine': slope at y = \[.*\], a = \[.*\], output \d: .*, but the central difference of the value is -?[\d.]"
    with pytest.raises(ValueError, match=message):
        check_loss(replace(loss, name="mine", slope=spoilt(loss.slope)))


@pytest.mark.parametrize(("loss", "output"), [(loss, output) for loss in LOSSES for output in LOSSES[loss].outputs])
def test_a_wrong_fused_slope_is_found_and_named(loss, output):
    entry = LOSSES[loss]
    fused = Fused(entry.outputs[output].value, spoilt(entry.outputs[output].slope))
    with pytest.raises(ValueError, match=rf"fused form of output activation '{output}': slope at y = \[.*\], z = \["):
        check_loss(replace(entry, name="mine", outputs={output: fused}))


def test_the_message_holds_both_numbers():
    doubled = replace(SMOOTH, slope=lambda z, a: 2 / np.sqrt(1 + z * z))
    slope = 1 / np.sqrt(1 + 2.9**2)
    with pytest.raises(ValueError) as caught:
        check_activation(doubled)
    shown = re.search(r"z = \[-2.9, -1.3, 0.52\], output 0: ([\d.]+), but .* is ([\d.]+)\. Correct", str(caught.value))
    np.testing.assert_allclose([float(number) for number in shown.groups()], [2 * slope, slope], rtol=1e-8)


@pytest.mark.parametrize("kink", [-2.9, -0.45, 0.17, 1.9])
def test_kinks_at_checked_points_are_left_out(kink):
    bent = Activation("bent", lambda z: np.abs(z - kink), lambda z, a: np.sign(z - kink), r"|z - c|")
    check_activation(bent)
    with pytest.raises(ValueError, match="central difference"):
        check_activation(replace(bent, slope=lambda z, a: np.zeros_like(z)))


def test_points_outside_the_domain_are_left_out():
    check_activation(Activation("root", np.sqrt, lambda z, a: 0.5 / a, r"\sqrt z"))
    nowhere = Activation("nowhere", lambda z: np.log(-np.abs(z)), lambda z, a: 1 / z, r"\log -|z|")
    with pytest.raises(ValueError, match="activation 'nowhere': slope could not be compared with its value"):
        check_activation(nowhere)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slope": None}, "neither a slope nor a pullback"),
        ({"value": lambda z: z.sum(axis=1)}, r"value\(z\) must be an array of shape \(5, 3\)"),
        ({"value": lambda z: np.arcsinh(z).astype(np.float32)}, r"in the precision of what it is given, got .*float32"),
        ({"slope": lambda z, a: np.ones((5, 1, 3))}, r"slope must be an array of shape \(5, 3\)"),
        ({"value": lambda z: z / np.abs(z).sum(axis=1, keepdims=True)}, "central difference"),
    ],
)
def test_misshapen_activations_are_refused(changes, message):
    with pytest.raises(ValueError, match=f"activation 'arsinh'.*{message}"):
        check_activation(replace(SMOOTH, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": lambda y, a: (a - y) ** 2}, r"value\(y, a\) must be an array of shape \(24,\)"),
        ({"value": lambda y, a: float(((a - y) ** 2).mean())}, r"must be an array of shape \(24,\).*got \d\.\d+"),
        ({"slope": lambda y, a: (a - y).sum(axis=1)}, r"slope must be an array of shape \(24, 2\)"),
    ],
)
def test_misshapen_losses_are_refused(changes, message):
    with pytest.raises(ValueError, match=f"loss 'log_cosh'.*{message}"):
        check_loss(replace(LOG_COSH, **changes))


def test_what_counts_as_own():
    assert not any(map(is_own, [*ACTIVATIONS.values(), *LOSSES.values(), *map(get_loss, FAMILIES)]))
    assert not is_own(copy.deepcopy(ACTIVATIONS["gelu"])) and not is_own(pickle.loads(pickle.dumps(LOSSES["huber"])))
    assert is_own(SMOOTH) and is_own(LOG_COSH) and is_own(replace(ACTIVATIONS["relu"], value=np.abs))


HEADS = Heads([Head(3, "softmax", "log_loss"), Head(2, "identity", Huber(2.0), 0.5), Head(1, SMOOTH, LOG_COSH, 2)])


def test_heads_serve_as_loss_and_as_activation():
    assert get_activation(HEADS).name == get_loss(HEADS).name == get_loss(HEADS).default_output == "heads"
    assert HEADS.units == 6 == get_loss(HEADS).n_outputs(6) and not get_activation(HEADS).hidden
    with pytest.raises(ValueError, match=r"needs 6 target column\(s\), got 5"):
        get_loss(HEADS).n_outputs(5)
    same = copy.deepcopy(HEADS)
    assert same == HEADS and get_activation(same) == get_activation(HEADS) and get_loss(same) == get_loss(HEADS)
    get_loss(same).check_output(get_activation(HEADS))


@pytest.mark.parametrize("other", [*ACTIVATIONS, Heads([Head(6, "identity", "mse")])], ids=str)
def test_heads_go_with_their_own_activation_only(other):
    with pytest.raises(ValueError, match="Use the object given as the loss"):
        get_loss(HEADS).check_output(get_activation(other))


@pytest.mark.parametrize("loss", LOSSES)
def test_no_single_loss_takes_heads(loss):
    with pytest.raises(ValueError, match="'heads'"):
        LOSSES[loss].check_output(get_activation(HEADS))


def test_own_formulas_within_heads_are_checked():
    check_loss(get_loss(HEADS))
    check_activation(get_activation(HEADS))
    wrong = Heads([Head(1, "identity", "mse"), Head(1, replace(SMOOTH, slope=lambda z, a: -a), LOG_COSH)])
    with pytest.raises(ValueError, match="activation 'arsinh'"):
        check_activation(get_activation(wrong))
    wrong = Heads([Head(1, "identity", "mse"), Head(1, SMOOTH, replace(LOG_COSH, slope=lambda y, a: -a))])
    with pytest.raises(ValueError, match="loss 'log_cosh'"):
        check_loss(get_loss(wrong))


def test_one_head_is_that_loss():
    rng = np.random.RandomState(0)
    y, z = rng.dirichlet(np.ones(3), 5), rng.randn(5, 3)
    heads, softmax = Heads([Head(3, "softmax", "log_loss")]), ACTIVATIONS["softmax"]
    loss, activation = get_loss(heads), get_activation(heads)
    a = activation.value(z)
    np.testing.assert_array_equal(loss.rows(y, z, a, activation), LOSSES["log_loss"].rows(y, z, a, softmax))
    np.testing.assert_array_equal(loss.delta(y, z, a, activation), LOSSES["log_loss"].delta(y, z, a, softmax))
    np.testing.assert_array_equal(loss.value(y, a), LOSSES["log_loss"].value(y, a))
    np.testing.assert_array_equal(loss.slope(y, a), LOSSES["log_loss"].slope(y, a))
    assert loss.rows(*(x.astype(np.float32) for x in (y, z, a)), activation).dtype == np.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Head(0, "identity", "mse"), "units must be a whole number, at least 1; got 0"),
        (lambda: Head(1, "identity", "mse", 0.0), r"Head: weight must be a number in \(0, inf\); got 0.0"),
        (lambda: Head(1, "identity", "poisson"), "does not go with output activation 'identity'"),
        (lambda: Head(2, "ordered", Quantile((0.1, 0.9))), "2 levels"),
        (lambda: Head(1, "ordered", "mse"), "does not go with output activation 'ordered'"),
        (lambda: Head(6, HEADS, HEADS), "cannot hold heads"),
        (lambda: Head(1, "step", "mse"), "activation 'step' cannot be trained"),
        (lambda: Heads([]), "at least one Head"),
        (lambda: Heads([("identity", "mse")]), "at least one Head"),
    ],
)
def test_impossible_heads_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_head_may_learn_by_the_perceptron_rule():
    heads = Heads([Head(1, "step", "perceptron"), Head(1, "identity", "mse")])
    z, y, activation = np.array([[0.0, 2.0], [3.0, 1.0]]), np.array([[1.0, 2.5], [0.0, 1.0]]), get_activation(heads)
    delta = get_loss(heads).delta(y, z, activation.value(z), activation)
    np.testing.assert_array_equal(delta, [[-1, -1], [1, 0]])


STEEPER = [
    ("identity", lambda z: 2 * z, lambda z, a: np.full_like(a, 2), "squared_error"),
    ("logistic", lambda z: special.expit(3 * z), lambda z, a: 3 * a * (1 - a), "mse"),
    ("exp", lambda z: np.exp(2 * z), lambda z, a: 2 * a, "squared_error"),
]


@pytest.mark.parametrize(("name", "value", "slope", "loss"), STEEPER)
def test_an_own_activation_is_itself_whatever_its_name(name, value, slope, loss):
    """Once as itself and once with a name of the table: the same loss, and its gradient by differences."""
    rng = np.random.RandomState(0)
    X, y = rng.randn(6, 3), rng.rand(6, 2)
    for engine in ("reference", "auto"):
        mine, named = (Network(3, [Dense(2, Activation(called, value, slope, ""))], loss) for called in ("mine", name))
        theta = mine.init(0)
        total, gradient = named.loss_and_gradient(theta, X, y, engine=engine)
        assert total == mine.loss_and_gradient(theta, X, y, engine=engine)[0]

        def objective(theta, network=named):
            return network.loss_and_gradient(theta, X, y)[0]

        np.testing.assert_allclose(gradient, optimize.approx_fprime(theta, objective, 1e-7), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "loss"), [("logistic", "log_loss"), ("exp", "poisson"), ("step", "perceptron")])
def test_an_own_activation_does_not_pass_for_the_built_in_one(name, loss):
    own = replace(ACTIVATIONS[name], value=lambda z: special.expit(3 * z), slope=lambda z, a: 3 * a * (1 - a))
    assert LOSSES[loss].fused(own) is None and LOSSES[loss].fused(ACTIVATIONS[name]) is not None
    for make in (lambda: Network(3, [Dense(1, own)], loss), lambda: Head(1, own, loss)):
        with pytest.raises(ValueError, match=rf"output activation '{name}' \(your own, not the built-in one"):
            make()


def changing(function, place=0):
    """The same function, which afterwards overwrites one of its arguments."""

    def changed(*arguments):
        result = function(*(argument.copy() for argument in arguments))
        arguments[place][...] = result if np.shape(result) == arguments[place].shape else 0
        return result

    return changed


def clipped_in_place(z):
    z[z < 0] = 0
    return z


def test_formulas_that_work_in_place_are_refused():
    relu = Activation("mine", clipped_in_place, lambda z, a: (z > 0).astype(float), "")
    said = "activation 'mine': value changes its argument number 0 in place"
    with pytest.raises(ValueError, match=said):
        Network(3, [Dense(4, relu), Dense(1, "identity")])
    for place in (0, 1):
        wrong = replace(SMOOTH, slope=changing(SMOOTH.slope, place))
        with pytest.raises(ValueError, match=f"'arsinh': slope changes its argument number {place} in place"):
            check_activation(wrong)
        for part in ("value", "slope"):
            wrong = replace(LOG_COSH, **{part: changing(getattr(LOG_COSH, part), place)})
            with pytest.raises(ValueError, match=f"'log_cosh': {part} changes its argument number {place} in place"):
                check_loss(wrong)
    softmax = ACTIVATIONS["softmax"]
    with pytest.raises(ValueError, match="pullback changes its argument number 2 in place"):
        check_activation(replace(softmax, name="mine", pullback=changing(softmax.pullback, 2)))
    check_activation(Activation("same", lambda z: z, lambda z, a: np.ones_like(a), ""))


@pytest.mark.parametrize("place", ["network", "heads"])
def test_fused_forms_with_an_own_activation_are_checked(place):
    """The logistic by another name, with its fused cross-entropy: right as it is, found out when spoilt."""
    own = replace(ACTIVATIONS["logistic"], name="mine")
    entry = LOSSES["log_loss"].outputs["logistic"]
    loss = replace(LOSSES["log_loss"], name="own_log_loss", origin=None, outputs={"mine": entry})
    wrong = replace(loss, outputs={"mine": Fused(entry.value, spoilt(entry.slope))})

    def build(loss):
        heads = Heads([Head(1, own, loss)])
        return Network(3, [Dense(1, own)], loss) if place == "network" else Network(3, [Dense(1, heads)], heads)

    X, y = np.random.RandomState(0).randn(6, 3), np.arange(6) % 2
    right, built_in = build(loss), Network(3, [Dense(1, "logistic")], "log_loss")
    for mine, theirs in zip(*(net.loss_and_gradient(right.init(0), X, y) for net in (right, built_in)), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    with pytest.raises(ValueError, match="loss 'own_log_loss': fused form of output activation 'mine': slope at"):
        build(wrong)
