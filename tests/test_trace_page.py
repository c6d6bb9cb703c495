"""The page of an explanation in a browser: buttons, keys and links work, nothing is loaded, it holds when narrow or dark."""

from __future__ import annotations

import re

import pytest

from chainrule.trace.render import render
from tests.explained import CASES, batch, mazur

SHOWN = {"mazur": mazur, "batch": batch, "layers only": CASES["layers only"], "prediction": CASES["prediction"]}
WIDE, NARROW, MAGNIFIED = (1280, 900), (320, 640), (640, 450)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Pages by name."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in SHOWN.items():
        (folder / f"{name}.html").write_text(render(make(), "html"), encoding="utf-8")
    return folder


@pytest.fixture
def show(browser, files):
    """Opens a page; at the end nothing may have been complained about, and nothing asked for but the page itself."""
    opened = []

    def shown(name="mazur", size=WIDE, scheme="light", script=True, part=""):
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), size, strict=True)), color_scheme=scheme, java_script_enabled=script,
            reduced_motion="reduce",
        )  # fmt: skip
        page, found = context.new_page(), {"complaints": [], "asked": []}
        page.on("console", lambda message: found["complaints"].append(message.text))
        page.on("pageerror", lambda error: found["complaints"].append(str(error)))
        page.on("request", lambda request: found["asked"].append(request.url))
        page.clock.install()
        address = (files / f"{name}.html").as_uri()
        page.goto(address + part)
        opened.append((context, address, found))
        return page

    yield shown
    for context, address, found in opened:
        context.close()
        assert found == {"complaints": [], "asked": [address]}


def current(page):
    """The step that is marked; None if there is none."""
    marked = page.locator(".claim[aria-current=step]")
    assert marked.count() <= 1
    return int(marked.get_attribute("id").removeprefix("step-")) if marked.count() else None


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def lit(page):
    """Keys of the parts of the picture that are marked."""
    return set(page.eval_on_selector_all(".net .on", "parts => parts.map(part => part.dataset.key)"))


def about(page, step):
    return set(page.locator(f"#step-{step}").get_attribute("data-about").split())


WALK = """() => [...document.querySelectorAll('.claim')].map(() => {
  [...document.querySelectorAll('button')].find((one) => one.textContent === 'Next').click();
  return [...document.querySelectorAll('.claim[aria-current=step]')].map((one) => one.id).join(' ');
})"""


@pytest.mark.parametrize("name", SHOWN)
def test_every_page_steps_to_its_end(show, name):
    page = show(name)
    count = page.locator(".claim").count()
    assert count > 3
    assert current(page) is None
    assert page.evaluate(WALK) == [f"step-{step}" for step in range(1, count + 1)]
    assert button(page, "Next").is_disabled()
    assert page.locator(".now").inner_text().startswith(f"Step {count} of {count}: ")


def test_buttons(show):
    page = show()
    button(page, "Next").click()
    assert current(page) == 1
    assert button(page, "First").is_disabled() and button(page, "Previous").is_disabled()
    for _ in range(4):
        button(page, "Next").click()
    button(page, "Previous").click()
    assert current(page) == 4
    button(page, "First").click()
    assert current(page) == 1
    assert lit(page) == about(page, 1)


def test_play_steps_by_itself_until_it_is_stopped(show):
    page = show()
    button(page, "Play").click()
    assert current(page) == 1
    page.clock.run_for(4100)
    assert current(page) == 3
    button(page, "Pause").click()
    page.clock.run_for(10_000)
    assert current(page) == 3
    button(page, "Play").click()
    assert current(page) == 4
    button(page, "Previous").click()
    page.clock.run_for(10_000)
    assert current(page) == 3, "a step by hand ends the play"


def test_play_at_the_end_begins_anew(show):
    page = show("prediction")
    count = page.locator(".claim").count()
    button(page, "Play").click()
    page.clock.run_for(2000 * count + 100)
    assert current(page) == count
    assert button(page, "Play").count() == 1, "it stops at the end"
    button(page, "Play").click()
    assert current(page) == 1


def test_keys(show):
    page = show()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert current(page) == 3
    page.keyboard.press("ArrowLeft")
    assert current(page) == 2
    page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("End")
    assert current(page) == 2, "these keys mean something else"
    button(page, "Next").focus()
    page.keyboard.press("Enter")
    assert current(page) == 3
    page.keyboard.press("End")
    assert current(page) == page.locator(".claim").count()
    page.keyboard.press("Home")
    assert current(page) == 1
    page.locator(".picture").focus()
    page.keyboard.press("ArrowRight")
    assert current(page) == 1, "there the key scrolls"


def test_everything_that_can_be_clicked_can_be_reached_by_keys(show):
    page = show("prediction")
    reached = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "() => { const it = document.activeElement; return it.outerHTML.slice(0, it.outerHTML.indexOf('>')) }"
            )
        )
    wanted = page.eval_on_selector_all(
        "a[href], button, summary",
        "all => all.filter(one => one.checkVisibility()).map(one => one.outerHTML.slice(0, one.outerHTML.indexOf('>')))",
    )
    assert set(wanted) <= reached


def test_groups_fold_and_a_step_unfolds_its_own(show):
    page = show()
    group = page.locator("details:has(#step-1)").first
    summary = group.locator("> summary")
    summary.click()
    assert group.get_attribute("open") is None
    summary.focus()
    page.keyboard.press("Enter")
    assert group.get_attribute("open") is not None
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = false)")
    button(page, "Next").click()
    assert page.locator("#step-1").is_visible()


def test_picture_and_claims_point_at_each_other(show):
    page = show()
    claim = page.locator("#step-1")
    claim.hover()
    assert lit(page) == about(page, 1)
    page.mouse.move(2, 2)
    assert lit(page) == set()
    node = page.locator('.net .node[data-key="n0-1"]')
    node.hover()
    linked = page.locator(".claim.linked")
    assert linked.count() == page.locator('.claim[data-about~="n0-1"]').count() > 1
    node.click()
    assert "n0-1" in about(page, current(page))
    page.mouse.move(2, 2)
    assert linked.count() == 0
    assert lit(page) == about(page, current(page))


def test_links_to_earlier_steps(show):
    page = show()
    link = page.locator(".words a[href^='#step-']").first
    step = int(link.get_attribute("href").removeprefix("#step-"))
    link.click()
    page.wait_for_function(f"() => document.querySelector('#step-{step}[aria-current]')")
    assert current(page) == step
    button(page, "Next").click()
    assert current(page) == step + 1
    marked = "getComputedStyle(document.querySelector('#step-{}')).backgroundColor"
    assert page.evaluate(marked.format(step)) != page.evaluate(marked.format(step + 1)), "one step is marked, not two"


def test_an_address_with_a_step_opens_it(show):
    page = show(part="#step-12")
    assert current(page) == 12
    assert page.locator("#step-12").is_visible()


def test_without_its_script_the_page_can_be_read(show):
    page = show(script=False)
    assert page.locator(".claim").count() > 50
    assert not page.locator(".player").is_visible()
    page.locator("summary").first.click()
    assert page.locator("#step-1").is_visible()


@pytest.mark.parametrize("size", [NARROW, MAGNIFIED, WIDE], ids=["320 pixels", "200 percent", "wide"])
@pytest.mark.parametrize("name", SHOWN)
def test_no_page_scrolls_sideways_and_the_step_is_never_covered(show, name, size):
    """WCAG 2.2, 1.4.10 (reflow) and 1.4.4 (text of twice the size: 1280 pixels hold 640)."""
    page = show(name, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    count = page.locator(".claim").count()
    for step in sorted({1, count // 2, count}):
        page.evaluate(f"document.querySelector('#step-{step} .number').click()")
        page.evaluate(f"document.querySelector('#step-{step}').scrollIntoView({{block: 'center'}})")
        box = page.locator(f"#step-{step} .number").bounding_box()
        middle = (box["x"] + box["width"] / 2, box["y"] + min(box["height"], 24) / 2)
        on_top = page.evaluate(
            "([x, y]) => { const at = document.elementFromPoint(x, y)?.closest('.claim'); return at && at.id }", middle
        )
        assert on_top == f"step-{step}"
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def luminance(colour):
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


GROUND = """one => {
  for (let at = one; at; at = at.parentElement) {
    const ground = getComputedStyle(at).backgroundColor;
    if (!ground.startsWith('rgba(0, 0, 0, 0')) return [getComputedStyle(one).color, ground];
  }
}"""
TEXTS = (
    "h1", "dd", "dt", ".lead", ".claim .words", ".claim .value", ".claim .number", "caption", "nav a", ".now", "button",
    "summary",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(show, scheme):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    page = show(scheme=scheme)
    button(page, "Next").click()
    for selector in (*TEXTS, "[aria-current] .words", "[aria-current] .number"):
        text, ground = (luminance(colour) for colour in page.locator(selector).first.evaluate(GROUND))
        light, dark = max(text, ground), min(text, ground)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, selector
        assert (ground > 0.5) == (scheme == "light"), selector


def test_a_notebook_keeps_its_own_keys(show):
    """Inside another page only keys pressed inside the explanation step."""
    page = show()
    page.evaluate(
        """() => {
          const old = document.querySelector('main'), script = old.querySelector('script'), text = script.textContent;
          script.remove();
          const cell = document.createElement('div'), fresh = old.cloneNode(true);
          fresh.classList.remove('stepping');
          old.remove();
          cell.append(fresh);
          document.body.append(cell);
          const again = document.createElement('script');
          again.textContent = text;
          fresh.append(again);
        }"""
    )
    page.keyboard.press("ArrowRight")
    assert current(page) is None
    button(page, "Next").focus()
    page.keyboard.press("ArrowRight")
    assert current(page) == 1
