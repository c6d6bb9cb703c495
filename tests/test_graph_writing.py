"""How nodes are written: names, formulas with parentheses where they belong, LaTeX that is LaTeX."""

from __future__ import annotations

import math

import pytest

from chainrule.graph import Value, log_sum_exp
from chainrule.graph.names import as_latex, as_text
from chainrule.graph.operations import OPERATIONS
from chainrule.graph.writing import LATEX, TEXT, formula
from tests.test_graph import ARITIES


def test_every_operation_has_a_way_to_be_written():
    for name, operation in OPERATIONS.items():
        node = Value.computed(operation, [Value(0.5, f"x_{k}") for k in range(ARITIES.get(name, (1,))[-1])])
        for language in (TEXT, LATEX):
            assert all(each.latex in formula(node, LATEX) for each in node.inputs)
            assert formula(node, language)


@pytest.mark.parametrize(
    ("build", "text", "latex"),
    [
        (lambda a, b: a - (b - a), "a − (b − a)", r"a - \left(b - a\right)"),
        (lambda a, b: (a + b) * a, "(a + b)·a", r"\left(a + b\right) \cdot a"),
        (lambda a, b: a / (b * a), "a / (b·a)", r"\frac{a}{b \cdot a}"),
        (lambda a, b: (-a) ** 2, "(−a)^2", r"{\left(-a\right)}^{2}"),
        (lambda a, b: a ** (b + 1), "a^(b + 1)", r"{a}^{b + 1}"),
        (lambda a, b: -(a + b), "−(a + b)", r"-\left(a + b\right)"),
        (lambda a, b: a + (-b), "a + (−b)", r"a + \left(-b\right)"),
        (lambda a, b: -3 * a, "(−3)·a", r"\left(-3\right) \cdot a"),
        (lambda a, b: a * 1e-5, "a·1e−05", r"a \cdot 1 \cdot 10^{-5}"),
        (lambda a, b: (a.exp()) ** 2, "exp(a)^2", r"{\left(e^{a}\right)}^{2}"),
        (lambda a, b: log_sum_exp(a, b), "log Σ exp(a, b)", r"\log\left(e^{a} + e^{b}\right)"),
    ],
)
def test_formulas(build, text, latex):
    node = build(Value(2.0, "a"), Value(3.0, "b"))
    assert (formula(node), formula(node, LATEX)) == (text, latex)


def test_names():
    assert [as_text(name) for name in ("w_1", "omega_12", "net_h1", "ŷ", "W[0][1,2]", "_x")] == [
        "w₁", "ω₁₂", "net_h1", "ŷ", "W[0][1,2]", "_x",
    ]  # fmt: skip
    assert [as_latex(name) for name in ("w_1", "omega_12", "net_h1", "W[0][1,2]", "x[3]", "y[0,1]", "50%_a{")] == [
        "w_{1}", r"\omega_{12}", r"\mathrm{net}_{h1}", "W^{(0)}_{1,2}", "x_{3}", "y_{0,1}", r"\mathrm{50\%}_{a\{}",
    ]  # fmt: skip
    assert Value(1.0, "E", latex=r"\mathcal{E}").latex == r"\mathcal{E}"


def test_latex_is_latex():
    mathtext = pytest.importorskip("matplotlib.mathtext")
    a, b = Value(2.0, "omega_0"), Value(-3e-7, "net_h1")
    y = ((a + b) ** 2 / a - (a * b).sigmoid()).tanh().named("y") + log_sum_exp(a, b).apply(
        "co_sh", math.cosh, math.sinh
    )
    parser = mathtext.MathTextParser("path")
    for step in [*y.forward_pass(), *y.backward_pass()]:
        parser.parse(f"${step.latex}$")
    for line in y.graph.equations(LATEX):
        parser.parse(f"${line}$")
