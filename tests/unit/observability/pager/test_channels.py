"""Which channels there are, and what each sends: mails, cards, and no secret in anything that is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mesh.kernel.errors import SettingsError
from mesh.kernel.settings import Settings
from observability.pager.book import fold
from observability.pager.channel import DeliveryError, Note
from observability.pager.entry import Change, Entry, Route
from observability.pager.mail import Mail, Server, compose
from observability.pager.routing import channels, routes
from observability.pager.teams import Teams, card
from tests.unit.observability.pager.notifications import at, ended, fired

CANARY = "canary-7f3a"


def settings(**values: Any) -> Settings:
    """Settings with nothing of this machine but these."""
    return Settings(home=Path("no-home"), **values)


def note(*entries: Entry, change: Change = Change.FIRED) -> Note:
    """A note about the only incident of some entries."""
    (incident,) = fold(entries)
    page = next(page for page in incident.pages if page.change is change)
    return Note(incident, change, "sales", at(0), page.text)


def test_nothing_is_set_and_the_log_is_there() -> None:
    """So that every incident can be seen somewhere."""
    assert list(channels(settings())) == ["log"]
    assert routes("sales", channels(settings()), {}) == (Route("sales", "log"),)


def test_every_channel_that_is_set_is_there() -> None:
    """For every receiver; Teams for those that have a webhook."""
    teams = {"sales": "https://teams.example/a"}
    found = channels(settings(smtp="smtp://mail:25", teams=teams, pager_webhook="https://hook.example"))
    assert list(found) == ["log", "mail", "teams", "webhook"]
    assert [route.channel for route in routes("sales", found, teams)] == ["log", "mail", "teams", "webhook"]
    assert [route.channel for route in routes("product", found, teams)] == ["log", "mail", "webhook"]
    rest = {"*": "https://teams.example/rest"}
    assert Route("product", "teams") in routes("product", found, rest)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"smtp": f"mail:{CANARY}"}, "MESH_SMTP"),
        ({"smtp": f"http://{CANARY}:25"}, "MESH_SMTP"),
        ({"smtp": f"smtp://user:{CANARY}@mail:25"}, "MESH_SMTP"),
        ({"smtp": "smtp://:25"}, "MESH_SMTP"),
        ({"smtp": "smtp://mail:port"}, "MESH_SMTP"),
        ({"teams": {"sales": CANARY}}, "MESH_TEAMS"),
        ({"teams": {"sales": f"ftp://{CANARY}"}}, "MESH_TEAMS"),
        ({"pager_webhook": f"http//{CANARY}"}, "MESH_PAGER_WEBHOOK"),
        ({"pager_webhook": f"http://{CANARY}:port"}, "MESH_PAGER_WEBHOOK"),
    ],
)
def test_what_is_set_wrongly_is_refused_at_the_start(wrong: dict[str, Any], place: str) -> None:
    """Not at the first page; and without showing it, for it holds a secret."""
    with pytest.raises(SettingsError) as refused:
        channels(settings(**wrong))
    assert (refused.value.code, refused.value.place) == ("setting-invalid", place)
    assert CANARY not in str(refused.value)


def test_a_server_keeps_its_password_to_itself() -> None:
    """Also when it is printed."""
    server = Server.of(settings(smtp="smtps://anna%40x@mail.example", smtp_password=CANARY))
    assert (server.scheme, server.host, server.port, server.user) == (
        "smtps",
        "mail.example",
        465,
        "anna@x",
    )
    assert CANARY not in repr(server)


def test_mails_about_one_incident_belong_together() -> None:
    """And a repeat can be told: it has the identity of the first."""
    first = compose(note(fired(0)), "mesh@retail.example", "sales@retail.example")
    again = compose(note(fired(0)), "mesh@retail.example", "sales@retail.example")
    last = compose(
        note(fired(0), ended(9), change=Change.RESOLVED), "mesh@retail.example", "sales@retail.example"
    )
    assert first["Message-ID"] == again["Message-ID"] != last["Message-ID"]
    assert last["In-Reply-To"] == last["References"] == first["Message-ID"]
    assert first["Subject"].startswith("[page] SalesOrdersEnrichedStale – ")
    assert first["From"] == "Retail data mesh <mesh@retail.example>"
    assert first.get_content().startswith("SalesOrdersEnrichedStale\nRows of")


@pytest.mark.parametrize("owner", ["nobody", "a@b, c@d", "a b@c", "a@b\nBcc: c@d", "<a@b>"])
def test_an_owner_that_is_no_address_gets_no_mail(owner: str) -> None:
    """Nor does anybody else."""
    mail = Mail(Server("smtp", "127.0.0.1", 1, "", ""), "mesh@retail.example", "operations@retail.example")
    with pytest.raises(DeliveryError, match="not an e-mail address"):
        mail.send(note(fired(0, owner=owner)))


def test_a_card_is_what_a_teams_workflow_takes() -> None:
    """A message with one Adaptive Card; the runbook can be opened where it is served."""
    served = {**fired(0).annotations, "runbook_url": "https://docs.example/runbook"}
    entry = fired(0)
    sent = card(
        note(type(entry)(entry.at, "sales", "a", entry.starts_at, None, entry.labels, served, entry.due))
    )
    (attachment,) = sent["attachments"]
    assert sent["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    content = attachment["content"]
    assert (content["type"], content["version"]) == ("AdaptiveCard", "1.4")
    assert content["body"][0]["text"].startswith("[page] SalesOrdersEnrichedStale")
    assert content["body"][0]["color"] == "attention"
    assert any("mesh ack" in block["text"] for block in content["body"])
    assert content["actions"] == [
        {"type": "Action.OpenUrl", "title": "Runbook", "url": "https://docs.example/runbook"}
    ]
    assert "actions" not in card(note(fired(0)))["attachments"][0]["content"]


def test_a_card_stays_below_what_teams_takes() -> None:
    """However long an annotation is."""
    entry = fired(0)
    long = {"summary": "s" * 50_000, "description": "d\n" * 50_000}
    sent = card(
        note(type(entry)(entry.at, "sales", "a", entry.starts_at, None, entry.labels, long, entry.due))
    )
    assert len(json.dumps(sent)) < 28_000


def test_a_receiver_without_webhook_is_told_as_failed() -> None:
    """The setting was taken away between the page and its delivery."""
    with pytest.raises(DeliveryError, match="no webhook"):
        Teams({"product": "https://teams.example"}).send(note(fired(0)))
