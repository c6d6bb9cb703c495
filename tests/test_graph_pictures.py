"""Pictures of graphs: well-formed, escaped, complete, legible, left to right, nothing on top of anything else."""

from __future__ import annotations

import math
import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.graph import Value
from chainrule.graph.examples import EXAMPLES
from chainrule.graph.layout import arrange
from chainrule.graph.svg import FILLS, INK, MUTED, STROKES

SVG = "{http://www.w3.org/2000/svg}"
NASTY = '<script>alert("1")</script> & "quotes" \\ \' é'


def parsed(drawing) -> ElementTree.Element:
    return ElementTree.fromstring(drawing.svg)


def texts(drawing) -> list[str]:
    return ["".join(text.itertext()) for text in parsed(drawing).iter(f"{SVG}text")]


def cards(drawing) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of each card: the boxes filled like one."""
    boxes = []
    for rect in parsed(drawing).iter(f"{SVG}rect"):
        if rect.get("fill") in FILLS.values() and rect.get("stroke") == INK:
            x, y, width, height = (float(rect.get(side)) for side in ("x", "y", "width", "height"))
            boxes.append((x, y, x + width, y + height))
    return boxes


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_number_is_there(name):
    graph = EXAMPLES[name]().graph
    drawing = graph.draw(digits=5)
    shown = texts(drawing)
    boxes = cards(drawing)
    assert len(boxes) == len(graph)
    for node in graph:
        number = f"{node.data + 0.0:.5g}".replace("-", "−")
        assert f"value {number}" in shown or number in shown
        if node.grad is not None:
            assert f"grad  {node.grad + 0.0:.5g}".replace("-", "−") in shown
        for place, each in enumerate(node.inputs):
            if not each.constant:
                assert f"{node.slope(place) + 0.0:.5g}".replace("-", "−") in shown
    for one, other in combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1], "cards overlap"
    paths = [path.get("d") for path in parsed(drawing).iter(f"{SVG}path") if path.get("fill") == "none"]
    assert len(paths) == sum(len(node.inputs) for node in graph)
    for path in paths:
        start, *_, end = re.findall(r"(-?[\d.]+) -?[\d.]+(?= |$)", path)
        assert float(start) < float(end), "lines run from left to right"
    width, height = (float(parsed(drawing).get(side)) for side in ("width", "height"))
    assert all(left >= 0 and right <= width and top >= 0 and bottom <= height for left, top, right, bottom in boxes)
    assert all(len(text) * 12 * 0.61 <= width for text in shown)


def test_before_and_after():
    x = Value(2.0, "x")
    y = (x.exp().named("e") * x).named("y")
    assert texts(y.draw()).count("grad  –") == 3
    steps = y.forward_pass()
    assert texts(y.draw()).count("value ?") == 2
    next(steps)
    assert texts(y.draw()).count("value ?") == 1
    assert [f"{math.exp(2):.6g}" in text for text in texts(y.draw()) if text.startswith("value")].count(True) == 1
    list(steps)
    backward = y.backward_pass()
    next(backward)
    assert texts(y.draw()).count("grad  –") == 2
    list(backward)
    assert texts(y.draw()).count("grad  –") == 0


def test_the_step_is_highlighted_and_said():
    for name in EXAMPLES:
        output = EXAMPLES[name]().graph.outputs[0]
        for begin in (output.forward_pass, output.backward_pass):
            for step in begin():
                drawing = step.draw()
                wide = [p for p in parsed(drawing).iter(f"{SVG}path") if p.get("stroke-width") == "3.6"]
                halos = [r for r in parsed(drawing).iter(f"{SVG}rect") if r.get("stroke-width") == "11"]
                assert (len(wide), len(halos)) == (len(step.edges), 1)
                assert step.text in re.sub(r"\s+", " ", " ".join(texts(drawing)))
                assert drawing.dot.count("penwidth=4") == 1 and drawing.dot.count("penwidth=3") == len(wide)
                assert drawing.svg.count("<desc>") == 1 and step.text in parsed(drawing).find(f"{SVG}desc").text


def test_text_is_escaped():
    x = Value(1.5, NASTY)
    y = x.apply(NASTY, lambda t: t, lambda t: 1.0).named(f"{NASTY}_{NASTY}")
    y.backward()
    drawing = y.draw(x)
    root = parsed(drawing)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg", "title", "desc", "rect", "path", "text", "tspan",
    }  # fmt: skip
    assert NASTY in texts(drawing)
    assert "href" not in drawing.svg and "http" not in drawing.svg.replace("http://www.w3.org/2000/svg", "")
    quoted = re.sub(r'"(?:[^"\\]|\\.)*"', "", drawing.dot)
    assert "script" not in quoted and '"' not in quoted and quoted.count("{") == quoted.count("}") == 1


def test_dot_has_the_same_content():
    graph = EXAMPLES["mazur"]().graph
    dot = graph.draw().dot
    assert len(re.findall(r"^  n\d+ \[", dot, re.M)) == len(graph)
    assert len(re.findall(r"^  n\d+ -> n\d+ \[", dot, re.M)) == sum(len(node.inputs) for node in graph)
    number = {id(node): k for k, node in enumerate(graph)}
    out, net = graph["out_h1"], graph["net_o1"]
    assert f'n{number[id(graph["net_h1"])]} -> n{number[id(out)]} [label="0.241301", style=solid]' in dot
    assert f'n{number[id(net)]} [label="net_o1 +\\nvalue 1.10591\\ngrad 0.138499", shape=box]' in dot
    assert "rankdir=LR" in dot


def test_saved_files(tmp_path):
    drawing = EXAMPLES["arithmetic"]().graph.draw()
    for name, text in (("a.svg", drawing.svg), ("a.dot", drawing.dot), ("A.GV", drawing.dot)):
        drawing.save(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert drawing._repr_svg_() == drawing.svg
    with pytest.raises(ValueError, match=r"\.svg, \.dot or \.gv"):
        drawing.save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="could not be written"):
        drawing.save(tmp_path / "nowhere" / "a.svg")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"digits": 0}, ValueError, "digits must be a whole number from 1 to 17"),
        ({"digits": 2.5}, ValueError, "digits"),
        ({"limit": 2}, ValueError, "3 nodes, too many.*limit=3"),
        ({"limit": True}, ValueError, "limit must be"),
        ({"highlight": "x"}, TypeError, "a Value, a Step or None"),
        ({"highlight": Value(1.0)}, ValueError, "not a node of this graph"),
    ],
)
def test_refusals(options, error, message):
    with pytest.raises(error, match=message):
        (Value(1.0, "x") * 2).draw(**options)


def test_a_slope_that_is_not_finite_is_left_out():
    root = Value(0.0, "x") ** 0.5
    assert "value 0" in texts(root.draw())


def luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast():
    """WCAG 2.2, 1.4.3: at least 4.5 to 1 for text."""
    for fill in FILLS.values():
        assert min(contrast(INK, fill), contrast(MUTED, fill)) >= 4.5
    assert min(contrast(colour, "#FFFFFF") for colour, _ in STROKES.values()) >= 4.5
    assert len({dashes for _, dashes in STROKES.values()}) == 3, "signs are told apart without colour"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.booleans()), max_size=25), st.integers(1, 5))
def test_layouts_of_random_graphs(plan, leaves):
    edges, count = [], leaves
    for first, second, two in plan:
        edges += [(first % count, count)] + ([(second % count, count)] if two else [])
        count += 1
    sizes = [20.0 + 7 * (k % 4) for k in range(count)]
    layout = arrange(sizes, edges, 10.0)
    assert all(layout.layers[start] < layout.layers[end] for start, end in edges)
    assert [len(lane) for lane in layout.lanes] == [
        layout.layers[end] - layout.layers[start] - 1 for start, end in edges
    ]
    for one, other in combinations(range(count), 2):
        if layout.layers[one] == layout.layers[other]:
            apart = abs(layout.heights[one] - layout.heights[other])
            assert apart >= (sizes[one] + sizes[other]) / 2 + 10 - 1e-6
    assert min(height - size / 2 for height, size in zip(layout.heights, sizes, strict=True)) >= -1e-9


def test_a_tree_has_no_crossings():
    """Leaves given in an order that crosses: the layout sorts them."""
    edges = [
        (0, 8),
        (4, 8),
        (1, 9),
        (5, 9),
        (2, 10),
        (6, 10),
        (3, 11),
        (7, 11),
        (8, 12),
        (10, 12),
        (9, 13),
        (11, 13),
        (12, 14),
        (13, 14),
    ]
    layout = arrange([20.0] * 15, edges, 10.0)
    for (a, b), (c, d) in combinations(edges, 2):
        if layout.layers[a] == layout.layers[c]:
            before, after = layout.heights[a] - layout.heights[c], layout.heights[b] - layout.heights[d]
            assert before * after >= 0
