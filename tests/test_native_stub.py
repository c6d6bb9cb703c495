"""The committed stub of the native module is the one that nanobind writes; the type checker reads it without a compiler."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

STUB = Path(__file__).parent.parent / "src" / "chainrule" / "_native.pyi"


def test_stub_is_up_to_date(tmp_path):
    pytest.importorskip("nanobind", reason="nanobind, whose generator writes the stub, is not installed")
    written = tmp_path / "_native.pyi"
    command = [sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "chainrule._native", "-o", str(written)]
    subprocess.run(command, check=True)
    # Trees, not texts: generators of different versions break lines differently.
    assert ast.dump(ast.parse(written.read_text())) == ast.dump(ast.parse(STUB.read_text())), (
        "the native module changed: python -m nanobind.stubgen -m chainrule._native -o src/chainrule/_native.pyi"
    )
