"""The verifier: does every row follow from its parents, and are they the rows that the header demands?

It trusts nothing but the formulas: the plan is made anew from the header, every value is derived anew from the parents' values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.trace.build import derived
from chainrule.trace.document import from_json
from chainrule.trace.formulas import Formulas, UnknownFormula
from chainrule.trace.header import ROWS_MOST, UNIT_MOST, Header
from chainrule.trace.operations import OPERATIONS
from chainrule.trace.plans import plan_of
from chainrule.trace.plans.check import sample
from chainrule.trace.plans.plan import Claim
from chainrule.trace.rows import STAGES, Row, Value

if TYPE_CHECKING:
    from chainrule.trace.record import Trace

ABSOLUTE, RELATIVE = 1e-12, 1e-9
# What a formula raises when the numbers or settings it is given make no sense.
SENSELESS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
# Rounding of a sum of products, in shares of its terms' size.
ROUNDING = 1e-13
FREE = ("given",)


@dataclass(frozen=True)
class Failure:
    """One row that does not hold.

    Parameters
    ----------
    row : str
        Its id.
    reason : str
        What is wrong, in a sentence.
    found, expected : str
        What stands there, and what should; empty where the reason says it all.
    """

    row: str
    reason: str
    found: str = ""
    expected: str = ""

    def __str__(self) -> str:
        """One line."""
        compared = f": found {self.found}, expected {self.expected}" if self.expected or self.found else ""
        return f"{self.row}: {self.reason}{compared}"


@dataclass(frozen=True)
class Report:
    """What the verifier found.

    Parameters
    ----------
    checked : int
        Rows derived anew.
    given : int
        Rows that follow from nothing: data, parameters, the solver's state.
    unchecked : tuple of str
        Ids of rows that need a user's own formula, which is not at hand.
    failures : tuple of Failure
        What does not hold.
    """

    checked: int
    given: int
    unchecked: tuple[str, ...]
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def complete(self) -> bool:
        """Whether every row could be checked."""
        return not self.unchecked

    def __str__(self) -> str:
        """A verdict, then a line for each failure."""
        aside = (
            f", {len(self.unchecked)} need a formula of the user's own that is not at hand" if self.unchecked else ""
        )
        if self.ok:
            return f"verified: {self.checked} rows follow from their parents, {self.given} are given{aside}."
        lines = [f"rejected: {len(self.failures)} failure(s), {self.checked} rows derived{aside}."]
        return "\n".join([*lines, *map(str, self.failures)])


def verify(trace: Trace | str, own: Mapping[str, Any] | None = None) -> Report:
    """Check a trace, or its JSON document alone.

    Parameters
    ----------
    trace : Trace or str
        The object, or the text that `Trace.to_json` wrote.
    own : dict, optional
        The user's own formulas by name, for a document; rows that need others are listed as unchecked.

    Returns
    -------
    Report
        ``report.ok`` says whether it holds, ``report.failures`` names every row that does not.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If a text is not such a document.
    """
    if not isinstance(trace, str) and not hasattr(trace, "header"):
        raise TypeError(f"verify takes a Trace or the text of its JSON document, got {type(trace).__name__}.")
    if isinstance(trace, str):
        header, rows = from_json(trace)
        formulas = Formulas(own)
    else:
        header, rows, formulas = trace.header, trace.rows, Formulas({**trace.own, **(own or {})})
    plan, failures = _plan(header, rows)
    if plan is None:
        return Report(0, 0, (), tuple(failures))
    failures += _structure(plan, rows)
    known = {row.id: row.value for row in rows}
    counts, unchecked = Counter[str](), []
    for row in rows:
        claim = plan.get(row.id)
        if claim is None or any(parent not in known for parent in claim.parents):
            continue
        try:
            failure = _holds(claim, row.value, [known[parent] for parent in claim.parents], header, formulas)
        except UnknownFormula:
            unchecked.append(row.id)
            continue
        counts["given" if claim.operation in FREE else "checked"] += 1
        failures += [] if failure is None else [failure]
    failures += _coverage(header, known)
    return Report(counts["checked"], counts["given"], tuple(unchecked), tuple(failures))


def _plan(header: Header, rows: tuple[Row, ...]) -> tuple[dict[str, Claim] | None, list[Failure]]:
    """The claims that the header demands; a header that makes no sense demands none and fails."""
    try:
        reason = _senseless(header) or _absurd(header, rows)
        if reason:
            return None, [Failure("header", reason)]
        return plan_of(header).claims, []
    except SENSELESS as error:
        return None, [Failure("header", f"it describes no network or step ({type(error).__name__}: {error})")]


def _senseless(header: Header) -> str:
    """Why a header cannot be right, empty if it can."""
    lengths = {"input": 1, "forward": 2, "loss": 3, "backward": 4, "update": 5, "check": 6}
    order = [lengths.get(stage, 0) for stage in header.stages]
    if order != sorted(set(order)) or order[:2] != [1, 2] or (set(order) - {1, 2} and not {3, 4} <= set(order)):
        return f"stages {header.stages} are not some of {STAGES} in this order"
    if not 1 <= header.rows <= ROWS_MOST or header.level not in ("unit", "layer"):
        return f"it has rows={header.rows} and level={header.level!r}"
    if ("update" in header.stages) != (header.solver is not None) or ("check" in header.stages) != bool(header.check):
        return "solver and check do not go with the stages"
    if header.level == "unit" and header.n_parameters * header.rows > UNIT_MOST:
        return f"{header.n_parameters} parameters and {header.rows} rows are too many for unit rows"
    return _idle(header)


def _idle(header: Header) -> str:
    """What decides about no row must be as if it were not there."""
    step, counts = header.step, (len(header.input_names), len(header.output_names), len(header.data))
    numbers = [step.get(name) for name in ("rate", "t", "carried", "weight_decay")] if header.solver is not None else []
    normalized = [k for k in range(header.depth) if header.normalized(k)]
    wrong = {
        "dropout_seed and dropout_step": not header.masked and (header.dropout_seed or header.dropout_step),
        "frozen": not set(header.frozen) <= set(normalized),
        "step": bool(step) != bool(numbers) or any(type(one) not in (int, float) for one in numbers),
        "check.sample": bool(header.check) and type(header.check["sample"]) is not int,
        "names and data": any(one not in (0, size) for one, size in zip(counts, _sizes(header), strict=True)),
    }
    return next((f"{name} cannot be as it says" for name, is_wrong in wrong.items() if is_wrong), "")


def _sizes(header: Header) -> tuple[int, int, int]:
    return header.widths[0], header.widths[-1], header.rows


def _absurd(header: Header, rows: tuple[Row, ...]) -> str:
    """A plan is not made for a network that the rows cannot hold: it might be without end."""
    numbers = sum(int(np.size(row.value)) for row in rows)
    if header.n_parameters > 100 + 10 * numbers:
        return f"it has {header.n_parameters} parameters, but all rows together hold {numbers} numbers"
    return ""


def _structure(plan: dict[str, Claim], rows: tuple[Row, ...]) -> list[Failure]:
    """Every demanded row once, no others, in an order in which parents come first, each as demanded."""
    seen: set[str] = set()
    failures = []
    for row in rows:
        if row.id in seen:
            failures.append(Failure(row.id, "this id stands twice"))
        late = [parent for parent in row.parents if parent not in seen]
        if late:
            failures.append(Failure(row.id, f"its parent {late[0]!r} does not come before it"))
        seen.add(row.id)
        failures += _as_demanded(plan.get(row.id), row)
    failures += [Failure(one, "this row is demanded by the header, but missing") for one in plan if one not in seen]
    order = [row.id for row in rows if row.id in plan]
    if not failures and order != list(plan):
        failures.append(Failure("rows", "they are not in the order of the stages"))
    return failures


def _as_demanded(claim: Claim | None, row: Row) -> list[Failure]:
    if claim is None:
        return [Failure(row.id, "the header demands no such row")]
    pairs = {
        "level": (row.level, claim.level),
        "stage": (row.stage, claim.stage),
        "quantity": (row.quantity, claim.quantity),
        "operation": (row.operation, claim.operation),
        "parents": (row.parents, claim.parents),
        "settings": (_listed(row.settings), _listed(claim.settings)),
    }
    return [
        Failure(row.id, f"its {name} is not what the header demands", str(found), str(expected))
        for name, (found, expected) in pairs.items()
        if found != expected
    ]


def _listed(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, (list, tuple)) else value


def _holds(claim: Claim, found: Value, parents: list[Value], header: Header, formulas: Formulas) -> Failure | None:
    """Compare a row's value with what follows from its parents."""
    if claim.operation in FREE:
        return _given(claim, found, header)
    try:
        expected = derived(claim, parents, header, formulas)
    except SENSELESS as error:
        return Failure(claim.id, f"it cannot be derived from its parents ({error})")
    if np.shape(found) != np.shape(expected):
        return Failure(claim.id, "wrong shape", str(np.shape(found)), str(np.shape(expected)))
    with np.errstate(all="ignore"):
        far = ~_near(found, expected, ABSOLUTE + RELATIVE * np.abs(expected))
        if far.any() and OPERATIONS[claim.operation].sums:
            sizes: list[Value] = [np.abs(parent) for parent in parents]
            far &= ~_near(found, expected, ROUNDING * np.abs(derived(claim, sizes, header, formulas)))
    if not far.any():
        return None
    at = tuple(int(one) for one in np.argwhere(far)[0]) if np.ndim(found) else ()
    place = f"does not follow from its parents, at {list(at)}" if at else "does not follow from its parents"
    wrong, right = (float(np.asarray(one)[at]) for one in (found, expected))
    return Failure(claim.id, place, repr(wrong), repr(right))


def _near(found: Value, expected: Value, tolerance: Any) -> Any:
    """Where two values agree; an infinite tolerance, that of an infinite value, tolerates nothing."""
    close = (np.abs(np.subtract(found, expected)) <= tolerance) & np.isfinite(tolerance)
    return close | np.equal(found, expected) | (np.isnan(found) & np.isnan(expected))


def _given(claim: Claim, found: Value, header: Header) -> Failure | None:
    """What is given has the shape of its place."""
    quantity, widths = claim.quantity, header.widths
    kind = quantity.of or quantity.kind
    if quantity.layer is None:
        sizes = {"input": (header.rows, widths[0]), "target": (header.rows, header.targets)}
        expected = sizes.get(kind, (header.rows,) if kind == "sample_weight" else ())
    else:
        units = widths[quantity.layer + 1]
        expected = (widths[quantity.layer], units) if kind == "weight" else (units,)
    if np.shape(found) != expected:
        return Failure(claim.id, "wrong shape", str(np.shape(found)), str(expected))
    if kind == "sample_weight" and not (np.min(found) >= 0 and np.sum(found) > 0):
        return Failure(claim.id, "sample weights must not be negative nor all zero", str(np.min(found)), "at least 0")
    return None


def _coverage(header: Header, known: Mapping[str, Value]) -> list[Failure]:
    """The check must not skip what it promises: every parameter at unit level, the largest gradients else."""
    if "check" not in header.stages:
        return []
    gradients = [known.get(f"gradient-{kind}-l{layer}") for kind, layer in header.parameters(trained=True)]
    if any(gradient is None for gradient in gradients):
        return []
    flat = np.concatenate([np.ravel(np.asarray(gradient)) for gradient in gradients])
    expected = range(flat.size) if header.level == "unit" else sample(header, flat, header.check.get("sample", 0))
    places = list(header.check["places"])
    if places == sorted(set(places)) and set(expected) <= set(places):
        return []
    return [Failure("header", "parameters that must be checked are not", str(places), f"at least {list(expected)}")]
