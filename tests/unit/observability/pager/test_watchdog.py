"""The dead man's switch, with time as an argument."""

from __future__ import annotations

from observability.pager.book import fold
from observability.pager.watchdog import FIRST, LIMIT, Switch, alert
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
    """Every ten seconds, and even when three signs in a row get lost."""
    assert first_silence(Switch(at(0)), until=3600, heard=frozenset(range(0, 3600, 10))) is None
    assert first_silence(Switch(at(0)), until=3600, heard=frozenset(range(0, 3600, 40))) is None


def test_silence_is_noticed_well_within_a_minute_of_the_last_sign() -> None:
    """At the next look."""
    noticed = first_silence(Switch(at(0)), until=600, heard=frozenset({60}))
    assert noticed == 60 + LIMIT.seconds + BEAT
    assert LIMIT.seconds + BEAT + 10 < 60  # a sign is ten seconds old when the next one fails to come


def test_a_watchdog_that_never_comes_is_noticed() -> None:
    """Counted from the start of the pager, with time for the others to start as well."""
    switch = Switch(at(0))
    assert first_silence(switch, until=600) == FIRST.seconds + BEAT
    assert switch.heard_at is None


def test_the_end_of_the_watchdog_is_silence_at_once() -> None:
    """Alertmanager has waited for Prometheus long enough; until it is heard again."""
    switch = Switch(at(0))
    switch.hear(at(0))
    switch.end(at(3))
    assert switch.silent(at(3))
    assert switch.silent(at(8))
    switch.hear(at(10))
    assert not switch.silent(at(13))


def test_a_sleep_ends_no_watchdog() -> None:
    """Alertmanager slept as well, and only thinks that Prometheus has not spoken for hours."""
    switch = Switch(at(0))
    switch.hear(at(0))
    switch.end(at(30_000))
    assert not switch.silent(at(30_005))


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
    assert (incident.name, incident.type, incident.severity) == (SILENT, "watchdog", "page")
    assert incident.owner == "operations@retail.example"
    assert incident.labels["drill"] == "watchdog"
    assert (incident.fired_at, incident.resolved_at) == (at(120), at(200))
    assert incident.runbook == "observability/runbook.md#platformalertingsilent"
    assert SILENT == SILENT  # the runbook has its heading by that name


def test_its_runbook_is_where_the_others_are_served() -> None:
    """As the setting says."""
    told = alert(at(0), at(0), "", "https://docs.retail.example/", (), over=False)
    assert told.annotations["runbook_url"] == (
        "https://docs.retail.example/observability/runbook.md#platformalertingsilent"
    )
