"""What a check can say: found, nothing, or not to be told; and the diagnosis they make together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SEVERITIES = ("serious", "warning", "hint")


@dataclass(frozen=True)
class Advice:
    """What to change.

    Parameters
    ----------
    parameter : str
        Name of the parameter; for data, what to do it with.
    change : str
        To what, and from what.
    """

    parameter: str
    change: str


@dataclass(frozen=True)
class Found:
    """A check says yes.

    Parameters
    ----------
    severity : {"serious", "warning", "hint"}
        "serious": the network does not learn because of it; "warning": it costs; "hint": good to know.
    evidence : str
        What was measured, in a sentence.
    numbers : dict
        The same for machines.
    advice : tuple of Advice
        What to change, the best first.
    since : int
        The epoch after which it shows, 0 before the training: no cause comes after its effect.
    """

    severity: str
    evidence: str
    numbers: Mapping[str, Any]
    advice: tuple[Advice, ...]
    since: int = 0


@dataclass(frozen=True)
class Unknown:
    """A check cannot tell, and why."""

    reason: str


Answer = Found | Unknown | None


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Parameters
    ----------
    key : str
        Its name in the table of checks.
    title : str
        Its name for people.
    severity : {"serious", "warning", "hint"}
        See `Found`.
    evidence : str
        What was measured, in a sentence.
    numbers : dict
        The same for machines.
    word : str
        What the lectures call it, and where.
    threshold : str
        From where on it is told, and why from there.
    advice : tuple of Advice
        What to change, the best first.
    since : int
        The epoch after which it shows.
    cause : str
        The finding that explains this one; "" for a cause.
    """

    key: str
    title: str
    severity: str
    evidence: str
    numbers: Mapping[str, Any]
    word: str
    threshold: str
    advice: tuple[Advice, ...]
    since: int = 0
    cause: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        told = {name: getattr(self, name) for name in ("key", "title", "severity", "cause", "since", "evidence")}
        advice = [{"parameter": one.parameter, "change": one.change} for one in self.advice]
        return {**told, "numbers": dict(self.numbers), "word": self.word, "threshold": self.threshold, "advice": advice}


@dataclass(frozen=True)
class Diagnosis:
    """Why a network does not learn, or that nothing is wrong.

    It prints as text, shows itself as HTML in a notebook, and `to_dict` gives it as plain data.

    Parameters
    ----------
    subject : str
        What was diagnosed.
    findings : tuple of Finding
        Causes by severity, each followed by what it explains.
    passed : tuple of str
        Names of the checks that found nothing.
    unchecked : dict of str
        Names of the checks that could not be made, with the reason.
    learned : float
        Share of the best constant prediction's loss that the network has removed; nan if not known.
    """

    subject: str
    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    unchecked: Mapping[str, str] = field(default_factory=dict)
    learned: float = float("nan")

    @property
    def healthy(self) -> bool:
        """Whether nothing serious was found, and nothing to warn of."""
        return all(finding.severity == "hint" for finding in self.findings)

    @property
    def causes(self) -> tuple[Finding, ...]:
        """The findings that no other one explains."""
        return tuple(finding for finding in self.findings if not finding.cause)

    def __str__(self) -> str:
        from chainrule.diagnosis.text import as_text

        return as_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data: subject, healthy, learned, findings, passed, unchecked."""
        return {
            "subject": self.subject,
            "healthy": self.healthy,
            "learned": self.learned if self.learned == self.learned else None,
            "findings": [finding.to_dict() for finding in self.findings],
            "passed": list(self.passed),
            "unchecked": dict(self.unchecked),
        }

    def to_html(self) -> str:
        """A fragment of HTML without scripts and addresses; every text is escaped."""
        from chainrule.diagnosis.html import as_html

        return as_html(self)

    def _repr_html_(self) -> str:
        return self.to_html()
