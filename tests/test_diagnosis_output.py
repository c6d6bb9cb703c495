"""A diagnosis as text, HTML and plain data, and in `chainrule train`."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest

import chainrule
from chainrule.diagnosis import CHECKS, Advice, Diagnosis, Finding, diagnose
from tests.command import QUICK, data, run
from tests.diagnosis_runs import SICK, moons, trained

EVIL = '<script>alert("x")</script>'
VOID = {"br", "img", "meta", "hr"}


class Fragment(HTMLParser):
    """Tags, text, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.words = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, words):
        self.words += words


@pytest.fixture(scope="module")
def sick():
    chosen = SICK["wine as measured, sgd"]
    return diagnose(trained(chosen, chosen.rows()))


def test_the_text_says_what_was_measured_and_what_to_change(sick):
    text = str(sick)
    first = sick.findings[0]
    flat = " ".join(text.split())
    for part in (first.title, first.evidence, first.word, first.threshold, *(advice.change for advice in first.advice)):
        assert " ".join(part.split()) in flat
    assert all(len(line) <= 110 for line in text.splitlines())
    assert f"{first.numbers['largest']:.3g}" in text
    assert "from this: " in text


def test_the_dict_is_plain_json_and_complete(sick):
    told = json.loads(json.dumps(sick.to_dict(), allow_nan=False))
    assert told["findings"][0]["key"] == "unscaled_inputs"
    assert told["findings"][0]["numbers"]["largest"] > 100
    assert set(told["findings"][0]) == {
        "key", "title", "severity", "cause", "since", "evidence", "numbers", "word", "threshold", "advice",
    }  # fmt: skip
    assert {*told["passed"], *told["unchecked"], *(one["key"] for one in told["findings"])} == set(CHECKS)


def test_the_html_is_whole_and_says_the_same(sick):
    page = Fragment(sick.to_html())
    assert sick._repr_html_() == sick.to_html()
    assert not {"script", "link", "img", "iframe", "a"} & set(page.tags)
    for finding in sick.findings:
        assert finding.title in page.words
        assert finding.evidence in page.words
    assert page.tags.count("caption") == page.tags.count("table") == len(sick.causes)


def test_texts_of_others_are_escaped():
    finding = Finding("k", EVIL, "serious", EVIL, {}, EVIL, EVIL, (Advice(EVIL, EVIL),))
    page = Fragment(Diagnosis(EVIL, (finding,), (), {"overfitting": EVIL}).to_html())
    assert "script" not in page.tags
    assert page.words.count("alert") >= 6


def test_a_clean_bill_is_short():
    rows = moons()
    model = chainrule.MLPClassifier(learning_rate_init=0.02, max_iter=300, random_state=0).fit(rows.X, rows.y)
    found = diagnose(model, rows.X, rows.y, rows.X_test, rows.y_test)
    assert found.healthy
    assert len(str(found).splitlines()) <= 6


def test_every_entry_of_the_table_can_be_read():
    for key, check in CHECKS.items():
        assert key.isidentifier()
        assert check.title[0].isupper()
        assert "lecture 00" in check.word, key
        assert len(check.threshold) > 40, key


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table whose answer depends on two columns; one more gives it away."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.RandomState(0)
    a, b = rng.standard_normal((2, 300))
    y = a + b + 1.5 * rng.standard_normal(300)
    rows = ["a,b,leak,y", *(f"{p:.4f},{q:.4f},{2 * r + 1:.4f},{r:.4f}" for p, q, r in zip(a, b, y, strict=True))]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    return "t.csv"


def test_train_tells_what_is_wrong(table, tmp_path):
    result = run("train", table, "-t", "y", *QUICK, "--report", "r.html")
    assert result.exit_code == 0, result.stderr
    assert "Target leak suspected" in result.stdout
    assert "leak alone explains" in result.stdout
    assert "leak alone explains" in (tmp_path / "r.html").read_text()
    told = data("train", table, "-t", "y", *QUICK, "--force")
    assert told["diagnosis"]["findings"][0]["numbers"]["column"] == "leak"


def test_train_says_nothing_where_nothing_is_wrong(table, tmp_path):
    result = run("train", table, "-t", "y", "--drop", "leak", *QUICK, "--report", "r.html")
    assert result.exit_code == 0, result.stderr
    assert "Diagnosis" not in result.stdout
    assert "Diagnosis" not in (tmp_path / "r.html").read_text()
    told = data("train", table, "-t", "y", "--drop", "leak", *QUICK, "--force")
    assert told["diagnosis"]["healthy"] is True


def test_train_speaks_of_its_own_options(table):
    options = ("--solver", "sgd", "--learning-rate", "0.000001", "--epochs", "5")
    result = run("train", table, "-t", "y", "--drop", "leak", *options)
    assert "Learning rate too low" in result.stdout
    assert "--learning-rate: " in result.stdout
    assert "learning_rate_init" not in result.stdout.partition("Diagnosis")[2]


def test_a_divergence_is_diagnosed_in_its_message(table):
    options = ("--solver", "sgd", "--learning-rate", "1000000", "--drop", "leak", "--no-progress", "--epochs", "5")
    result = run("train", table, "-t", "y", *options)
    assert result.exit_code == 1
    assert "learning rate 1e+06" in result.stderr
    assert "is a bug" not in result.stderr
