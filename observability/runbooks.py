"""Runbooks: a page a domain and one for the platform, with a section for each alert, its name the heading.

The sections of derived alerts stand between two marks and are derived, too; what people know better they
write outside of them. A domain's own alerts have sections written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mesh.kernel.discovery import Domain, Mesh
from observability.advice import Advice, of_port, of_stream
from observability.alerts import Alert, Symptom
from observability.platform_advice import ADVICE
from observability.platform_alerts import SILENT

MARKS = ("<!-- derived -->", "<!-- /derived -->")
FILE = "runbook.md"
_HEADING = re.compile(r"^#{2,} +(.+?) *$", re.MULTILINE)
_SECTION = re.compile(
    r"^(#{2,}) +(\S+) *\n(.*?)(?=^#{2,} |^<!-- |\Z)",  # its heading is one word
    re.MULTILINE | re.DOTALL,
)


def headings(text: str) -> list[str]:
    """The headings of a page below its title."""
    return _HEADING.findall(text)


def sections(text: str) -> dict[str, str]:
    """The sections of a page that explain an alert, by its name: those with a Meaning."""
    found = {}
    for match in _SECTION.finditer(text):
        if "**Meaning.**" in match[0]:
            found[match[2]] = f"{match[1]} {match[2]}\n{match[3].rstrip()}\n"
    return found


def domain_sections(alerts: Iterable[Alert], mesh: Mesh) -> str:
    """The derived part of a domain's page."""
    return "\n".join(
        _section(alert, _advice(alert, mesh)) for alert in alerts if alert.symptom is not Symptom.OWN
    )


def platform_sections(alerts: Iterable[Alert]) -> str:
    """The derived part of the platform's page, the pager's own alert included."""
    sections = [_section(alert, ADVICE[alert.name]) for alert in alerts]
    own = _text(SILENT, "Opened by the pager itself. Proven by `mesh drill watchdog`.", ADVICE[SILENT])
    return "\n".join([*sections, own])


def blank(domain: Domain) -> str:
    """The page of a domain that has none, ready for the derived part."""
    return (
        f"# Runbook of {domain.name}\n\n"
        f"For whoever was woken by an alert of {domain.product.name}; {domain.product.owner} answers for "
        f"it.\n"
        "What is special about its sources, and whom to call, stands here, written by hand.\n\n"
        f"## Alerts\n{MARKS[0]}\n{MARKS[1]}\n"
    )


def _advice(alert: Alert, mesh: Mesh) -> Advice:
    if alert.symptom is Symptom.STALLED:
        return of_stream(f"mesh.{alert.labels['app']}", mesh)
    return of_port(alert.symptom, mesh.ports[alert.labels["topic"]], mesh)


def _section(alert: Alert, advice: Advice) -> str:
    topic = f" --topic {alert.labels['topic']}" if "topic" in alert.labels else ""
    kind = {"page": "Pages", "ticket": "A ticket for", "none": "Never pages"}[alert.severity]
    owner = f" {alert.owner}" if alert.severity != "none" else ""
    return _text(alert.name, f"{kind}{owner}. Proven by `mesh drill {alert.drill}{topic}`.", advice)


def _text(heading: str, first: str, advice: Advice) -> str:
    width = max(len(command) for command, _ in advice.diagnosis)
    width = min(width, 44)
    commands = "\n".join(f"$ {command:<{width}}  # {tells}" for command, tells in advice.diagnosis)
    steps = "\n".join(f"- {step}" for step in advice.mitigation)
    return (
        f"### {heading}\n{first}\n\n"
        f"**Meaning.** {advice.meaning}\n\n"
        f"**Impact.** {advice.impact}\n\n"
        f"**Diagnosis.**\n```console\n{commands}\n```\n\n"
        f"**Mitigation.**\n{steps}\n"
    )
