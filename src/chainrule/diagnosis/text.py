"""A diagnosis as text."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from types import MappingProxyType

from chainrule.diagnosis.catalogue import CHECKS
from chainrule.diagnosis.findings import Advice, Diagnosis, Finding

WIDTH = 110
OWN_NAMES: Mapping[str, str] = MappingProxyType({})


def headline(diagnosis: Diagnosis) -> str:
    """The result in a sentence."""
    learned = "" if not abs(diagnosis.learned) < float("inf") else _learned(diagnosis.learned)
    if not diagnosis.findings:
        return f"Nothing wrong found.{learned}"
    first = diagnosis.findings[0]
    if diagnosis.healthy:
        return f"Nothing wrong found; {len(diagnosis.findings)} hint(s).{learned}"
    return f"{first.title} ({first.severity}).{learned}"


def _learned(share: float) -> str:
    return f" The network removes {100 * max(share, 0):.0f} % of the loss of a constant prediction."


def as_text(diagnosis: Diagnosis, names: Mapping[str, str] = OWN_NAMES) -> str:
    """The whole diagnosis, in lines of at most 110 characters; `names` are other names for parameters to change."""
    lines = [f"Diagnosis of {diagnosis.subject}", headline(diagnosis)]
    for number, cause in enumerate(diagnosis.causes, 1):
        lines += ["", *_told(f"{number}. ", cause, names)]
        for finding in diagnosis.findings:
            if finding.cause == cause.key:
                lines.append(_wrapped(f"{finding.title}: {finding.evidence}", "     from this: "))
    lines += ["", checked(diagnosis)]
    lines += [
        _wrapped(f"{CHECKS[key].title}: {reason}.", "  not checked: ") for key, reason in diagnosis.unchecked.items()
    ]
    return "\n".join(lines)


def checked(diagnosis: Diagnosis) -> str:
    """How many checks there were."""
    told = f"{len(diagnosis.passed)} of {len(CHECKS)} checks found nothing"
    return f"{told}, {len(diagnosis.unchecked)} could not be made." if diagnosis.unchecked else f"{told}."


def told(advice: Advice, names: Mapping[str, str]) -> str:
    """An advice, its parameter by that name."""
    return f"{names.get(advice.parameter, advice.parameter)}: {advice.change}"


def _told(number: str, finding: Finding, names: Mapping[str, str]) -> list[str]:
    return [
        f"{number}{finding.title} ({finding.severity})",
        _wrapped(finding.evidence, "   measured:   "),
        _wrapped(finding.word, "   the word:   "),
        *(_wrapped(told(advice, names), "   change:     ") for advice in finding.advice),
        _wrapped(finding.threshold, "   threshold:  "),
    ]


def _wrapped(text: str, head: str) -> str:
    return fill(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False)
