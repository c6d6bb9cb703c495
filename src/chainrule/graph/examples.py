"""The worked examples of the lectures and of the literature as graphs, with the numbers that were printed.

Each function builds its graph anew, computed forward and backward. `Printed` numbers are rounded as in the source; the graph has
all digits. Where a source gives formulas without numbers, the numbers are ours and nothing is printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chainrule.graph.graph import Graph
from chainrule.graph.names import as_text
from chainrule.graph.value import Value


@dataclass(frozen=True)
class Printed:
    """A number as the source prints it.

    Parameters
    ----------
    node : str
        Name of the node.
    text : str
        The number.
    gradient : bool
        Whether it is the node's gradient, not its value.
    """

    node: str
    text: str
    gradient: bool = False

    def found(self, graph: Graph) -> float | None:
        """The graph's own number."""
        node = graph[self.node]
        return node.grad if self.gradient else node.data

    @property
    def unit(self) -> float:
        """One in the last printed digit."""
        _, _, decimals = self.text.partition(".")
        return float(10.0 ** -len(decimals))


@dataclass(frozen=True)
class Example:
    """A worked example.

    Parameters
    ----------
    title : str
        What it is.
    source : str
        Where it comes from.
    graph : Graph
        Computed forward and backward.
    printed : tuple of Printed
        What the source prints.
    """

    title: str
    source: str
    graph: Graph
    printed: tuple[Printed, ...] = ()

    def __str__(self) -> str:
        """Title and source, then every number to its last digit with the printed one beside it."""
        printed = {(each.node, each.gradient): each.text for each in self.printed}
        output = self.graph.label(self.graph.outputs[0])
        lines = [f"{self.title} ({self.source})"]
        for node in (node for node in self.graph if node.name and not (node.constant and not node.operation)):
            value = [("", node.data, False)] if node.operation else []
            slope = [(f"∂{output}/∂", node.grad, True)] if node is not self.graph.outputs[0] else []
            for sign, number, gradient in (*value, *slope):
                text = printed.get((node.name, gradient))
                lines.append(f"  {sign}{node.label} = {number!r}" + (f"   (printed: {text})" if text else ""))
        return "\n".join(lines)


def descend(graph: Graph, names: Sequence[str], rate: float) -> None:
    """One step of gradient descent on these leaves, all at once, then forward and backward again."""
    for name in names:
        leaf = graph[name]
        if leaf.grad is None:
            raise ValueError(f"{leaf.label} has no gradient yet: call backward() first.")
        leaf.data -= rate * leaf.grad
    graph.forward()
    graph.backward()


def _printed(values: str = "", gradients: str = "") -> tuple[Printed, ...]:
    """From columns of names and numbers."""
    parts = [(values.split(), False), (gradients.split(), True)]
    return tuple(
        Printed(name, text, gradient)
        for found, gradient in parts
        for name, text in zip(found[::2], found[1::2], strict=True)
    )


def _example(title: str, source: str, output: Value, printed: tuple[Printed, ...] = ()) -> Example:
    output.backward()
    return Example(title, source, output.graph, printed)


def _given(**numbers: float) -> list[Value]:
    return [Value(number, name, constant=True) for name, number in numbers.items()]


def _leaves(**numbers: float) -> list[Value]:
    return [Value(number, name) for name, number in numbers.items()]


# ---- lecture 001: two inputs, one neuron ----------------------------------------------------------------------------------


def two_inputs() -> Example:
    """Lecture 001, 'Practical example': two inputs, two weights, no bias, a sigmoid.

    The lecture finds dSigma/dw_1 = x_1 = 0.5 and then multiplies by 0.51, which is x_2; rounded to 0.06 both agree.
    """
    x_1, x_2, y = _given(x_1=0.50, x_2=0.51, y=0.10)
    w_1, w_2 = _leaves(w_1=0.35, w_2=0.40)
    total = (w_1 * x_1 + w_2 * x_2).named("Sigma")
    prediction = total.sigmoid().named("ŷ", r"\hat{y}")
    loss = (0.5 * (y - prediction) ** 2).named("J")
    printed = _printed("Sigma 0.38 ŷ 0.59 J 0.12", "ŷ 0.49 w_1 0.06 w_2 0.06")
    return _example("Two inputs, one neuron", "lecture 001, 'Practical example'", loss, printed)


@dataclass(frozen=True)
class Update:
    """Answers to lecture 001's 'Exercise'.

    Parameters
    ----------
    weights : dict
        After the update, by name; the lecture prints 0.29 and 0.34.
    new_gradients : tuple of str
        Derivatives needed for w_2 beside those known from w_1: one, since the loss's and the activation's are shared.
    prediction : tuple of float
        Before and after.
    loss : tuple of float
        Before and after.
    """

    weights: dict[str, float]
    new_gradients: tuple[str, ...]
    prediction: tuple[float, float]
    loss: tuple[float, float]

    @property
    def error_fell(self) -> bool:
        """Whether the update made the loss smaller."""
        return self.loss[1] < self.loss[0]

    def __str__(self) -> str:
        """The answers in sentences."""
        weights = ", ".join(f"{as_text(name)} = {weight!r}" for name, weight in self.weights.items())
        verdict = "so the error fell" if self.error_fell else "so the error did not fall"
        return (
            f"After the update {weights}. Beside what w₁ needs, w₂ needs {', '.join(self.new_gradients)} only.\n"
            f"The prediction moves from {self.prediction[0]!r} to {self.prediction[1]!r}, the loss from {self.loss[0]!r} to "
            f"{self.loss[1]!r}, {verdict}."
        )


def two_inputs_updated(rate: float = 1.0) -> Update:
    """Lecture 001, 'Exercise': both weights updated. The lecture's learning rate is 1 (0.35 - 0.06 = 0.29)."""
    graph = two_inputs().graph
    weights, prediction, loss = [graph["w_1"], graph["w_2"]], graph["ŷ"], graph["J"]
    before = prediction.data, loss.data
    descend(graph, ["w_1", "w_2"], rate)
    return Update(
        {weight.name: weight.data for weight in weights},
        ("∂Σ/∂w₂",),
        (before[0], prediction.data),
        (before[1], loss.data),
    )


def two_inputs_deeper() -> Example:
    """Lecture 001, 'Exercise': "What if I had another layer before this one?" Weights of that layer are ours.

    The chain goes on: dJ/dv_11 = dJ/dSigma * w_1 * h_1 (1 - h_1) * x_1.
    """
    x_1, x_2, y = _given(x_1=0.50, x_2=0.51, y=0.10)
    v_11, v_12, v_21, v_22 = _leaves(v_11=0.15, v_12=0.20, v_21=0.25, v_22=0.30)
    w_1, w_2 = _leaves(w_1=0.35, w_2=0.40)
    h_1 = (v_11 * x_1 + v_12 * x_2).named("Sigma_1").sigmoid().named("h_1")
    h_2 = (v_21 * x_1 + v_22 * x_2).named("Sigma_2").sigmoid().named("h_2")
    total = (w_1 * h_1 + w_2 * h_2).named("Sigma")
    prediction = total.sigmoid().named("ŷ", r"\hat{y}")
    loss = (0.5 * (y - prediction) ** 2).named("J")
    return _example("One more layer before it", "lecture 001, 'Exercise'", loss)


# ---- lecture 000: backpropagation by hand ---------------------------------------------------------------------------------


def two_hidden_units() -> Example:
    """Lecture 000, 'Example: Forward Pass' and 'Example: Backward Pass', with ReLU; numbers are ours.

    One unit is active and one is not: a'(f_2) = 0 stops the gradient there.
    """
    x, target = _given(x=2.0, ȳ=1.0)
    theta_11, theta_01, theta_21, theta_02 = _leaves(theta_11=0.8, theta_01=-1.0, theta_21=-0.4, theta_02=0.5)
    phi_0, phi_1, phi_2 = _leaves(phi_0=0.2, phi_1=1.5, phi_2=-0.7)
    h_1 = (theta_11 * x + theta_01).named("f_1").relu().named("h_1")
    h_2 = (theta_21 * x + theta_02).named("f_2").relu().named("h_2")
    y = (phi_1 * h_1 + phi_2 * h_2 + phi_0).named("y")
    loss = ((y - target) ** 2).named("L", r"\mathcal{L}")
    return _example("Two hidden units", "lecture 000, 'Example: Backward Pass'", loss)


def one_neuron_per_layer() -> Example:
    """Lecture 000's example with one neuron in each of two hidden layers ("try to add an hidden layer"); numbers are ours."""
    x, target = _given(x=2.0, ȳ=1.0)
    theta_11, theta_01, psi_11, psi_01 = _leaves(theta_11=0.8, theta_01=-1.0, psi_11=1.2, psi_01=-0.3)
    phi_1, phi_0 = _leaves(phi_1=1.5, phi_0=0.2)
    h_1 = (theta_11 * x + theta_01).named("f_1").tanh().named("h_1")
    h_2 = (psi_11 * h_1 + psi_01).named("f_2").tanh().named("h_2")
    y = (phi_1 * h_2 + phi_0).named("y")
    loss = ((y - target) ** 2).named("L", r"\mathcal{L}")
    return _example("One neuron per layer", "lecture 000, 'Example: Backward Pass'", loss)


def sine_of_logarithm() -> Example:
    """Lecture 000, 'Chain Rule for Derivatives': F(x) = sin(log x), at x = 2."""
    (x,) = _leaves(x=2.0)
    value = x.log().named("g").apply("sin", math.sin, math.cos).named("F")
    return _example("A composed function", "lecture 000, 'Chain Rule for Derivatives'", value)


# ---- lecture 003: gradients over graphs -----------------------------------------------------------------------------------


def arithmetic() -> Example:
    """Lecture 003, 'Gradient over a Graph of Arithmetic Operations': f = ((a + b) c)**2.

    The slides are pictures; this is the kind of graph they show, with numbers of ours.
    """
    a, b, c = _leaves(a=1.5, b=0.5, c=3.0)
    d = (a + b).named("d")
    e = (c * d).named("e")
    f = (e**2).named("f")
    return _example(
        "A graph of arithmetic operations", "lecture 003, 'Gradient over a Graph of Arithmetic Operations'", f
    )


def linear_layer() -> Example:
    """Lecture 003, 'A more complex example': z = V x, L = 1/2 ||z - y||**2; x_1 acts along two paths. Numbers are ours."""
    x_1, x_2, v_11, v_12, v_21, v_22 = _leaves(x_1=1.0, x_2=-2.0, V_11=0.5, V_12=0.25, V_21=-1.5, V_22=2.0)
    y_1, y_2 = _given(y_1=1.0, y_2=-4.0)
    z_1 = (v_11 * x_1 + v_12 * x_2).named("z_1")
    z_2 = (v_21 * x_1 + v_22 * x_2).named("z_2")
    loss = (0.5 * ((z_1 - y_1) ** 2 + (z_2 - y_2) ** 2)).named("L")
    return _example("Two paths", "lecture 003, 'A more complex example'", loss)


# ---- the literature -------------------------------------------------------------------------------------------------------


def toy_chain() -> Example:
    """Prince, Understanding Deep Learning (2023), section 7.1 and its notebook: sine, exponential and cosine in a row."""
    x, y = _given(x=2.3, y=2.0)
    beta = [Value(number, f"beta_{k}") for k, number in enumerate((1.0, 2.0, -3.0, 0.4))]
    omega = [Value(number, f"omega_{k}") for k, number in enumerate((0.1, -0.4, 2.0, 3.0))]
    f_0 = (beta[0] + omega[0] * x).named("f_0")
    h_1 = f_0.apply("sin", math.sin, math.cos).named("h_1")
    f_1 = (beta[1] + omega[1] * h_1).named("f_1")
    h_2 = f_1.exp().named("h_2")
    f_2 = (beta[2] + omega[2] * h_2).named("f_2")
    h_3 = f_2.apply("cos", math.cos, lambda at: -math.sin(at)).named("h_3")
    f_3 = (beta[3] + omega[3] * h_3).named("f_3")
    loss = ((f_3 - y) ** 2).named("l", r"\ell")
    printed = _printed(
        "f_0 1.23 h_1 0.942489 f_1 1.623004 h_2 5.068295 f_2 7.13659 h_3 0.657421 f_3 2.372264 l 0.138581",
        "f_3 0.744528 h_3 2.233585 f_2 -1.683058 h_2 -3.366115 f_1 -17.060467 h_1 6.824187 f_0 2.280901 "
        "omega_3 0.489469 omega_2 -8.530233 omega_1 -16.079299 omega_0 5.246071",
    )
    return _example("A chain of functions", "Prince, Understanding Deep Learning, 7.1", loss, printed)


def sum_of_products() -> Example:
    """The expression in the README of Karpathy's micrograd: additions, products, powers and ReLU of two numbers."""
    a, b = _leaves(a=-4.0, b=2.0)
    c_0 = a + b
    c_1 = c_0 + c_0 + 1
    c = (c_1 + 1 + c_1 - a).named("c")
    d_0 = a * b + b**3
    d_1 = d_0 + d_0 * 2 + (b + a).relu()
    d = (d_1 + 3 * d_1 + (b - a).relu()).named("d")
    e = (c - d).named("e")
    f = (e**2).named("f")
    g = (f / 2.0 + 10.0 / f).named("g")
    printed = _printed("g 24.7041", "a 138.8338 b 645.5773")
    return _example("micrograd's expression", "Karpathy, micrograd, README", g, printed)


MAZUR_WEIGHTS = ("w_1", "w_2", "w_3", "w_4", "w_5", "w_6", "w_7", "w_8")
MAZUR_BIASES = ("b_h1", "b_h2", "b_o1", "b_o2")
MAZUR_RATE = 0.5


def mazur() -> Example:
    """Mazur, A Step by Step Backpropagation Example (2015), to which lecture 001, 'Backpropagation', refers: a 2-2-2 network.

    Biases stand at each neuron; the article never updates them.
    """
    i_1, i_2, t_1, t_2 = _given(i_1=0.05, i_2=0.10, t_1=0.01, t_2=0.99)
    start = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
    w = [Value(number, name) for name, number in zip(MAZUR_WEIGHTS, start, strict=True)]
    b = [Value(number, name) for name, number in zip(MAZUR_BIASES, (0.35, 0.35, 0.60, 0.60), strict=True)]
    h_1 = (w[0] * i_1 + w[1] * i_2 + b[0]).named("net_h1").sigmoid().named("out_h1")
    h_2 = (w[2] * i_1 + w[3] * i_2 + b[1]).named("net_h2").sigmoid().named("out_h2")
    o_1 = (w[4] * h_1 + w[5] * h_2 + b[2]).named("net_o1").sigmoid().named("out_o1")
    o_2 = (w[6] * h_1 + w[7] * h_2 + b[3]).named("net_o2").sigmoid().named("out_o2")
    loss = (0.5 * (t_1 - o_1) ** 2).named("E_o1") + (0.5 * (t_2 - o_2) ** 2).named("E_o2")
    printed = _printed(
        "net_h1 0.377500000 net_h2 0.392500000 net_o1 1.105905967 net_o2 1.224921404 out_h1 0.593269992 out_h2 0.596884378 "
        "out_o1 0.751365070 out_o2 0.772928465 E_o1 0.274811083 E_o2 0.023560026 E 0.298371109",
        "out_h1 0.036350306 out_h2 0.041370323 out_o1 0.741365070 out_o2 -0.217071535 net_h1 0.008771355 net_h2 0.009954255 "
        "net_o1 0.138498562 net_o2 -0.038098237 w_1 0.000438568 w_2 0.000877135 w_3 0.000497713 w_4 0.000995425 "
        "w_5 0.082167041 w_6 0.082667628 w_7 -0.022602540 w_8 -0.022740242",
    )
    source = "Mazur, A Step by Step Backpropagation Example (lecture 001, 'Backpropagation')"
    return _example("Two inputs, two hidden units, two outputs", source, loss.named("E"), printed)


def mazur_sequential_step(graph: Graph) -> None:
    """One update in the order that gives the article's closing numbers: w_5 to w_8 first, then w_1 to w_4 *through the new ones*.

    That is not gradient descent: the hidden gradients mix old activations with new weights. The graph itself refuses it (its
    values are out of date once a leaf has changed), so the hidden gradients are put together by hand here.
    """
    deltas = [_known(graph["net_o1"]), _known(graph["net_o2"])]
    for name in MAZUR_WEIGHTS[4:]:
        graph[name].data -= MAZUR_RATE * _known(graph[name])
    for unit, (first, second, outgoing) in enumerate(
        (("w_1", "w_2", ("w_5", "w_7")), ("w_3", "w_4", ("w_6", "w_8"))), 1
    ):
        out = graph[f"out_h{unit}"].data
        delta = sum(d * graph[name].data for d, name in zip(deltas, outgoing, strict=True)) * out * (1 - out)
        for name, given in ((first, "i_1"), (second, "i_2")):
            graph[name].data -= MAZUR_RATE * delta * graph[given].data
    graph.forward()
    graph.backward()


def _known(node: Value) -> float:
    assert node.grad is not None, "examples come computed backward"
    return node.grad


EXAMPLES: dict[str, Callable[[], Example]] = {
    "two_inputs": two_inputs,
    "two_inputs_deeper": two_inputs_deeper,
    "two_hidden_units": two_hidden_units,
    "one_neuron_per_layer": one_neuron_per_layer,
    "sine_of_logarithm": sine_of_logarithm,
    "arithmetic": arithmetic,
    "linear_layer": linear_layer,
    "toy_chain": toy_chain,
    "sum_of_products": sum_of_products,
    "mazur": mazur,
}
