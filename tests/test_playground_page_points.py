"""Journeys of those who paint their own points, by pointer, by keyboard and as a table."""

from __future__ import annotations

import pytest

from tests.playground_journeys import click, source, wait
from tests.playground_views import canvas, numbers

pytest.importorskip("PIL", reason="Pillow, which reads pictures, is not installed")


def test_points_are_painted_and_erased(page):
    source(page, "Painted")
    wait(page, "document.querySelector('.points').textContent.includes('500 points')")
    page.get_by_role("radio", name="paint", exact=True).check()
    page.locator(".points").get_by_label("Class").fill("2")
    box = page.locator("[data-slot=map] canvas").first.bounding_box()
    corner = (box["x"] + 0.22 * box["width"], box["y"] + 0.12 * box["height"])
    page.mouse.click(*corner)
    wait(page, "document.querySelector('[data-part=facts]').textContent.includes('501 rows')")
    assert page.evaluate("location.hash").count("points") == 1  # named as the source; no point stands in the address
    # A third class: three outputs.
    page.get_by_text("Output layer: 3 × softmax").wait_for()
    page.get_by_role("radio", name="erase", exact=True).check()
    page.mouse.click(*corner)
    wait(page, "document.querySelector('[data-part=facts]').textContent.includes('500 rows')")
    wait(page, "history.state.setup.data.points.length === 500")
    page.go_back()
    wait(page, "document.querySelector('[data-part=facts]').textContent.includes('501 rows')")


def test_points_by_table(page):
    source(page, "Painted")
    wait(page, "document.querySelector('.points').textContent.includes('500 points')")
    page.get_by_text("Points as a table").click()
    page.get_by_role("button", name="Remove point 1", exact=True).click()
    wait(page, "document.querySelector('.points').textContent.includes('499 points')")
    for label, value in (("x1", "1.5"), ("x2", "-2"), ("y", "1")):
        page.locator(".points tfoot").get_by_label(label).fill(value)
    click(page, "Add point")
    wait(page, "document.querySelector('[data-part=facts]').textContent.includes('500 rows')")


def test_one_begins_with_an_empty_map(page):
    source(page, "Painted")
    wait(page, "document.querySelector('.points').textContent.includes('500 points')")
    picture = canvas(page, "What the network says")
    full = page.screenshot(clip=picture.bounding_box())
    click(page, "Remove all points")
    page.get_by_text("Too few points: place two").wait_for()
    empty = page.screenshot(clip=picture.bounding_box())
    assert empty != full
    # The network still knows the old points; it learns again when two new ones stand.
    assert "500 rows" in page.locator("[data-part=facts]").inner_text()
    page.get_by_role("radio", name="paint", exact=True).check()
    picture.focus()
    page.keyboard.press("Enter")
    assert page.screenshot(clip=picture.bounding_box()) != empty
    page.keyboard.press("Shift+ArrowRight")
    page.locator(".points").get_by_label("Class").fill("1")
    picture.focus()
    page.keyboard.press("Enter")
    wait(page, "document.querySelector('[data-part=facts]').textContent.includes('2 rows')")


def test_a_lone_point_is_given_up_with_its_source(page):
    source(page, "Painted")
    wait(page, "document.querySelector('.points').textContent.includes('500 points')")
    click(page, "Remove all points")
    source(page, "Examples")
    wait(page, "document.querySelector('[data-part=facts]').textContent.includes('500 rows')")
    source(page, "Painted")
    wait(page, "document.querySelector('.points').textContent.includes('500 points')")


def test_a_function_is_read_and_painted_by_keyboard(visit):
    page = visit("#v=1&data=sine")
    picture = canvas(page, "The function")
    picture.focus()
    readout = page.locator("figure:has(canvas[aria-label^='The function']) .readout")
    page.keyboard.press("ArrowRight")
    first = numbers(readout.inner_text().partition("=")[2])
    page.keyboard.press("Shift+ArrowRight")
    second = numbers(readout.inner_text().partition("=")[2])
    assert second[0] > first[0] and len(second) == 3
    assert second[1] != first[1] and second[2] == first[2]
    source(page, "Painted")
    wait(page, "/\\d points\\./.test(document.querySelector('.points').textContent)")
    before = int(numbers(page.locator(".points .about").nth(1).inner_text())[0])
    page.get_by_role("radio", name="paint", exact=True).check()
    picture.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    wait(page, f"document.querySelector('[data-part=facts]').textContent.includes('{before + 1} rows')")
    # The cursor stays at the new point, which can be asked about.
    page.get_by_role("radio", name="select", exact=True).check()
    picture.focus()
    page.keyboard.press("Enter")
    wait(page, "document.querySelector('.explain h3').textContent.startsWith('the loss of this row')")
    assert page.get_by_label("keep this row").is_checked()
