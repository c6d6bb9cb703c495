"""The playground's page for everyone: by keyboard alone, read aloud, small, dark, calm."""

from __future__ import annotations

import pytest

from chainrule.playground import options
from tests.playground_journeys import click, control, journey, number, until_number, wait

# Seeds have a text for each place; the slice has one of its own.
UNSEEN = ("data.seed", "network.seed", "training.seed", "view.axes", "view.at")
SERIOUS = ("serious", "critical")


def complaints(page):
    """What axe-core finds wrong, as far as it matters."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    found = axe.run(page).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, server, scheme):
    with journey(browser, server, color_scheme=scheme) as seen:
        page = seen.page
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        page.wait_for_timeout(300)
        assert complaints(page) == []
        for name in ("presets", "keep", "settings", "help"):
            page.locator(f"[data-opens={name}]").click()
            assert complaints(page) == [], name
            page.keyboard.press("Escape")
        click(page, "Compare")
        click(page, "Add this setting as a run")
        page.get_by_role("heading", name="Run A").wait_for()
        assert complaints(page) == []


def tab_to(page, expression, most=150):
    """Press Tab until the element with the focus is the one that is meant."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({expression!r})"):
            return
    raise AssertionError(f"Tab never comes to {expression}")


def test_everything_by_keyboard_alone(page):
    page.keyboard.press(" ")
    until_number(page, "epoch", lambda n: n > 50)
    page.keyboard.press(" ")
    wait(page, "document.body.dataset.running !== 'playing'")
    page.keyboard.press("r")
    until_number(page, "epoch", lambda n: n == 0)
    tab_to(page, "[data-opens=presets]")
    page.keyboard.press("Enter")
    page.locator("dialog#presets[open]").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.opens") == "presets"
    tab_to(page, ".toy input[value=circle]")
    page.keyboard.press("ArrowRight")
    wait(page, "location.hash.includes('data=xor')")
    tab_to(page, "[data-field='data.noise'] input[type=range]")
    page.keyboard.press("ArrowRight")
    wait(page, "location.hash.includes('noise=')")
    assert number(page, "epoch") == 0
    tab_to(page, ".layers li:nth-child(1) button[aria-label^='One unit more']")
    page.keyboard.press("Enter")
    wait(page, "location.hash.includes('layers=5')")
    tab_to(page, "[role=tab]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    assert number(page, "epoch") == 0


def test_the_glossary_by_keyboard(page):
    tip = control(page, "training.learning_rate").locator(".tip")
    tip.focus()
    page.keyboard.press("Enter")
    note = page.locator("#toggletip")
    assert "How far one step goes" in note.inner_text()
    assert "from 1e" in note.inner_text().lower()
    page.keyboard.press("Escape")
    assert not note.is_visible()
    assert tip.evaluate("one => one === document.activeElement")


def test_a_number_of_the_read_out_is_explained_within_sight(browser, server):
    with journey(browser, server, viewport={"width": 320, "height": 640}) as seen:
        page = seen.page
        page.locator("[data-number=test]").get_by_role("button").click()
        shown = page.locator("#look [role=tabpanel]:visible")
        shown.get_by_text("log_loss").first.wait_for()
        wait(page, "document.querySelector('#look [role=tablist]').getBoundingClientRect().top < innerHeight")
        assert page.get_by_role("radio", name="Network", exact=True).is_checked()


def test_every_control_is_explained(page):
    missing = page.evaluate(
        "[...document.querySelectorAll('.control')].filter((one) => !one.querySelector('.tip')).map((one) => one.dataset.field)"
    )
    assert missing == []


def test_every_setting_of_the_library_is_explained(page):
    words = page.evaluate("import('/strings.js').then(({ strings }) => strings.glossary)")
    offered = options()
    families = [*offered["solvers"], *offered["schedules"], *offered["initializers"], *offered["losses"]]
    keys = [field["glossary"] for family in families for field in family["fields"]]
    keys += [one["glossary"] for one in offered["controls"] if one["field"] not in UNSEEN]
    assert len(keys) > 40
    assert [key for key in keys if key not in words and key.rpartition(".")[2] not in words] == []


def test_keys_are_off_while_typing_and_by_wish(page):
    box = control(page, "data.seed").locator("input")
    box.focus()
    page.keyboard.type("r1n")
    page.wait_for_timeout(200)
    assert number(page, "epoch") == 0
    page.keyboard.press("Escape")
    click(page, "Settings")
    page.get_by_label("Single-letter keys").uncheck()
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert number(page, "epoch") == 0


@pytest.mark.parametrize(("width", "height"), [(320, 640), (360, 800), (700, 500), (900, 900), (1920, 1080)])
def test_nothing_is_cut_off(browser, server, width, height):
    with journey(browser, server, viewport={"width": width, "height": height}) as seen:
        page = seen.page
        columns = ["Data", "Network", "Result"] if width < 768 else [""]
        for name in columns:
            if name:
                page.locator(".switch").get_by_label(name).check()
                page.wait_for_timeout(150)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        click(page, "Play")
        until_number(page, "epoch", lambda n: n > 20)
        assert page.get_by_role("button", name="Pause").is_visible()


# Controls that are seen but cannot be pressed where they stand after they were scrolled to, in the box that scrolls them.
COVERED = """() => [...document.querySelectorAll('button, select, summary, textarea, input:not(.unseen)')]
  .filter((one) => one.checkVisibility() && !one.disabled)
  .filter((one) => {
    one.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const { left, top, width, height } = one.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    return !there || !(one.contains(there) || one.closest('label')?.contains(there));
  })
  .map((one) => one.outerHTML.slice(0, 120))"""


def test_twice_as_large(browser, server):
    """A browser that zooms to 200 % has half as many pixels for the page, each twice as large."""
    with journey(browser, server, viewport={"width": 640, "height": 512}, device_scale_factor=2) as seen:
        page = seen.page
        click(page, "Play")
        until_number(page, "epoch", lambda n: n > 20)
        click(page, "Pause")
        wait(page, "document.body.dataset.running !== 'playing'")
        for name in ("Data", "Network", "Result"):
            page.locator(".switch").get_by_label(name).check()
            wait(page, f"document.querySelector('.columns').dataset.shown === {name.lower()!r}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 640, name
            assert page.evaluate(COVERED) == [], name
        for name in ("presets", "keep", "settings", "help"):
            page.locator(f"[data-opens={name}]").click()
            page.locator(f"dialog#{name}[open]").wait_for()
            assert page.evaluate(f"document.querySelector('dialog#{name}').scrollWidth") <= 640, name
            page.keyboard.press("Escape")


def test_the_readers_own_colours(browser, server):
    """Windows' contrast themes, which browsers call forced colours, replace every colour of the page."""
    with journey(browser, server, forced_colors="active") as seen:
        page = seen.page
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        click(page, "Play")
        until_number(page, "epoch", lambda n: n > 20)
        click(page, "Pause")
        wait(page, "document.body.dataset.running !== 'playing'")
        assert complaints(page) == []
        below = "(one) => getComputedStyle(one).borderBlockEndColor"
        chosen, other = (
            page.locator(f"#look [role=tab][aria-selected={on}]").first.evaluate(below) for on in ("true", "false")
        )
        assert chosen != other


def test_targets_are_large_enough(page):
    small = page.evaluate(
        """[...document.querySelectorAll('button, select, summary, input:not([type=range], .unseen)')]
        .filter((one) => one.checkVisibility() && !one.closest('label'))
        .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"""
    )
    assert small == []


def test_spoken_when_paused_and_not_before(page):
    spoken = page.locator("#spoken")
    click(page, "Play")
    until_number(page, "epoch", lambda n: n > 100)
    assert "loss" not in spoken.inner_text()
    click(page, "Pause")
    wait(
        page,
        "/Paused. Epoch [0-9\\s]+. Training loss .*, test loss/.test(document.querySelector('#spoken').textContent)",
    )


def test_little_motion_for_those_who_wish(browser, server):
    with journey(browser, server, reduced_motion="reduce") as seen:
        page = seen.page
        click(page, "Play")
        until_number(page, "epoch", lambda n: n > 5)
        changes = page.evaluate(
            """async () => {
            let drawn = 0;
            const watcher = new MutationObserver(() => { drawn += 1; });
            const what = { childList: true, characterData: true, subtree: true };
            watcher.observe(document.querySelector('[data-number=epoch]'), what);
            await new Promise((done) => setTimeout(done, 2000));
            return drawn;
            }"""
        )
        assert 1 <= changes <= 6
        click(page, "Pause")


def test_nothing_moves_before_play(page):
    page.wait_for_timeout(500)
    assert number(page, "epoch") == 0
    assert page.locator("body").get_attribute("data-running") == "ready"
