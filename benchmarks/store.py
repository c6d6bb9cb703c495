"""Results that are not step times: one JSON file per script, with the machine it was measured on."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from statistics import median
from typing import Any

import machine

RESULTS = Path(__file__).parent / "results"


def spread(values: list[float]) -> dict[str, float]:
    """Smallest, middle and largest."""
    return {"min": min(values), "median": median(values), "max": max(values)}


def save(name: str, results: dict[str, Any], samples: dict[str, list[float]] | None = None) -> None:
    """Write results/<name>.json."""
    RESULTS.mkdir(exist_ok=True)
    where = {"cpu": machine.cpu_model(), "commit": machine.commit(), "versions": machine.versions()}
    content = {"time": time.strftime("%Y-%m-%d %H:%M:%S %Z"), "machine": where, "results": results}
    if samples:
        content["samples"] = samples
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")


def load(name: str) -> dict[str, Any] | None:
    """Read it back, None if it was not measured."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def verdict(name: str, wanted: str, reached: float, met: bool) -> dict[str, Any]:
    """One promise and what was measured."""
    known = not math.isnan(reached)
    print(f"{name}: {reached:.3g} (wanted {wanted}): {'not measured' if not known else 'reached' if met else 'MISSED'}")
    return {"name": name, "wanted": wanted, "reached": reached if known else None, "met": bool(met)}
