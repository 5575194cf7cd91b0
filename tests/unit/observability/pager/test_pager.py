"""The pager as a whole, over a real journal and with a clock of the test's own."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mesh.kernel.errors import IncidentError
from mesh.kernel.metrics import REGISTRY
from mesh.kernel.settings import Settings
from observability.pager.channel import Log
from observability.pager.incident import Incident
from observability.pager.journal import FILE, Journal
from observability.pager.pager import KEPT, Pager
from observability.pager.watchdog import FIRST, LIMIT
from observability.platform_alerts import SILENT
from tests.unit.observability.pager.notifications import at, posted, posted_alert

OVER = {"status": "resolved", "endsAt": "2026-11-28T12:05:00Z"}


class Desk:
    """A pager and its clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.moment = at(0)
        self.pager = self._started()

    def _started(self) -> Pager:
        settings = Settings(home=self.folder, operations="operations@retail.example")
        return Pager(settings, Journal(self.folder), {"log": Log()}, lambda: self.moment)

    def restart(self) -> None:
        """The next process over the same journal."""
        self.pager.close()
        self.pager = self._started()

    def open(self) -> list[Incident]:
        """The incidents that are not over, the newest first."""
        return self.pager.incidents(everything=False, limit=100)

    def written(self) -> int:
        """Entries of the journal."""
        return (self.folder / FILE).read_bytes().count(b"\n")

    def wait(self, seconds: float) -> None:
        """Let time pass, with a look at the dead man's switch every five seconds."""
        until = self.moment + timedelta(seconds=seconds)
        while self.moment < until:
            self.moment += timedelta(seconds=5)
            self.pager.listen()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A pager that has just started."""
    made = Desk(tmp_path)
    yield made
    made.pager.close()


def gauge(domain: str, severity: str = "page") -> float | None:
    """Open incidents as Prometheus sees them."""
    return REGISTRY.get_sample_value("mesh_open_incidents", {"domain": domain, "severity": severity})


async def test_what_is_taken_in_outlives_the_process(desk: Desk) -> None:
    """It was on disk before the answer."""
    assert desk.pager.notify("sales", posted(posted_alert())) == []
    (before,) = desk.open()
    desk.restart()
    assert desk.open() == [before]


async def test_a_repeat_writes_nothing(desk: Desk) -> None:
    """Alertmanager repeats itself for as long as an alert fires."""
    for _ in range(10):
        desk.pager.notify("sales", posted(posted_alert(), posted_alert()))
    assert (len(desk.open()), desk.written()) == (1, 1)


async def test_the_gauge_follows(desk: Desk) -> None:
    """Up, down, and at zero when nothing is open."""
    desk.pager.notify("sales", posted(posted_alert(), posted_alert(fingerprint="b")))
    assert gauge("sales") == 2
    desk.pager.notify("sales", posted(posted_alert(**OVER)))
    assert gauge("sales") == 1
    desk.pager.notify("sales", posted(posted_alert(fingerprint="b", **OVER)))
    assert gauge("sales") == 0


async def test_nothing_is_confirmed_that_is_not_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alertmanager sends it again, and then it is news."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken:
        broken.setattr(os, "pwrite", refuse)
        with pytest.raises(OSError, match="Input/output"):
            desk.pager.notify("sales", posted(posted_alert()))
    assert desk.open() == []
    desk.pager.notify("sales", posted(posted_alert()))
    assert len(desk.open()) == 1


async def test_the_good_part_of_a_post_is_taken(desk: Desk) -> None:
    """And the bad one told."""
    assert desk.pager.notify("sales", posted({"labels": {}}, posted_alert())) == [
        "alert 0: 'alertname' is missing"
    ]
    assert len(desk.open()) == 1


async def test_moments_grow_though_the_clock_is_set_back(desk: Desk) -> None:
    """They order the journal."""
    desk.pager.notify("sales", posted(posted_alert()))
    desk.moment = at(-3_600)
    desk.pager.notify("sales", posted(posted_alert(**OVER)))
    desk.restart()
    desk.pager.notify("sales", posted(posted_alert(fingerprint="b")))
    first, second = reversed(desk.pager.incidents(everything=True, limit=9))
    assert first.received_at < first.revision < second.received_at


async def test_an_acknowledgement_is_kept_and_told_once(desk: Desk) -> None:
    """The first one stands."""
    desk.pager.notify("sales", posted(posted_alert()))
    (incident,) = desk.open()
    assert desk.pager.acknowledge(incident.id, "anna", "looking").acknowledged_by == "anna"
    assert desk.pager.acknowledge(incident.id, "ben", "me too").acknowledged_by == "anna"
    assert desk.written() == 2


async def test_an_unknown_incident_gets_the_nearest_ids(desk: Desk) -> None:
    """Or is told that there is none."""
    with pytest.raises(IncidentError, match="there has been no incident yet"):
        desk.pager.incident("20261128-000000")
    desk.pager.notify("sales", posted(posted_alert()))
    (incident,) = desk.open()
    with pytest.raises(IncidentError, match=f"did you mean '{incident.id}'"):
        desk.pager.acknowledge(incident.id[:-1], "anna", "")


BEAT = posted(posted_alert(labels={"alertname": "Watchdog"}))
LOST = posted(posted_alert(labels={"alertname": "Watchdog"}, **OVER))


async def test_a_silent_alerting_is_paged_by_the_pager_itself(desk: Desk) -> None:
    """Once, to operations, and it is over when the Watchdog is heard again."""
    for _ in range(10):
        desk.pager.hear(BEAT)
        desk.wait(10)
    assert desk.open() == []
    seen = REGISTRY.get_sample_value("mesh_watchdog_last_seen_timestamp_seconds")
    assert seen == at(90).timestamp()
    desk.wait(LIMIT.seconds)
    (incident,) = desk.open()
    assert (incident.name, incident.receiver, incident.owner) == (
        SILENT,
        "platform",
        "operations@retail.example",
    )
    assert incident.fired_at == at(90) + LIMIT + timedelta(seconds=5)
    desk.wait(600)
    assert desk.open() == [incident]
    desk.pager.hear(BEAT)
    assert desk.open() == []
    desk.wait(LIMIT.seconds + 10)
    assert [one.name for one in desk.open()] == [SILENT]


async def test_the_end_of_the_watchdog_is_paged_at_once(desk: Desk) -> None:
    """Alertmanager says so when Prometheus has gone; it is no sign of life."""
    desk.pager.hear(BEAT)
    desk.wait(10)
    desk.pager.hear(LOST)
    desk.pager.hear(LOST)
    (incident,) = desk.open()
    assert (incident.name, incident.fired_at) == (SILENT, at(10))
    assert desk.pager.switch.heard_at == at(0)
    desk.pager.hear(BEAT)
    assert desk.open() == []


async def test_what_is_no_watchdog_is_refused(desk: Desk) -> None:
    """And one without alerts says nothing."""
    with pytest.raises(IncidentError):
        desk.pager.hear(b"hello")
    desk.pager.hear(posted())
    assert desk.pager.switch.heard_at is None
    assert desk.open() == []


async def test_a_restart_in_the_silence_opens_no_second_incident(desk: Desk) -> None:
    """And the first one ends as it would have."""
    desk.wait(FIRST.seconds + 10)
    (incident,) = desk.open()
    desk.restart()
    desk.wait(FIRST.seconds + 10)
    assert [one.id for one in desk.open()] == [incident.id]
    desk.pager.hear(BEAT)
    assert desk.open() == []


async def test_what_is_long_over_is_forgotten_at_a_restart(desk: Desk) -> None:
    """The warehouse has it; what is open is kept however old it is."""
    desk.pager.notify("sales", posted(posted_alert(), posted_alert(fingerprint="b")))
    desk.pager.notify("sales", posted(posted_alert(**OVER), posted_alert(fingerprint="b", **OVER)))
    later = posted_alert(fingerprint="c", startsAt="2026-11-29T12:00:00Z")
    desk.pager.notify("sales", posted(later))
    await desk.pager.delivery.idle()
    entries = desk.written()
    desk.moment = at(0) + KEPT
    desk.restart()
    assert desk.written() == entries
    desk.moment = at(60) + KEPT
    desk.restart()
    assert desk.written() < entries
    assert [incident.labels for incident in desk.pager.book] == [later["labels"]]


async def test_the_newest_come_first(desk: Desk) -> None:
    """And no more than are asked for."""
    for number in range(5):
        desk.moment = at(number)
        desk.pager.notify("sales", posted(posted_alert(fingerprint=str(number))))
    received: list[datetime] = [
        incident.received_at for incident in desk.pager.incidents(everything=True, limit=3)
    ]
    assert received == [at(4), at(3), at(2)]
