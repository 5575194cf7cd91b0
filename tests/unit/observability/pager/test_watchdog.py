"""The dead man's switch, with time as an argument."""

from __future__ import annotations

from datetime import timedelta

from observability.pager.book import fold
from observability.pager.watchdog import LIMIT, NAME, Switch, alert
from observability.platform_alerts import SILENT
from tests.unit.observability.pager.notifications import LOG, at

BEAT = 5
"""Seconds between two looks."""


def first_silence(switch: Switch, *, until: int, heard: frozenset[int] = frozenset()) -> int | None:
    """The second at which a switch first says that it is silent, when it is heard at some seconds."""
    for second in range(0, until, BEAT):
        if second in heard:
            switch.hear(at(second))
        if switch.silent(at(second)):
            return second
    return None


def test_a_watchdog_that_is_heard_is_not_silent() -> None:
    """Every half minute, and even when three signs in a row get lost."""
    heard = frozenset(range(0, 3600, 30))
    assert first_silence(Switch(at(0)), until=3600, heard=heard) is None
    assert first_silence(Switch(at(0)), until=3600, heard=frozenset(range(0, 3600, 120))) is None


def test_silence_is_noticed_two_minutes_after_the_last_sign() -> None:
    """And at the next look."""
    assert first_silence(Switch(at(0)), until=600, heard=frozenset({60})) == 60 + LIMIT.seconds + BEAT


def test_a_watchdog_that_never_comes_is_noticed_as_soon() -> None:
    """Counted from the start of the pager."""
    switch = Switch(at(0))
    assert first_silence(switch, until=600) == LIMIT.seconds + BEAT
    assert switch.heard_at is None


def test_a_pager_that_slept_listens_anew() -> None:
    """A laptop that was closed over night does not wake up with a page."""
    switch = Switch(at(0))
    switch.hear(at(0))
    assert not switch.silent(at(5))
    assert not switch.silent(at(30_000))
    assert not switch.silent(at(30_005))
    later = [second for second in range(30_010, 30_200, BEAT) if switch.silent(at(second))]
    assert later[0] == 30_000 + LIMIT.seconds + BEAT


def test_the_clock_may_be_set_back() -> None:
    """That is no silence."""
    switch = Switch(at(0))
    switch.hear(at(0))
    assert not switch.silent(at(-3600))


def test_its_incident_is_opened_and_closed_like_any_other() -> None:
    """It has an owner, words, a drill and a runbook, though no rule makes it."""
    opened = alert(at(130), at(120), "operations@retail.example", "", (LOG,), over=False)
    closed = alert(at(200), at(120), "operations@retail.example", "", (LOG,), over=True)
    (incident,) = fold([opened, closed])
    assert (incident.name, incident.type, incident.severity) == (NAME, "watchdog", "page")
    assert incident.owner == "operations@retail.example"
    assert incident.labels["drill"] == "watchdog"
    assert (incident.fired_at, incident.resolved_at) == (at(120), at(200))
    assert incident.runbook == "observability/runbook.md#platformalertingsilent"
    assert NAME == SILENT  # the runbook has its heading by that name


def test_its_runbook_is_where_the_others_are_served() -> None:
    """As the setting says."""
    told = alert(at(0), at(0), "", "https://docs.retail.example/", (), over=False)
    assert told.annotations["runbook_url"] == (
        "https://docs.retail.example/observability/runbook.md#platformalertingsilent"
    )
    assert timedelta(minutes=1) < LIMIT < timedelta(minutes=5)
