"""The HTML report: whole, true, self-contained, readable without pictures, harmless."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from chainrule.cli.report import build
from chainrule.plots.style import ORANGE
from chainrule.tables import Table, TableModel, read_table
from tests.command import PENGUINS, QUICK, run

SETTINGS = {"hidden_layer_sizes": (6,), "alpha": 1.0, "max_iter": 15}
VOID = {"meta", "img", "br", "link", "input", "hr", "base", "source"}


class Page(HTMLParser):
    """Tags with their attributes, cells of tables, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells, self.open, self.inside = [], [], [], None
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        self.inside = tag
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.inside = None

    def handle_data(self, data):
        if self.inside in ("td", "th"):
            self.cells[-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def model():
    return TableModel.fit(read_table(PENGUINS), "species", estimator_params=SETTINGS)


def test_nothing_is_loaded_and_nothing_runs(model):
    text = build(model)
    page = Page(text)
    assert not page.all("script") + page.all("link") + page.all("iframe") + page.all("base")
    addresses = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert addresses
    assert all(address.startswith("data:image/svg+xml;base64,") for address in addresses)
    assert "url(" not in text
    assert "@import" not in text
    assert not re.search(r"https?://", text)
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    for address in addresses:
        picture = base64.b64decode(address.partition(",")[2]).decode()
        # The names of SVG's own vocabulary are no addresses that are loaded.
        links = re.findall(r'href="([^"]*)"', picture)
        assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
        ET.fromstring(picture)


def test_it_can_be_read_without_seeing(model):
    page = Page(build(model))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    assert len(page.all("h2")) >= 5
    assert len(page.all("img")) == 3
    assert all(len(image["alt"]) > 20 for image in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert {header["scope"] for header in page.all("th")} == {"col", "row"}


def test_what_it_says_is_what_the_model_is(model):
    text = build(model)
    cells, found = Page(text).cells, model.evaluation
    assert f"{100 * found.score:.1f} %" in text
    assert f"{100 * found.baseline:.1f} %" in text
    for column in model.schema.columns:
        assert column.name in cells
    for name in (*found.labels, "alpha", "15"):
        assert name in cells
    place = cells.index("true \\ predicted")
    matrix = [cells[place + 4 + 4 * row : place + 8 + 4 * row] for row in range(3)]
    expected = [[label, *map(str, row)] for label, row in zip(found.labels, found.confusion.tolist(), strict=True)]
    assert matrix == expected
    assert f"{found.report['Gentoo']['recall']:.3f}" in cells
    assert "scikit-learn" in cells


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ALONE = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here to look at the page with")
@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_the_pictures(model, tmp_path, width):
    page, shot = tmp_path / "report.html", tmp_path / "shot.png"
    page.write_text(build(model))
    options = [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},3600", f"--screenshot={shot}"]
    subprocess.run([BROWSER, *ALONE, *options, page.as_uri()], check=True, capture_output=True, timeout=120)
    pixels = imread(shot)[..., :3]
    # Colours of the two ends of the confusion matrix and of negative weights stand nowhere but in the pictures.
    darkest = np.abs(pixels - np.array(mpl.colormaps["Blues"](1.0)[:3])).max(axis=-1) < 0.02
    orange = np.abs(pixels - np.array(to_rgb(ORANGE))).max(axis=-1) < 0.1
    assert darkest.sum() > 2000
    assert orange.sum() > 50


def test_regression_shows_residuals():
    fitted = TableModel.fit(read_table(PENGUINS), "body_mass_g", estimator_params=SETTINGS)
    text = build(fitted)
    assert "Residuals of" in text
    assert "Quantiles of the absolute error" in text
    assert "have no value of" in text
    assert len(Page(text).all("img")) == 3


def test_validation_curve_and_no_test_rows():
    options = {"hidden_layer_sizes": (6,), "solver": "adam", "max_iter": 12}
    text = build(TableModel.fit(read_table(PENGUINS), "species", test_fraction=0, estimator_params=options))
    assert "no test score" in text
    assert "validation loss goes from" in text
    assert len(Page(text).all("img")) == 2


def test_names_from_the_table_are_only_names(tmp_path):
    evil = '<script>alert("1")</script>'
    x = np.random.default_rng(0).normal(size=60)
    frame = pl.DataFrame(
        {
            f"{evil}$": [f"{value:.4f}" for value in x],
            "<b>": ["<i>", "</main>", "&amp;"] * 20,
            '"><img src=x>': [evil if value > 0 else "$x^{" for value in x],
        }
    )
    fitted = TableModel.fit(Table(frame, evil), '"><img src=x>', estimator_params=SETTINGS)
    page = Page(build(fitted))
    assert not page.all("script") + page.all("b" + "r")
    assert all(image["src"].startswith("data:") for image in page.all("img"))
    assert f"{evil}$" in page.cells


def test_the_command_writes_it_and_replaces_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        result = run("train", PENGUINS, "-t", "species", *QUICK, "--report", "report.html")
        assert result.exit_code == 0, result.stderr
        assert "report.html" in result.stdout
    assert Page((tmp_path / "report.html").read_text()).all("h1")
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "penguins.model.safetensors"}
