"""An explanation in every format: well formed, complete, nothing from elsewhere, and the same numbers as the trace's."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from chainrule.network import Dense, Network
from chainrule.trace import Trace, trace
from chainrule.trace.notation import NOTATIONS, get_notation
from chainrule.trace.render import FORMATS, render
from chainrule.trace.render.places import edge, node
from chainrule.trace.render.story import Story
from chainrule.trace.writing import in_ascii, shown
from tests.explained import CASES, batch, mazur

NASTY = "<script>alert(1)</script> & $x_1$ | `a` \\ é 体重 \x07"


def named():
    """A trace whose names come from somebody who means no good."""
    network = Network(2, (Dense(2, "tanh"), Dense(2, "softmax")), "log_loss")
    found = trace(network, network.init(0), [[1.0, 2.0]], [[0, 1]], input_names=(NASTY, "b"), output_names=("c", NASTY))
    row = replace(found.header.data[0], raw={NASTY: NASTY}, target=NASTY)
    return Trace(replace(found.header, data=(row,), target_name=NASTY), found.rows)


class Page(HTMLParser):
    """Complains about elements that do not close as they opened; keeps all attributes."""

    EMPTY = ("meta", "path", "rect")

    def __init__(self, page):
        super().__init__()
        self.stack, self.attributes, self.elements, self.words = [], [], [], []
        self.feed(page)
        assert not self.stack

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in self.EMPTY:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def values(self, name):
        return [value for _, attribute, value in self.attributes if attribute == name]


# Every case in one notation, the fullest one in all.
TOLD = [(case, list(NOTATIONS)[place % len(NOTATIONS)]) for place, case in enumerate(CASES)]
TOLD += [("batch", notation) for notation in NOTATIONS if ("batch", notation) not in TOLD]


@pytest.mark.parametrize(("case", "notation"), TOLD)
def test_everything_can_be_told(case, notation):
    found = CASES[case]()
    ElementTree.fromstring(render(found, "svg", notation=notation))
    page = Page(render(found, "html", notation=notation))
    assert len(set(page.values("id"))) == len(page.values("id"))
    balanced(render(found, "latex", notation=notation))
    tables(render(found, "markdown", notation=notation))
    for width in (80, 120):
        assert max(map(len, render(found, "terminal", notation=notation, width=width).splitlines())) <= width
    assert in_ascii(render(found, "terminal", notation=notation)).isascii()


def balanced(document):
    """Environments close as they opened, braces match, and mathematics begins and ends in the same paragraph."""
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", document):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    bare = re.sub(r"\\[\\{}$]", "", document)
    assert bare.count("{") == bare.count("}")
    assert all(paragraph.count("$") % 2 == 0 for paragraph in bare.split("\n\n"))


def tables(document):
    """All lines of a table have as many cells."""
    for block in document.split("\n\n"):
        if block.startswith("|"):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(cells) == 1, block


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("make", [mazur, batch, named])
def test_latex_compiles(make, tmp_path):
    (tmp_path / "a.tex").write_text(render(make(), "latex"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]


def test_nothing_comes_from_elsewhere_and_no_name_becomes_markup():
    text = render(named(), "html")
    page = Page(text)
    assert page.elements.count("script") == 1
    assert "default-src 'none'" in text
    outside = [
        (tag, name, value) for tag, name, value in page.attributes if name in ("src", "href") and value[:1] != "#"
    ]
    assert not outside
    assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "\x07" not in text
    ElementTree.fromstring(render(named(), "svg"))


def test_formulas_have_an_alternative_in_plain_text():
    page = Page(render(mazur(), "html"))
    hidden = [tag for tag, name, _ in page.attributes if name == "aria-hidden"]
    assert page.elements.count("math") == len(page.values("alttext")) + hidden.count("math")
    assert len(page.values("alttext")) > 50
    assert "f₀,₁ = β₀,₁ + ω₀,₁₁·x₁ + ω₀,₁₂·x₂" in page.values("alttext")


def test_long_sums_can_break_into_lines_and_are_read_as_one():
    """Each term is a formula of its own, which screen readers are spared; the whole stands in a label."""
    text = render(CASES["layers only"]().unit(0, 3), "html")
    spans = re.findall(r'<span role="math" aria-label="([^"]*)">(.*?)</span>', text)
    assert spans
    for label, inside in spans:
        assert inside.count("<math ") == inside.count('aria-hidden="true"') >= 4
        assert label.count(" + ") + label.count(" − ") + 1 >= inside.count("<math ")
    assert not [label for label, _ in spans if label in Page(text).values("alttext")]


def test_tables_have_headers_and_the_page_one_first_heading():
    text = render(batch(), "html")
    assert text.count("<h1>") == 1
    assert text.count("<table>") == text.count("<thead>") == text.count("<caption>") > 3


@pytest.mark.parametrize("make", [mazur, batch])
def test_claims_point_at_parts_of_the_picture(make):
    """Every key in the page is one of the picture; every unit and weight of the network is in it."""
    found = make()
    page = Page(render(found, "html"))
    known = set(page.values("data-key"))
    used = {key for name in ("data-about", "data-from") for value in page.values(name) for key in value.split()}
    assert used <= known
    widths = found.header.widths
    units = {node(layer, unit) for layer in range(len(widths) - 1) for unit in range(widths[layer + 1])}
    weights = {
        edge(layer, unit, source)
        for layer in range(len(widths) - 1)
        for unit in range(widths[layer + 1])
        for source in range(widths[layer])
    }
    assert units | weights <= known


def test_steps_are_numbered_in_order_and_point_backwards():
    claims = list(Story(mazur(), get_notation("udl")).outline().claims())
    assert [claim.step for claim in claims] == list(range(1, len(claims) + 1))
    pointers = [(claim.step, step) for claim in claims for _, step in claim.uses]
    assert pointers
    assert all(earlier < step for step, earlier in pointers)


def test_shown_numbers_are_the_traces_to_the_last_digit():
    found = mazur()
    text = render(found, "terminal", digits=17)
    for claim in Story(found, get_notation("udl")).outline().claims():
        if np.ndim(claim.value) == 0:
            assert f"= {shown(float(claim.value), 17)}" in text, claim.row.id


# net_h1, out_h1, the total error, a path, delta_o1, and new weights, to the digits that his example has when it is done again.
MAZUR = ("= 0.3775", "= 0.593269992", "= 0.298371109", "= 0.74136507", "= 0.138498562", "0.35891648", "0.149780716")


def test_mazurs_numbers_stand_in_the_text():
    text = in_ascii(render(mazur(), "terminal", notation="mazur", digits=9))
    assert [number for number in MAZUR if number not in text] == []


def test_lines_carry_sign_and_inactive_units_are_hatched():
    network = Network(1, (Dense(2, "relu"), Dense(1, "identity")))
    theta = network.pack([np.array([[1.0, -1.0]]), np.array([[2.0], [0.0]])], [np.zeros(2), np.zeros(1)])
    svg = render(trace(network, theta, [[1.0]], [[0.0]]), "svg", unit=(0, 0))
    kinds = dict(re.findall(r'data-key="(e[\d-]+)">.*?class="line (\w+)"', svg, flags=re.S))
    assert kinds == {"e0-0-0": "plus", "e0-1-0": "minus", "e1-0-0": "plus", "e1-0-1": "zero"}
    assert 'class="node on active" data-key="n0-0"' in svg
    assert 'class="node inactive" data-key="n0-1"' in svg


def test_large_networks_are_summed_up():
    found = CASES["layers only"]()
    assert "30×" in render(found, "terminal") or "×30 numbers" in render(found, "terminal")
    assert "… 22 more" in render(found, "svg")
    opened = render(found.unit(0, 13), "terminal")
    assert "Unit 14 of hidden layer 1" in opened
    assert "Unit 13 of hidden layer 1" not in opened


def test_a_document_is_told_like_the_trace():
    found = batch()
    again = Trace.from_json(render(found, "json"))
    for format in FORMATS:
        assert render(again, format) == render(found, format)


@pytest.mark.parametrize(
    ("format", "wishes", "words"),
    [("pdf", {}, "terminal, markdown, latex, html, json, svg"), ("html", {"notation": "x"}, "udl, nielsen"),
     ("html", {"digits": 0}, "from 1 to 17"), ("html", {"digits": 2.5}, "whole number"),
     ("html", {"digits": True}, "whole number"), ("terminal", {"width": "wide"}, "columns"), ("svg", {"unit": (0, 2)}, "2 units"),
     ("html", {"unit": (5, 0)}, "layer must"), ("svg", {"unit": 3}, "unit must be")],
)  # fmt: skip
def test_wrong_wishes_are_told(format, wishes, words):
    with pytest.raises(ValueError, match=words):
        render(mazur(), format, **wishes)


def test_wishes_that_nobody_knows_are_told():
    with pytest.raises(TypeError, match="'colour'; known are notation, digits"):
        render(mazur(), "html", colour=True)
