"""Routes follow from domains and settings; secrets are not in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from observability.alerts import PLATFORM, Symptom
from observability.platform_alerts import alerts as platform_alerts
from observability.routes import MAIL, WATCHDOG, alertmanager, inhibitions
from observability.rules import document, groups

HOME = Path("home")
PLAIN = Settings.model_construct(pager="http://pager:9099")
CANARY = "s3cret-canary"


def receivers(config: dict[str, Any]) -> dict[str, list[str]]:
    """Where each receiver's notifications go."""
    return {
        receiver["name"]: [hook["url"] for hook in receiver.get("webhook_configs", [])]
        for receiver in config["receivers"]
    }


def test_every_domain_has_a_receiver_at_the_pager() -> None:
    """And so have the platform and the watchdog."""
    found = receivers(alertmanager(["sales", "toys"], PLAIN, HOME))
    assert found == {
        name: [f"http://pager:9099/alerts/{name}"] for name in (PLATFORM, "sales", "toys", WATCHDOG)
    }


def test_the_watchdog_goes_outside_too_where_somebody_listens() -> None:
    """So that the death of this whole machine is noticed."""
    settings = PLAIN.model_copy(update={"dead_man": "https://outside.example/alive"})
    assert receivers(alertmanager([], settings, HOME))[WATCHDOG][1:] == ["https://outside.example/alive"]


def test_the_pagers_death_is_mailed_and_still_routed() -> None:
    """Both to the mail server and, for the record, to the pager when it is back."""
    settings = PLAIN.model_copy(update={"smtp": "smtp://mail.example"})
    config = alertmanager([], settings, HOME)
    assert MAIL in receivers(config)
    route = next(route for route in config["route"]["routes"] if route["receiver"] == MAIL)
    assert route["matchers"] == ['alertname="PlatformPagerDown"']
    assert route["continue"]
    assert MAIL not in receivers(alertmanager([], PLAIN, HOME))


@pytest.mark.parametrize(
    ("server", "host", "tls"),
    [
        ("smtp://mail.example", "mail.example:25", False),
        ("smtp://mail.example:2525", "mail.example:2525", False),
        ("smtp://ann%40shop@mail.example:587", "mail.example:587", True),
        ("smtps://ann@mail.example", "mail.example:465", False),
        ("smtp://ann@127.0.0.1:2525", "127.0.0.1:2525", False),
    ],
)
def test_a_password_never_travels_in_clear(server: str, host: str, tls: bool) -> None:
    """A login without TLS from the first byte demands STARTTLS."""
    settings = PLAIN.model_copy(update={"smtp": server, "smtp_password": CANARY})
    config = alertmanager([], settings, HOME)["global"]
    assert (config["smtp_smarthost"], config["smtp_require_tls"]) == (host, tls)
    if "@mail" in server:
        assert config["smtp_auth_username"] in ("ann", "ann@shop")
        assert config["smtp_auth_password_file"].endswith("home/smtp-password")


def test_no_secret_is_in_the_configuration() -> None:
    """The password lies in a file of its own."""
    settings = PLAIN.model_copy(update={"smtp": "smtp://ann@mail.example:587", "smtp_password": CANARY})
    assert CANARY not in document(alertmanager(["sales"], settings, HOME))


def test_causes_page_and_followers_exist() -> None:
    """Nothing is held back for something that nobody is told of."""
    paging = {f'alertname="{alert.name}"' for alert in platform_alerts("x@y.z") if alert.severity == "page"}
    symptoms = {symptom.value for symptom in Symptom}
    for rule in inhibitions():
        assert set(rule["source_matchers"]) <= paging
        (target,) = rule["target_matchers"]
        assert set(target.removeprefix('symptom=~"').removesuffix('"').split("|")) <= symptoms


def test_a_stalled_stream_is_held_back_by_its_own_workers_only() -> None:
    """They share the label ``app``, which every alert of a stream has."""
    rule = next(rule for rule in inhibitions() if "PlatformWorkerDown" in rule["source_matchers"][0])
    assert rule["equal"] == ["app"]
    mesh = find_mesh(Settings.model_construct())
    for alerts in groups(mesh, PLAIN).values():
        for alert in alerts:
            if alert.symptom is Symptom.STALLED:
                assert f"mesh.{alert.labels['app']}" in {port.application for port in mesh.ports.values()}
