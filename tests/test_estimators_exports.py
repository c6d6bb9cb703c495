"""The package's front: every exported name resolves, and importing it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

import chainrule


def test_every_exported_name_resolves():
    for name in chainrule.__all__:
        # `playground` is a package that can be called: its name is the whole path.
        assert getattr(chainrule, name).__name__.removeprefix("chainrule.") == name
    assert set(chainrule.__all__) <= set(dir(chainrule))
    assert chainrule.__all__ == sorted(chainrule.__all__, key=lambda name: (not name.isupper(), name))


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'chainrule' has no attribute 'MLPClasifier'"):
        _ = chainrule.MLPClasifier


def test_import_is_lazy():
    code = "import sys, chainrule; print([name for name in ('numpy', 'sklearn', 'scipy', 'pandas') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
