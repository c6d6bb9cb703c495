"""Every number of the playground's page that promises its formula keeps the promise."""

from __future__ import annotations

from tests.playground_journeys import click, until_number, wait
from tests.playground_views import view

PROMISES = "[data-explains]"
# The heading says what the number is worth; formula or sentence say why.
EXPLAINED = """(() => {
  const box = document.querySelector('.explain');
  const told = [...box.querySelectorAll('.step-formula, .step-text')].some((one) => one.textContent.trim());
  return told && /= .*[0-9]/.test(box.querySelector('h3').textContent) && box.checkVisibility();
})()"""


def kept(page, promise):
    """Press what promises an explanation, and wait for a new one."""
    page.evaluate("document.querySelector('.explain h3').textContent = ''")
    promise.press("Enter")
    wait(page, EXPLAINED)


def test_every_promise_of_a_formula_is_kept(page):
    click(page, "Step")
    until_number(page, "epoch", lambda n: n == 1)
    page.get_by_text("Weights as a table", exact=True).click()
    wait(page, "document.querySelectorAll('[data-slot=diagram] td').length > 0")
    seen = page.locator("[data-part=run], #network, #result").locator(f"{PROMISES}:visible")
    # Three of the read-out, six scores, four cells of the confusion matrix, nine units, twelve weights and biases.
    assert seen.count() == 3 + 6 + 4 + 9 + 12
    for promise in seen.all():
        kept(page, promise)


def test_lengths_of_gradients_open_too(page):
    click(page, "Step")
    until_number(page, "epoch", lambda n: n == 1)
    lengths = view(page, "Gradients").locator(PROMISES)
    wait(
        page,
        "[...document.querySelectorAll('[role=tabpanel]:not([hidden]) td')].some((one) => /[0-9]/.test(one.textContent))",
    )
    assert lengths.count() == 3 * 4
    for at in range(lengths.count()):
        page.get_by_role("tab", name="Gradients", exact=True).click()
        kept(page, lengths.nth(at))
