"""Journeys through the playground's page: its frame, run bar, data, network and training, as a person would make them."""

from __future__ import annotations

import json
import re

import numpy as np

from tests.playground_journeys import click, control, journey, number, source, still, until_number, wait


def test_play_and_the_loss_falls(page):
    before = number(page, "train")
    click(page, "Play")
    until_number(page, "epoch", lambda n: n > 200)
    page.keyboard.press(" ")  # the button has the focus, so it is the button that the key presses
    page.wait_for_selector("body[data-running=ready]")
    stopped = still(page, "epoch")
    assert number(page, "train") < before / 4
    assert number(page, "test") < before / 4
    assert number(page, "score") > 0.95
    page.wait_for_timeout(300)
    assert number(page, "epoch") == stopped


def test_steps_forward_and_back_by_keys(page):
    at_first = page.locator("[data-number=train]").inner_text()
    page.keyboard.press("ArrowRight")
    until_number(page, "epoch", lambda n: n == 1)
    page.keyboard.press("ArrowRight")
    until_number(page, "epoch", lambda n: n == 2)
    page.keyboard.press("ArrowLeft")
    until_number(page, "epoch", lambda n: n == 1)
    page.keyboard.press("ArrowLeft")
    until_number(page, "epoch", lambda n: n == 0)
    wait(page, f"document.querySelector('[data-number=train]').textContent === '{at_first}'")
    # The start: Back says why it cannot.
    back = page.get_by_role("button", name="Back", exact=True).first
    assert back.get_attribute("aria-disabled") == "true"
    assert "nothing to go back" in back.get_attribute("title")


def test_a_batch_and_a_row_are_steps_too(page):
    page.get_by_label("Step size").select_option("batch")
    click(page, "Step")
    wait(page, "document.querySelector('.readout dt').textContent.includes('batch 1 of 25')")
    page.get_by_label("Step size").select_option("sample")
    click(page, "Step")
    wait(page, "document.querySelector('.readout dt').textContent.includes('batch 2 of')")


def test_three_ways_to_begin_again(page):
    start = number(page, "train")
    click(page, "Step")
    until_number(page, "epoch", lambda n: n == 1)
    page.keyboard.press("r")
    until_number(page, "epoch", lambda n: n == 0)
    assert number(page, "train") == start
    click(page, "New weights")
    wait(page, "document.querySelector('.run .facts').textContent.includes('Weights: seed 1')")
    until_number(page, "train", lambda n: n != start)
    page.keyboard.press("n")
    wait(page, "document.querySelector('.run .facts').textContent.includes('Data: seed 1')")


def test_a_layer_and_another_solver_while_it_trains(page):
    page.get_by_label("Speed").select_option("4")
    click(page, "Play")
    until_number(page, "epoch", lambda n: n > 3)
    click(page, "Add a layer")
    page.wait_for_selector(".layers li:nth-child(3)")
    control(page, "training.solver").locator("select").select_option("adam")
    page.wait_for_selector(".control[data-field='training.solver.beta_1']")
    at = number(page, "epoch")
    assert at > 0
    until_number(page, "epoch", lambda n: n > at + 3)
    page.get_by_role("button", name="One unit more in layer 3").click()
    wait(page, "document.querySelector('.layers li:nth-child(3) input').value === '3'")
    assert page.locator("body").get_attribute("data-running") == "playing"
    click(page, "Pause")


def test_a_layer_goes_and_the_inputs_change(page):
    page.get_by_role("button", name="Remove layer 2").click()
    wait(page, "document.querySelectorAll('.layers li').length === 1")
    page.get_by_role("button", name="Remove layer 1").click()
    page.wait_for_selector("text=No hidden layer")
    for name in ("x₁²", "x₂²"):
        page.get_by_label(name, exact=True).check()
    page.get_by_label("x₁", exact=True).uncheck()
    wait(page, "location.hash.includes('features=')")
    control(page, "training.learning_rate").locator("input[type=number]").fill("0.3")
    page.keyboard.press("Enter")
    click(page, "Play")
    # Four inputs, squares among them, and no hidden layer: the circle is separated all the same.
    until_number(page, "score", lambda n: n > 0.98)
    click(page, "Pause")


def test_it_diverges_says_why_and_recovers(page):
    page.locator(".toy", has_text="plane").first.click()
    wait(page, "location.hash.includes('data=plane')")
    for name in ("1", "2"):
        page.get_by_label(f"Activation of layer {name}").select_option("identity")
    for _ in range(3):
        click(page, "Step")
    until_number(page, "epoch", lambda n: n == 3)
    rate = control(page, "training.learning_rate").locator("input[type=number]")
    rate.fill("100")
    page.keyboard.press("Enter")
    wait(page, "location.hash.includes('rate=100')")
    click(page, "Play")
    stopped = page.locator(".notice.stopped.error")
    stopped.wait_for()
    assert page.locator("body").get_attribute("data-running") == "diverged"
    assert "learning rate 100" in stopped.locator("p").inner_text()
    assert "lower the learning rate" in stopped.locator("ul").inner_text()
    assert page.locator("#alerts").inner_text()
    stopped.get_by_role("button", name="Step back one epoch").click()
    stopped.wait_for(state="detached")
    rate.fill("0.01")
    page.keyboard.press("Enter")
    wait(page, "location.hash.includes('rate=0.01')")
    click(page, "Play")
    until_number(page, "score", lambda n: n > 0.99)
    click(page, "Pause")


def test_settings_are_live_and_errors_stand_at_their_field(page):
    slider = control(page, "data.noise").locator("input[type=range]")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    wait(page, "location.hash.includes('noise=0.1')")
    box = control(page, "training.batch_size").locator("input[type=number]")
    box.fill("99999999")
    page.keyboard.press("Enter")
    repaired = control(page, "training.batch_size").locator(".field-note")
    repaired.wait_for()
    assert "is taken" in repaired.inner_text()
    page.get_by_label("x₁", exact=True).uncheck()
    page.get_by_label("x₂", exact=True).click()
    message = page.locator(".features .field-error")
    message.wait_for()
    assert message.inner_text() == "At least one input is needed."


def test_back_undoes(page):
    page.locator(".toy", has_text="xor").first.click()
    wait(page, "location.hash.includes('data=xor')")
    control(page, "training.solver").locator("select").select_option("rmsprop")
    wait(page, "location.hash.includes('solver=rmsprop')")
    page.go_back()
    wait(page, "document.querySelector('.control[data-field=\"training.solver\"] select').value === 'sgd'")
    assert "data=xor" in page.url
    page.go_back()
    wait(page, "document.querySelector('input[value=circle]').checked")


def test_the_address_is_the_state(browser, server):
    address = "#v=1&data=spiral&noise=0.2&layers=8:relu,4:relu&solver=adam&rate=0.01&hide=presets,noise"
    with journey(browser, server, address) as seen:
        page = seen.page
        assert page.locator("input[value=spiral]").first.is_checked()
        assert page.locator(".layers li").count() == 2
        assert page.locator(".layers select").first.input_value() == "relu"
        assert control(page, "training.solver").locator("select").input_value() == "adam"
        assert control(page, "data.noise").locator("input[type=number]").input_value() == "0.2"
        assert not page.get_by_role("button", name="Experiments").is_visible()
        assert not control(page, "data.noise").is_visible()
        source(page, "TensorFlow’s")
        wait(page, "location.hash.includes('source=rival') && location.hash.includes('hide=presets')")


def test_own_table(page):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    rows = "\n".join(f"{a:.3f},{b:.3f},{c:.3f},{'yes' if a + b > c else 'no'}" for a, b, c in X)
    source(page, "Your data")
    with page.expect_file_chooser() as chooser:
        click(page, "Choose a file …")
    file = {"name": "own.csv", "mimeType": "text/csv", "buffer": f"height,width,depth,wins\n{rows}\n".encode()}
    chooser.value.set_files([file])
    page.wait_for_selector("text=own.csv")
    target = control(page, "data.target").locator("select")
    assert target.input_value() == "wins"
    assert "200 rows" in page.locator("[data-part=facts]").inner_text()
    page.get_by_text("What the map shows").wait_for()
    depth = control(page, "view.at.depth").locator("input[type=number]")
    depth.fill("1")
    page.keyboard.press("Enter")
    wait(page, "location.hash.includes('depth')")
    click(page, "Play")
    until_number(page, "score", lambda n: n > 0.9)
    click(page, "Pause")
    target.select_option("height")
    wait(page, "document.querySelector('.readout').textContent.includes('R²')")


def test_a_bad_table_names_row_and_column(page):
    source(page, "Your data")
    page.get_by_text("Paste a table").click()
    page.locator("textarea").first.fill("a,b\n1,2\n3\n")
    click(page, "Use this table")
    message = page.locator(".own .field-error")
    message.wait_for()
    assert re.search(r"row|line", message.inner_text())
    page.locator("textarea").first.fill("a,b\n" + "\n".join(f"{k * k % 17},{k % 2}" for k in range(30)))
    click(page, "Use this table")
    wait(page, "document.querySelector('[data-part=facts]').textContent.includes('30 rows')")
    assert page.locator(".own .field-error").count() == 0


def test_plain_data(page):
    """What the page keeps as settings opens again, here and elsewhere."""
    control(page, "training.learning_rate").locator("input[type=number]").fill("0.3")
    page.keyboard.press("Enter")
    wait(page, "location.hash.includes('rate=0.3')")
    click(page, "Keep and share")
    with page.expect_download() as given:
        page.locator("[data-kind=setup]").click()
    setup = json.loads(given.value.path().read_text())
    assert (setup.get("setup") or setup)["training"]["learning_rate"] == 0.3
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    control(page, "training.learning_rate").locator("input[type=number]").fill("0.1")
    page.keyboard.press("Enter")
    wait(page, "location.hash.includes('rate=0.1')")
    click(page, "Keep and share")
    with page.expect_file_chooser() as chooser:
        click(page, "Settings file …")
    chooser.value.set_files(given.value.path())
    wait(page, "location.hash.includes('rate=0.3')")
