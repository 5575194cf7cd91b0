"""What an alert is: a condition with an owner, words for whom it wakes, and proof of when it fires.

Alerts are derived: of each port from its contract (:mod:`observability.port_alerts`), of each stream
(:mod:`observability.stream_alerts`), of the platform (:mod:`observability.platform_alerts`); a domain adds
its own in ``alerts.yaml`` (:mod:`observability.own_alerts`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mesh.kernel.names import TopicName

PLATFORM = "platform"
"""The domain of what no domain answers for, and the receiver of its alerts."""
NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


class Severity(StrEnum):
    """How soon somebody must act."""

    PAGE = "page"
    """Now, whatever the hour."""
    TICKET = "ticket"
    """On a working day."""
    NONE = "none"
    """Never: it only shows that alerts arrive."""


class Symptom(StrEnum):
    """What is seen. Inhibition and runbooks go by it."""

    PART_DOWN = "part-down"
    SILENT = "silent"
    STALLED = "stalled"
    SINK_BEHIND = "sink-behind"
    STALE = "stale"
    REJECTED = "rejected"
    DRIFTING = "drifting"
    INVALID = "invalid"
    JOB = "job"
    DISK = "disk"
    CERTIFICATE = "certificate"
    WATCHDOG = "watchdog"
    OWN = "own"
    """What a domain watches beyond its contract."""


TYPES: Mapping[Symptom, str] = {
    Symptom.PART_DOWN: "availability",
    Symptom.SILENT: "ingestion",
    Symptom.STALLED: "ingestion",
    Symptom.SINK_BEHIND: "ingestion",
    Symptom.STALE: "freshness",
    Symptom.REJECTED: "quality",
    Symptom.DRIFTING: "ledger",
    Symptom.INVALID: "quality",
    Symptom.JOB: "freshness",
    Symptom.DISK: "capacity",
    Symptom.CERTIFICATE: "capacity",
    Symptom.WATCHDOG: "watchdog",
    Symptom.OWN: "quality",
}
"""The type of the incident that follows from a symptom."""

DRILLS = frozenset(
    {
        "source-silent",
        "worker-down",
        "sink-down",
        "poison-flood",
        "ledger-drift",
        "rule-broken",
        "job-failing",
        "scheduler-down",
        "registry-down",
        "broker-down",
        "warehouse-down",
        "stream-stalled",
        "sink-behind",
        "stale",
        "monitor-down",
        "pager-down",
        "disk-filling",
        "certificate-ending",
        "watchdog",
    }
)
"""The drills that an alert may name as its proof on a running mesh; one has a second way to prove it."""


@dataclass(frozen=True)
class Case:
    """A history of series and what the alert makes of it, as promtool writes them.

    ``series`` maps each series to its values, one every five seconds from 0 s. The alert fires first at
    ``fires`` seconds, with ``labels`` beside those of its rule; None: it never fires in this history.
    """

    says: str
    series: Mapping[str, str]
    fires: int | None
    shown: str = ""
    """The measured value as the alert's text shows it then."""
    labels: Mapping[str, str] = field(default_factory=dict)
    stays: int = 0
    """A later second at which it still fires although its series have ended; 0: not asked."""
    until: int = 175
    """Until when one that never fires is asked for it; longer only takes longer."""


@dataclass(frozen=True)
class Alert:
    """One alert. Times are in seconds."""

    name: str
    """``<Domain><Product><Symptom>``, which is also the heading of its runbook."""
    symptom: Symptom
    domain: str
    owner: str
    """E-mail address of who answers for it."""
    drill: str
    """The drill that proves it."""
    expr: str
    summary: str
    description: str
    action: str
    """What to do first."""
    runbook: str
    """The page with its runbook, from the root of the tree or as an absolute path."""
    product: str = ""
    severity: Severity = Severity.PAGE
    holds: int = 0
    """How long the condition must hold before it fires."""
    lingers: int = 0
    """How long it goes on firing after the condition ended."""
    unit: str = ""
    """Prometheus' formatter of the measured value in the description, such as ``humanizeDuration``."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels: topic, app."""
    proof: tuple[Case, ...] = ()
    place: str = field(default="", repr=False)
    """Where it is written down, for those that are not derived."""

    @property
    def all_labels(self) -> dict[str, str]:
        """Every label of the rule, in the order in which it is written."""
        product = {"product": self.product} if self.product else {}
        return {
            "severity": self.severity.value,
            "domain": self.domain,
            **product,
            "owner": self.owner,
            "type": TYPES[self.symptom],
            "symptom": self.symptom.value,
            "drill": self.drill,
            **self.labels,
        }

    @property
    def anchor(self) -> str:
        """The anchor of its heading in the runbook."""
        return self.name.lower()

    def annotations(self, runbooks: str, shown: str | None = None) -> dict[str, str]:
        """Every annotation; ``runbooks`` is where the tree of runbooks is served, or empty.

        ``shown`` is a measured value for a test; None gives the template by which Prometheus shows it.
        """
        told = self.description
        if self.unit and shown is None:
            told += f"{{{{ with $value }}}} Now: {{{{ . | {self.unit} }}}}.{{{{ end }}}}"
        elif self.unit and shown:
            told += f" Now: {shown}."
        prefix = f"{runbooks.rstrip('/')}/" if runbooks else ""
        return {
            "summary": self.summary,
            "description": told,
            "action": self.action,
            "runbook_url": f"{prefix}{self.runbook}#{self.anchor}",
        }


def camel(*words: str) -> str:
    """Words in kebab case as one in camel case: ``sales``, ``orders-enriched`` → ``SalesOrdersEnriched``."""
    return "".join(part[:1].upper() + part[1:] for word in words for part in re.split(r"[-_]", word))


def subject(topic: str) -> str:
    """What an alert's name says of a topic: its domain and product, and its version from the second on."""
    name = TopicName.parse(topic)
    return camel(name.domain, name.name) + (f"V{name.version}" if name.version > 1 else "")
