"""Shared by all tests: the engines installed here, and the folder of real tables where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chainrule.engines import ENGINES


@pytest.fixture(params=list(ENGINES))
def engine(request):
    """Every engine, one after the other."""
    return ENGINES[request.param]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real tables; tests that use it skip where it is absent."""
    folder = os.environ.get("CHAINRULE_DATA")
    if not folder:
        pytest.skip("CHAINRULE_DATA is not set: no folder of real tables")
    return Path(folder)
