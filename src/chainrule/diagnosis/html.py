"""A diagnosis as a fragment of HTML: no script, no address, every text escaped, usable without colours."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from chainrule.diagnosis.catalogue import CHECKS
from chainrule.diagnosis.findings import Diagnosis, Finding
from chainrule.diagnosis.text import OWN_NAMES, checked, headline, told


def as_html(diagnosis: Diagnosis, names: Mapping[str, str] = OWN_NAMES) -> str:
    """See `Diagnosis.to_html`; `names` are other names for parameters to change."""
    parts = [f"<p><strong>{escape(headline(diagnosis))}</strong></p>"]
    for cause in diagnosis.causes:
        follow = [finding for finding in diagnosis.findings if finding.cause == cause.key]
        parts.append(_cause(cause, follow, names))
    unchecked = [f"{CHECKS[key].title}: {reason}." for key, reason in diagnosis.unchecked.items()]
    inside = _list(unchecked)
    told = escape(checked(diagnosis))
    parts.append(f"<details><summary>{told}</summary>{inside}</details>" if unchecked else f"<p>{told}</p>")
    label = escape(f"Diagnosis of {diagnosis.subject}")
    return f'<div class="diagnosis" role="region" aria-label="{label}">\n' + "\n".join(parts) + "\n</div>"


def _cause(finding: Finding, follow: list[Finding], names: Mapping[str, str]) -> str:
    rows = [
        ("measured", escape(finding.evidence)),
        ("the lectures' word", escape(finding.word)),
        ("to change", _list([told(advice, names) for advice in finding.advice])),
        ("threshold", escape(finding.threshold)),
    ]
    if follow:
        rows.append(("explains", _list([f"{each.title}: {each.evidence}" for each in follow])))
    cells = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in rows)
    caption = f"{escape(finding.title)} ({finding.severity})"
    return f'<table class="{finding.severity}"><caption>{caption}</caption><tbody>{cells}</tbody></table>'


def _list(items: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>" if items else ""
