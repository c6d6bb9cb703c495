"""`chainrule explain`: the row of the file, every format, and what it refuses."""

from __future__ import annotations

import re

import pytest

import chainrule
from chainrule.tables import read_table
from chainrule.trace import Trace, verify
from chainrule.trace.render import FORMATS
from tests.command import PENGUINS, QUICK, refused, run


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small classifier of penguins."""
    path = tmp_path_factory.mktemp("explained") / "model.safetensors"
    assert run("train", PENGUINS, "-t", "species", *QUICK, "--solver", "adam", "--model", path).exit_code == 0
    return path


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_printed_and_written(model, tmp_path, format):
    output = tmp_path / "explained"
    printed = run("explain", model, PENGUINS, "--row", "7", "--format", format)
    written = run("explain", model, PENGUINS, "--row", "7", "--format", format, "--output", output)
    assert printed.exit_code == written.exit_code == 0, printed.stderr
    assert output.read_text().strip() == printed.stdout.strip()
    assert "numbers explained" in written.stdout


def test_the_ending_decides_the_format(model, tmp_path):
    for ending, start in {
        "html": "<!doctype html>",
        "svg": "<svg",
        "tex": "\\documentclass",
        "md": "# Row 7",
        "json": "{",
    }.items():
        output = tmp_path / f"row.{ending}"
        assert run("explain", model, PENGUINS, "-r", "7", "-o", output).exit_code == 0
        assert output.read_text().startswith(start)


def test_rows_count_from_one_and_the_prediction_is_the_models(model):
    document = run("explain", model, PENGUINS, "--row", "7", "--format", "json").stdout
    found, table = Trace.from_json(document), read_table(PENGUINS)
    fitted = chainrule.load(model)
    assert found.header.data[0].number == 7
    assert found.header.data[0].raw["body_mass_g"] == table.frame["body_mass_g"][6]
    assert found.header.data[0].prediction == fitted.predict(table)[6]
    assert found.prediction[0] == pytest.approx(fitted.predict_proba(table)[6], rel=1e-5)
    assert verify(document).ok


def test_rows_without_a_target_are_explained_forward(model, tmp_path):
    lines = PENGUINS.read_text().splitlines()
    (tmp_path / "new.csv").write_text("\n".join(line.split(",", 1)[1] for line in lines) + "\n")
    result = run("explain", model, tmp_path / "new.csv", "--row", "3")
    assert result.exit_code == 0
    assert "no known 'species'" in result.stderr
    assert "4. Backward" not in result.stdout
    assert "4. Backward" in run("explain", model, PENGUINS, "--row", "3").stdout


def test_several_rows_are_a_batch(model):
    found = Trace.from_json(run("explain", model, PENGUINS, "-r", "3", "-r", "9", "-f", "json").stdout)
    assert [row.number for row in found.header.data] == [3, 9]


def test_a_unit_can_be_opened(model):
    result = run("explain", model, PENGUINS, "-r", "3", "--layer", "1", "--unit", "2", "-f", "svg")
    assert re.search(r'class="node on( \w+)?" data-key="n0-1"', result.stdout)


def test_level_and_sample_reach_the_trace(model):
    def explained(*options):
        return Trace.from_json(run("explain", model, PENGUINS, "-r", "3", "-f", "json", *options).stdout)

    for level in ("unit", "layer"):
        assert explained("--level", level).level == level
    few, many = (explained("--level", "layer", "--sample", count) for count in (1, 6))
    assert len(few.header.check["places"]) < len(many.header.check["places"]) < many.header.n_trained
    assert few.header.check["sample"] == 1 and few.verify().ok and many.verify().ok


@pytest.mark.parametrize("format", ["terminal", "markdown", "html", "latex"])
def test_how_many_gradients_were_checked_is_told(model, format):
    """And how they were chosen, where not all were."""
    row = ("explain", model, PENGUINS, "-r", "3", "--level", "layer", "-f")
    header = Trace.from_json(run(*row, "json").stdout).header
    told = " ".join(run(*row, format).stdout.split())
    assert f"{len(header.check['places'])} of {header.n_trained} gradients checked" in told
    assert "of each array of parameters the 2 largest and 2 evenly spread ones" in told
    whole = " ".join(run("explain", model, PENGUINS, "-r", "3", "--level", "unit", "-f", format).stdout.split())
    assert f"{header.n_trained} of {header.n_trained} gradients checked" in whole and "evenly spread" not in whole
    assert "gradients checked" not in run("explain", model, PENGUINS, "-r", "3", "--forward", "-f", format).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--row", "999"), 1, ("no row 999", "1 to 344")),
        (("--row", "0"), 2, ("--row",)),
        ((), 2, ("--row",)),
        (("--row", "1", "--notation", "greek"), 2, ("udl, nielsen, mazur, plain",)),
        (("--row", "1", "--format", "pdf"), 2, ("terminal, markdown",)),
        (("--row", "1", "--output", "row.pdf"), 2, ("written as .pdf", ".html", "--format")),
        (("--row", "1", "--digits", "99"), 2, ("17",)),
        (("--row", "1", "--level", "neuron"), 2, ("auto, unit, layer",)),
        (("--row", "1", "--sample", "0"), 2, ("--sample",)),
        (("--row", "1", "--layer", "1"), 2, ("go together",)),
        (("--row", "1", "--layer", "9", "--unit", "1"), 2, ("no layer 9",)),
        (("--row", "1", "--layer", "1", "--unit", "99"), 2, ("no unit 99",)),
        (("--row", "1", "--output", "/nowhere/x.html"), 1, ("does not exist",)),
    ],
)
def test_refusals(model, arguments, code, words):
    refused(run("explain", model, PENGUINS, *arguments), code, *words)


def test_wrong_files_are_told(model, tmp_path):
    refused(run("explain", PENGUINS, model, "--row", "1"), 1, "the model comes first")
    refused(run("explain", PENGUINS, PENGUINS, "--row", "1"), 1, "not a chainrule model file")
    refused(run("explain", model, PENGUINS, "--row", "1", "-o", model), 1, "would be overwritten")
    bare = tmp_path / "bare.safetensors"
    chainrule.save(chainrule.load(model).estimator, bare)
    refused(run("explain", bare, PENGUINS, "--row", "1"), 1, "without a table's columns")


def test_a_number_that_does_not_follow_is_an_error(model, monkeypatch):
    from chainrule.trace.verify import Failure, Report

    report = Report(3, 1, (), (Failure("loss", "does not follow", 1.0, 2.0),))
    monkeypatch.setattr(Trace, "verify", lambda self: report)
    refused(run("explain", model, PENGUINS, "--row", "1", "-f", "svg"), 1, "loss", "not every number")
