"""Running experiments: the outcome, its files (one picture, one JSON), and what can go wrong."""

from __future__ import annotations

import io
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import chainrule
from chainrule.files import replace
from chainrule.lab.experiment import Bench, Experiment, Findings

DPI = 110


@dataclass(frozen=True)
class Outcome:
    """What came of an experiment.

    Parameters
    ----------
    experiment : Experiment
        Which one.
    bench : Bench
        Where it ran.
    findings : Findings
        What it found.
    seconds : float
        How long it took, drawing not included.
    """

    experiment: Experiment
    bench: Bench
    findings: Findings
    seconds: float

    @property
    def verdict(self) -> str:
        """In a word or two: "held", "held, with limits" or "FAILED"."""
        if not self.findings.held:
            return "FAILED"
        return "held, with limits" if self.findings.caveat else "held"

    def to_dict(self) -> dict[str, Any]:
        """Plain data: all but the picture."""
        told, found = self.experiment, self.findings
        return {
            "name": told.name,
            "title": told.title,
            "lecture": told.lecture,
            "source": told.source,
            "claim": told.claim,
            "prediction": told.prediction,
            "verdict": self.verdict,
            "held": found.held,
            "reading": found.reading,
            "caveat": found.caveat,
            "data": found.used,
            "checks": [check.to_dict() for check in found.checks],
            "seed": self.bench.seed,
            "reduced": self.bench.reduced,
            "engine": self.bench.engine,
            "seconds": round(self.seconds, 2),
            "machine": platform.machine(),
            "version": chainrule.__version__,
        }


def run(experiment: Experiment, bench: Bench) -> Outcome:
    """Run one experiment."""
    started = perf_counter()
    findings = experiment.run(bench)
    return Outcome(experiment, bench, findings, perf_counter() - started)


def picture(outcome: Outcome) -> bytes:
    """The experiment's picture as PNG.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=outcome.experiment.size, layout="constrained")
    FigureCanvasAgg(figure)
    outcome.experiment.draw(outcome.findings, figure)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    return _smaller(stream.getvalue())


def _smaller(png: bytes) -> bytes:
    """The same picture with a palette of 256 colours, and without the name and version of what drew it."""
    from PIL import Image

    stream = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        palette = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    palette.save(stream, format="png", optimize=True)
    return stream.getvalue()


def keep(outcome: Outcome, folder: Path) -> tuple[Path, Path]:
    """Write NAME.png and NAME.json into the folder, which is made if need be; where they are.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn, told = folder / f"{outcome.experiment.name}.png", folder / f"{outcome.experiment.name}.json"
    replace(str(drawn), picture(outcome), "the picture could not be written")
    text = json.dumps(outcome.to_dict(), indent=1, ensure_ascii=False) + "\n"
    replace(str(told), text.encode(), "the result could not be written")
    return drawn, told


def kept(name: str, folder: Path) -> dict[str, Any] | None:
    """The result of an earlier run in that folder, None if there is none that can be read."""
    try:
        found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("name") == name else None
