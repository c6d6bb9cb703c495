"""Journeys through the views of what is inside a network, and what holds of all pictures: keyboard, themes, narrow screens."""

from __future__ import annotations

import re

import numpy as np
import pytest

from chainrule import MLPClassifier
from chainrule.playground import Source
from tests.playground_journeys import until
from tests.playground_page import Start
from tests.playground_views import canvas, colours, numbers, plain, play, view


def piecewise(page):
    for layer in (1, 2):
        page.get_by_label(f"Activation of layer {layer}", exact=True).select_option("relu")


@pytest.fixture(scope="module")
def digits():
    """A model of small pictures."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return MLPClassifier((24,), max_iter=30, random_state=0).fit(X, y), X, y


def test_a_digit_is_drawn(visit, digits):
    model, X, y = digits
    page = visit(start=Start(source=Source.from_model(model, X[:300], y[:300])))
    panel = view(page, "Draw a digit")
    pad = canvas(page, "Pad to draw on")
    box = pad.bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(middle, box["y"] + 0.9 * box["height"], steps=10)
    page.mouse.up()
    until(lambda: "This looks like" in panel.inner_text())
    # One look at the page: answers to the last parts of the stroke may still come.
    read = "(e) => [...e.querySelectorAll('.digit-bar, .digit-said')].map((part) => [part.className, part.innerText])"
    told = panel.evaluate(read)
    shares = [numbers(text)[-1] for name, text in told if "digit-bar" in name]
    assert len(shares) == 10 and sum(shares) == pytest.approx(100, abs=0.6)
    said = next(numbers(text) for name, text in told if "digit-said" in name)
    assert said[0] == int(np.argmax(shares)) and said[1] == pytest.approx(max(shares), rel=0.01)
    panel.get_by_role("button", name="Clear").click()
    until(lambda: "Nothing is drawn yet" in panel.inner_text())
    # The same by keys: pen down, a stroke, and an answer.
    pad.focus()
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    until(lambda: "This looks like" in panel.inner_text())


def test_the_slow_motion_player(visit):
    page = visit()
    panel = view(page, "Slow motion")
    panel.get_by_role("button", name="Begin with the present weights").click()
    until(lambda: "each checked by computing it a second time" in panel.inner_text())
    count = numbers(panel.get_by_role("status").inner_text())[0]
    assert count > 30
    stage = panel.locator(".slow-stage")
    assert stage.inner_text() == f"Forward · step 1 of {count:.0f}"
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    until(lambda: f"step 3 of {count:.0f}" in stage.inner_text())
    page.keyboard.press("ArrowLeft")
    assert f"step 2 of {count:.0f}" in stage.inner_text()
    page.keyboard.press("End")
    assert stage.inner_text().startswith("The update")
    assert panel.get_by_role("button", name="Next").is_disabled()
    panel.get_by_role("button", name="Play", exact=True).click()
    until(lambda: f"step 2 of {count:.0f}" in stage.inner_text())
    panel.get_by_role("button", name="Pause", exact=True).click()
    stages = set()
    for at in range(int(count)):
        panel.get_by_role("slider").evaluate(
            "(box, at) => { box.value = at; box.dispatchEvent(new Event('input')); }", at
        )
        stages.add(stage.inner_text().split(" · ")[0])
    assert stages == {"Forward", "The loss", "Backward", "The update"}
    page.get_by_role("button", name="Step", exact=True).first.click()
    until(lambda: "begin again" in panel.get_by_role("status").inner_text())


def test_little_motion(visit):
    page = visit(reduced_motion="reduce")
    panel = view(page, "Slow motion")
    panel.get_by_role("button", name="Begin with the present weights").click()
    until(lambda: "step 1 of" in panel.inner_text())
    assert panel.get_by_role("button", name="Play", exact=True).is_disabled()
    panel.get_by_role("button", name="Next").click()
    assert "step 2 of" in panel.inner_text()


def test_every_view_draws_and_says_what_it_draws(visit):
    page = visit()
    piecewise(page)
    play(page, 40)
    tabs = page.locator("#look [role=tab]:visible")
    names = tabs.all_inner_texts()
    assert {
        "Explain",
        "Slow motion",
        "Hidden space",
        "Activations",
        "Gradients",
        "Loss surface",
        "Regions",
        "Diagnosis",
    } <= set(names)
    tabs.first.focus()
    for name in names[1:]:
        page.keyboard.press("ArrowRight")
        panel = page.get_by_role("tabpanel", name=name, exact=True)
        assert panel.is_visible()
        for label in ("Draw the surface", "Draw the regions"):
            if panel.get_by_role("button", name=label).count():
                panel.get_by_role("button", name=label).click()
                until(lambda panel=panel: panel.locator("canvas").is_visible())
        if panel.locator("canvas").count():
            picture = panel.locator("canvas").first
            until(lambda picture=picture: colours(picture) > 8)
            until(lambda picture=picture: len(picture.get_attribute("aria-label")) > 25)
        page.locator(f"#look [role=tab]:text-is('{name}')").focus()


def test_hidden_space_and_its_layers(visit):
    page = visit()
    play(page, 20)
    panel = view(page, "Hidden space")
    picture = panel.locator("canvas")
    until(lambda: "layer 2" in picture.get_attribute("aria-label"))
    before = page.screenshot(clip=picture.bounding_box())
    panel.locator("select").select_option("0")
    until(lambda: "layer 1" in picture.get_attribute("aria-label"))
    assert page.screenshot(clip=picture.bounding_box()) != before


def test_gradients_in_numbers(visit):
    page = visit()
    play(page, 20)
    panel = view(page, "Gradients")
    rows = panel.locator("tbody tr")
    until(lambda: rows.count() == 3)
    until(lambda: "–" not in rows.first.inner_text())
    table = np.array([[plain(cell) for cell in row.locator("td").all_inner_texts()] for row in rows.all()])
    assert (table > 0).all()
    assert table[:, 3] == pytest.approx(table[:, 1] / table[:, 2], rel=0.02)
    rows.nth(1).locator("button").first.click()
    until(lambda: "length of the last gradient" in page.locator(".explain h3").inner_text())
    shown = numbers(page.locator(".explain h3").inner_text())[-1]
    assert shown == pytest.approx(table[1, 0], rel=0.01)


def test_regions_are_as_many_as_lines_can_make(visit):
    page = visit()
    page.get_by_role("button", name=re.compile("^Remove layer 2")).click()
    page.get_by_label("Activation of layer 1", exact=True).select_option("relu")
    play(page, 20)
    panel = view(page, "Regions")
    panel.get_by_role("button", name="Draw the regions").click()
    until(
        lambda: (
            "regions" in panel.get_by_role("status").inner_text() and numbers(panel.get_by_role("status").inner_text())
        )
    )
    linear, activation = numbers(panel.get_by_role("status").inner_text())[:2]
    # Four lines divide the plane into at most 1 + 4 + 6 parts (Zaslavsky 1975; UDL, section 3.3).
    assert 1 <= linear <= activation <= 11
    assert panel.locator("canvas").get_attribute("aria-label")


def test_the_diagnosis_in_words(visit):
    page = visit()
    rate = page.locator(".control[data-field='training.learning_rate'] input[type=number]")
    rate.fill("0.000001")
    rate.press("Enter")
    play(page, 30)
    panel = view(page, "Diagnosis")
    panel.get_by_role("button", name="Diagnose").click()
    until(lambda: panel.locator(".finding").count() > 0)
    assert "learning rate" in panel.inner_text().lower() or "learning_rate" in panel.inner_text()
    assert panel.locator(".severity").first.inner_text()


def test_a_surface_with_the_way(visit):
    page = visit()
    play(page, 60)
    panel = view(page, "Loss surface")
    for kind in ("path", "random"):
        panel.get_by_label("Plane").select_option(kind)
        panel.get_by_role("button", name="Draw the surface").click()
        until(lambda: "Drawn at epoch" in panel.get_by_role("status").inner_text())
    assert colours(panel.locator("canvas")) > 100
    until(lambda: re.search(r"the way has \d+ points", panel.locator("canvas").get_attribute("aria-label")))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_follow_the_theme(visit, theme):
    page = visit(color_scheme=theme)
    play(page, 20)
    read = "(c) => Array.from(c.getContext('2d').getImageData(c.width - 3, 3, 1, 1).data)"
    for label in ("What the network says", "The network", "Curves"):
        assert colours(canvas(page, label)) > 10
        assert canvas(page, label).evaluate(read)[3] == 0
    words = page.locator(".readout").first.evaluate("(e) => getComputedStyle(e).color")
    light = np.mean(numbers(words)[:3]) > 128
    assert light == (theme == "dark")
    other = "dark" if theme == "light" else "light"
    before = page.screenshot(clip=canvas(page, "Curves").bounding_box())
    page.emulate_media(color_scheme=other)
    until(lambda: page.screenshot(clip=canvas(page, "Curves").bounding_box()) != before)


def test_a_narrow_screen(visit):
    page = visit(viewport={"width": 320, "height": 640})
    for column in ("Data", "Network", "Result"):
        page.locator(".switch label", has_text=column).first.click()
        until(lambda: page.evaluate("document.documentElement.scrollWidth") <= 320)
    play(page, 10)
    assert canvas(page, "What the network says").bounding_box()["width"] > 200
    page.locator(".switch label", has_text="Network").first.click()
    page.locator(".node").nth(2).click()
    until(lambda: "unit 1 of hidden layer 1" in page.locator(".explain h3").inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_view(visit, theme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    ).Axe()
    page = visit(color_scheme=theme)
    piecewise(page)
    # A few steps only: a long curve is a long table, and axe looks at every cell.
    for _ in range(3):
        page.get_by_role("button", name="Step", exact=True).first.click()
    page.locator(".node").nth(2).click()
    # Everything that can be unfolded is looked at too.
    page.evaluate("document.querySelectorAll('main details').forEach((box) => { box.open = true; })")
    serious = violations(axe, page, "body")
    for name in page.locator("#look [role=tab]:visible").all_inner_texts()[1:]:
        panel = view(page, name)
        for label in ("Draw the surface", "Draw the regions", "Begin with the present weights", "Diagnose"):
            if panel.get_by_role("button", name=label, exact=True).count():
                panel.get_by_role("button", name=label, exact=True).click()
                page.wait_for_timeout(700)
        serious += [f"{name}: {found}" for found in violations(axe, page, "#look")]
    assert serious == []


def violations(axe, page, part):
    found = axe.run(page, context=part).response["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']} {node['target']}" for one in bad for node in one["nodes"]]
