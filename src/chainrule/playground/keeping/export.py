"""What can be kept of a run: the model, code that does it again, the points, the log, the setup."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.files import is_formula
from chainrule.playground.checked import one_of
from chainrule.playground.keeping.code import python_code
from chainrule.playground.keeping.fitted import fitted_model
from chainrule.playground.keeping.numpy_code import numpy_code
from chainrule.playground.training.curves import COLUMNS

if TYPE_CHECKING:
    from chainrule.playground.session import Session

Kept = dict[str, Any]


def export(session: Session, kind: str) -> Kept:
    """One thing to keep: its file name, its media type, and its text or bytes.

    Raises
    ------
    ValueError
        If there is no such kind, or it cannot be made of this run; the message says why.
    """
    one_of("the export", kind, tuple(KINDS))
    ending, media, make = KINDS[kind]
    made = make(session)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(session.data.name or "playground").stem).strip("-") or "playground"
    told: Kept = {"name": f"{name}{ending}", "type": media}
    return {**told, "bytes": made} if isinstance(made, bytes) else {**told, "text": made}


def _setup(session: Session) -> str:
    return json.dumps(session.setup.to_plain(), indent=1, ensure_ascii=False) + "\n"


def _log(session: Session) -> str:
    """The rows of the curves, then the changes, as comments."""
    lines = _csv(COLUMNS, session.run.curve.table().tolist())
    told = [f"# epoch {event.epochs}: {_event_text(event)}" for event in session.run.events]
    return lines + "".join(f"{line}\n" for line in told)


def _event_text(event: Any) -> str:
    if event.edit is not None:
        kind, layer, unit, source, value = event.edit
        place = f"layer {layer + 1}, unit {unit + 1}" + (f", from {source + 1}" if kind == "weight" else "")
        return f"{kind} of {place} set to {value!r}"
    return "the setup was changed" + (", the network too" if event.theta is not None else "")


def _points(session: Session) -> str:
    """The rows in the user's terms, with their part and the network's answer."""
    data, built = session.data, session.built
    train = np.zeros(data.rows, bool)
    train[data.train] = True
    outputs = session.run.engine.predict(built.network, session.run.learner.theta, built.X)
    if data.classes:
        truth = [data.classes[code] for code in data.y]
        told: list[Any] = [data.classes[code] for code in built.decided(outputs)]
    else:
        truth, told = data.y.tolist(), built.in_units(outputs)[:, outputs.shape[1] // 2].tolist()
    names = [*data.inputs, data.target, "part", "prediction"]
    rows = zip(data.X.tolist(), truth, train, told, strict=True)
    return _csv(names, ([*x, y, "train" if part else "test", out] for x, y, part, out in rows))


def _csv(header: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow([_cell(cell) for cell in row])
    return text.getvalue()


def _cell(value: Any) -> str:
    """A cell; texts that a spreadsheet would compute stand behind an apostrophe."""
    if isinstance(value, (int, float)):
        return "" if value != value else repr(value)
    text = str(value)
    return f"'{text}" if is_formula(text) else text


def _model(session: Session) -> bytes:
    from chainrule.models import save

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        save(fitted_model(session), path)
        return path.read_bytes()


Make = Callable[["Session"], "str | bytes"]
KINDS: dict[str, tuple[str, str, Make]] = {
    "code": (".py", "text/x-python", python_code),
    "numpy": ("_numpy.py", "text/x-python", numpy_code),
    "model": (".chainrule", "application/octet-stream", _model),
    "points": (".csv", "text/csv", _points),
    "log": ("_log.csv", "text/csv", _log),
    "setup": (".json", "application/json", _setup),
}
