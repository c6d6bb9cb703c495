"""Model files whose documents or arrays someone has changed, and that they are refused."""

from __future__ import annotations

import copy

import pytest

from chainrule.errors import ModelFileError
from chainrule.models import load
from chainrule.models.container import write


def set_in(document, path, value):
    """Set the entry at the end of a path of keys."""
    *way, last = path
    for key in way:
        document = document[key]
    document[last] = value


def assert_refused(folder, document, arrays, said="forged"):
    """Assert that a file of these parts is not read, and that the message has these words."""
    write(folder / "forged", document, arrays)
    with pytest.raises(ModelFileError, match=said):
        load(folder / "forged")


def assert_forgery_refused(folder, parts, path, value):
    """Assert that a file is not read in whose document this entry is another."""
    document, arrays = copy.deepcopy(parts)
    set_in(document, path, value)
    assert_refused(folder, document, arrays)
