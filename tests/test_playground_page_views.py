"""Journeys through what the playground's page shows: map, diagram, curves and scores."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pytest

from tests.playground_journeys import until
from tests.playground_views import canvas, colours, numbers, plain, play

pytest.importorskip("PIL", reason="Pillow, which reads pictures, is not installed")

# Links to steps of a backward pass.
BACKWARD = ", ".join(f"[data-target*={kind}]" for kind in ("gradient", "delta", "path"))


def weight_table(page: Any, layer: int) -> np.ndarray:
    """Weights and, last, biases of a layer, from the table."""
    table = page.locator("details:has(> summary:text-is('Weights as a table'))")
    if table.get_attribute("open") is None:
        table.locator("summary").click()
    table.locator("select").select_option(str(layer))
    table.get_by_role("button", name="Read again").click()
    rows = table.locator("tbody tr").all()
    return np.array([[plain(cell) for cell in row.locator("td").all_inner_texts()] for row in rows])


def test_the_map_says_what_the_weights_say(visit):
    page = visit()
    play(page)
    parts = [weight_table(page, layer) for layer in range(3)]
    picture = canvas(page, "What the network says")
    picture.focus()
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowLeft"):
        page.keyboard.press(key)
        told = page.locator("[data-slot=map] .readout").inner_text()
        _, x1, _, x2, _, shown = numbers(told)
        h = np.array([x1, x2])
        for W in parts[:-1]:
            h = np.tanh(h @ W[:-1] + W[-1])
        z = h @ parts[-1][:-1] + parts[-1][-1]
        # The map is read at the middle of a cell, a tenth of a unit away at most.
        assert shown == pytest.approx(float(1 / (1 + np.exp(-z[0]))), abs=0.15)
    assert colours(picture) > 50


def test_a_row_of_the_map_is_explained_and_stays(visit):
    page = visit()
    place = page.evaluate("document.querySelector('[data-slot=map] canvas').getBoundingClientRect().toJSON()")
    picture = canvas(page, "What the network says")
    for step in range(12):
        picture.click(position={"x": place["width"] / 2 + 4 * step, "y": place["height"] / 2})
        time.sleep(0.5)
        if page.locator(".explain h3").inner_text() != "Choose a number":
            break
    until(lambda: page.locator(".explain h3").inner_text().startswith("the loss of this row"))
    row = page.locator(".explain input[type=number]").first.input_value()
    assert page.get_by_label("keep this row").is_checked()
    page.locator(".node").nth(3).click()
    until(lambda: "unit 2 of hidden layer 1" in page.locator(".explain h3").inner_text())
    assert page.locator(".explain input[type=number]").first.input_value() == row


def test_a_gradient_is_followed_to_the_loss(visit):
    page = visit()
    # A few epochs only: of saturated units the numbers shown differ by less than their digits.
    for epoch in range(3):
        page.get_by_role("button", name="Step", exact=True).first.click()
        until(lambda epoch=epoch: numbers(page.locator("[data-number=epoch]").inner_text())[0] == epoch + 1)
    page.locator(".node").nth(2).click()
    until(lambda: "unit 1 of hidden layer 1" in page.locator(".explain h3").inner_text())
    checked = 0
    for step in page.locator(".explain .step:has(.step-numbers)").all():
        formula = step.locator(".step-numbers").text_content() or ""
        arithmetic = formula.lstrip("= ").replace("−", "-").replace("·", "*").replace("²", "**2").replace("\u2009", "")
        if re.fullmatch(r"[\d.e+*()\-\s/]+", arithmetic):
            value = plain((step.locator(".step-value strong").text_content() or "").strip())
            assert eval(arithmetic) == pytest.approx(value, rel=2e-4, abs=3e-6)
            checked += 1
    assert checked >= 6
    seen = []
    page.locator(".explain section:has(h4:text('Its gradient')) .chain").first.locator(".step").last.focus()
    for _ in range(12):
        here = page.evaluate("document.activeElement.closest('.step')?.id ?? ''")
        seen.append(here)
        links = page.locator(f"[id='{here}'] .step-parents button:is({BACKWARD})")
        if links.count() == 0:
            break
        links.first.press("Enter")
        until(lambda old=here: page.evaluate("document.activeElement.closest('.step')?.id ?? ''") != old)
    # The chain ends at the output, where the loss itself is what is differentiated.
    assert len(set(seen)) >= 4
    assert re.search(r"-l2-|loss", seen[-1])


def test_the_diagram_by_keyboard(visit):
    page = visit()
    page.locator(".node[tabindex='0']").focus()
    assert page.locator(".node[tabindex='0']").count() == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    told = page.locator("[data-slot=diagram] .readout").first.inner_text()
    assert told.startswith("unit ") and "of layer 1" in told
    page.keyboard.press("Shift+ArrowDown")
    told = page.locator("[data-slot=diagram] .readout").first.inner_text()
    assert told.startswith("Weight from x1")
    value = numbers(told)[-1]
    page.keyboard.press("Enter")
    until(lambda: "weight from x1" in page.locator(".explain h3").inner_text())
    box = page.locator(".edit-row input[type=number]")
    assert plain(box.input_value()) == pytest.approx(value, rel=0.01, abs=1e-3)
    box.fill("2.5")
    box.press("Enter")
    until(lambda: 2.5 in weight_table(page, 0))
    page.locator(".node[tabindex='0']").focus()
    page.keyboard.press("+")
    until(lambda: page.locator(".node").count() == 10)
    page.keyboard.press("-")
    until(lambda: page.locator(".node").count() == 9)


def test_a_unit_shows_its_own_map(visit):
    page = visit()
    heading = page.locator("[data-slot=map] h3")
    page.locator(".node").nth(2).hover()
    until(lambda: heading.inner_text() == "Unit 1 of layer 1")
    page.mouse.move(5, 5)
    until(lambda: heading.inner_text() == "What the network says")


def test_curves_by_keyboard_and_as_a_table(visit):
    page = visit()
    play(page, 60)
    slider = page.get_by_role("slider", name=re.compile("^Curves"))
    slider.focus()
    page.keyboard.press("Home")
    first = slider.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    second = slider.get_attribute("aria-valuetext")
    assert first.startswith("Epoch 0:") and second.startswith("Epoch 1:")
    table = page.locator("details:has(> summary:text-is('Curves as a table'))")
    table.locator("summary").click()
    until(lambda: table.locator("tbody tr").count() > 15)
    rows = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
    assert plain(rows[-1][0]) == 0
    assert numbers(second)[1] == pytest.approx(plain(rows[-2][2]), rel=1e-3)
    assert plain(rows[0][2]) < plain(rows[-1][2])
    before = page.screenshot(clip=slider.bounding_box())
    page.locator("[data-slot=curves]").get_by_label("logarithmic", exact=True).check()
    assert page.screenshot(clip=slider.bounding_box()) != before
    page.locator("[data-slot=curves]").get_by_label("Show").select_option("score")
    page.get_by_role("slider", name=re.compile("^Curves")).press("End")
    last = numbers(slider.get_attribute("aria-valuetext"))[2]
    assert 100 * last == pytest.approx(
        numbers(page.locator(".tile", has_text="test accuracy").inner_text())[0], abs=0.1
    )


def test_scores_and_confusions_agree(visit):
    page = visit("#v=1&data=three&noise=0.4")
    play(page, 30)
    table = page.locator("table.confusion")
    counts = np.array(
        [[int(cell) for cell in row.locator("td").all_inner_texts()] for row in table.locator("tbody tr").all()]
    )
    assert counts.shape == (3, 3) and counts.sum() == 250
    shown = numbers(page.locator(".tile", has_text="test accuracy").inner_text())[0]
    assert shown == pytest.approx(100 * np.trace(counts) / counts.sum(), abs=0.06)
    assert table.locator("thead th").all_inner_texts()[1:] == ["● 0", "▲ 1", "■ 2"]
    picture = canvas(page, "What the network says")
    picture.focus()
    page.keyboard.press("ArrowUp")
    assert re.search(r"[●▲■] [012] with P", page.locator("[data-slot=map] .readout").inner_text())
    page.locator(".tile", has_text="test accuracy").click()
    until(lambda: "ccuracy" in page.locator(".explain h3").inner_text())
    table.locator("td button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(lambda: page.locator(".explain h3").inner_text().startswith("class 1 recognised"))
    assert page.locator(".explain h3").inner_text().endswith(f"= {counts[1, 1]}")


def test_one_input_is_a_line_with_joints(visit):
    page = visit("#v=1&data=sine")
    for layer in (1, 2):
        page.get_by_label(f"Activation of layer {layer}", exact=True).select_option("relu")
    play(page, 30)
    picture = canvas(page, "The function")
    assert picture.is_visible() and not canvas(page, "What the network says").is_visible()
    until(lambda: "joints" in (picture.get_attribute("aria-label") or ""))
    table = page.locator("details:has(> summary:text-is('Straight pieces as a table'))")
    table.locator("summary").click()
    until(lambda: table.locator("tbody tr").count() >= 2)
    pieces = np.array(
        [[plain(cell) for cell in row.locator("td").all_inner_texts()] for row in table.locator("tbody tr").all()]
    )
    # Pieces follow one another, and the function is continuous where they meet.
    assert pieces[1:, 0] == pytest.approx(pieces[:-1, 1], abs=1e-3)
    ends, starts = pieces[:-1, 2] * pieces[:-1, 1] + pieces[:-1, 3], pieces[1:, 2] * pieces[1:, 0] + pieces[1:, 3]
    assert ends == pytest.approx(starts, abs=0.02)


def test_a_wide_network_is_matrices(visit):
    page = visit()
    units = page.get_by_label("Units of layer 1", exact=True)
    units.fill("40")
    units.press("Enter")
    picture = canvas(page, "Weights of all layers as matrices")
    until(picture.is_visible)
    # The new network's weights are here.
    until(lambda: weight_table(page, 1).shape == (40 + 1, 2))
    picture.focus()
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    told = page.locator("[data-slot=diagram] .readout:visible").inner_text()
    assert told.startswith("Weight from unit 2 of layer 1 to unit 2 of layer 2")
    assert numbers(told)[-1] == pytest.approx(weight_table(page, 1)[1, 1], rel=0.01)
    picture.focus()
    page.keyboard.press("Enter")
    until(lambda: "weight from unit 2 of hidden layer 1" in page.locator(".explain h3").inner_text())
    page.locator("[data-slot=diagram]").get_by_label("Drawn as").select_option("matrices")
    assert colours(picture) > 20


def test_pictures_are_saved(visit):
    page = visit()
    with page.expect_download() as saved:
        page.locator("[data-slot=map]").get_by_role("button", name="Save PNG").click()
    from PIL import Image

    picture = Image.open(saved.value.path())
    assert picture.format == "PNG" and min(picture.size) > 200 and len(picture.getcolors(10**6)) > 50


def test_the_best_possible_border_is_dashed_where_it_is_known(visit):
    page = visit("#v=1&data=mixture")
    picture = canvas(page, "What the network says")
    page.locator("[data-slot=map] summary").click()
    flag = page.get_by_label("best possible border (dashed)")
    until(flag.is_visible)
    before = page.screenshot(clip=picture.bounding_box())
    flag.uncheck()
    until(lambda: page.screenshot(clip=picture.bounding_box()) != before)
    page.get_by_label("test rows (open)").uncheck()
    page.get_by_label("only the sides").check()
    few = colours(picture)
    page.get_by_label("only the sides").uncheck()
    assert colours(picture) > few


def test_no_best_border_is_claimed_where_none_is_known(visit):
    page = visit()
    page.locator("[data-slot=map] summary").click()
    assert not page.get_by_label("best possible border (dashed)").is_visible()
