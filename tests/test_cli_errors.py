"""Everything a new user may do wrong: one clear message, the right exit code, no traceback, nothing harmed."""

from __future__ import annotations

import gzip
import os
import pickle
import stat
import tempfile
from itertools import takewhile
from pathlib import Path

import pytest

from chainrule.errors import TableError
from tests.command import PENGUINS, QUICK, refused, run

ROWS = range(40)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The bytes of a model file."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    assert run("train", PENGUINS, "-t", "species", *QUICK, "--model", path).exit_code == 0
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path, monkeypatch, model):
    """A current folder with a model and tables of all kinds of trouble."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.safetensors").write_bytes(model)
    good = PENGUINS.read_text()
    tables = {
        "empty.csv": "",
        "header.csv": "a,b\n",
        "one-class.csv": "a,b\n" + "".join(f"{i}.5,x\n" for i in ROWS),
        "no-target.csv": "a,b\n" + "".join(f"{i}.5,\n" for i in ROWS),
        "no-input.csv": "a,b\n" + "".join(f",{i % 2}\n" for i in ROWS),
        "constant.csv": "a,b\n" + "".join(f"7,{i % 2}\n" for i in ROWS),
        "few.csv": "a,b\n" + "".join(f"{i}.5,{i % 2}\n" for i in range(5)),
        "ragged.csv": "a,b\n1,2\n3\n",
        "quote.csv": 'a,b\n1,"2\n',
        "twice.csv": "a,a\n1,2\n",
        "many.csv": "a,b\n" + "".join(f"{i}.5,name {i}\n" for i in ROWS),
        "text.csv": good.replace("39.1,", "wide,", 1),
        "short.csv": good.replace("island,", "isle,", 1),
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.csv").write_bytes("a,b\ncaf\xe9,1\n".encode("latin-1"))
    (tmp_path / "short.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    (tmp_path / "pickle.safetensors").write_bytes(pickle.dumps({"weights": [1.0] * 50}))
    (tmp_path / "cut.safetensors").write_bytes(model[:-7])
    (tmp_path / "page.html").write_text("my own words")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "missing.csv", "-t", "b"), ["missing.csv", "no such file"]),
        (("train", ".", "-t", "b"), ["directory"]),
        (("train", "empty.csv", "-t", "b"), ["empty.csv", "is empty"]),
        (("train", "header.csv", "-t", "b"), ["header but no rows"]),
        (("train", "one-class.csv", "-t", "b"), ["'b'", "every value is 'x'"]),
        (("train", "no-target.csv", "-t", "b"), ["'b'", "all 40 values are missing"]),
        (("train", "no-input.csv", "-t", "b"), ["no column is of use", "all values are missing"]),
        (("train", "constant.csv", "-t", "b"), ["no column is of use", "every value is '7'"]),
        (("train", "few.csv", "-t", "b"), ["5 rows", "at least 10"]),
        (("train", "ragged.csv", "-t", "b"), ["row 2", "line 3", "found 1 field"]),
        (("train", "quote.csv", "-t", "b"), ["line 2", "never closed"]),
        (("train", "twice.csv", "-t", "a"), ["'a'", "2 times"]),
        (("train", "latin.csv", "-t", "b"), ["line 2", "not UTF-8"]),
        (("train", "many.csv", "-t", "b"), ["too many to be classes"]),
        (("train", "m.safetensors", "-t", "b"), ["m.safetensors is a chainrule model file", "expected a CSV"]),
        (("train", "text.csv", "-t", "species"), ["row 1", "line 2", "'bill_length_mm'", "'wide'"]),
        (("train", PENGUINS, "-t", "specie"), ["no column 'specie'", "did you mean 'species'"]),
        (("train", PENGUINS, "-t", "species", "--drop", "Sex"), ["no column 'Sex'", "did you mean 'sex'"]),
        (("train", PENGUINS, "-t", "species", "--task", "regression"), ["'Adelie'", "finite numbers"]),
        (("train", PENGUINS, "-t", "species", "--task", "binary"), ["3 values"]),
        (("train", PENGUINS, "-t", "species", "--model", "text.csv"), ["text.csv", "not a chainrule model", "--force"]),
        (("train", PENGUINS, "-t", "species", "--model", "pickle.safetensors"), ["not a chainrule model"]),
        (("train", PENGUINS, "-t", "species", "--model", PENGUINS, "--force"), ["input of this command"]),
        (("train", PENGUINS, "-t", "species", "--model", "."), ["is a folder"]),
        (("train", PENGUINS, "-t", "species", "--model", "absent/m.safetensors"), ["does not exist"]),
        (("train", PENGUINS, "-t", "species", "--report", "page.html"), ["page.html", "not an HTML page", "--force"]),
        (("train", PENGUINS, "-t", "species", "--model", "x.html", "--report", "x.html"), ["another name"]),
        (("predict", "absent.safetensors", PENGUINS), ["absent.safetensors", "no such file"]),
        (("predict", ".", PENGUINS), ["directory", "chainrule model file"]),
        (("predict", PENGUINS, PENGUINS), ["looks like text", "not a chainrule model"]),
        (
            ("predict", "short.csv", "m.safetensors"),
            ["the model comes first: chainrule predict m.safetensors short.csv"],
        ),
        (("evaluate", "text.csv", "m.safetensors"), ["comes first: chainrule evaluate m.safetensors text.csv"]),
        (("evaluate", "short.csv.gz", "m.safetensors"), ["chainrule evaluate m.safetensors short.csv.gz"]),
        (("predict", "m.safetensors", "m.safetensors"), ["is a chainrule model file", "expected a CSV or Parquet"]),
        (("inspect", "short.csv"), ["looks like text, such as a CSV table"]),
        (("predict", "pickle.safetensors", PENGUINS), ["looks like a pickle"]),
        (("predict", "cut.safetensors", PENGUINS), ["damaged"]),
        (("predict", "m.safetensors", "absent.csv"), ["absent.csv", "no such file"]),
        (
            ("predict", "m.safetensors", "text.csv"),
            ["row 1", "line 2", "'bill_length_mm'", "expected a number", "'wide'"],
        ),
        (("predict", "m.safetensors", "short.csv"), ["no column 'island'"]),
        (("predict", "m.safetensors", PENGUINS, "-o", "m.safetensors"), ["input of this command"]),
        (("predict", "m.safetensors", "short.csv", "-o", "short.csv"), ["input of this command"]),
        (("predict", "m.safetensors", PENGUINS, "-o", "absent/p.csv"), ["does not exist"]),
        (("predict", "m.safetensors", PENGUINS, "-o", "."), ["is a folder"]),
        (("evaluate", "m.safetensors", "one-class.csv"), ["no column 'species'"]),
        (("evaluate", "pickle.safetensors", PENGUINS), ["looks like a pickle"]),
        (("inspect", "cut.safetensors"), ["damaged"]),
    ],
)
def test_wrong_data(folder, arguments, words):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    refused(run(*arguments), 1, *words)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trian",), ["No such command", "train"]),
        (("train",), ["Missing argument"]),
        (("train", PENGUINS), ["Missing option '--target' / '-t'", "species, island"]),
        (("train", PENGUINS, "-t", "species", "--epoch"), ["--epoch"]),
        (("train", PENGUINS, "-t", "species", "--hidden", "a"), ["'a'", "64,32"]),
        *(
            (
                ("train", PENGUINS, "-t", "species", "--hidden", wrong),
                ["Invalid value for '--hidden'", repr(wrong), "64,32"],
            )
            for wrong in ("0", "0,5", "10,,5", "10,", ",", "", "1.5", "-3")
        ),
        (("train", PENGUINS, "-t", "species", "--hidden", "9999999999999999999999"), ["64,32"]),
        (("train", PENGUINS, "-t", "species", "--activation", "rel"), ["'rel'", "Did you mean relu"]),
        (("train", PENGUINS, "-t", "species", "--activation", "softmax"), ["'softmax'", "tanh"]),
        (("train", PENGUINS, "-t", "species", "--solver", "adm"), ["Did you mean adam"]),
        (("train", PENGUINS, "-t", "species", "--engine", "fast"), ["native"]),
        (("train", PENGUINS, "-t", "species", "--dtype", "int8"), ["float32"]),
        (("train", PENGUINS, "-t", "species", "--task", "guess"), ["regression"]),
        (("train", PENGUINS, "-t", "species", "--epochs", "0"), ["--epochs"]),
        (("train", PENGUINS, "-t", "species", "--learning-rate", "-1"), ["above 0"]),
        (("train", PENGUINS, "-t", "species", "--learning-rate", "nan"), ["above 0"]),
        (("train", PENGUINS, "-t", "species", "--alpha", "-1"), ["0 or above"]),
        (("train", PENGUINS, "-t", "species", "--test-fraction", "1"), ["between 0 and 0.9"]),
        (("train", PENGUINS, "-t", "species", "--seed", "-1"), ["--seed"]),
        (("train", PENGUINS, "-t", "species", "--threads", "0"), ["--threads"]),
        (
            ("train", PENGUINS, "-t", "species", "--solver", "lbfgs", "--batch-size", "9"),
            ["Invalid value for '--batch-size'", "lbfgs"],
        ),
        (
            ("predict", "m.safetensors", PENGUINS, "--json", "-o", "p.csv"),
            ["Invalid value for '--output' / '-o'", "--json"],
        ),
    ],
)
def test_wrong_usage(folder, arguments, words):
    refused(run(*arguments), 2, *words)


def test_a_network_too_large_for_memory(folder):
    result = run("train", PENGUINS, "-t", "species", "--hidden", "900000,900000", "--solver", "adam")
    refused(result, 1, "not enough memory", "--hidden")


@pytest.fixture
def locked(folder):
    """A folder that may be read but not written to, by a user who is not root."""
    inside = folder / "locked"
    inside.mkdir()
    inside.chmod(stat.S_IRUSR | stat.S_IXUSR)
    root = os.geteuid() == 0
    if root:
        # Root may write anywhere; somebody else may not.
        inside.chmod(0o755)
        for place in takewhile(lambda place: place != Path(tempfile.gettempdir()), (folder, *folder.parents)):
            os.chmod(place, 0o755)
        os.seteuid(65534)
    yield inside
    if root:
        os.seteuid(0)
    inside.chmod(0o755)


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", PENGUINS, "-t", "species", "--model", "locked/m.safetensors"),
        ("train", PENGUINS, "-t", "species", "--model", "locked/m.safetensors", "--report", "locked/r.html"),
        ("predict", "m.safetensors", PENGUINS, "--output", "locked/p.csv"),
    ],
)
def test_a_read_only_folder_is_noticed_before_the_work(folder, locked, arguments):
    if not os.access(PENGUINS, os.R_OK):
        pytest.skip("the examples cannot be read by a user other than root")
    refused(run(*arguments), 1, "locked", "cannot be written to", "Permission denied")


def test_a_missing_extra_is_named(folder, monkeypatch):
    def absent(_):
        raise ModuleNotFoundError("No module named 'polars'", name="polars")

    monkeypatch.setattr("chainrule.models.load", absent)
    refused(run("predict", "m.safetensors", PENGUINS), 1, "polars", "pip install 'chainrule[all]'")


def test_control_characters_do_not_reach_the_terminal(folder):
    (folder / "escape.csv").write_text("a,b\x1b[2J\n" + "".join(f"{i}.5,\x1b]0;x{i % 2}\n" for i in ROWS))
    result = run("train", "escape.csv", "-t", "b\x1b[2J", *QUICK)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout + result.stderr


def test_bugs_ask_for_a_report_and_show_a_traceback_only_on_request(folder, monkeypatch):
    def broken(_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("chainrule.models.load", broken)
    result = run("predict", "m.safetensors", PENGUINS)
    assert result.exit_code == 1
    assert "bug in chainrule" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr
    assert isinstance(run("--debug", "predict", "m.safetensors", PENGUINS).exception, ZeroDivisionError)


def test_debug_shows_the_exception_itself(folder):
    assert isinstance(run("--debug", "train", "empty.csv", "-t", "b").exception, TableError)
