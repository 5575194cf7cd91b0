"""All alerts of a mesh, and the rule files that Prometheus reads: one a domain and one for the platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Domain, Mesh
from mesh.kernel.settings import Settings
from observability import own_alerts, platform_alerts, port_alerts
from observability.alerts import PLATFORM, Alert
from observability.stream_alerts import stalled


def alerts_of(domain: Domain) -> Iterator[Alert]:
    """Every alert of a domain: of its ports in the contract's order, of the streams that write them, its own.

    Raises :class:`ContractError` for a fault in its own.
    """
    runbook = f"{domain.shown_as}/runbook.md"
    streams: dict[str, Port] = {}
    for port in domain.contract.ports:
        yield from port_alerts.alerts(port, runbook)
        if port.application:
            streams.setdefault(port.application, port)
    for application, port in streams.items():
        yield stalled(application, port, runbook)
    yield from own_alerts.read(domain)


def groups(mesh: Mesh, settings: Settings) -> dict[str, tuple[Alert, ...]]:
    """The alerts by who answers for them: each domain's, then the platform's."""
    found = {name: tuple(alerts_of(domain)) for name, domain in mesh.domains.items()}
    return found | {PLATFORM: tuple(platform_alerts.alerts(settings.operations))}


def rule_file(name: str, alerts: Iterable[Alert], runbooks: str) -> str:
    """The rule file of one group of alerts."""
    return document({"groups": [{"name": name, "rules": [_rule(alert, runbooks) for alert in alerts]}]})


def document(content: Any) -> str:
    """A YAML document with a first line that says whence it comes; texts of several lines as blocks."""
    return "# Derived from the contracts by `mesh build`; do not edit.\n" + yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110
    )


def _rule(alert: Alert, runbooks: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": alert.name, "expr": alert.expr}
    if alert.holds:
        rule["for"] = f"{alert.holds}s"
    if alert.lingers:
        rule["keep_firing_for"] = f"{alert.lingers}s"
    return rule | {"labels": alert.all_labels, "annotations": alert.annotations(runbooks)}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out, since people read it."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        return super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
