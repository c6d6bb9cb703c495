"""Every number on the page explained: its formula with the numbers in it, and the way of its gradient; from the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.playground.checked import option
from chainrule.playground.describing import finite, output_names
from chainrule.playground.training.stopping import layer_name
from chainrule.trace import Quantity, Trace
from chainrule.trace.front import trace as trace_rows
from chainrule.trace.naming import Names
from chainrule.trace.notation import get_notation
from chainrule.trace.render.outline import Claim
from chainrule.trace.render.telling import Teller
from chainrule.trace.writing import Latex, MathML, Text
from chainrule.training import TrainingState

if TYPE_CHECKING:
    from chainrule.playground.session import Session

NOTATION, DIGITS = "udl", 6
# Steps of one stage that are still read.
MOST_STEPS = 60
# Ways through the next layer that are told of a unit.
MOST_PATHS = 8
# Numbers of an array that are still listed.
MOST_LISTED = 256
STAGES = {"forward": ("forward", "loss"), "backward": ("backward",), "update": ("update",)}


def traced(session: Session, row: int | None, check: bool = False) -> tuple[Trace, int]:
    """The trace of one row through the present network, with the step that the solver would take on it; and the row's number."""
    number = _row(session, row)
    built, run, asked = session.built, session.run, session.setup.training
    position = run.learner.position
    state = TrainingState(
        solver_state=position.solver_state, t=position.t, carried=position.carried, dropout_seed=position.dropout_seed
    )
    rate = run.learner.rate
    found = trace_rows(
        built.network,
        position.theta,
        built.X[number : number + 1].astype(np.float64),
        built.Y[number : number + 1].astype(np.float64),
        solver=asked.solver,
        learning_rate_init=rate if rate > 0 else asked.learning_rate,
        alpha=asked.alpha,
        l2=asked.l2,
        l1=asked.l1,
        weight_decay=asked.weight_decay,
        max_norm=asked.max_norm,
        clip_norm=asked.clip_norm,
        clip_value=asked.clip_value,
        state=state,
        check=check,
        input_names=built.names,
        output_names=output_names(session),
    )
    return found, number


def _row(session: Session, row: int | None) -> int:
    if row is None:
        return int(session.data.train[0]) if session.frozen is None else session.frozen
    if not isinstance(row, int) or isinstance(row, bool) or not 0 <= row < session.data.rows:
        raise ValueError(f"row must be a whole number from 0 to {session.data.rows - 1}; got {row!r:.40}.")
    return row


def explain(session: Session, what: Mapping[str, Any], row: int | None = None) -> dict[str, Any]:
    """One number: how it is computed, how the loss changes with it, and what the next step would make of it.

    Parameters
    ----------
    session : Session
        Whose network.
    what : dict
        Its kind and place, such as ``{"kind": "unit", "layer": 0, "unit": 1}``; see `PLACES`.
    row : int, optional
        For which data row; by default the frozen one, else the first that is trained on.

    Raises
    ------
    ValueError
        If there is no such number.
    """
    kind = what.get("kind") if isinstance(what, Mapping) else None
    if kind == "metric":
        from chainrule.playground.explaining.measures import explain_metric

        return explain_metric(session, what)
    if kind not in PLACES:
        raise ValueError(f"what must have a kind, one of {', '.join((*PLACES, 'metric'))}; got {kind!r:.40}.")
    at = _place(session, what, str(kind))
    trace, number = traced(session, row)
    if kind in UNITS and trace.level == "layer":
        trace = trace.unit(at["layer"], at["unit"])
    wanted = {stage: [trace[one.id] for one in listed if one.id in trace] for stage, listed in PLACES[kind](at).items()}
    if kind == "id":
        wanted = _by_id(trace, str(what.get("id", "")))
    teller = Voice(trace)
    told = {stage: teller.steps(_around(trace, wanted.get(stage, []), stage)) for stage in STAGES}
    found = [rows[-1] for stage in ("value", "forward", "backward", "update") if (rows := wanted.get(stage))]
    if not found:
        raise ValueError(f"this network has no number {dict(what)!r:.80}.")
    main = found[0]
    # Of rows that only repeat another one nothing is told.
    steps = [step for stage in STAGES for step in told[stage] if step["id"] == main.id] or told["forward"][-1:]
    return {
        "title": _title(session, at, str(kind)),
        "id": main.id,
        "value": _value(main, at),
        "sentence": steps[0]["text"] if steps else "",
        **told,
        **_point(session, number),
    }


def _place(session: Session, what: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Layer, unit and source of a number on the page, as far as its kind has them."""
    widths = session.built.network.widths
    depth = len(widths) - 1
    at: dict[str, Any] = {"id": what.get("id"), "layer": None, "unit": None, "source": None}
    if kind in ("unit", "weight", "bias"):
        at["layer"] = option(what, "layer", -1, 0, depth - 1)
    if kind == "output":
        at["layer"] = depth - 1
    if kind in (*UNITS, "input"):
        above = 0 if at["layer"] is None else at["layer"] + 1
        at["unit"] = option(what, "unit", -1, 0, widths[above] - 1)
    if kind == "weight":
        at["source"] = option(what, "source", -1, 0, widths[at["layer"]] - 1)
    return at


def _value(main: Any, at: dict[str, Any]) -> Any:
    """The number itself, or that of an input within the whole row."""
    if np.ndim(main.value) == 0:
        return finite(main.value)
    return finite(float(main.value[0, at["unit"]])) if main.quantity.kind == "input" else None


def _by_id(trace: Trace, wanted: str) -> dict[str, list[Any]]:
    """A row of the trace by its id, in its own stage."""
    row = trace[wanted]
    return {next((stage for stage, names in STAGES.items() if row.stage in names), "value"): [row]}


def _unit_places(at: dict[str, Any]) -> dict[str, list[Quantity]]:
    def listed(*kinds: str) -> list[Quantity]:
        return [Quantity(kind, at["layer"], at["unit"], row=0) for kind in kinds]

    return {
        "value": listed("activation"),
        "forward": listed("linear", "normalized", "pre_activation", "activation", "dropped"),
        "backward": listed("activation_gradient", "slope", "delta"),
    }


def _parameter_places(kind: str) -> Any:
    def places(at: dict[str, Any]) -> dict[str, list[Quantity]]:
        where = {"layer": at["layer"], "unit": at["unit"], "source": at["source"]}
        return {
            "value": [Quantity(kind, **where)],
            "forward": [Quantity("pre_activation", at["layer"], at["unit"], row=0)],
            "backward": [Quantity("gradient", **where, of=kind)],
            "update": [Quantity("new", **where, of=kind)],
        }

    return places


UNITS = ("unit", "output", "weight", "bias")
# What on the page can be asked for -> the rows of the trace that compute it, stage by stage.
PLACES: dict[str, Callable[[dict[str, Any]], dict[str, list[Quantity]]]] = {
    "unit": _unit_places,
    "output": _unit_places,
    "weight": _parameter_places("weight"),
    "bias": _parameter_places("bias"),
    # Of a large network only the whole row of inputs is in the trace.
    "input": lambda at: {"value": [Quantity("input"), Quantity("input", unit=at["unit"], row=0)]},
    "loss": lambda at: {"forward": [Quantity("loss")]},
    "id": lambda at: {},
}


def _around(trace: Trace, wanted: list[Any], stage: str) -> list[Any]:
    """The rows of a stage that the wanted ones are, or follow from; the nearest where they are many."""
    distance = {row.id: 0 for row in wanted}
    waiting = [row.id for row in wanted]
    while waiting:
        at = waiting.pop(0)
        for parent in trace[at].parents:
            if parent not in distance:
                distance[parent] = distance[at] + 1
                waiting.append(parent)
    rows = [row for row in trace.rows if row.id in distance and row.stage in STAGES[stage]]
    rows = _without_weak_paths(rows)
    nearest = sorted(rows, key=lambda row: distance[row.id])[:MOST_STEPS]
    kept = {row.id for row in nearest}
    return [row for row in rows if row.id in kept]


def _without_weak_paths(rows: list[Any]) -> list[Any]:
    """Of the many ways from a unit through the next layer, those that count most."""
    strength: dict[Any, list[float]] = {}
    for row in rows:
        if row.quantity.kind == "path":
            strength.setdefault((row.quantity.layer, row.quantity.unit), []).append(abs(float(row.value)))
    least = {place: sorted(values)[-MOST_PATHS:][0] for place, values in strength.items()}
    return [
        row
        for row in rows
        if row.quantity.kind != "path" or abs(float(row.value)) >= least[row.quantity.layer, row.quantity.unit]
    ]


class Voice:
    """Tells rows of a trace as plain data, every formula as text, LaTeX and MathML."""

    def __init__(self, trace: Trace) -> None:
        names = Names(get_notation(NOTATION), trace.header)
        self._teller = Teller(trace, names)
        self._writers = {"text": Text(DIGITS), "latex": Latex(DIGITS), "mathml": MathML(DIGITS)}

    def steps(self, rows: Iterable[Any]) -> list[dict[str, Any]]:
        """One step for each row that says something."""
        return [self._step(claim) for claim in self._teller.told(rows)]

    def _step(self, claim: Claim) -> dict[str, Any]:
        at, text = claim.row.quantity, self._writers["text"]
        alone = np.ndim(claim.value) == 0
        right = claim.formula if claim.formula is not None else claim.symbol
        return {
            "id": claim.row.id,
            "stage": claim.row.stage,
            "kind": at.kind,
            "layer": at.layer,
            "unit": at.unit,
            "source": at.source,
            "of": at.of,
            "name": text.write(claim.symbol),
            "formula": "" if claim.formula is None else text.write(claim.formula),
            "numbers": "" if claim.numbers is None else text.write(claim.numbers),
            "value": finite(claim.value) if alone else _listed(claim.value),
            "shape": list(np.shape(claim.value)),
            "text": claim.sentence,
            "question": self._question(claim),
            "latex": f"{self._writers['latex'].write(claim.symbol)} = {self._writers['latex'].write(right)}",
            "mathml": self._writers["mathml"].equation(claim.symbol, right),  # type: ignore[attr-defined]
            "parents": list(claim.row.parents),
        }

    def _question(self, claim: Claim) -> str:
        about = "" if claim.about is None else self._writers["text"].write(claim.about)
        return claim.question.replace("{}", about)


def _listed(values: Any) -> Any:
    """A small array as lists; None where it is too large to be read."""
    return np.asarray(values, np.float64).tolist() if np.size(values) <= MOST_LISTED else None


def _title(session: Session, at: dict[str, Any], kind: str) -> str:
    names, depth = session.built.names, len(session.built.network.layers)
    if kind == "input":
        return f"input {names[at['unit']]}"
    if kind == "output":
        return f"output {at['unit'] + 1}: {output_names(session)[at['unit']]}"
    if kind not in UNITS:
        return {"loss": "the loss of this row"}.get(kind, str(at["id"]))
    layer = at["layer"]
    unit = f"unit {at['unit'] + 1} of {layer_name(layer, depth)}"
    if kind == "weight":
        origin = names[at["source"]] if layer == 0 else f"unit {at['source'] + 1} of {layer_name(layer - 1, depth)}"
        return f"weight from {origin} to {unit}"
    return f"bias of {unit}" if kind == "bias" else unit


def _point(session: Session, number: int) -> dict[str, Any]:
    """The data row in the user's terms."""
    data = session.data
    values = {
        name: finite(value) for name, value in zip(session.built.names, session.built.X[number].tolist(), strict=True)
    }
    target = data.classes[int(data.y[number])] if data.classes else finite(float(data.y[number]))
    return {"row": number, "point": values, "target": target, "trains": bool((data.train == number).any())}


def slow(session: Session, row: int | None = None) -> dict[str, Any]:
    """All steps of one forward pass, the loss, the backward pass and the update, in the order in which they are computed."""
    trace, number = traced(session, row, check=True)
    told = Voice(trace).steps(one for one in trace.rows if one.stage in ("forward", "loss", "backward", "update"))
    report = trace.verify()
    return {"steps": told, "verified": bool(report.ok), "level": trace.level, **_point(session, number)}


def diagnosis(session: Session) -> dict[str, Any]:
    """Why it does not learn, in words; see `chainrule.diagnosis`."""
    from chainrule.diagnosis.judging import judge
    from chainrule.playground.explaining.evidence import case_of

    return judge(case_of(session)).to_dict()
