"""Scalar graphs: values and gradients against PyTorch and differences, passes step by step, what happens the second time."""

from __future__ import annotations

import copy
import doctest
import gc
import math
import pickle
import re
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.graph import Graph, Value, add, function, log_sum_exp
from chainrule.graph.names import as_text
from chainrule.graph.operations import OPERATIONS
from chainrule.graph.writing import formula

# Arguments at which every operation of the table is defined and smooth.
POINTS = {1: [(0.3,), (1.7,), (4.1,)], 2: [(0.3, 1.1), (2.2, -0.7), (1.5, 3.0)], 3: [(0.3, -1.1, 2.0)]}
ARITIES = dict.fromkeys(("subtract", "multiply", "divide", "power"), (2,)) | dict.fromkeys(
    ("add", "log_sum_exp"), (1, 2, 3)
)


@pytest.mark.parametrize("name", OPERATIONS)
def test_slopes_of_every_operation(name):
    operation = OPERATIONS[name]
    for arity in ARITIES.get(name, (1,)):
        for point in POINTS[arity]:
            leaves = [Value(number) for number in point]
            node = Value.computed(operation, leaves)
            for k in range(arity):
                h = 1e-6 * np.eye(arity)[k]
                numeric = (operation.value(*(point + h)) - operation.value(*(point - h))) / 2e-6
                assert node.slope(k) == pytest.approx(numeric, rel=1e-8, abs=1e-8)


UNARY = {
    "neg": (lambda v: -v, lambda t: -t),
    "tanh": (Value.tanh, lambda t: t.tanh()),
    "sigmoid": (Value.sigmoid, lambda t: t.sigmoid()),
    "relu": (Value.relu, lambda t: t.relu()),
    "exp of tanh": (lambda v: v.tanh().exp(), lambda t: t.tanh().exp()),
    "log of square": (lambda v: (v**2 + 1).log(), lambda t: (t**2 + 1).log()),
    "sin": (lambda v: v.apply("sin", math.sin, math.cos), lambda t: t.sin()),
    "number minus": (lambda v: 2 - v, lambda t: 2 - t),
    "number over": (lambda v: 3 / (v * v + 0.5), lambda t: 3 / (t * t + 0.5)),
    "number to the": (lambda v: 2 ** v.tanh(), lambda t: 2 ** t.tanh()),
}
BINARY = {
    "+": lambda p, q: p + q,
    "-": lambda p, q: p - q,
    "*": lambda p, q: p * q,
    "/": lambda p, q: p / (q * q + 1),
    "**": lambda p, q: (p * p + 0.5) ** (q / (1 + q * q)),
}


@settings(max_examples=150, deadline=None)
@given(
    start=st.lists(st.integers(-30, 30).map(lambda k: k / 10 + 0.013), min_size=2, max_size=3),
    plan=st.lists(
        st.tuples(st.sampled_from([*UNARY, *BINARY]), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12
    ),
)
def test_random_expressions_against_torch(start, plan):
    torch = pytest.importorskip("torch")
    ours, theirs = (
        [Value(x, f"p_{k}") for k, x in enumerate(start)],
        [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start],
    )
    for name, i, j in plan:
        i, j = i % len(ours), j % len(ours)
        mine, other = UNARY[name] if name in UNARY else (BINARY[name], BINARY[name])
        arguments = (i,) if name in UNARY else (i, j)
        following = mine(*(ours[k] for k in arguments))
        if abs(following.data) > 1e6:
            continue
        ours.append(following)
        theirs.append(other(*(theirs[k] for k in arguments)))
    y, wanted = add(*ours), sum(theirs)
    wanted.backward()
    assert y.data == pytest.approx(float(wanted.detach()), rel=1e-12, abs=1e-12)
    y.backward()
    for leaf, tensor in zip(ours[: len(start)], theirs, strict=False):
        assert leaf.grad == pytest.approx(float(tensor.grad), rel=1e-10, abs=1e-10)
    # What is written is what was computed: parentheses where they belong.
    for node in ours[len(start) :]:
        text = formula(node, digits=17)
        if "…" not in text:
            assert evaluated(text, ours[: len(start)]) == pytest.approx(node.data, rel=1e-9, abs=1e-12)
    assert y.graph.equations()


def evaluated(text: str, leaves: list[Value]) -> float:
    """A formula as Python computes it."""
    for leaf in leaves:
        text = text.replace(as_text(leaf.name), f"L['{leaf.name}']")
    for ours, pythons in (("·", "*"), ("−", "-"), ("^", "**"), ("σ(", "sigmoid("), ("ReLU(", "relu(")):
        text = text.replace(ours, pythons)
    known = {name: getattr(math, name) for name in ("exp", "log", "tanh", "sin")}
    known |= {"sigmoid": lambda x: 1 / (1 + math.exp(-x)), "relu": lambda x: max(x, 0)}
    return eval(text, {"__builtins__": {}}, known | {"L": {leaf.name: leaf.data for leaf in leaves}})


# ---- gradients before and after -------------------------------------------------------------------------------------------


def test_gradient_is_none_until_backward_and_again_after_forward():
    x = Value(3.0, "x")
    y = x * x
    assert x.grad is None and y.grad is None
    y.backward()
    assert (x.grad, y.grad) == (6.0, 1.0)
    assert y.forward() == 9.0
    assert x.grad is None and y.grad is None


def test_a_second_backward_starts_afresh():
    x = Value(3.0)
    y = x * x + x
    for _ in range(3):
        y.backward()
        assert x.grad == 7.0


def test_two_outputs_share_nodes():
    x = Value(2.0, "x")
    shared = x * x
    first, second = shared * 3, shared.exp()
    first.backward()
    assert (x.grad, shared.grad, first.grad) == (12.0, 3.0, 1.0)
    second.backward()
    assert x.grad == pytest.approx(4 * math.exp(4), rel=1e-15)
    assert first.grad is None, "gradients of two different outputs must not stand side by side"
    first.backward()
    assert (x.grad, second.grad) == (12.0, None)
    both = Graph(first, second)
    with pytest.raises(ValueError, match="2 outputs"):
        both.backward()
    both.backward(second)
    assert (first.grad, shared.grad) == (None, pytest.approx(math.exp(4)))
    with pytest.raises(ValueError, match="not a node"):
        Graph(first).backward(second)


def test_changed_leaves():
    x, w = Value(2.0, "x"), Value(5.0, "w")
    product = (x * w).named("p")
    y = product + 1
    other = x * 10
    x.data = 3
    for node in (product, y, other):
        assert not node.known
        with pytest.raises(ValueError, match=r"out of date.*forward\(\)"):
            _ = node.data
    with pytest.raises(ValueError, match="out of date"):
        _ = y * 2
    with pytest.raises(ValueError, match="out of date"):
        y.backward()
    assert "out of date" in repr(y)
    assert (y.forward(), product.data) == (16.0, 15.0)
    assert not other.known
    assert other.forward() == 30.0
    y.backward()
    assert (x.grad, w.grad) == (5.0, 3.0)


def test_simultaneous_updates_keep_the_gradients():
    """All weights move by gradients of the same point: setting one leaf does not forget the others' gradients."""
    w, v = Value(1.0, "w"), Value(2.0, "v")
    loss = (w * v - 5) ** 2
    for _ in range(60):
        loss.forward()
        loss.backward()
        for leaf in (w, v):
            leaf.data -= 0.02 * leaf.grad
    assert loss.forward() < 1e-6


def test_fan_out_within_one_operation_and_between():
    x = Value(3.0)
    y = (x * x) * (x / x) + x**x
    y.backward()
    assert x.grad == pytest.approx(6 + 27 * (1 + math.log(3)), rel=1e-14)


def test_constants_have_no_gradient():
    x, c = Value(-4.0, "x"), Value(2.0, "c", constant=True)
    y = c * x**2 + (c * 3).exp()
    y.backward()
    assert x.grad == -16.0
    assert [node.grad is None for node in y.graph if node.constant] == [True] * 5
    c.data = 3.0
    assert y.forward() == 48 + math.exp(9)
    with pytest.raises(ValueError, match="constants only"):
        (c * 2).backward()


def test_deep_and_wide_graphs_need_no_recursion():
    x = Value(1.0, "x")
    y = x
    for _ in range(30_000):
        y = y + 0.001 * x
    y.backward()
    assert x.grad == pytest.approx(31, rel=1e-10)
    x.data = 2.0
    assert y.forward() == pytest.approx(62, rel=1e-10)
    assert "…" in formula(y)
    with pytest.raises(ValueError, match="too many for a legible picture"):
        y.draw()
    paths = x
    for _ in range(60):
        paths = paths + paths
    paths.backward()
    assert x.grad == 2.0**60


def test_leaves_do_not_keep_graphs_alive():
    x = Value(1.0)
    gone = weakref.ref(x * 2)
    for _ in range(1000):
        y = x * 2
        y.backward()
    gc.collect()
    assert gone() is None
    assert len(x._consumers) < 200


# ---- step by step ---------------------------------------------------------------------------------------------------------


def small() -> Value:
    w, x, b = Value(0.5, "w"), Value(-2.0, "x"), Value(0.25, "b")
    z = (w * x + b).named("z")
    return (z.sigmoid().named("a") * w).named("y")


def test_forward_pass_computes_one_node_at_a_time():
    y = small()
    nodes = [node for node in y.graph if node.operation]
    steps = y.forward_pass()
    assert not any(node.known for node in nodes)
    with pytest.raises(ValueError, match="out of date"):
        y.backward()
    for done, step in enumerate(steps, 1):
        assert step.node is nodes[done - 1]
        assert [node.known for node in nodes] == [True] * done + [False] * (len(nodes) - done)
        assert len(steps) == len(nodes) - done
    assert y.data == pytest.approx(0.5 / (1 + math.exp(0.75)), rel=1e-15)


def test_what_a_forward_step_says():
    texts = [step.text for step in small().forward_pass()]
    assert texts == [
        "v₁ = w·x = 0.5·(−2) = −1",
        "z = v₁ + b = −1 + 0.25 = −0.75",
        "a = σ(z) = σ(−0.75) = 0.320821",
        "y = a·w = 0.320821·0.5 = 0.160411",
    ]
    assert next(small().forward_pass()).latex == r"v_{1} = w \cdot x = 0.5 \cdot \left(-2\right) = -1"


def test_backward_pass_makes_each_gradient_final():
    y = small()
    y.backward()
    whole = {id(node): node.grad for node in y.graph}
    steps = y.backward_pass()
    assert all(node.grad is None for node in y.graph)
    seen = []
    for step in steps:
        assert step.result == step.node.grad == whole[id(step.node)]
        assert step.result == pytest.approx(sum(term.product for term in step.terms) or 1.0)
        seen.append(step.node)
        assert all((node.grad is not None) == (node in seen) for node in y.graph)
    assert seen[0] is y and len(seen) == len(y.graph)


def test_what_a_backward_step_says():
    said = {step.node.name: step for step in small().backward_pass()}
    assert said["y"].text == "∂y/∂y = 1"
    assert said["a"].text == "∂y/∂a = 0.5"
    assert said["z"].text == "∂y/∂z = ∂y/∂a·∂a/∂z = 0.5·0.217895 = 0.108947"
    assert said["w"].text == "∂y/∂w = ∂y/∂v₁·∂v₁/∂w + ∂y/∂w = 0.108947·(−2) + 0.320821 = 0.102926"
    assert r"\frac{\partial y}{\partial a} \cdot \frac{\partial a}{\partial z}" in said["z"].latex


def test_passes_that_are_disturbed():
    y = small()
    begun = y.backward_pass()
    next(begun)
    y.backward()
    with pytest.raises(ValueError, match="another pass"):
        list(begun)
    begun = y.backward_pass()
    next(begun)
    y.graph["x"].data = 1.0
    with pytest.raises(ValueError, match="out of date"):
        list(begun)
    y.forward()
    list(y.backward_pass())
    half = y.forward_pass()
    next(half)
    assert y.forward() == y.data


# ---- refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda x: Value("3"), TypeError, "real number, got '3'"),
        (lambda x: Value(True), TypeError, "real number"),
        (lambda x: Value(None, "w"), TypeError, "'w' needs"),
        (lambda x: Value(math.nan, "w"), ValueError, "'w' needs a finite number, got nan"),
        (lambda x: Value(10**400), ValueError, "finite"),
        (lambda x: Value(1.0, 3), TypeError, "name must be a string"),
        (lambda x: x + "1", TypeError, "unsupported operand"),
        (lambda x: x * np.ones(2), TypeError, "does not support"),
        (lambda x: np.ones(2) * x, TypeError, "unsupported operand"),
        (lambda x: x + True, TypeError, "unsupported operand"),
        (lambda x: (x - 1).log(), ValueError, "value of 'log' at \\(0\\)"),
        (lambda x: 1 / (x - 1), ValueError, "value of 'divide' at \\(1, 0\\)"),
        (lambda x: (x - 2) ** 0.5, ValueError, "value of 'power' at \\(-1, 0.5\\)"),
        (lambda x: (x * 1000).exp(), ValueError, "value of 'exp'"),
        (lambda x: (x * 1e200) * 1e200, ValueError, "value of 'multiply'.*inf"),
        (lambda x: ((x - 1) ** 0.5).backward(), ValueError, "derivative towards input 0 of 'power'"),
        (lambda x: x.apply("odd", lambda t: None, lambda t: 0.0), ValueError, "'odd'.*None"),
        (lambda x: x.apply("odd", lambda t: t, lambda t: 1j).backward(), ValueError, "derivative.*'odd'"),
        (lambda x: function("pair", [x, x], lambda p, q: p, lambda p, q: [1.0, math.inf]).backward(), ValueError, "'pair'"),
        (lambda x: add(), ValueError, "at least one"),
        (lambda x: log_sum_exp(), ValueError, "at least one"),
        (lambda x: add(x, "2"), TypeError, "add\\(\\) needs Values or numbers"),
        (lambda x: function("f", [x, None], max, max), TypeError, "'f' needs Values"),
        (lambda x: Graph(), ValueError, "at least one output"),
        (lambda x: Graph(3.0), TypeError, "outputs must be Values"),
        (lambda x: x.graph["y"], ValueError, "no node called 'y'"),
        (lambda x: (x + Value(1.0, "xx")).graph["xxy"], ValueError, "did you mean 'xx'"),
        (lambda x: (x + Value(1.0, "x")).graph["x"], ValueError, "2 nodes"),
        (lambda x: x.apply(3, math.sin, math.cos), TypeError, "name must be a string"),
        (lambda x: x.apply("f", math.sin, None), TypeError, "'f': slope must be callable"),
        (lambda x: function("f", [x], 1.0, math.cos), TypeError, "'f': value must be callable"),
        (lambda x: copy.deepcopy(x * 2), TypeError, "cannot be copied"),
        (lambda x: pickle.dumps(x.graph), TypeError, "x is one node of a graph and cannot be copied"),
        (lambda x: setattr(x * 2, "data", 1.0), TypeError, "computed by 'multiply'"),
        (lambda x: setattr(x, "data", math.inf), ValueError, "finite"),
    ],
)  # fmt: skip
def test_refusals(build, error, message):
    with pytest.raises(error, match=message):
        build(Value(1.0, "x"))


def test_a_failed_forward_pass_can_be_repeated():
    x = Value(1.0, "x")
    y = x.log().named("g") * 2
    x.data = -1.0
    with pytest.raises(ValueError, match=r"'log' at \(-1\) \(node g\)"):
        y.forward()
    assert not y.known
    x.data = math.e
    assert y.forward() == 2.0


def test_numbers_of_other_kinds():
    assert (np.float64(2) * Value(3.0)).data == (Value(np.float32(3)) * np.int64(2)).data == 6.0
    assert sum([Value(1), Value(2)]).data == 3.0
    assert re.fullmatch(r"Value\('w', data=0.35, grad=None\)", repr(Value(0.35, "w")))
    assert repr(next(small().backward_pass())) == "BackwardStep(∂y/∂y = 1)"
    assert repr(small().graph) == "Graph(7 nodes; y = 0.160411)"


def test_the_example_in_the_documentation():
    import chainrule.graph.value as module

    tried = doctest.testmod(module)
    assert tried.attempted >= 5 and not tried.failed
