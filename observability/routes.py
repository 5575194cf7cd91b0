"""Who is told: the configuration of Alertmanager, one receiver a domain, each of them the pager.

The pager records the incident and forwards it; Alertmanager groups, repeats, and holds back what follows from
a cause that is told anyway. The death of the pager itself goes out by e-mail, and the watchdog also to an
address outside, where the settings name them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mesh.kernel.settings import Settings
from observability.alerts import PLATFORM, Alert, Severity, Symptom

WATCHDOG = "watchdog"
MAIL = "platform-by-mail"
PASSWORD_FILE = "smtp-password"  # noqa: S105  # a file's name
_HERE = ("127.0.0.1", "::1", "localhost")
GROUP_WAIT = "3s"
"""Long enough for alerts of one evaluation to come together, short enough for a page within a minute."""
GROUP_INTERVAL = "10s"
REPEAT = {Severity.PAGE: "4h", Severity.TICKET: "24h"}


def alertmanager(domains: Iterable[str], settings: Settings, folder: Path) -> dict[str, Any]:
    """The configuration of Alertmanager 0.25, whose files lie in ``folder``."""
    receivers = [_pager(name, settings) for name in (PLATFORM, *domains)]
    receivers.append(_watchdog(settings))
    routes: list[dict[str, Any]] = [
        {
            "receiver": WATCHDOG,
            "matchers": ['alertname="Watchdog"'],
            "group_wait": "0s",
            "group_interval": GROUP_INTERVAL,
            "repeat_interval": "5s",  # due at every interval
        }
    ]
    if settings.smtp:
        receivers.append({"name": MAIL, "email_configs": [_mail(settings)]})
        routes.append({"receiver": MAIL, "matchers": ['alertname="PlatformPagerDown"'], "continue": True})
    ticket = {"matchers": [f'severity="{Severity.TICKET.value}"'], "repeat_interval": REPEAT[Severity.TICKET]}
    routes += [
        {"receiver": name, "matchers": [f'domain="{name}"'], "routes": [ticket]}
        for name in (PLATFORM, *domains)
    ]
    config: dict[str, Any] = {"global": _smtp(settings, folder)} if settings.smtp else {}
    return config | {
        "route": {
            "receiver": PLATFORM,  # what nobody else answers for
            "group_by": ["alertname", "domain", "product", "part"],
            "group_wait": GROUP_WAIT,
            "group_interval": GROUP_INTERVAL,
            "repeat_interval": REPEAT[Severity.PAGE],
            "routes": routes,
        },
        "inhibit_rules": list(inhibitions()),
        "receivers": receivers,
    }


def inhibitions() -> Iterable[dict[str, Any]]:
    """What is not told while its cause is: each cause pages by itself."""
    flow = (Symptom.SILENT, Symptom.STALLED, Symptom.SINK_BEHIND, Symptom.STALE, Symptom.DRIFTING)
    at_rest = (Symptom.SINK_BEHIND, Symptom.STALE, Symptom.DRIFTING, Symptom.JOB)
    yield _inhibition('alertname="PlatformBrokerDown"', flow)
    yield _inhibition('alertname="PlatformWarehouseDown"', at_rest)
    yield _inhibition('alertname="PlatformSinkDown"', (Symptom.SINK_BEHIND, Symptom.STALE))
    yield _inhibition('alertname="PlatformWorkerDown"', (Symptom.STALLED, Symptom.STALE), "app")


def receiver(alert: Alert, domains: Collection[str], settings: Settings) -> tuple[str, ...]:
    """The receivers that an alert must reach, for the tests of the routes."""
    if alert.symptom is Symptom.WATCHDOG:
        return (WATCHDOG,)
    mail = (MAIL,) if settings.smtp and alert.name == "PlatformPagerDown" else ()
    return (*mail, alert.domain if alert.domain in domains else PLATFORM)


def route_tests(
    alerts: Iterable[Alert], domains: Collection[str], settings: Settings
) -> list[dict[str, Any]]:
    """For each alert its labels and the receivers that amtool must find for them."""
    return [
        {
            "labels": {"alertname": alert.name, **alert.all_labels},
            "receivers": list(receiver(alert, domains, settings)),
        }
        for alert in alerts
    ]


def _inhibition(cause: str, symptoms: Iterable[Symptom], *equal: str) -> dict[str, Any]:
    followers = "|".join(symptom.value for symptom in symptoms)
    rule: dict[str, Any] = {"source_matchers": [cause], "target_matchers": [f'symptom=~"{followers}"']}
    return rule | {"equal": list(equal)} if equal else rule


def _pager(name: str, settings: Settings) -> dict[str, Any]:
    url = f"{settings.pager.rstrip('/')}/alerts/{name}"
    return {"name": name, "webhook_configs": [{"url": url, "send_resolved": True}]}


def _watchdog(settings: Settings) -> dict[str, Any]:
    found = _pager(WATCHDOG, settings)
    if settings.dead_man:
        found["webhook_configs"].append({"url": settings.dead_man, "send_resolved": False})
    return found


def _smtp(settings: Settings, folder: Path) -> dict[str, Any]:
    server = urlsplit(settings.smtp)
    secure = server.scheme == "smtps"
    found: dict[str, Any] = {
        "smtp_smarthost": f"{server.hostname}:{server.port or (465 if secure else 25)}",
        "smtp_from": settings.mail_from,
        # Never a password in clear, except to this very machine.
        "smtp_require_tls": bool(server.username) and not secure and server.hostname not in _HERE,
    }
    if server.username:
        found["smtp_auth_username"] = unquote(server.username)
        found["smtp_auth_password_file"] = str(folder.resolve() / PASSWORD_FILE)
    return found


def _mail(settings: Settings) -> dict[str, Any]:
    return {
        "to": settings.operations,
        "send_resolved": True,
        "headers": {
            "Subject": "[{{ .Status }}] {{ .CommonLabels.alertname }} - {{ .CommonAnnotations.summary }}"
        },
        "html": "",
        "text": (
            "{{ range .Alerts }}{{ .Annotations.summary }}\n\n{{ .Annotations.description }}\n\n"
            "What to do: {{ .Annotations.action }}\nRunbook: {{ .Annotations.runbook_url }}\n{{ end }}\n"
            "This comes straight from Alertmanager, because the pager does not answer.\n"
        ),
    }
