"""The playground's page in the background: it tells the server, whenever a line begins, that nobody looks."""

from __future__ import annotations

from tests.playground_journeys import wait

# A tab that is hidden until `look()`; its lines are kept so that one can be cut.
BEHIND = """
  let hidden = true;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  window.look = () => { hidden = false; document.dispatchEvent(new Event("visibilitychange")); };
  window.lines = [];
  window.told = [];
  const Line = window.WebSocket;
  window.WebSocket = class extends Line {
    constructor(...given) { super(...given); window.lines.push(this); }
    send(message) {
      const { do: action, with: given } = typeof message === "string" ? JSON.parse(message) : {};
      if (action === "hidden") window.told.push([window.lines.indexOf(this), given.hidden]);
      super.send(message);
    }
  };
"""


def test_a_page_in_the_background_says_so_on_every_line(page):
    page.context.add_init_script(BEHIND)
    page.reload()
    wait(page, "document.body.dataset.ready === 'true'")
    wait(page, "JSON.stringify(window.told) === '[[0,true]]'")
    page.evaluate("window.lines[0].close()")
    wait(page, "JSON.stringify(window.told) === '[[0,true],[1,true]]'")
    wait(page, "document.querySelector('.notice.lost') === null")
    assert page.locator("[data-number=train]").inner_text() == "–"
    page.evaluate("look()")
    wait(page, "document.querySelector('[data-number=train]').textContent !== '–'")
    assert page.evaluate("window.told.at(-1)") == [1, False]
