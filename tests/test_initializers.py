"""Initializers: the scale of every entry against PyTorch's gains and fans, orthogonality, and scikit-learn's draws."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.initializers import INITIALIZERS, Normal, gain, get_initializer
from chainrule.network import Dense, Network

SHAPES = [(300, 200), (50, 700), (1, 900), (400, 1)]
# Ours -> PyTorch's function, its arguments.
TORCHS = {
    "glorot_uniform": ("xavier_uniform_", {}),
    "glorot_normal": ("xavier_normal_", {}),
    "he_uniform": ("kaiming_uniform_", {"nonlinearity": "relu"}),
    "he_normal": ("kaiming_normal_", {"nonlinearity": "relu"}),
    "lecun_normal": ("kaiming_normal_", {"nonlinearity": "linear"}),
    "normal": ("normal_", {"std": 0.05}),
    "zeros": ("zeros_", {}),
    "orthogonal": ("orthogonal_", {"gain": 2**0.5}),
    "auto": ("kaiming_normal_", {"nonlinearity": "relu"}),
}
# Ours -> PyTorch's name of a nonlinearity.
GAINS = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "leaky_relu": "leaky_relu"}


def draw(name, fan_in, fan_out, activation="relu", seed=0):
    return get_initializer(name)(np.random.RandomState(seed), fan_in, fan_out, activation)


def flat_spread(kind, fan_in, fan_out, seed=0):
    """Standard normal or uniform numbers in +-1, as the initializer draws them."""
    rng = np.random.RandomState(seed)
    return rng.normal(size=(fan_in, fan_out)) if kind == "normal" else rng.uniform(-1, 1, (fan_in, fan_out))


def test_every_initializer_is_compared():
    assert set(TORCHS) == set(INITIALIZERS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [name for name in TORCHS if name not in ("orthogonal", "zeros")])
def test_the_scale_is_pytorchs(name, shape):
    """PyTorch's own function says its scale: it hands it to uniform_ or normal_."""
    torch = pytest.importorskip("torch")
    function, options = TORCHS[name]
    drawn = {}
    tensor = type("Spy", (torch.Tensor,), {})(torch.empty(shape[::-1]))
    tensor.uniform_ = lambda low, high, generator=None: drawn.update(kind="uniform", scale=high)
    tensor.normal_ = lambda mean, std, generator=None: drawn.update(kind="normal", scale=std)
    getattr(torch.nn.init, function)(tensor, **options)
    weights, _ = draw(name, *shape)
    np.testing.assert_allclose(weights, drawn["scale"] * flat_spread(drawn["kind"], *shape), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("activation", GAINS)
def test_auto_takes_pytorchs_gain_of_the_activation(activation):
    torch = pytest.importorskip("torch")
    if activation not in ACTIVATIONS:
        pytest.skip(f"{activation} is not in the table")
    theirs = torch.nn.init.calculate_gain(GAINS[activation])
    np.testing.assert_allclose(gain(activation), theirs, rtol=1e-12)
    weights, _ = draw("auto", 60, 40, activation)
    np.testing.assert_allclose(weights, theirs / 60**0.5 * flat_spread("normal", 60, 40), rtol=1e-12)


@pytest.mark.parametrize("shape", [*SHAPES, (5, 5)])
@pytest.mark.parametrize("activation", ["identity", "tanh", "relu"])
def test_orthogonal_is_orthogonal(shape, activation):
    W, _ = draw("orthogonal", *shape, activation)
    product = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(product, gain(activation) ** 2 * np.eye(min(shape)), atol=1e-12)


@pytest.mark.parametrize("shape", [*SHAPES, (5, 5)])
def test_orthogonal_is_pytorchs(shape, monkeypatch):
    """PyTorch's own function on the same normal numbers; it orthogonalises the transpose of a wide matrix too."""
    torch = pytest.importorskip("torch")
    tall = (max(shape), min(shape))
    drawn = torch.tensor(np.random.RandomState(0).normal(size=tall))
    theirs = torch.empty(shape, dtype=torch.float64)
    monkeypatch.setattr(
        torch.Tensor,
        "normal_",
        lambda tensor, *args, **kwargs: tensor.copy_(drawn if tensor.shape == tall else drawn.T),
    )
    function, options = TORCHS["orthogonal"]
    getattr(torch.nn.init, function)(theirs, **options)
    np.testing.assert_allclose(draw("orthogonal", *shape)[0], theirs.numpy(), rtol=1e-9, atol=1e-12)


def test_orthogonal_has_no_preferred_sign():
    signs = [np.sign(np.linalg.det(draw("orthogonal", 3, 3, "identity", seed)[0])) for seed in range(200)]
    assert abs(np.mean(signs)) < 0.25


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", INITIALIZERS)
def test_shapes_biases_and_seeds(name, shape):
    W, b = draw(name, *shape)
    assert W.shape == shape and b.shape == shape[1:] and W.dtype == b.dtype == np.float64
    assert W.flags.c_contiguous
    assert name == "glorot_uniform" or not b.any()
    assert name == "zeros" or (draw(name, *shape, seed=1)[0] != W).any()
    np.testing.assert_array_equal(W, draw(name, *shape)[0])


@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_glorot_uniform_draws_scikit_learns_numbers(activation):
    theirs = MLPRegressor((6,), activation=activation, random_state=5, max_iter=1)
    X = np.zeros((4, 3))
    theirs._random_state = np.random.RandomState(5)
    theirs._initialize(np.zeros((4, 1)), [3, 6, 1], X.dtype)
    W, b = draw("glorot_uniform", 3, 6, activation, seed=5)
    np.testing.assert_array_equal(W, theirs.coefs_[0])
    np.testing.assert_array_equal(b, theirs.intercepts_[0])


def test_auto_keeps_the_size_of_the_activations_in_a_deep_stack():
    """He et al. 2015: with the gain of relu the mean square stays; with glorot's it shrinks by half a layer."""
    network = Network(256, tuple(Dense(256, "relu") for _ in range(20)))
    X = np.random.RandomState(0).normal(size=(64, 256))
    kept = np.mean(network.predict(network.init(0, "auto"), X) ** 2)
    lost = np.mean(network.predict(network.init(0, "glorot_normal"), X) ** 2)
    assert 0.2 < kept < 5 and lost < 1e-4


@pytest.mark.parametrize("name", INITIALIZERS)
def test_entries_are_plain_functions_of_their_arguments(name):
    entry = INITIALIZERS[name]
    assert len(inspect.signature(entry).parameters) == 4
    again = pickle.loads(pickle.dumps(entry))
    np.testing.assert_array_equal(again(np.random.RandomState(0), 3, 2, "tanh")[0], draw(name, 3, 2, "tanh")[0])


def test_names_objects_and_refusals():
    assert get_initializer("normal") == Normal() and get_initializer(Normal(0.3)).std == 0.3
    assert gain("sigmoid") == gain("logistic") and gain("my own") == 1.0
    with pytest.raises(ValueError, match=r"unknown initializer 'he_norml'.*Did you mean 'he_normal'"):
        get_initializer("he_norml")
    with pytest.raises(ValueError, match=r"Normal: std must be a number in \[0, inf\); got -1"):
        Normal(-1)
    network = Network(3, [Dense(2, "relu"), Dense(1, "identity")])
    with pytest.raises(
        TypeError, match=r"initializer must be a name or an object such as Normal\(...\), got the class"
    ):
        network.init(0, Normal)


@pytest.mark.parametrize("name", ["mine", "relu"])
def test_an_own_activation_is_drawn_by_its_own_gain(name):
    """Whatever it is called; 3 times the matrix that PyTorch's gain of 1 gives, and a user's callable still gets a str."""
    own = Activation(name, lambda z: z / 3, lambda z, a: np.full_like(a, 1 / 3), "", gain=3.0)
    mine, plain = (Network(40, [Dense(30, hidden), Dense(1, "identity")]) for hidden in (own, "identity"))
    for initializer in ("auto", "orthogonal"):
        np.testing.assert_allclose(
            mine.views(mine.init(0, initializer)).W[0], 3 * plain.views(plain.init(0, initializer)).W[0], rtol=1e-12
        )
    asked = []

    def noted(rng, fan_in, fan_out, activation):
        asked.append(activation)
        return np.zeros((fan_in, fan_out)), np.zeros(fan_out)

    mine.init(0, noted)
    assert asked == [name, "identity"] and {name: 1}[asked[0]] == 1 and isinstance(asked[0], str)
