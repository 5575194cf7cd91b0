"""Everything that is promised of a product or a port, as a document of plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mesh.catalogue import fields, lineage, usage
from mesh.kernel.contract import FOREVER, Port
from mesh.kernel.discovery import Domain, Mesh
from observability.alerts import Alert
from observability.rules import alerts_of

Document = dict[str, Any]
_DAY_MS = 86_400_000


def products(mesh: Mesh) -> list[Document]:
    """Every product with its public ports, in the order of domains."""
    return [
        {
            **_product(domain),
            "ports": [_port(port) for port in _ports(domain, mesh) if port.kind == "public"],
        }
        for domain in mesh.domains.values()
    ]


def product(domain: Domain, mesh: Mesh) -> Document:
    """A product with all of its ports, its inputs and the alerts that watch it."""
    return {
        **_product(domain),
        "inputs": list(lineage.of_product(domain, mesh)),
        "ports": [_port(port) for port in _ports(domain, mesh)],
        "alerts": _alerts(domain),
        "files": domain.shown_as,
    }


def port(found: Port, mesh: Mesh) -> Document:
    """A port: what it says, its fields, what is promised, where it comes from and how to read it."""
    domain = mesh.domains[found.domain]
    kept = "for ever" if found.retention_ms == FOREVER else f"{found.retention_ms // _DAY_MS} days"
    return {
        **_port(found),
        "product": domain.product.id,
        "domain": found.domain,
        "owner": found.owner,
        "team": domain.product.team,
        "status": domain.product.status,
        "contract": f"{domain.contract.id} {domain.contract.version}",
        "kind": found.kind,
        "key": found.key,
        "partitions": found.partitions,
        "kept": "the newest of each key" if found.cleanup == "compact" else kept,
        "newest": usage.newest(found),
        "fields": [asdict(field) for field in fields.fields(found)],
        "computed": [
            {"name": column.name, "type": column.type, "meaning": column.meaning} for column in found.computed
        ],
        "quality": [
            {"rule": rule.text, "severity": rule.severity, "code": rule.code, "dimension": rule.dimension}
            for rule in (*found.rules, *found.table_rules, *found.references)
        ],
        "service_levels": [
            {"property": level.property, "value": f"{level.value:f}", "unit": level.unit}
            for level in found.service_levels.values()
        ],
        "lineage": asdict(lineage.of_port(found, mesh)),
        "dead_letters": found.dead_letters,
        "alerts": _alerts(domain, found),
        "query": usage.query(found),
        "subscribe": usage.subscription(found),
    }


def _ports(domain: Domain, mesh: Mesh) -> list[Port]:
    """A domain's ports with the retailer's overlay in force."""
    return [mesh.ports[port.topic] for port in domain.contract.ports]


def _product(domain: Domain) -> Document:
    return {
        "product": domain.product.id,
        "name": domain.product.name,
        "domain": domain.name,
        "version": domain.product.version,
        "status": domain.product.status,
        "owner": domain.product.owner,
        "team": domain.product.team,
        "purpose": domain.product.purpose,
    }


def _port(port: Port) -> Document:
    meaning = " ".join((port.record.__doc__ or "").split("\n\n")[0].split())
    event = port.record.__name__
    return {"port": port.name, "topic": port.topic, "view": port.view, "event": event, "meaning": meaning}


def _alerts(domain: Domain, port: Port | None = None) -> list[Document]:
    """The alerts of a domain, or those that watch one port or the stream that writes it."""
    return [
        {
            "name": alert.name,
            "severity": alert.severity.value,
            "summary": alert.summary,
            "action": alert.action,
            "runbook": f"{alert.runbook}#{alert.anchor}",
        }
        for alert in alerts_of(domain)
        if port is None or _watches(alert, port)
    ]


def _watches(alert: Alert, port: Port) -> bool:
    """Whether an alert is of a port, or of the stream that writes it."""
    if "topic" in alert.labels:
        return alert.labels["topic"] == port.topic
    return bool(port.application) and f"mesh.{alert.labels.get('app')}" == port.application
