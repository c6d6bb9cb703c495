"""Optional parts say what to install when they are missing."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("part", "missing", "extra"), [("tables", "polars", "tables"), ("plots", "matplotlib", "plots")]
)
def test_missing_extras_say_what_to_install(part, missing, extra):
    code = f"import sys; sys.modules[{missing!r}] = None; import chainrule.{part}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode != 0
    assert f"pip install 'chainrule[{extra}]'" in done.stderr.splitlines()[-1]


def test_the_estimators_need_no_extra():
    blocked = ["polars", "matplotlib", "typer", "rich"]
    code = f"""
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
import numpy as np, warnings, chainrule
warnings.simplefilter("ignore")
model = chainrule.MLPClassifier(max_iter=2).fit(np.eye(10), np.arange(10) % 2)
assert model.predict(np.eye(10)).shape == (10,)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
