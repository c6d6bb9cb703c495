"""The words of the playground's page, read as they stand: none too many, and those of the library where they are its own."""

from __future__ import annotations

from chainrule.diagnosis.findings import SEVERITIES
from chainrule.playground import options
from tests.playground_catalogue import catalogue, paths, scripts, unnamed

# The hand on the map and on the line is given their words whole.
HANDED = {(picture, key) for picture in ("map", "line") for key in ("role", "hint", "chosen")}


def test_a_catalogue_is_read():
    text = 'const a = {\n  one: "1",\n  "t o": { x: "{y}: }", z: ["list", ["of", "lists"]] }, // "no": "text"\n  4: "four",\n};'
    assert list(paths(text[text.index("{") : -1])) == [("one",), ("t o", "x"), ("t o", "z"), ("4",)]


def test_every_text_is_used():
    files = scripts()
    words = [path for name in ("strings.js", "strings/views.js") for path in catalogue(name)]
    assert len(words) > 400
    # What a change of a control does is looked up by what the server says.
    effects = {("control", one["effect"]) for one in options()["controls"]}
    assert {path for path in words if unnamed(path, files)} == HANDED | effects


def test_a_text_that_nobody_names_is_found():
    files = {"panel.js": "const words = app.strings.run; show(words.play, words.state[name], words.title);"}
    found = [unnamed(("run", *path), files) for path in (("play",), ("state", "ready"), ("pause",), ("titles", "one"))]
    assert found == [False, False, True, True]


def test_severities_are_the_librarys():
    found = [path[-1] for path in catalogue("strings/views.js") if path[:2] == ("diagnosis", "severities")]
    assert tuple(found) == SEVERITIES
