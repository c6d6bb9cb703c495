"""The lectures' and the literature's worked examples: printed numbers, PyTorch, the engines, Mazur's long run."""

from __future__ import annotations

import re

import numpy as np
import pytest

from chainrule.engines.scalar import graph as network_graph
from chainrule.graph.examples import (
    EXAMPLES,
    MAZUR_BIASES,
    MAZUR_RATE,
    MAZUR_WEIGHTS,
    descend,
    mazur,
    mazur_sequential_step,
    two_inputs,
    two_inputs_updated,
)
from chainrule.network import Dense, Network


@pytest.mark.parametrize("name", EXAMPLES)
def test_printed_numbers_are_the_graphs(name):
    example = EXAMPLES[name]()
    for printed in example.printed:
        assert abs(printed.found(example.graph) - float(printed.text)) <= 0.5001 * printed.unit, printed
    assert example.title and example.source


def test_printed_numbers_stand_beside_the_graphs():
    text = str(two_inputs())
    assert "Σ = 0.379   (printed: 0.38)" in text
    assert re.search(r"∂J/∂w₁ = 0\.0595\d{10,}   \(printed: 0\.06\)", text)
    assert "ȳ" not in text and "y =" not in text.replace("ŷ =", ""), "what is given has no line"
    for name, make in EXAMPLES.items():
        assert str(make()).count("printed: ") == len(make().printed), name
    answer = str(two_inputs_updated())
    assert "w₂ = 0.33" in answer and "∂Σ/∂w₂ only" in answer and "so the error fell" in answer
    assert "did not fall" in str(two_inputs_updated(rate=-1.0))


@pytest.mark.parametrize("name", EXAMPLES)
def test_gradients_are_slopes_of_the_value(name):
    """Central differences through the graph itself: leaf changed, forward, loss read."""
    g = EXAMPLES[name]().graph
    wanted = {leaf.name: leaf.grad for leaf in g.leaves if not leaf.constant}
    assert wanted and all(isinstance(grad, float) for grad in wanted.values())
    for leaf_name, grad in wanted.items():
        leaf, values = g[leaf_name], []
        start = leaf.data
        for shift in (1e-6, -1e-6):
            leaf.data = start + shift
            values.append(g.forward()[0])
        leaf.data = start
        assert grad == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-6, abs=1e-8)


# ---- lecture 001 ----------------------------------------------------------------------------------------------------------


def test_lecture_001_to_full_precision():
    """Beside each number the lecture's; its 0.51 in 'Weight update' is x_2 where x_1 belongs, and both round to 0.06."""
    g = two_inputs().graph
    sigma, prediction, loss = g["Sigma"], g["ŷ"], g["J"]
    assert sigma.data == pytest.approx(0.379, rel=1e-15)  # 0.38
    assert prediction.data == pytest.approx(1 / (1 + np.exp(-0.379)), rel=1e-15)  # 0.59
    assert loss.data == pytest.approx(0.12183622263201524, rel=1e-14)  # 0.12
    assert prediction.grad == pytest.approx(prediction.data - 0.1, rel=1e-14)  # 0.49
    assert prediction.slope(0) == pytest.approx(0.25 / np.cosh(0.379 / 2) ** 2, rel=1e-14)  # 0.24
    assert g["w_1"].grad == pytest.approx(prediction.grad * prediction.slope(0) * 0.50, rel=1e-14)  # 0.06
    assert g["w_2"].grad == pytest.approx(prediction.grad * prediction.slope(0) * 0.51, rel=1e-14)  # 0.06
    assert round(g["w_1"].grad, 2) == round(0.49 * 0.24 * 0.51, 2) == 0.06


def test_lecture_001_exercise():
    """w_2's update needs one new derivative; the new prediction is 0.58, and the error fell."""
    answer = two_inputs_updated()
    assert {name: round(weight, 2) for name, weight in answer.weights.items()} == {"w_1": 0.29, "w_2": 0.34}
    w = np.array([0.35, 0.40])
    x = np.array([0.50, 0.51])

    def forward(w):
        a = 1 / (1 + np.exp(-(w @ x)))
        return a, 0.5 * (0.1 - a) ** 2

    a, loss = forward(w)
    after = w - (a - 0.1) * a * (1 - a) * x
    np.testing.assert_allclose(list(answer.weights.values()), after, rtol=1e-14)
    np.testing.assert_allclose(answer.prediction, [a, forward(after)[0]], rtol=1e-14)
    np.testing.assert_allclose(answer.loss, [loss, forward(after)[1]], rtol=1e-14)
    assert answer.error_fell and round(answer.prediction[1], 2) == 0.58
    # All that the two gradients do not share is dSigma/dw.
    g = two_inputs().graph
    shared = {(id(s), k) for s in (g["J"], g["ŷ"], g["Sigma"]) for k in range(len(s.inputs))}
    last = [term for step in g.backward_pass() if step.node.name == "w_2" for term in step.terms]
    assert len(last) == len(answer.new_gradients) == 1
    assert (id(last[0].consumer), last[0].place) not in shared and last[0].local == 0.51


def test_lecture_001_with_one_more_layer():
    """Each weight of the new first layer sees two more factors: dJ/dv_ij = dJ/dSigma w_i h_i (1 - h_i) x_j."""
    g = EXAMPLES["two_inputs_deeper"]().graph
    for i in (1, 2):
        h = g[f"h_{i}"].data
        for j, x in ((1, 0.50), (2, 0.51)):
            wanted = g["Sigma"].grad * g[f"w_{i}"].data * h * (1 - h) * x
            assert g[f"v_{i}{j}"].grad == pytest.approx(wanted, rel=1e-14)
        assert g[f"w_{i}"].grad == pytest.approx(g["Sigma"].grad * h, rel=1e-14)
    network = Network(2, (Dense(2, "logistic"), Dense(1, "logistic")), "squared_error")
    V = np.array([[g["v_11"].data, g["v_21"].data], [g["v_12"].data, g["v_22"].data]])
    theta = network.pack([V, np.array([[0.35], [0.40]])], [np.zeros(2), np.zeros(1)])
    loss, gradient = network.loss_and_gradient(theta, [[0.50, 0.51]], [[0.10]])
    assert g["J"].data == pytest.approx(loss, rel=1e-14)
    mine = [g[name].grad for name in ("v_11", "v_21", "v_12", "v_22", "w_1", "w_2")]
    np.testing.assert_allclose(mine, gradient[:6], rtol=1e-13)


# ---- lecture 000 ----------------------------------------------------------------------------------------------------------


def test_lecture_000_backward_pass():
    """The four derivatives of its summary, and those it leaves to the reader."""
    g = EXAMPLES["two_hidden_units"]().graph
    value = {node.name: node.data for node in g if node.name}
    delta = value["y"] - value["ȳ"]
    assert g["phi_0"].grad == pytest.approx(2 * delta)
    assert g["f_1"].data > 0 > g["f_2"].data
    for unit, bias in ((1, "theta_01"), (2, "theta_02")):
        slope = 1.0 if value[f"f_{unit}"] > 0 else 0.0
        assert g[f"phi_{unit}"].grad == pytest.approx(2 * delta * value[f"h_{unit}"])
        assert g[f"theta_{unit}1"].grad == pytest.approx(2 * delta * value[f"phi_{unit}"] * slope * value["x"])
        assert g[bias].grad == pytest.approx(2 * delta * value[f"phi_{unit}"] * slope)


def test_lecture_000_one_neuron_per_layer():
    """One more hidden layer, two more factors: each number is the product along one chain."""
    g = EXAMPLES["one_neuron_per_layer"]().graph
    value = {node.name: node.data for node in g if node.name}
    assert value["h_1"] == pytest.approx(np.tanh(0.8 * 2 - 1)) and value["h_2"] == pytest.approx(
        np.tanh(1.2 * value["h_1"] - 0.3)
    )
    down = 2 * (value["y"] - value["ȳ"])
    assert (g["phi_0"].grad, g["phi_1"].grad) == pytest.approx((down, down * value["h_2"]))
    down *= value["phi_1"] * (1 - value["h_2"] ** 2)
    assert (g["psi_01"].grad, g["psi_11"].grad) == pytest.approx((down, down * value["h_1"]))
    down *= value["psi_11"] * (1 - value["h_1"] ** 2)
    assert (g["theta_01"].grad, g["theta_11"].grad) == pytest.approx((down, down * value["x"]))


def test_lecture_000_composed_function():
    g = EXAMPLES["sine_of_logarithm"]().graph
    assert (g["F"].data, g["x"].grad) == pytest.approx((np.sin(np.log(2)), np.cos(np.log(2)) / 2), rel=1e-15)


# ---- lecture 003 ----------------------------------------------------------------------------------------------------------


def test_lecture_003_arithmetic_step_by_step():
    """'The pattern': each step is one known derivative times one local derivative."""
    g = EXAMPLES["arithmetic"]().graph
    assert {node.name: (node.data, node.grad) for node in g if node.name} == {
        "a": (1.5, 36.0), "b": (0.5, 36.0), "c": (3.0, 24.0), "d": (2.0, 36.0), "e": (6.0, 12.0), "f": (36.0, 1.0),
    }  # fmt: skip
    said = {step.node.name: step.text for step in g.backward_pass()}
    assert said["d"] == "∂f/∂d = ∂f/∂e·∂e/∂d = 12·3 = 36"
    assert said["a"] == "∂f/∂a = ∂f/∂d·∂d/∂a = 36·1 = 36"


def test_lecture_003_two_paths():
    """dL/dx_j = dL/dz_1 V_1j + dL/dz_2 V_2j."""
    g = EXAMPLES["linear_layer"]().graph
    V = np.array([[0.5, 0.25], [-1.5, 2.0]])
    z = V @ [1.0, -2.0]
    delta = z - [1.0, -4.0]
    assert [g["z_1"].grad, g["z_2"].grad] == pytest.approx(delta)
    assert [g["x_1"].grad, g["x_2"].grad] == pytest.approx(V.T @ delta)
    np.testing.assert_allclose([g[f"V_{i}{j}"].grad for i in (1, 2) for j in (1, 2)], np.outer(delta, [1, -2]).ravel())
    step = next(step for step in g.backward_pass() if step.node.name == "x_1")
    assert [term.local for term in step.terms] == [0.5, -1.5]


def test_lecture_003_network():
    """Its first network, 2-3-2 with sigmoids: the gradients of 'Identifying the derivatives', put together."""
    network = Network(2, (Dense(3, "logistic"), Dense(2, "logistic")), "squared_error")
    theta, x, y = network.init(4), np.array([0.3, -0.8]), np.array([0.2, 0.9])
    g = network_graph(network, theta, x, y)
    g.backward()
    views = network.views(theta)
    h = 1 / (1 + np.exp(-(x @ views.W[0] + views.b[0])))
    z = 1 / (1 + np.exp(-(h @ views.W[1] + views.b[1])))
    of_z = z - y
    of_w = [of_z[i] * z[i] * (1 - z[i]) * h for i in range(2)]
    of_h = sum(of_z[i] * z[i] * (1 - z[i]) * views.W[1][:, i] for i in range(2))
    of_v = [of_h[j] * h[j] * (1 - h[j]) * x for j in range(3)]
    found = network.views(g.gradient())
    np.testing.assert_allclose(found.W[1].T, of_w, rtol=1e-12)
    np.testing.assert_allclose(found.W[0].T, of_v, rtol=1e-12)
    np.testing.assert_allclose([g[f"a[0][{j}]"].grad for j in range(3)], of_h, rtol=1e-12)


# ---- Mazur ----------------------------------------------------------------------------------------------------------------

MAZUR = Network(2, (Dense(2, "logistic"), Dense(2, "logistic")), "squared_error")
INPUTS, TARGETS = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
START = np.r_[0.15, 0.25, 0.20, 0.30, 0.40, 0.50, 0.45, 0.55, 0.35, 0.35, 0.60, 0.60]  # theta: W (inputs, outputs)
ORDER = [0, 2, 1, 3, 4, 6, 5, 7]  # w1..w8 in theta
BIASES_FIXED, ALL = np.r_[np.ones(8), np.zeros(4)], np.ones(12)


def error(theta) -> float:
    return MAZUR.loss_and_gradient(theta, INPUTS, TARGETS)[0]


def trained(updates: int, moving, theta=START):
    """Simultaneous updates by the engine."""
    for _ in range(updates):
        theta = theta - MAZUR_RATE * moving * MAZUR.loss_and_gradient(theta, INPUTS, TARGETS)[1]
    return theta


def test_mazur_is_the_network():
    g = mazur().graph
    loss, gradient = MAZUR.loss_and_gradient(START, INPUTS, TARGETS)
    assert g["E"].data == pytest.approx(loss, rel=1e-15)
    np.testing.assert_allclose([g[name].grad for name in MAZUR_WEIGHTS], gradient[ORDER], rtol=1e-13)
    np.testing.assert_allclose([g[name].grad for name in MAZUR_BIASES], gradient[8:], rtol=1e-13)


def test_mazur_sum_over_paths():
    """dE/dout_h = two paths: .036350306 = .055399425 - .019049118 and .041370323 = .062324353 - .020954030."""
    steps = {step.node.name: step for step in mazur().graph.backward_pass()}
    for name, paths in (("out_h1", (0.055399425, -0.019049118)), ("out_h2", (0.062324353, -0.020954030))):
        found = sorted((term.product for term in steps[name].terms), reverse=True)
        assert found == pytest.approx(paths, abs=5.01e-10)
    g = mazur().graph
    slopes = [g[f"out_{unit}"].slope(0) for unit in ("h1", "h2", "o1", "o2")]
    assert slopes == pytest.approx([0.241300709, 0.240613417, 0.186815602, 0.175510053], abs=5.01e-10)


def test_mazur_one_update():
    g = mazur().graph
    descend(g, MAZUR_WEIGHTS, MAZUR_RATE)
    wanted = [0.149780716, 0.199561432, 0.249751144, 0.299502287, 0.358916480, 0.408666186, 0.511301270, 0.561370121]
    assert [g[name].data for name in MAZUR_WEIGHTS] == pytest.approx(wanted, abs=5.01e-10)
    assert g["E"].data == pytest.approx(0.2910277736936, abs=5.01e-14)
    descend(g, MAZUR_WEIGHTS, MAZUR_RATE)
    assert g["E"].data == pytest.approx(0.2835471331, abs=5.01e-11)
    for _ in range(98):
        descend(g, MAZUR_WEIGHTS, MAZUR_RATE)
    assert g["E"].data == pytest.approx(0.0200468282, abs=5.01e-11)


def test_mazur_biases_move_too():
    g = mazur().graph
    descend(g, MAZUR_WEIGHTS + MAZUR_BIASES, MAZUR_RATE)
    assert g["E"].data == pytest.approx(0.280471446791, abs=5.01e-13)
    found = [g[name].data for name in MAZUR_BIASES]
    assert found == pytest.approx([0.345614323, 0.345022873, 0.530750719, 0.619049118], abs=5.01e-10)
    assert [g["out_o1"].data, g["out_o2"].data] == pytest.approx([0.728441762, 0.778376920], abs=5.01e-10)
    assert error(trained(10_000, ALL)) == pytest.approx(2.447562e-6, rel=3e-7)


def test_mazur_ten_thousand_simultaneous_updates():
    theta, done = START, 0
    for updates, loss in (
        (1, 0.2910277736936),
        (2, 0.2835471331),
        (10, 0.2209185921),
        (100, 0.0200468282),
        (1000, 0.0011143495),
    ):
        theta, done = trained(updates - done, BIASES_FIXED, theta), updates
        assert error(theta) == pytest.approx(loss, abs=5.01e-11)
    theta = trained(8_999, BIASES_FIXED, theta)
    assert error(theta) == pytest.approx(3.51085481e-5, rel=2e-9)  # the article's .0000351085 is after 9,999
    theta = trained(1, BIASES_FIXED, theta)
    assert error(theta) == pytest.approx(3.51018778e-5, rel=2e-9)
    wanted = [0.378510, 0.657020, 0.477301, 0.754601, -3.892977, -3.868417, 2.861811, 2.925689]
    assert theta[ORDER] == pytest.approx(wanted, abs=5.01e-7)
    assert MAZUR.predict(theta, INPUTS)[0] == pytest.approx([0.015913620, 0.984064274], abs=5.01e-10)


def sequential(theta):
    """The article's order in NumPy: hidden gradients through the output weights that are already new."""
    theta = theta.copy()
    views = MAZUR.views(theta)
    h = 1 / (1 + np.exp(-(INPUTS[0] @ views.W[0] + views.b[0])))
    o = 1 / (1 + np.exp(-(h @ views.W[1] + views.b[1])))
    delta = (o - TARGETS[0]) * o * (1 - o)
    views.W[1][...] -= MAZUR_RATE * np.outer(h, delta)
    views.W[0][...] -= MAZUR_RATE * np.outer(INPUTS[0], views.W[1] @ delta * h * (1 - h))
    return theta


def test_mazur_sequential_updates_are_the_articles():
    """The article's closing numbers come from another order of updates than its text gives."""
    g, theta = mazur().graph, START
    for _ in range(20):
        mazur_sequential_step(g)
        theta = sequential(theta)
        np.testing.assert_allclose([g[name].data for name in MAZUR_WEIGHTS], theta[ORDER], rtol=1e-12)
    assert error(sequential(START)) == pytest.approx(0.291027923905, abs=5.01e-13)  # printed: 0.291027924
    for _ in range(10_000 - 20):
        theta = sequential(theta)
    assert error(theta) == pytest.approx(3.50847863e-5, rel=2e-9)
    assert MAZUR.predict(theta, INPUTS)[0] == pytest.approx([0.015912196, 0.984065734], abs=5.01e-10)  # as printed


# ---- all of them, in PyTorch ----------------------------------------------------------------------------------------------


def test_expressions_typed_again_in_torch():
    torch = pytest.importorskip("torch")

    def leaf(number):
        return torch.tensor(number, dtype=torch.float64, requires_grad=True)

    a, b = leaf(-4.0), leaf(2.0)
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c - a
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    f = (c - d) ** 2
    out = f / 2 + 10 / f
    out.backward()
    g = EXAMPLES["sum_of_products"]().graph
    assert g["g"].data == pytest.approx(out.item(), rel=1e-14)
    assert [g["a"].grad, g["b"].grad] == pytest.approx([a.grad.item(), b.grad.item()], rel=1e-14)

    beta = [leaf(number) for number in (1.0, 2.0, -3.0, 0.4)]
    omega = [leaf(number) for number in (0.1, -0.4, 2.0, 3.0)]
    h = 2.3
    for k, apply in enumerate((torch.sin, torch.exp, torch.cos, lambda f: (f - 2.0) ** 2)):
        h = apply(beta[k] + omega[k] * h)
    h.backward()
    g = EXAMPLES["toy_chain"]().graph
    assert g["l"].data == pytest.approx(h.item(), rel=1e-13)
    for k in range(4):
        assert g[f"beta_{k}"].grad == pytest.approx(beta[k].grad.item(), rel=1e-12)
        assert g[f"omega_{k}"].grad == pytest.approx(omega[k].grad.item(), rel=1e-12)
