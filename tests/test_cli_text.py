"""Texts, sparklines, progress: small parts of the command line."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from chainrule.cli.options import widths
from chainrule.cli.progress import Lines, Live
from chainrule.cli.text import ASCII, bounds, clean, duration, one_line, score, short, size, sparkline, thinned


def record(number, loss, validation=None):
    return SimpleNamespace(number=number, loss=loss, validation_loss=validation, seconds=0.01)


def test_sparkline_is_logarithmic_between_its_bounds():
    assert sparkline([1000.0, 100.0, 10.0, 1.0], (1.0, 1000.0), symbols="0123") == "3210"
    assert sparkline([1.0, 1.0], (1.0, 1.0), symbols=ASCII) == "__"
    assert sparkline([2.0, None, 0.0, -1.0], (1.0, 2.0), symbols="01") == "1 00"
    assert sparkline([], (1.0, 1.0)) == ""


def test_long_curves_keep_their_ends():
    curve = list(range(1000))
    few = thinned(curve, 40)
    assert len(few) == 40
    assert (few[0], few[-1]) == (0, 999)
    assert thinned([1.0, 2.0], 40) == [1.0, 2.0]


def test_bounds_ignore_what_a_logarithm_cannot_take():
    assert bounds([3.0, None, 0.0], [float("inf"), 0.5]) == (0.5, 3.0)
    assert bounds([]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (short(0.123456), "0.1235"),
        (short(51234.6), "51,235"),
        (short(None), "-"),
        (short(1e12), "1e+12"),
        (score("accuracy", 0.97101), "97.1 %"),
        (score("R2", -0.0001), "0.000"),
        (duration(3.14), "3.1 s"),
        (duration(75), "1:15 min"),
        (duration(3725), "1:02:05 h"),
        (size(999), "999 bytes"),
        (size(1_234_567), "1,235 kB"),
        (clean("a\x1b[31mb\x00"), "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}"),
        (one_line("a\n  b" * 40, 10), "a ba ba b…"),
    ],
)
def test_texts(found, text):
    assert found == text


@pytest.mark.parametrize(("text", "found"), [("64,32", (64, 32)), ("64 32", (64, 32)), ("5", (5,)), ("none", ())])
def test_widths(text, found):
    assert widths(text) == found


def test_lines_come_at_most_every_two_seconds_and_at_the_end():
    now, told = [0.0], []
    lines = Lines(told.append, clock=lambda: now[0])
    lines.start(100, "epoch")
    for number in range(1, 51):
        lines.epoch(record(number, 1 / number, 2 / number))
        now[0] += 0.1
    lines.close()
    lines.close()
    assert [line.split()[1] for line in told] == ["1", "21", "41", "50"]
    assert told[0] == "epoch 1 of at most 100: loss 1, validation loss 2"


def test_the_live_display_shows_epoch_losses_and_curves(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    live = Live()
    with live._console.capture() as waiting:
        live._console.print(live._picture())
    live.start(50, "epoch")
    for number in range(1, 6):
        live.epoch(record(number, 1 / number, 2 / number))
    live.close()
    with live._console.capture() as drawn:
        live._console.print(live._picture())
    assert "choosing the settings" in waiting.get()
    assert "epoch 5 of at most 50" in drawn.get()
    assert "1 to 0.2" in drawn.get()
    assert "2 to 0.4" in drawn.get()
    assert "left" in drawn.get()
