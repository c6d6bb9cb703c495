"""What numbers are called and how formulas are written: checked by evaluating what is shown."""

from __future__ import annotations

import math
from collections import defaultdict
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser
from scipy.special import erf, expit

from chainrule.trace.naming import SYMBOLS, Names
from chainrule.trace.notation import NOTATIONS, get_notation
from chainrule.trace.operations import OPERATIONS
from chainrule.trace.phrases import PHRASES, QUESTIONS, SENTENCES
from chainrule.trace.render.story import Story
from chainrule.trace.rows import KINDS, Quantity
from chainrule.trace.writing import Latex, MathML, Text, in_ascii, shown
from chainrule.trace.writing import expressions as e
from tests.explained import CASES, batch, mazur

MATHTEXT = MathTextParser("agg")
FUNCTIONS = {
    "log": math.log,
    "tanh": math.tanh,
    "max": max,
    "min": min,
    "sign": lambda x: float(np.sign(x)),
    "σ": expit,
    "Φ": lambda x: (1 + erf(x / math.sqrt(2))) / 2,
    "relu′": lambda z: float(z > 0),
    "leaky_relu′": lambda z: 1.0 if z > 0 else 0.01,
    "elu′": lambda z: 1.0 if z > 0 else math.exp(z),
    "silu′": lambda z: expit(z) * (1 + z * (1 - expit(z))),
    "wrong": lambda z, y: float((z > 0) != (y > 0.5)),
}


class Unknown(Exception):
    """A function that is told by its name only, or a sum whose middle is left out."""


def value(x):
    """An expression's value, by ordinary arithmetic."""
    if isinstance(x, e.Call):
        if x.name not in FUNCTIONS:
            raise Unknown(x.name)
        return FUNCTIONS[x.name](*(value(one) for one in x.arguments))
    if isinstance(x, e.Dots):
        raise Unknown("…")
    return {
        e.Number: lambda: x.value,
        e.Sum: lambda: sum(value(one) for one in x.terms),
        e.Minus: lambda: -value(x.inner),
        e.Product: lambda: math.prod(value(one) for one in x.factors),
        e.Quotient: lambda: value(x.top) / value(x.bottom),
        e.Power: lambda: value(x.base) ** value(x.exponent),
        e.Root: lambda: math.sqrt(value(x.inner)),
        e.Fenced: lambda: abs(value(x.inner)),
        e.Symbol: lambda: {"e": math.e}[x.letter.text],
    }[type(x)]()


def test_every_operation_and_every_kind_is_told():
    assert set(PHRASES) == set(OPERATIONS)
    assert set(SYMBOLS) == set(KINDS)
    assert set(QUESTIONS) <= set(KINDS)
    assert all(kind in KINDS and operation in OPERATIONS for kind, operation in SENTENCES)


@pytest.mark.parametrize("case", CASES)
def test_formulas_with_numbers_give_the_value(case):
    trace = CASES[case]()
    story, evaluated = Story(trace, get_notation("udl"), examples=10**6), 0
    for claim in story.outline().claims():
        if claim.numbers is None:
            continue
        try:
            found = value(claim.numbers)
        except Unknown:
            continue
        assert found == pytest.approx(claim.value, rel=1e-6, abs=1e-9), (claim.row.id, Text().write(claim.numbers))
        evaluated += 1
    assert evaluated > 3 or trace.level == "layer"


@pytest.mark.parametrize("notation", NOTATIONS)
def test_no_two_numbers_have_the_same_name(notation):
    trace, named = batch(), defaultdict(set)
    names = Names(NOTATIONS[notation], trace.header)
    for row in trace.rows:
        named[Text().write(names.of(row))].add(row.id)
    assert not {name: rows for name, rows in named.items() if len(rows) > 1}


def test_names_of_mazurs_example():
    """His names: w5 leads from h1 to o1, net_h1, out_o1, target_o1, E_total."""
    names = Names(NOTATIONS["mazur"], mazur().header)

    def written(**place):
        return in_ascii(Text().write(names.symbol(Quantity(**place))))

    assert written(kind="weight", layer=1, unit=0, source=0) == "w_5"
    assert written(kind="weight", layer=0, unit=1, source=0) == "w_3"
    assert written(kind="pre_activation", layer=0, unit=0, row=0) == "net_h1"
    assert written(kind="activation", layer=1, unit=0, row=0) == "out_o1"
    assert written(kind="target", unit=0, row=0) == "target_o1"
    assert written(kind="loss") == "E_total"
    assert written(kind="gradient", layer=1, unit=0, source=0, of="weight") == "dE_total/dw_5"


def test_names_of_the_lectures():
    """Lecture 000: f, h, Omega_0... from 0, h_0 = x; lectures 002 and 003: w_pq^(k), unit before source, layers from 1."""
    header = mazur().header
    lecture = Names(NOTATIONS["udl"], header)
    assert Text().write(lecture.symbol(Quantity("weight", 0))) == "Ω₀"
    assert Text().write(lecture.symbol(Quantity("activation", 0, 1, row=0))) == "h₁,₂"
    assert Text().write(lecture.symbol(Quantity("delta", 0, 1, row=0))) == "∂L/∂f₀,₂"
    other = Names(NOTATIONS["nielsen"], header)
    assert Text().write(other.symbol(Quantity("weight", 1, 0, 1))) == "w₁₂⁽²⁾"
    assert Latex().write(other.symbol(Quantity("delta", 1, 0, row=0))) == r"\delta_{1}^{(2)}"


# Whole numbers, so that what is shown is all there is.
NUMBERS = st.integers(-9, 9).map(e.number)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: e.Sum(tuple(terms))),
        st.tuples(inner, inner).map(lambda pair: e.minus(*pair)),
        st.lists(inner, min_size=2, max_size=3).map(lambda factors: e.Product(tuple(factors))),
        st.tuples(inner, inner).map(lambda pair: e.Quotient(*pair)),
        st.tuples(inner, st.sampled_from([e.number(2), e.number(3)])).map(lambda pair: e.Power(*pair)),
        inner.map(e.Minus),
    ),
    max_leaves=8,
)
PYTHON = str.maketrans({"−": "-", "·": "*"})


@settings(deadline=None)
@given(EXPRESSIONS)
def test_text_means_to_python_what_the_formula_means(expression):
    text = Text(15).write(expression).translate(PYTHON).replace("²", "**2").replace("³", "**3")
    try:
        expected = value(expression)
    except (ZeroDivisionError, OverflowError):
        return
    assert eval(text) == pytest.approx(expected, rel=1e-9)


@settings(deadline=None)
@given(EXPRESSIONS)
def test_latex_and_mathml_are_well_formed(expression):
    ElementTree.fromstring(MathML().formula(expression))
    MATHTEXT.parse(f"${Latex().write(expression)}$")


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(0.1, 17, "0.10000000000000001"), (-0.0, 6, "0"), (1e-8, 6, "1e−8"), (2.0, 6, "2"), (-1.5, 6, "−1.5"), (1 / 3, 3, "0.333"),
     (math.nan, 6, "NaN"), (-math.inf, 6, "−∞"), (1234567.5, 6, "1.23457e6")],
)  # fmt: skip
def test_numbers(number, digits, text):
    assert shown(number, digits) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_seventeen_digits_are_exact(number):
    assert float(shown(number, 17).replace("−", "-")) == number


def test_unknown_notations_are_listed():
    with pytest.raises(ValueError, match=r"'greek'.*udl, nielsen, mazur, plain"):
        get_notation("greek")
