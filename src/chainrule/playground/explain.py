"""Every number on the page explained: its formula with the numbers in it, and the way of its gradient; from the trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.playground.describing import finite, output_names
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
# Kinds of numbers on the page that belong to a unit, in the order in which they are computed.
UNIT_KINDS = ("linear", "normalized", "pre_activation", "activation", "dropped")


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
        from chainrule.playground.measures import explain_metric

        return explain_metric(session, str(what.get("name", "")))
    trace, number = traced(session, row)
    trace, chosen = _opened(trace, what, kind)
    wanted = [trace[one] for one in chosen if one in trace]
    if not wanted:
        raise ValueError(f"there is no number {dict(what) if isinstance(what, Mapping) else what!r} in this network.")
    teller = Voice(trace)
    main = wanted[-1] if kind != "unit" else wanted[max(0, len(wanted) - 1)]
    stages = {name: _around(trace, wanted, name) for name in STAGES}
    told = {name: teller.steps(rows) for name, rows in stages.items()}
    return {
        "title": _title(session, what, kind),
        "id": main.id,
        "value": finite(main.value) if np.ndim(main.value) == 0 else None,
        "sentence": next((step["text"] for step in (*told["forward"], *told["backward"]) if step["id"] == main.id), ""),
        **told,
        **_point(session, number),
    }


def _opened(trace: Trace, what: Any, kind: Any) -> tuple[Trace, list[str]]:
    """The trace with rows for the unit asked for, and the ids of the numbers asked for."""
    if kind not in PLACES:
        raise ValueError(f"what must have a kind, one of {', '.join((*PLACES, 'metric'))}; got {kind!r:.40}.")
    if kind == "id":
        return trace, [str(what.get("id", ""))]
    places = {name: what.get(name) for name in ("layer", "unit", "source")}
    depth = trace.header.depth
    if kind == "output":
        places["layer"] = depth - 1
    if kind in ("unit", "weight", "bias", "output"):
        if not all(isinstance(places[name], int) for name in ("layer", "unit")):
            raise ValueError(f"a {kind} has a layer and a unit, counted from 0; got {dict(what)!r:.80}.")
        if trace.level == "layer":
            trace = trace.unit(places["layer"], places["unit"])
    return trace, [one.id for one in PLACES[kind](places)]


def _unit_places(at: dict[str, Any]) -> list[Quantity]:
    return [
        Quantity(kind, layer=at["layer"], unit=at["unit"], row=row)
        for kind in (*UNIT_KINDS, "activation_gradient", "slope", "delta")
        for row in (None, 0)
    ]


def _parameter_places(kind: str) -> Any:
    def places(at: dict[str, Any]) -> list[Quantity]:
        where = {"layer": at["layer"], "unit": at["unit"], "source": at["source"] if kind == "weight" else None}
        named = [Quantity(one, **where, of=kind) for one in ("new", "change", "gradient")]
        return [*named[:2], Quantity(kind, **where), named[2]]

    return places


PLACES: dict[str, Any] = {
    "unit": _unit_places,
    "output": _unit_places,
    "weight": _parameter_places("weight"),
    "bias": _parameter_places("bias"),
    "input": lambda at: [Quantity("input", unit=at["unit"], row=row) for row in (None, 0)],
    "loss": lambda at: [Quantity("loss")],
    "id": lambda at: [],
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
    nearest = sorted(rows, key=lambda row: distance[row.id])[:MOST_STEPS]
    kept = {row.id for row in nearest}
    return [row for row in rows if row.id in kept]


STAGES = {"forward": ("forward", "loss"), "backward": ("backward",), "update": ("update",)}


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
            "value": finite(claim.value) if alone else np.asarray(claim.value, np.float64).tolist(),
            "text": claim.sentence,
            "question": self._question(claim),
            "latex": f"{self._writers['latex'].write(claim.symbol)} = {self._writers['latex'].write(right)}",
            "mathml": self._writers["mathml"].equation(claim.symbol, right),  # type: ignore[attr-defined]
            "parents": list(claim.row.parents),
        }

    def _question(self, claim: Claim) -> str:
        about = "" if claim.about is None else self._writers["text"].write(claim.about)
        return claim.question.replace("{}", about)


def _title(session: Session, what: Any, kind: Any) -> str:
    depth = len(session.built.network.layers)
    if kind in ("unit", "weight", "bias"):
        layer = what["layer"] % depth if isinstance(what.get("layer"), int) else 0
        place = "the output layer" if layer == depth - 1 else f"hidden layer {layer + 1}"
        unit = f"unit {what['unit'] + 1} of {place}"
        source = what.get("source")
        if kind == "weight" and isinstance(source, int):
            names = session.built.names
            origin = (
                names[source] if layer == 0 and source < len(names) else f"unit {source + 1} of hidden layer {layer}"
            )
            return f"weight from {origin} to {unit}"
        return f"{'bias of ' if kind == 'bias' else ''}{unit}"
    if kind == "output":
        return f"output {what['unit'] + 1}: {output_names(session)[what['unit']]}"
    return {
        "loss": "the loss of this row",
        "input": f"input {session.built.names[what['unit']]}" if kind == "input" else "",
    }.get(kind, str(what.get("id", "")))


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
    from chainrule.playground.evidence import case_of

    return judge(case_of(session)).to_dict()
