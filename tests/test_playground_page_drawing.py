"""How the playground's page draws: contours, ticks and colours against geometry, matplotlib and published colour science."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.playground_views import canvas, visiting

# Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency", severity 1.
SEEN_BY = {
    "everyone": np.eye(3),
    "protanopes": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopes": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopes": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
CONTOUR = """async ({values, side, level}) => {
  const { crossing, joinedPath } = await import("/draw/contour.js");
  const line = crossing(new Float32Array(values), side, side, level);
  const pieces = Array.from(line.pieces.slice(0, 4 * line.count));
  let moves = 0;
  const context = { beginPath() {}, moveTo() { moves += 1; }, lineTo() {} };
  joinedPath(context, line, (x) => x, (y) => y);
  return { pieces, moves };
}"""
COLOURS = """async () => {
  const { classColour, classShape, pixels, scheme } = await import("/draw/colours.js");
  const places = [0, 1, 2, 3, 4, 5, 6, 7];
  const { plus, minus, ink, soft, mark, curves, paper } = scheme();
  const lines = [plus, minus, ink, soft, mark, ...curves];
  return { classes: places.map(classColour), shapes: places.map(classShape), paper, lines,
    sequential: Array.from(pixels("sequential")), signed: Array.from(pixels("signed")) };
}"""


@pytest.fixture(scope="module")
def pages(browser):
    with visiting(browser) as go:
        yield {theme: go(color_scheme=theme) for theme in ("light", "dark")}


def rgb(text: str) -> np.ndarray:
    return np.array([int(text[at : at + 2], 16) for at in (1, 3, 5)]) / 255


def linear(colour: np.ndarray) -> np.ndarray:
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)


def lab(colour: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear light."""
    t = SRGB_TO_XYZ @ np.clip(colour, 0, 1) / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    low, high = sorted(float(np.array([0.2126, 0.7152, 0.0722]) @ linear(rgb(colour))) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def table(words: list[int]) -> np.ndarray:
    return np.array([[word & 255, word >> 8 & 255, word >> 16 & 255] for word in words]) / 255


def test_the_contour_of_a_cone_is_a_circle(pages):
    side, radius = 60, 17.3
    y, x = np.mgrid[:side, :side]
    far = np.hypot(x - 29.2, y - 30.7)
    found = pages["light"].evaluate(CONTOUR, {"values": far.ravel().tolist(), "side": side, "level": radius})
    pieces = np.array(found["pieces"]).reshape(-1, 2, 2)
    assert np.hypot(pieces[..., 0] - 29.2, pieces[..., 1] - 30.7) == pytest.approx(radius, abs=0.03)
    length = np.hypot(*(pieces[:, 1] - pieces[:, 0]).T).sum()
    assert length == pytest.approx(2 * np.pi * radius, rel=0.01)
    assert found["moves"] == 1


@pytest.mark.parametrize("seed", range(5))
def test_contours_end_nowhere_within(pages, seed):
    side = 20
    values = np.random.default_rng(seed).normal(size=(side, side))
    found = pages["light"].evaluate(CONTOUR, {"values": values.ravel().tolist(), "side": side, "level": 0.0})
    ends = np.array(found["pieces"]).reshape(-1, 2).round(3)
    places, count = np.unique(ends, axis=0, return_counts=True)
    within = ((places > 0) & (places < side - 1)).all(axis=1)
    assert (count[within] == 2).all()
    # Every sign change between neighbours is crossed once, and nothing else is.
    changes = (np.diff(np.sign(values), axis=0) != 0).sum() + (np.diff(np.sign(values), axis=1) != 0).sum()
    assert len(places) == changes


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-6, 6), (0, 0.037), (0, 123456), (-1e-5, 3e-5), (12.5, 13.1)])
@pytest.mark.parametrize("most", [3, 6, 12])
def test_ticks_are_round_and_even(pages, low, high, most):
    ask = "async ([low, high, most]) => (await import('/draw/axes.js')).ticks(low, high, most)"
    found = np.array(pages["light"].evaluate(ask, [low, high, most]))
    step = np.diff(found)
    assert 1 <= len(found) <= most + 1
    assert (found >= low - 1e-9 * (high - low)).all() and (found <= high + 1e-9 * (high - low)).all()
    if len(found) > 1:
        assert step == pytest.approx(step[0])
        assert min(abs(step[0] / 10 ** np.floor(np.log10(step[0]) + 1e-9) - one) for one in (1, 2, 5)) < 1e-6


def test_colour_maps_are_the_published_ones(pages):
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = pages["light"].evaluate(COLOURS)
    shares = np.linspace(0, 1, 256)
    assert table(found["sequential"]) == pytest.approx(matplotlib.colormaps["viridis"](shares)[:, :3], abs=0.03)
    # Without the darkest tenth at either end.
    assert table(found["signed"]) == pytest.approx(matplotlib.colormaps["PuOr"](0.1 + 0.8 * shares)[:, :3], abs=0.02)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_stand_out_from_the_page(pages, theme):
    found = pages[theme].evaluate(COLOURS)
    assert min(contrast(colour, found["paper"]) for colour in found["lines"]) >= 4.5
    assert (theme == "dark") == (rgb(found["paper"]).mean() < 0.5)


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_classes_are_told_apart_by_every_eye(pages, eyes):
    found = pages["light"].evaluate(COLOURS)
    seen = [lab(SEEN_BY[eyes] @ linear(rgb(colour))) for colour in found["classes"]]
    assert len(set(found["shapes"])) == len(found["shapes"]) == 8
    # The first two are the most frequent; all others have at least their shapes.
    assert np.linalg.norm(seen[0] - seen[1]) > 30
    near = [
        (one, other)
        for one, other in itertools.combinations(range(8), 2)
        if np.linalg.norm(seen[one] - seen[other]) < 5
    ]
    assert near == []


@pytest.mark.parametrize("eyes", SEEN_BY)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signs_are_told_apart_by_every_eye(pages, eyes, theme):
    plus, minus = (lab(SEEN_BY[eyes] @ linear(rgb(colour))) for colour in pages[theme].evaluate(COLOURS)["lines"][:2])
    assert np.linalg.norm(plus - minus) > 20


def test_pictures_are_as_sharp_as_the_screen(browser):
    with visiting(browser) as go:
        page = go(device_scale_factor=2)
        for label in ("What the network says", "The network", "Curves"):
            size = canvas(page, label).evaluate("(c) => [c.width, c.height, c.clientWidth, c.clientHeight]")
            assert size[:2] == [2 * size[2], 2 * size[3]]
