"""Alertmanager's posts: what can be read is taken, what cannot is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mesh.kernel.errors import IncidentError
from observability.pager.alert import Notification, read_notification
from tests.unit.observability.pager.notifications import ANNOTATIONS, LABELS, MAIL, at, posted, posted_alert


def moments() -> Callable[[], datetime]:
    """Gives a second more at each call."""
    seconds = iter(range(1_000))
    return lambda: at(next(seconds))


def read(*alerts: Any) -> Notification:
    """What is read of a post with these alerts."""
    return read_notification(posted(*alerts), "sales", (MAIL,), moments())


def test_an_alert_is_read_as_alertmanager_writes_it() -> None:
    """Go's nanoseconds are cut to microseconds; year 1 stands for an end that has not come."""
    (alert,) = read(posted_alert()).alerts
    assert alert.starts_at == datetime(2026, 11, 28, 12, 0, 0, 123456, tzinfo=UTC)
    assert alert.ends_at is None
    assert (alert.labels, alert.annotations) == (LABELS, ANNOTATIONS)
    assert (alert.receiver, alert.fingerprint, alert.due) == ("sales", "3fa9c1d2e4b5a697", (MAIL,))


def test_the_end_of_an_alert_is_read() -> None:
    """With the moment that Alertmanager gives."""
    (alert,) = read(posted_alert(status="resolved", endsAt="2026-11-28T13:00:00+01:00")).alerts
    assert alert.ends_at == at(0)


def test_each_alert_of_a_post_has_a_moment_of_its_own() -> None:
    """Since moments order the entries."""
    alerts = read(posted_alert(), posted_alert(fingerprint="b")).alerts
    assert [alert.at for alert in alerts] == [at(0), at(1)]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"labels": {"severity": "page"}}, "'alertname' is missing"),
        ({"labels": None}, "'NoneType'"),
        ({"status": "maybe"}, "'maybe' is neither firing nor resolved"),
        ({"startsAt": "yesterday"}, "yesterday"),
        ({"startsAt": "2026-11-28T12:00:00"}, "has no time zone"),
        ({"startsAt": 7}, "must be str"),
        ({"status": "resolved", "endsAt": None}, "must be str"),
    ],
)
def test_an_unreadable_alert_keeps_back_no_other(wrong: dict[str, Any], fault: str) -> None:
    """Alertmanager does not repeat what is refused, so one bad alert must not cost a good one."""
    found = read(posted_alert(**wrong), posted_alert())
    assert len(found.alerts) == 1
    assert len(found.faults) == 1
    assert found.faults[0].startswith("alert 0: ")
    assert fault in found.faults[0]


@pytest.mark.parametrize("missing", ["status", "labels", "startsAt", "fingerprint"])
def test_what_an_alert_must_have_is_named(missing: str) -> None:
    """Without it no incident could be told from another."""
    alert = posted_alert()
    del alert[missing]
    assert read(alert).faults == [f"alert 0: '{missing}' is missing"]


@pytest.mark.parametrize("alert", [None, 7, "firing", []])
def test_what_is_no_alert_at_all_is_told(alert: Any) -> None:
    """Whatever stands in the list."""
    found = read(alert, posted_alert())
    assert (len(found.alerts), len(found.faults)) == (1, 1)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[]", b"7", b"null", b"{}", b'{"alerts": null}', b'{"alerts": {}}']
)
def test_a_body_that_is_no_notification_is_refused_in_one_line(body: bytes) -> None:
    """With the receiver that it was posted to."""
    with pytest.raises(IncidentError) as refused:
        read_notification(body, "sales", (), moments())
    assert refused.value.code == "notification-wrong"
    assert "\n" not in str(refused.value)
    assert "/alerts/sales" in str(refused.value)


def test_a_long_fault_is_shown_in_short() -> None:
    """An answer is one line for a log."""
    assert len(read(posted_alert(status="x" * 10_000)).faults[0]) < 200
