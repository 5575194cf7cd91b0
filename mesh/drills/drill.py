"""The drills by name: what each breaks, what it stands in the way of, and how soon somebody must be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mesh.drills import faults
from mesh.drills.broken_rule import rule_broken
from mesh.drills.failing_job import job_failing
from mesh.drills.ground import Ground
from mesh.drills.watching import Rule
from mesh.kernel.errors import DrillError, did_you_mean
from mesh.kernel.names import TopicName
from observability.platform_alerts import SILENT

LIMIT = 60.0
"""Seconds from the fault to the page: what operations are promised."""


@dataclass(frozen=True)
class Drill:
    """One drill. ``breaks`` says what it breaks.

    Drills of one ``wave`` are held at the same time: none is in the way of another's alert.
    """

    name: str
    breaks: str
    inject: faults.Fault
    wave: int
    of_topic: bool = False
    """Whether its alert is that of the drill's topic, not of the platform."""
    promised: str = ""
    """The service level that must be broken before anybody is paged; its seconds are added to the limit."""
    app: str = ""
    """The application whose alert it is, where there is one each."""
    proves: str = ""
    """The drill that the alert names, where that is another one: two ways to break the same thing."""
    incident: str = ""
    """The incident that the pager opens by itself, where it is the alert that no longer comes."""
    unheard: bool = False
    """Whether the pager is what is broken, so that Alertmanager must keep the page for it."""

    def rule(self, rules: Iterable[Rule], ground: Ground) -> Rule:
        """The alert that this drill proves; raise :class:`DrillError` ``drill-without-alert``."""
        for rule in rules:
            if rule.drill == (self.proves or self.name) and self._concerns(rule, ground.topic):
                return rule
        raise DrillError(
            "drill-without-alert",
            "no alert that Prometheus has loaded names this drill",
            place=self.name,
            remedy="see the rules with `mesh plan`, bring them up to date with `mesh apply`",
        )

    def limit(self, ground: Ground) -> float:
        """Seconds within which the page must come."""
        level = ground.mesh.port(ground.topic).service_levels.get(self.promised)
        return LIMIT + (float(level.value) if level is not None else 0)

    def _concerns(self, rule: Rule, topic: str) -> bool:
        if not self.of_topic:
            return not self.app or rule.labels.get("app", self.app) == self.app
        name = TopicName.parse(topic)
        return (rule.labels.get("domain"), rule.labels.get("product")) == (name.domain, name.name)


DRILLS: dict[str, Drill] = {
    drill.name: drill
    for drill in (
        Drill("certificate-ending", "a certificate that ends in three days", faults.certificate_ending, 1),
        Drill("disk-filling", "the volume of the mesh's state filled to below the limit",
              faults.disk_filling, 1),
        Drill("source-silent", "a live source that falls silent", faults.source_silent, 1, of_topic=True),
        Drill("poison-flood", "a publisher that sends records that nobody can read",
              faults.poison_flood, 1, of_topic=True),
        Drill("job-failing", "a command of the clock that fails", job_failing, 1),
        Drill("worker-down", "the workers of a stream stopped", faults.stopped("customer-mastering"), 1),
        Drill("ledger-drift", "the sink's offsets moved past records that it has not read",
              faults.ledger_drift, 1, of_topic=True),
        Drill("rule-broken", "a judgement by which rows at rest break their contract", rule_broken, 1,
              of_topic=True),
        Drill("stream-stalled", "a record of an unknown schema while the registry is away",
              faults.stream_stalled, 2, app="orders-enriched"),
        Drill("sink-behind", "a stranger in the sink's consumer group", faults.robbed, 3),
        Drill("stale", "a stranger in the sink's consumer group, for longer than a contract's freshness",
              faults.robbed, 3, of_topic=True, promised="freshness"),
        Drill("sink-down", "the sink stopped", faults.stopped("sink"), 4),
        Drill("registry-down", "the schema registry stopped", faults.stopped("registry"), 4),
        Drill("scheduler-down", "the scheduler stopped", faults.stopped("scheduler"), 4),
        Drill("warehouse-down", "the warehouse stopped", faults.stopped("warehouse"), 4),
        Drill("broker-down", "the broker stopped", faults.stopped("broker"), 4),
        Drill("monitor-down", "the monitor stopped", faults.stopped("monitor"), 5),
        Drill("pager-down", "the pager stopped", faults.stopped("pager"), 6, unheard=True),
        Drill("alertmanager-down", "Alertmanager stopped, so that no page goes out",
              faults.stopped("alertmanager"), 7, proves="watchdog", incident=SILENT),
        Drill("watchdog", "Prometheus stopped, so that nothing watches any more",
              faults.stopped("prometheus"), 8, incident=SILENT),
    )
}  # fmt: skip
"""Every drill, in the order in which they are held."""


def find(name: str) -> Drill:
    """A drill by its name; raise :class:`DrillError` with the nearest names."""
    if name not in DRILLS:
        raise DrillError("drill-unknown", "is not a drill", place=name, remedy=did_you_mean(name, DRILLS))
    return DRILLS[name]


def without_drill(rules: Iterable[Rule]) -> list[Rule]:
    """The alerts that no drill proves."""
    return [rule for rule in rules if rule.drill not in DRILLS]
