"""Colours that colour-blind readers can tell apart: simulated, and measured in CIE Lab."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from chainrule.plots import decisions
from chainrule.plots.pieces import GREYS
from chainrule.plots.style import (
    BLUE,
    GREY,
    INK,
    LOOKS,
    ORANGE,
    class_points,
    look,
    ordered_colours,
    signed_colours,
    tint,
)

mpl.use("Agg")

# Machado, Oliveira & Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency", severity 1,
# on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# sRGB to CIE XYZ, white point D65 (IEC 61966-2-1).
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour, vision):
    xyz = XYZ @ np.clip(VISION[vision] @ linear(colour), 0, 1) / XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(first, second, vision):
    """CIE 1976; 2.3 is just noticeable."""
    return float(np.linalg.norm(lab(first, vision) - lab(second, vision)))


def contrast(colour, ground="white"):
    """WCAG 2.2 contrast ratio."""
    bright, dark = sorted((XYZ[1] @ linear(one) for one in (colour, ground)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_simulation_knows_confusions():
    """A red and a green that a deuteranope confuses, and others do not; white stays white."""
    red, green = "#C06040", "#8A8A3C"
    assert distance(red, green, "normal") > 40
    assert distance(red, green, "deuteranopia") < 0.5 * distance(red, green, "normal")
    for vision in VISION:
        assert distance("white", "white", vision) == 0
        np.testing.assert_allclose(lab("white", vision), [100, 0, 0], atol=0.2)


def test_contrasts_are_those_of_the_accessibility_guidelines():
    assert contrast("black") == pytest.approx(21, abs=0.01)
    assert contrast(BLUE) == pytest.approx(5.19, abs=0.02)
    assert contrast(ORANGE) == pytest.approx(3.87, abs=0.02)


@pytest.mark.parametrize("vision", VISION)
def test_classes_differ_for_every_eye(vision):
    colours = [entry.colour for entry in LOOKS]
    apart = {pair: distance(*pair, vision) for pair in combinations(colours, 2)}
    assert min(apart.values()) > 8, min(apart, key=apart.get)
    assert min(distance(*pair, vision) for pair in combinations(colours[:3], 2)) > 15


@pytest.mark.parametrize("vision", VISION)
def test_signs_and_regions_differ_for_every_eye(vision):
    signed = signed_colours()
    for size in (0.25, 0.5, 1.0):
        below, above = signed(0.5 - size / 2), signed(0.5 + size / 2)
        assert distance(below[:3], above[:3], vision) > 40 * size
    for share in (decisions.PALEST, decisions.DEEPEST):
        tints = [tint(entry.colour, share) for entry in LOOKS[:3]]
        # The palest lie beside the boundary line and are told apart by it.
        assert min(distance(*pair, vision) for pair in combinations(tints, 2)) > (
            2.3 if share == decisions.PALEST else 8
        )


def test_lines_are_visible_on_white_and_points_have_an_outline():
    for colour in (BLUE, ORANGE, GREY, INK, decisions.BAYES[0], *(one[:3] for one in ordered_colours(6))):
        assert contrast(colour) >= 3, colour
    drawn = class_points(Figure().subplots(), np.zeros((8, 2)), np.arange(8), list("abcdefgh"), 20)
    for artist in drawn:
        outline = artist.get_edgecolor()[0][:3]
        assert contrast(outline) >= 3
        assert contrast(outline, artist.get_facecolor()[0][:3]) >= 3 or contrast(artist.get_facecolor()[0][:3]) >= 3


def test_zero_is_white_and_sizes_are_symmetric():
    signed = signed_colours()
    np.testing.assert_allclose(signed(0.5)[:3], 1, atol=0.01)
    assert signed(0.0)[:3] == pytest.approx(to_rgb(ORANGE))
    assert signed(1.0)[:3] == pytest.approx(to_rgb(BLUE))


def test_ordered_colours_get_lighter():
    lightness = [lab(colour[:3], "normal")[0] for colour in ordered_colours(5)]
    assert (np.diff(lightness) > 4).all()
    assert len(ordered_colours(1)) == 1


def test_shape_and_colour_together_name_a_class():
    pairs = {(look(place).colour, look(place).marker) for place in range(64)}
    assert len(pairs) == 64
    assert len({entry.marker for entry in LOOKS}) == len(LOOKS)
    assert len({entry.dashes for entry in LOOKS}) == len(LOOKS)


def test_neighbouring_greys_differ_in_print():
    assert min(distance(*pair, "normal") for pair in combinations(GREYS, 2)) > 2.3
