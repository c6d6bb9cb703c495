"""From the answers of all checks to a diagnosis: causes by severity, each followed by what it explains."""

from __future__ import annotations

from chainrule.diagnosis.case import Case
from chainrule.diagnosis.catalogue import CHECKS
from chainrule.diagnosis.findings import SEVERITIES, Diagnosis, Finding, Found, Unknown


def judge(case: Case) -> Diagnosis:
    """Ask every check."""
    answers = {key: check.ask(case) for key, check in CHECKS.items()}
    found = {key: answer for key, answer in answers.items() if isinstance(answer, Found)}
    causes = {key: cause_of(key, found) for key in found}
    roots = sorted((key for key in found if not causes[key]), key=lambda key: SEVERITIES.index(found[key].severity))
    ordered = [key for root in roots for key in (root, *(each for each in found if causes[each] == root))]
    return Diagnosis(
        case.subject,
        tuple(_finding(key, found[key], causes[key]) for key in ordered),
        tuple(key for key, answer in answers.items() if answer is None),
        {key: answer.reason for key, answer in answers.items() if isinstance(answer, Unknown)},
        case.learned,
    )


def cause_of(key: str, found: dict[str, Found]) -> str:
    """The first finding in the order of the table that explains this one; "" for a cause.

    A hint explains nothing, and no cause shows later than its effect.
    """
    for other, one in found.items():
        if key in CHECKS[other].explains and one.severity != "hint" and one.since <= found[key].since:
            return cause_of(other, found) or other
    return ""


def _finding(key: str, found: Found, cause: str) -> Finding:
    check = CHECKS[key]
    told = (found.severity, found.evidence, found.numbers, check.word, check.threshold, found.advice, found.since)
    return Finding(key, check.title, *told, cause)
