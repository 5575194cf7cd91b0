"""The pager's process among real parts: a mail server, HTTP receivers, Alertmanager and the warehouse.

Each of them goes away, and the pager is killed in between; whoever answers for an incident is told all the
same.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from mesh.kernel.settings import Settings
from sinks.clickhouse.tables import PLATFORM
from tests.e2e.outside import AlertmanagerProcess, Hook, Mailbox, PagerProcess, certify, wait_for
from tests.ports.embedded_server import ROOT, EmbeddedServer
from tests.unit.observability.pager.notifications import ANNOTATIONS, LABELS, posted_alert

pytestmark = [
    pytest.mark.real,
    pytest.mark.timed,
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),  # what a test is about
]
OVER = {"status": "resolved", "endsAt": "2026-11-28T12:05:00Z"}
Start = Callable[..., PagerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts pagers, each with the settings given and a home of its own; ends them."""
    running: list[PagerProcess] = []

    def started(**settings: str) -> PagerProcess:
        running.append(PagerProcess(tmp_path / f"home-{len(running)}", **settings))
        return running[-1]

    yield started
    for pager in running:
        if pager.process.poll() is None:
            assert pager.stop() == 0, pager.log.read_text()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server."""
    opened = Mailbox()
    yield opened
    opened.close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """An HTTP receiver."""
    opened = Hook()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A warehouse with the mesh's own tables."""
    server = EmbeddedServer(tmp_path_factory.mktemp("warehouse") / "path")
    for statement in PLATFORM:
        assert server.post(statement).is_success
    yield server
    server.stop()


def rows(warehouse: EmbeddedServer, columns: str) -> list[Any]:
    """Of ``mesh.incidents``, as people read it."""
    client = clickhouse_connect.get_client(host="127.0.0.1", port=warehouse.port)
    try:
        return list(client.query(f"SELECT {columns} FROM mesh.incidents ORDER BY received_at").result_rows)
    finally:
        client.close()


def delivered(pager: PagerProcess, channel: str, change: str = "fired") -> bool:
    """Whether every page about this change of every incident has gone out over a channel."""
    pages = [page for incident in pager.incidents() for page in incident["pages"]]
    outcomes = {page["outcome"] for page in pages if (page["channel"], page["change"]) == (channel, change)}
    return outcomes == {"delivered"}


@pytest.mark.watched
def test_alertmanager_to_the_owners_mail_and_back(
    start: Start, mailbox: Mailbox, hook: Hook, warehouse: EmbeddedServer, tmp_path: Path
) -> None:
    """The way of an alert, as it is on a mesh: page, acknowledgement and end, over every channel."""
    pager = start(
        smtp=f"smtp://127.0.0.1:{mailbox.port}",
        teams=json.dumps({"sales": f"{hook.url}/teams-sales", "*": f"{hook.url}/teams-rest"}),
        pager_webhook=f"{hook.url}/webhook",
        warehouse=warehouse.url,
    )
    settings = Settings(home=tmp_path / "none", pager=pager.url)
    routing = AlertmanagerProcess(tmp_path / "alertmanager", ("sales", "product"), settings)
    try:
        began = time.monotonic()
        routing.send(LABELS, ANNOTATIONS)
        mail = wait_for(lambda: mailbox.mails and mailbox.mails[0])
        seconds = time.monotonic() - began
        print(f"page by mail {seconds:.1f} s after the alert\n\n{mail}")
        assert seconds < 20
        assert mail["To"] == "sales@retail.example"
        assert mail["Subject"] == (
            "[page] SalesOrdersEnrichedStale – Rows of sales.orders_enriched are 75 s old"
        )
        (incident,) = pager.incidents()
        assert (incident["receiver"], incident["state"]) == ("sales", "open")
        assert mail.get_content().replace("\r\n", "\n") == incident["pages"][0]["text"]
        assert f"mesh ack {incident['id']}" in mail.get_content()

        taken = pager.mesh("ack", incident["id"], "--by", "anna", "--note", "looking")
        assert (taken.returncode, taken.stderr) == (0, "")
        assert taken.stdout == (
            f"✓ you have SalesOrdersEnrichedStale ({incident['id']}); whoever was paged is told\n"
        )
        routing.send(LABELS, ANNOTATIONS, over=True)
        wait_for(lambda: delivered(pager, "mail", "resolved") and delivered(pager, "teams", "resolved"))
        assert [subject.split("]")[0] for subject in mailbox.subjects()] == [
            "[page", "[acknowledged", "[resolved",
        ]  # fmt: skip
        assert len({mail["Message-ID"] for mail in mailbox.mails}) == 3
        cards = wait_for(lambda: len(hook.on("/teams-sales")) == 3 and hook.on("/teams-sales"))
        assert [card["attachments"][0]["content"]["type"] for card in cards] == ["AdaptiveCard"] * 3
        assert hook.on("/teams-rest") == []
        notes = wait_for(lambda: len(hook.on("/webhook")) == 3 and hook.on("/webhook"))
        assert [note["change"] for note in notes] == ["fired", "acknowledged", "resolved"]
        assert {note["incident"]["id"] for note in notes} == {incident["id"]}
        wait_for(
            lambda: (
                rows(warehouse, "id, acknowledged_by, resolved_at IS NOT NULL, channels, undelivered")
                == [(incident["id"], "anna", 1, ["log", "mail", "teams", "webhook"], [])]
            )
        )
    finally:
        routing.close()


def test_an_outage_of_everything_delays_a_page_and_loses_none(
    start: Start, mailbox: Mailbox, tmp_path: Path
) -> None:
    """Mail and warehouse are away, the pager is killed; when they are back, all is told and recorded."""
    server = EmbeddedServer(tmp_path / "path")
    for statement in PLATFORM:
        assert server.post(statement).is_success
    server.kill()
    mailbox.close()
    pager = start(smtp=f"smtp://127.0.0.1:{mailbox.port}", warehouse=server.url)
    assert pager.post("sales", posted_alert()).status_code == 200
    wait_for(lambda: pager.incidents()[0]["pages"][1]["reason"])
    (late,) = (page for page in pager.incidents()[0]["pages"] if page["channel"] == "mail")
    assert (late["outcome"], late["reason"]) == (
        "waiting",
        "the mail server does not answer (Connection refused)",
    )
    shown = pager.mesh("incidents")
    assert "(Connection refused); tried again" in shown.stdout
    pager.kill()
    mailbox.refusals = 1  # and then it is back, but wants to be asked twice
    mailbox.open()
    pager.start()
    wait_for(lambda: delivered(pager, "mail"))
    assert len(mailbox.mails) == 1
    server.start()
    wait_for(lambda: rows(server, "name, channels") == [("SalesOrdersEnrichedStale", ["log", "mail"])])
    server.stop()


def test_a_pager_that_is_killed_again_and_again_forgets_nothing(
    start: Start, mailbox: Mailbox, hook: Hook
) -> None:
    """What was confirmed is told, at least once; Alertmanager sends the rest again."""
    seed = 20261128
    chance = random.Random(seed)
    pager = start(smtp=f"smtp://127.0.0.1:{mailbox.port}", pager_webhook=f"{hook.url}/webhook")
    confirmed: set[str] = set()
    for number in range(30):
        alert = posted_alert(fingerprint=f"f{number}", labels={**LABELS, "part": f"p{number}"})
        assert pager.post("sales", alert).status_code == 200
        confirmed.add(f"p{number}")
        if chance.random() < 0.15:
            time.sleep(chance.random() * 0.05)
            pager.kill()
            pager.start()
    wait_for(lambda: delivered(pager, "mail") and delivered(pager, "webhook"))
    assert {incident["part"] for incident in pager.incidents()} == confirmed, f"seed {seed}"
    told = Counter(note["incident"]["part"] for note in hook.on("/webhook"))
    assert set(told) == confirmed, f"seed {seed}"
    keys = Counter(str(mail["Message-ID"]) for mail in mailbox.mails)
    assert len(keys) == len(confirmed), f"seed {seed}"
    print(f"{len(confirmed)} pages, {sum(keys.values()) - len(keys)} mails twice after kills")


def test_an_encrypted_mail_server_gets_the_password_and_nobody_else(start: Start, tmp_path: Path) -> None:
    """By STARTTLS and from the start; not to one that shows a certificate of nobody we trust."""
    authority, context = certify(tmp_path)
    starts = Mailbox(tls_context=context, require_starttls=True, auth_required=True)
    trusted: dict[str, str] = {"SSL_CERT_FILE": str(authority), "smtp_password": "right"}
    pager = start(smtp=f"smtp://anna@127.0.0.1:{starts.port}", **trusted)
    pager.post("sales", posted_alert())
    wait_for(lambda: delivered(pager, "mail"))
    assert [(login.login, login.password) for login in starts.logins] == [(b"anna", b"right")]

    stranger = start(smtp=f"smtp://anna@127.0.0.1:{starts.port}", smtp_password="right")
    stranger.post("sales", posted_alert())
    wait_for(lambda: stranger.incidents()[0]["pages"][1]["reason"])
    assert stranger.incidents()[0]["pages"][1]["reason"] == (
        "no trusted encrypted connection to the mail server"
    )
    assert len(starts.logins) == 1
    starts.close()

    whole = Mailbox(ssl_context=context, auth_required=True, auth_require_tls=False)
    pager = start(smtp=f"smtps://anna@127.0.0.1:{whole.port}", **trusted)
    pager.post("sales", posted_alert())
    wait_for(lambda: delivered(pager, "mail"))
    assert len(whole.mails) == 1
    whole.close()

    plain = Mailbox(auth_require_tls=False)
    pager = start(smtp=f"smtp://anna@127.0.0.2:{plain.port}", **trusted)
    pager.post("sales", posted_alert())
    wait_for(lambda: pager.incidents()[0]["pages"][1]["reason"])
    assert plain.logins == []
    plain.close()


def test_no_secret_is_shown_anywhere(start: Start, hook: Hook, warehouse: EmbeddedServer) -> None:
    """Not in log, journal, metrics, incidents, rows or command lines, while every channel fails."""
    canary = "canary7f3a"
    refusing = Mailbox(auth_required=True, auth_require_tls=False)
    hook.status = 404
    pager = start(
        smtp=f"smtp://anna@127.0.0.1:{refusing.port}",
        smtp_password=canary,
        teams=json.dumps({"sales": f"http://127.0.0.1:1/{canary}", "*": f"{hook.url}/{canary}"}),
        pager_webhook=f"{hook.url}/{canary}?sig={canary}",
        warehouse=warehouse.url,
        warehouse_password="",
    )
    pager.post("sales", posted_alert())
    pager.post("platform", posted_alert(fingerprint="b"))

    def reasons() -> dict[tuple[str, str], str]:
        pages = [page for incident in pager.incidents() for page in incident["pages"]]
        return {(page["receiver"], page["channel"]): page["reason"] for page in pages if page["reason"]}

    expected = {
        ("sales", "mail"): "the mail server refused it (535)",
        ("sales", "teams"): "no answer (ConnectError)",
        ("sales", "webhook"): "refused (404)",
        ("platform", "mail"): "the mail server refused it (535)",
        ("platform", "teams"): "refused (404)",
        ("platform", "webhook"): "refused (404)",
    }
    wait_for(lambda: reasons() == expected)
    assert refusing.logins[0].password == canary.encode()
    wait_for(lambda: len(rows(warehouse, "id")) >= 2)
    journal = (pager.home / "pager" / "journal.jsonl").read_text()
    everything = [
        pager.log.read_text(),
        journal,
        pager.metrics(),
        json.dumps(pager.incidents()),
        str(rows(warehouse, "*")),
        *(pager.mesh("incidents", *more).stdout for more in ((), ("--json",))),
    ]
    assert all(len(text) > 100 for text in everything)
    assert [text for text in everything if canary in text] == []
    refusing.close()


def test_incidents_are_shown_when_the_pager_is_what_is_down(start: Start, warehouse: EmbeddedServer) -> None:
    """From the warehouse, with a warning; who wants to take one on is told in one line."""
    pager = start(warehouse=warehouse.url)
    part = {**LABELS, "alertname": "PlatformSinkDown", "domain": "platform", "part": "sink-1"}
    pager.post("platform", posted_alert(labels=part, fingerprint="c"))
    shown = pager.mesh("incidents")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "PlatformSinkDown" in shown.stdout
    assert "nobody: in the log only" in shown.stdout
    (incident,) = pager.incidents()
    at_length = pager.mesh("incidents", incident["id"].partition("-")[2])
    assert "What to do\nSee `mesh status`." in at_length.stdout
    assert json.loads(pager.mesh("incidents", incident["id"], "--json").stdout) == incident
    wait_for(lambda: ("PlatformSinkDown", ["log"]) in rows(warehouse, "name, channels"))
    pager.kill()
    shown = pager.mesh("incidents")
    assert shown.returncode == 0
    assert "the pager does not answer" in shown.stdout
    assert "PlatformSinkDown" in shown.stdout
    document = json.loads(pager.mesh("incidents", "--json", "--all").stdout)
    assert document["source"] == "warehouse"
    assert incident["id"] in [one["id"] for one in document["incidents"]]
    refused = pager.mesh("ack", incident["id"])
    assert refused.returncode == 2
    assert refused.stderr.startswith("PlatformError[pager-unreachable]")
    assert refused.stderr.count("\n") == 1


def test_a_pager_that_cannot_start_says_why_in_one_line(start: Start) -> None:
    """A port that is taken, a journal that is in use, a setting that is wrong."""
    pager = start()

    def refusal(port: int, **settings: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "observability.pager", "--port", str(port)],
            cwd=ROOT,
            env={**pager.environment, **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 2
        (line,) = (line for line in ended.stderr.splitlines() if " INFO " not in line)
        return line

    assert refusal(pager.port).startswith(f"PlatformError[pager-port-taken] 127.0.0.1:{pager.port}")
    assert refusal(0).startswith("PlatformError[journal-in-use]")
    assert refusal(0, MESH_SMTP="mail").startswith("SettingsError[setting-invalid] MESH_SMTP")
    assert pager.incidents() == []
