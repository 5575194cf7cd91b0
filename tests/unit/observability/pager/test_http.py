"""The interface: what Alertmanager and the command line are answered."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mesh.kernel.metrics import REGISTRY
from mesh.kernel.settings import Settings
from observability.pager.archive import Archive
from observability.pager.channel import Log
from observability.pager.http import MOST_BYTES, Application
from observability.pager.journal import Journal
from observability.pager.pager import Pager
from tests.unit.observability.pager.notifications import at, posted, posted_alert


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    """The application of a pager that knows of nothing yet."""
    settings = Settings(home=tmp_path)
    pager = Pager(settings, Journal(tmp_path), {"log": Log()}, lambda: at(0))
    yield Application(pager, Archive(settings, pager.book))
    pager.close()


@asynccontextmanager
async def client(application: Application) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it."""
    transport = httpx.ASGITransport(application)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://pager") as opened:
        yield opened


def refused(receiver: str) -> float:
    """Alerts that could not be read, as Prometheus counts them."""
    labels = {"receiver": receiver, "channel": "intake", "outcome": "refused"}
    return REGISTRY.get_sample_value("mesh_pages_total", labels) or 0.0


async def test_an_alert_becomes_an_incident_that_can_be_read(application: Application) -> None:
    """In the list, and by its id."""
    async with client(application) as http:
        assert (await http.post("/alerts/sales", content=posted(posted_alert()))).status_code == 200
        answer = (await http.get("/incidents")).json()
        (incident,) = answer["incidents"]
        assert answer["watchdog"] == {"heard_at": None, "listening_since": at(0).isoformat()}
        assert incident["name"] == "SalesOrdersEnrichedStale"
        assert (incident["receiver"], incident["state"]) == ("sales", "open")
        assert incident["fired_at"] == "2026-11-28T12:00:00.123456+00:00"
        (page,) = incident["pages"]
        assert (page["channel"], page["receiver"], page["change"]) == ("log", "sales", "fired")
        assert page["text"].startswith("SalesOrdersEnrichedStale\n")
        assert (await http.get(f"/incidents/{incident['id']}")).json() == incident


async def test_who_opens_it_in_a_browser_is_told_where_incidents_are(application: Application) -> None:
    """And how many are open, in words."""
    async with client(application) as http:
        empty = await http.get("/")
        await http.post("/alerts/sales", content=posted(posted_alert()))
        one = await http.get("/")
    assert empty.headers["content-type"] == "text/plain; charset=utf-8"
    assert "mesh; open incidents: 0." in empty.text
    assert "mesh; open incidents: 1." in one.text
    assert "/incidents" in one.text


async def test_an_incident_can_be_taken_on(application: Application) -> None:
    """With a name and a note, or without."""
    async with client(application) as http:
        await http.post("/alerts/sales", content=posted(posted_alert(), posted_alert(fingerprint="b")))
        first, second = (one["id"] for one in (await http.get("/incidents")).json()["incidents"])
        taken = await http.post(f"/incidents/{first}/ack", json={"by": "anna", "note": "looking"})
        assert (taken.json()["acknowledged_by"], taken.json()["note"]) == ("anna", "looking")
        assert (await http.post(f"/incidents/{second}/ack")).json()["acknowledged_by"] == "somebody"


async def test_what_is_over_is_shown_when_asked_for(application: Application) -> None:
    """And no more than so many."""
    over = {"status": "resolved", "endsAt": "2026-11-28T12:05:00Z"}
    async with client(application) as http:
        await http.post("/alerts/sales", content=posted(posted_alert(), posted_alert(fingerprint="b")))
        await http.post("/alerts/sales", content=posted(posted_alert(**over)))

        async def count(**query: Any) -> int:
            return len((await http.get("/incidents", params=query)).json()["incidents"])

        assert [await count(), await count(state="open"), await count(state="all")] == [1, 1, 2]
        assert await count(state="all", limit=1) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "line"),
    [
        ("POST", "/alerts/sales", b"hello", 400, "[notification-wrong] /alerts/sales: is not JSON"),
        ("POST", "/alerts/sales", b"[]", 400, "has no list of alerts"),
        ("POST", "/alerts/sales", posted({"status": "firing"}), 400, "alert 0: 'labels' is missing"),
        ("POST", "/alerts/sales", b"x" * (MOST_BYTES + 1), 400, "larger than"),
        ("POST", "/alerts/watchdog", b"hello", 400, "is not JSON"),
        ("POST", "/alerts/", b"{}", 404, "there is no POST /alerts/"),
        ("POST", "/alerts/Sales%20team", posted(posted_alert()), 404, "there is no POST"),
        ("GET", "/alerts/sales", b"", 404, "there is no GET"),
        ("GET", "/incidents?state=shut", b"", 400, "state is open or all"),
        ("GET", "/incidents?limit=many", b"", 400, "state is open or all"),
        ("GET", "/incidents/20261128-000000", b"", 404, "IncidentError[incident-unknown]"),
        ("POST", "/incidents/20261128-000000/ack", b"{}", 404, "IncidentError[incident-unknown]"),
        ("POST", "/incidents/20261128-000000/ack", b"[]", 400, "write {"),
        ("POST", "/incidents/20261128-000000/ack", b"{", 400, "write {"),
        ("DELETE", "/incidents", b"", 404, "there is no DELETE"),
    ],
)  # fmt: skip
async def test_a_wrong_request_is_answered_in_one_line(
    application: Application, method: str, path: str, body: bytes, status: int, line: str
) -> None:
    """Never with a traceback, and never as if it were right."""
    async with client(application) as http:
        answer = await http.request(method, path, content=body)
    assert answer.status_code == status
    assert line in answer.text
    assert answer.text.count("\n") == 1
    assert answer.text.endswith("\n")


async def test_what_cannot_be_read_is_counted_and_logged(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """Alertmanager forgets it, so somebody must be able to see it."""
    before = refused("sales")
    async with client(application) as http:
        await http.post("/alerts/sales", content=b"hello")
        await http.post("/alerts/sales", content=posted({"status": "firing"}, posted_alert()))
        assert len((await http.get("/incidents")).json()["incidents"]) == 1
    assert refused("sales") == before + 2
    assert "is not JSON" in caplog.text
    assert "alerts for sales that cannot be read: alert 0" in caplog.text


async def test_a_disk_that_fails_makes_alertmanager_try_again(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It retries what is answered with 5xx."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async with client(application) as http:
        with monkeypatch.context() as broken:
            broken.setattr(os, "pwrite", refuse)
            answer = await http.post("/alerts/sales", content=posted(posted_alert()))
            assert (answer.status_code, answer.text) == (
                503,
                "not written down (Input/output error); send it again\n",
            )
        assert (await http.get("/incidents")).json()["incidents"] == []
        assert (await http.post("/alerts/sales", content=posted(posted_alert()))).status_code == 200


async def test_the_watchdog_is_heard(application: Application) -> None:
    """As one receiver among the others; it opens no incident."""
    beat = posted(posted_alert(labels={"alertname": "Watchdog"}))
    async with client(application) as http:
        assert (await http.post("/alerts/watchdog", content=beat)).status_code == 200
        answer = (await http.get("/incidents?state=all")).json()
    assert answer["watchdog"]["heard_at"] == at(0).isoformat()
    assert answer["incidents"] == []


async def test_health_and_metrics_are_served(application: Application) -> None:
    """For the supervisor and for Prometheus."""
    async with client(application) as http:
        assert (await http.get("/healthz")).text == "ok\n"
        metrics = await http.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert "mesh_watchdog_last_seen_timestamp_seconds" in metrics.text
