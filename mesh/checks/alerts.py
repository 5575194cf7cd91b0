"""Alerts: each is named by the grammar, measured, owned, explained, proven by promtool and by a drill."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from mesh.checks.check import Scope
from mesh.kernel.discovery import Domain, root
from mesh.kernel.errors import ContractError, MeshError, did_you_mean
from mesh.kernel.settings import load_settings
from observability import platform_alerts, promql
from observability.alerts import DRILLS, NAME, PLATFORM, Alert, Severity
from observability.routes import WATCHDOG
from observability.rules import alerts_of
from observability.runbooks import headings


def faults(scope: Scope) -> Iterator[MeshError]:
    """Everything that makes an alert of the domains, or of the platform, useless to whom it wakes."""
    found: list[Alert] = []
    for domain in scope.domains:
        if domain.name in (PLATFORM, WATCHDOG):
            yield _reserved(domain)
        try:
            alerts = tuple(alerts_of(domain))
        except ContractError as error:
            yield error
            continue
        page = domain.folder / "runbook.md"
        if page.exists():  # the check of the folders says so where it does not
            yield from alert_faults(alerts, headings(page.read_text(encoding="utf-8")))
        found += alerts
    platform = tuple(platform_alerts.alerts(load_settings().operations))
    page = root() / platform_alerts.RUNBOOK
    yield from alert_faults(platform, headings(page.read_text(encoding="utf-8")) if page.exists() else ())
    yield from repeated([*found, *platform])


def alert_faults(alerts: Iterable[Alert], explained: Collection[str]) -> Iterator[ContractError]:
    """The faults of alerts, each by itself; ``explained`` are the headings of their runbook."""
    for alert in alerts:
        place = alert.place or alert.name
        if NAME.fullmatch(alert.name) is None:
            yield ContractError(
                "alert-name",
                f"{alert.name!r} is not a name of an alert",
                place=place,
                remedy="write <Domain><Product><Symptom>",
            )
        yield from promql.faults(alert.expr, place)
        if "@" not in alert.owner:
            yield ContractError(
                "alert-unowned",
                "nobody would be told",
                place=place,
                remedy="give its domain an owner in product.yaml",
            )
        if alert.drill not in DRILLS:
            yield ContractError(
                "alert-drill",
                f"there is no drill {alert.drill!r}",
                place=place,
                remedy=did_you_mean(alert.drill, DRILLS),
            )
        if alert.name not in explained:
            yield ContractError(
                "alert-unexplained",
                f"{alert.runbook} has no heading {alert.name}",
                place=place,
                remedy="run `mesh build`, or write the section of an alert of your own",
            )
        yield from _unproven(alert, place)


def repeated(alerts: Iterable[Alert]) -> Iterator[ContractError]:
    """Alerts whose name another one has already."""
    seen: dict[str, Alert] = {}
    for alert in alerts:
        other = seen.setdefault(alert.name, alert)
        if other is not alert:
            yield ContractError(
                "alert-repeated",
                f"{other.domain} has an alert of that name already",
                place=alert.place or alert.name,
                remedy="give it another name",
            )


def _unproven(alert: Alert, place: str) -> Iterator[ContractError]:
    """Proof is a history in which it fires and, unless it always does, one in which it does not."""
    lacks = []
    if all(case.fires is None for case in alert.proof):
        lacks.append("fires")
    if alert.severity is not Severity.NONE and all(case.fires is not None for case in alert.proof):
        lacks.append("stays quiet")
    for what in lacks:
        yield ContractError(
            "alert-unproven",
            f"no history shows that it {what}",
            place=place,
            remedy="add one to its proof",
        )


def _reserved(domain: Domain) -> ContractError:
    return ContractError(
        "domain-reserved",
        f"{domain.name!r} is a receiver of alerts already",
        place=domain.shown_as,
        remedy="give the domain another name",
    )
