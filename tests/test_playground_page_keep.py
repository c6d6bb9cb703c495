"""Journeys through the playground's page: experiments, links, files, comparing, settings."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from chainrule.playground import Session, Source
from chainrule.playground.server.runner import Start
from tests.playground_journeys import click, control, journey, source, still, until_number, wait
from tests.playground_server import serving

RIVAL = (
    "https://playground.tensorflow.org/#activation=relu&batchSize=10&dataset=spiral&regDataset=reg-plane&learningRate=0.1"
    "&regularizationRate=0&noise=5&networkShape=8,8&seed=0.12345&showTestData=false&discretize=false&percTrainData=70"
    "&x=true&y=true&xTimesY=false&xSquared=false&ySquared=false&cosX=false&sinX=true&cosY=false&sinY=true&problem=classification"
)
TABLE = "a,b,c,grade\n" + "\n".join(f"{k % 7},{k * k % 11},{k % 3},{'hi' if k % 7 > 3 else 'lo'}" for k in range(80))


def paste(page, text):
    source(page, "Your data")
    page.get_by_text("Paste a table").click()
    page.locator("textarea").first.fill(text)
    click(page, "Use this table")


def test_an_experiment_asks_first(page):
    click(page, "Experiments")
    page.get_by_label("Search", exact=True).fill("circle")
    page.locator("[data-preset=features-or-layers]").click()
    question = page.locator("#question")
    question.get_by_role("heading", name="Features or layers").wait_for()
    assert not question.locator(".answer").is_visible()
    question.get_by_role("textbox").fill("No, it needs a hidden layer.")
    wait(page, "document.querySelectorAll('.layers li').length === 0")
    question.get_by_role("button", name="Play").click()
    until_number(page, "score", lambda n: n > 0.98)
    click(page, "Pause")
    click(page, "Show the answer")
    assert question.locator(".answer").is_visible()
    assert "No, it needs a hidden layer." in question.inner_text()
    click(page, "Close the question")
    assert not question.is_visible()


def test_a_link_of_the_rival_opens_with_its_points_and_weights(page):
    click(page, "Keep and share")
    page.get_by_label("Link (also of playground.tensorflow.org)").fill(RIVAL)
    page.keyboard.press("Enter")
    wait(page, "location.hash.includes('source=rival')")
    assert page.locator(".layers li").count() == 2
    assert control(page, "run.compat").locator("input").is_checked()
    session, _ = Session.open(RIVAL)
    metrics = session.frame({"metrics": True}).header["metrics"]
    until_number(page, "train", lambda n: n == pytest.approx(metrics["train_loss"], rel=5e-3))
    click(page, "Step")
    until_number(page, "epoch", lambda n: n == 1)
    session.step("epoch")
    metrics = session.frame({"metrics": True}).header["metrics"]
    until_number(page, "train", lambda n: n == pytest.approx(metrics["train_loss"], rel=5e-3))


# What the exported code is asked in addition to what it prints itself.
ASKED = """
print("loss on the rows held back:", network.loss_and_gradient(theta, X[held], Y[held])[0])
print("accuracy on the rows held back:", np.mean((network.predict(theta, X[held]) > 0.5) == (Y[held] > 0.5)))
"""
PRINTED = {
    "train": "loss on the rows trained on",
    "test": "loss on the rows held back",
    "score": "accuracy on the rows held back",
}


def test_the_code_gives_the_same_numbers(browser, server, tmp_path):
    address = (
        "#v=1&data=xor&noise=0.2&dataSeed=3&layers=5:relu&weightSeed=7&orderSeed=11&solver=adam&rate=0.02&batch=16"
    )
    with journey(browser, server, address) as seen:
        page = seen.page
        for epoch in range(1, 5):
            click(page, "Step")
            until_number(page, "epoch", lambda n, epoch=epoch: n == epoch)
        click(page, "Keep and share")
        with page.expect_download() as given:
            page.locator("[data-kind=code]").click()
        file = tmp_path / given.value.suggested_filename
        given.value.save_as(file)
        shown = {name: page.locator(f"[data-number={name}]").inner_text() for name in PRINTED}
    file.write_text(file.read_text(encoding="utf-8") + ASKED, encoding="utf-8")
    told = subprocess.run([sys.executable, file], capture_output=True, text=True, timeout=120, check=True).stdout
    printed = {name: float(value) for name, value in re.findall(r"^(.+): (\S+)$", told, re.MULTILINE)}
    # The page shows three digits.
    assert {name: f"{printed[title]:.3g}" for name, title in PRINTED.items()} == shown


def test_every_kind_of_file_and_picture(page):
    click(page, "Keep and share")
    for kind in ("numpy", "model", "points", "log", "setup"):
        with page.expect_download() as given:
            page.locator(f"[data-kind={kind}]").click()
        assert given.value.path().stat().st_size > 0
    buttons = page.get_by_role("button", name=re.compile("Save “"))
    assert buttons.count() >= 3
    with page.expect_download() as given:
        buttons.first.click()
    assert given.value.path().read_bytes()[:4] == b"\x89PNG"


def test_a_link_names_the_file_it_needs(browser, server):
    with journey(browser, server) as first:
        paste(first.page, TABLE)
        wait(first.page, "location.hash.includes('source=table')")
        control(first.page, "data.target").locator("select").select_option("a")
        wait(first.page, "location.hash.includes('target=a')")
        address = first.page.url
    assert "hi" not in address.split("#")[1]
    with journey(browser, server, "#" + address.split("#")[1]) as second:
        page = second.page
        needs = page.locator(".own .notice.warning")
        needs.wait_for()
        assert "pasted.csv" in needs.inner_text()
        page.get_by_text("Paste a table").click()
        page.locator("textarea").first.fill(TABLE)
        click(page, "Use this table")
        needs.wait_for(state="hidden")
        assert control(page, "data.target").locator("select").input_value() == "a"
        # Other runs of this page have the table too.
        click(page, "Compare")
        click(page, "Add this setting as a run")
        page.get_by_role("heading", name="Run A").wait_for()
        assert page.locator(".notice.error").count() == 0
        # An address that is typed is opened.
        page.evaluate("location.hash = '#v=1&data=moons'")
        wait(page, "document.querySelector('input[value=moons]').checked")


def test_the_table_it_was_started_with(browser):
    with journey(browser, start=Start(None, Source.from_bytes(TABLE.encode(), "grades.csv"))) as seen:
        page = seen.page
        assert page.get_by_role("radio", name="Your data").is_checked()
        page.get_by_text("grades.csv", exact=True).wait_for()
        page.get_by_role("radio", name="Examples", exact=True).check()
        wait(page, "location.hash.includes('data=circle') || !location.hash.includes('source=table')")
        page.get_by_text("grades.csv", exact=True).wait_for(state="hidden")
        source(page, "Your data")
        page.get_by_text("grades.csv", exact=True).wait_for()
        wait(page, "document.querySelector('[data-part=facts]').textContent.includes('80 rows')")


def test_a_large_table_is_dropped(page):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1000, 10))
    y = X[:, 0] * X[:, 1] > 0
    rows = "\n".join(",".join(f"{value:.4f}" for value in row) + f",{int(one)}" for row, one in zip(X, y, strict=True))
    text = ",".join(f"c{k}" for k in range(10)) + ",y\n" + rows
    page.evaluate(
        """text => {
        const files = new DataTransfer();
        files.items.add(new File([text], "large.csv", { type: "text/csv" }));
        const given = { dataTransfer: files, bubbles: true, cancelable: true };
        for (const name of ["dragover", "drop"]) window.dispatchEvent(new DragEvent(name, given));
        }""",
        text,
    )
    page.get_by_text("large.csv", exact=True).wait_for()
    page.keyboard.press(" ")
    until_number(page, "epoch", lambda n: n > 0)
    assert "1000 rows" in page.locator("[data-part=facts]").inner_text()
    assert page.locator(".control[data-field^='view.at.']").count() == 8


def test_two_runs_side_by_side(page):
    click(page, "Compare")
    add = page.get_by_role("button", name="Add this setting as a run")
    add.click()
    page.get_by_role("heading", name="Run A").wait_for()
    add.click()
    page.get_by_text("the same settings").first.wait_for()
    control(page, "training.solver").locator("select").select_option("adam")
    wait(page, "location.hash.includes('solver=adam')")
    page.locator(".toy", has_text="xor").first.click()
    wait(page, "location.hash.includes('data=xor')")
    add.click()
    page.get_by_role("heading", name="Run B").wait_for()
    # On the first run's data: only the solver differs.
    assert page.locator(".race-run").nth(1).locator("li").all_inner_texts() == ["Solver: adam"]
    page.locator("#compare").get_by_label("Epochs").fill("50")
    click(page, "Play all")
    rows = page.locator("#compare tbody tr")
    for at in range(2):
        wait(page, f"document.querySelectorAll('#compare tbody tr')[{at}].children[1].textContent === '50'")
    losses = [float(rows.nth(at).locator("td").nth(2).inner_text()) for at in range(2)]
    assert losses[0] != losses[1]
    click(page, "Use run A here")
    wait(page, "!location.hash.includes('adam')")
    page.get_by_role("button", name="Remove run B").click()
    assert page.locator(".race-run").count() == 1


def test_settings_last_and_hide(browser, server):
    with journey(browser, server) as seen:
        page = seen.page
        click(page, "Settings")
        page.get_by_role("radio", name="dark").check()
        assert page.locator("html").get_attribute("data-theme") == "dark"
        page.get_by_label("curves", exact=True).check()
        page.get_by_label("Large type for the lecture room").check()
        assert "hide=curves" in page.get_by_label("Link for the class").input_value()
        page.keyboard.press("Escape")
        assert not page.locator("[data-slot=curves]").is_visible()
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert not page.locator("[data-slot=curves]").is_visible()
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22.4px"


def test_a_lost_line_is_told_and_found_again(browser):
    with serving() as first:
        port = first.port
        with journey(browser, first) as seen:
            page = seen.page
            page.locator(".toy", has_text="xor").first.click()
            wait(page, "location.hash.includes('data=xor')")
            first.stop()
            page.locator(".notice.lost").wait_for()
            assert str(port) in page.locator(".notice.lost").inner_text()
            # The browser itself complains about a server that is not there.
            seen.errors.clear()


def test_a_stop_condition(page):
    page.get_by_text("Stop when …").click()
    box = control(page, "run.until.epochs").locator("input")
    box.fill("120")
    page.keyboard.press("Enter")
    wait(page, "location.hash.includes('untilEpochs=120')")
    page.get_by_text("Stop when …").click()
    click(page, "Play")
    page.locator(".notice.stopped.good").wait_for()
    until_number(page, "epoch", lambda n: n >= 120)
    assert still(page, "epoch") == 120


def test_names_in_a_table_are_text_and_nothing_else(browser):
    evil = "<img src=x onerror=alert(1)>"
    rows = "".join(f"{k % 7},{k * k % 11},{'<script>alert(2)</script>' if k % 7 > 3 else evil}\n" for k in range(80))
    table = f"{evil},<b>bold</b>,<svg onload=alert(3)>\n{rows}"
    with journey(browser, start=Start(None, Source.from_bytes(table.encode(), "<i>evil.csv"))) as seen:
        page, dialogs = seen.page, []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.get_by_text("<i>evil.csv", exact=True).wait_for()
        click(page, "Explain the loss")
        page.locator(".explain .step").first.wait_for()
        for view in ("Slow motion", "Hidden space", "Activations", "Gradients", "Diagnosis"):
            page.get_by_role("tab", name=view, exact=True).click()
            page.wait_for_timeout(100)
        # The classes and columns stand on the page as they are written.
        seen_text = page.locator("main").inner_text()
        assert "alert(2)" in seen_text or "<script" in seen_text
        assert page.evaluate("document.querySelectorAll('img[src=x], b, i, main script, svg[onload]').length") == 0
        assert dialogs == []


# A clipboard that lets the page write, or not.
CLIPBOARD = """
  window.pasted = [];
  const writeText = async (text) => {
    if (!window.lets) throw new Error("not allowed");
    window.pasted.push(text);
  };
  Object.defineProperty(navigator, "clipboard", { value: { writeText } });
"""


@pytest.mark.parametrize("lets", [True, False])
def test_whoever_copies_is_told_whether_it_worked(page, lets):
    page.evaluate(CLIPBOARD)
    page.evaluate(f"window.lets = {str(lets).lower()}")
    told = "Copied." if lets else "did not let the page copy"
    for name, dialog in (("Keep and share", "keep"), ("Settings", "settings")):
        click(page, name)
        place = page.locator(f"#{dialog}")
        place.get_by_role("button", name="Copy", exact=True).click()
        place.locator("[role=status]", has_text=told).wait_for()
        page.keyboard.press("Escape")
    click(page, "Explain the loss")
    page.locator(".explain .step").first.wait_for()
    click(page, "Copy as LaTeX")
    page.locator(".explain [role=status]", has_text=told).wait_for()
    by_hand = page.get_by_label("Copy as LaTeX").and_(page.locator("textarea"))
    assert by_hand.is_visible() == (not lets)
    text = page.evaluate("window.pasted.at(-1)") if lets else by_hand.input_value()
    assert text.startswith(r"\[") and text.endswith(r"\]")
    assert page.evaluate("window.pasted.length") == (3 if lets else 0)
