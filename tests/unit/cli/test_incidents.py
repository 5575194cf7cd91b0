"""How incidents look in the terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console, RenderableType

from mesh.cli.incidents import at_length, doubt, state, table, ways
from observability.pager.book import fold
from observability.pager.client import Listing
from observability.pager.entry import Change, Entry, Outcome, Route
from tests.unit.observability.pager.notifications import LOG, MAIL, at, ended, fired, paged, taken_on

TEAMS = Route("sales", "teams")


def shown(what: RenderableType, width: int = 160) -> str:
    """As it is printed, without spaces at the ends of lines."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def one(*entries: Entry) -> dict[str, Any]:
    """The only incident of these entries, as the pager answers."""
    (incident,) = fold(entries)
    return incident.as_dict()


def name(*entries: Entry) -> str:
    """Its id."""
    return str(one(*entries)["id"])


def test_a_row_says_what_is_wrong_whose_it_is_and_who_knows() -> None:
    """At a glance."""
    first = fired(0, due=(LOG, MAIL))
    known = one(first, paged(1, name(first), route=LOG), paged(2, name(first)))
    text = shown(table([known], at(260)))
    _, _, first_line, second_line = text.splitlines()
    assert first_line.split("   ")[0] == known["id"]
    assert first_line.endswith("open")
    assert "SalesOrdersEnrichedStale" in first_line
    assert second_line.startswith("page, 4 min 20 s")
    assert "Rows of sales.orders_enriched are 75 s old   sales@retail.example   log, mail" in second_line


@pytest.mark.parametrize("width", [80, 100, 160])
def test_names_are_whole_in_a_narrow_terminal(width: int) -> None:
    """They are what people search for; no word is left out."""
    first = fired(0, due=(LOG, MAIL))
    text = shown(table([one(first, paged(1, name(first), route=LOG))], at(60)), width)
    assert "…" not in text
    for word in (name(first), "SalesOrdersEnrichedStale", "page, 1 min", "open", "log"):
        assert word in text


def test_a_state_says_by_whom_or_how_long() -> None:
    """Open, taken on, over."""
    first = fired(0)
    assert state(one(first)) == "open"
    assert state(one(first, taken_on(5, name(first)))) == "taken on by anna"
    assert state(one(first, taken_on(5, name(first)), ended(90))) == "over after 1 min 30 s"


def test_what_keeps_a_page_back_is_told_by_channel() -> None:
    """The reason of the first page holds for those that wait behind it."""
    first = fired(0, due=(LOG, MAIL, TEAMS))
    incident = name(first)
    known = one(
        first,
        paged(1, incident, route=LOG),
        paged(2, incident, outcome=Outcome.WAITING, reason="no answer"),
        paged(3, incident, route=TEAMS, outcome=Outcome.FAILED, reason="refused (404)"),
        taken_on(4, incident, due=(LOG, MAIL)),
        paged(5, incident, Change.ACKNOWLEDGED, route=LOG),
    )
    assert ways(known).plain.splitlines() == [
        "log",
        "mail: no answer; tried again",
        "teams: given up: refused (404)",
    ]


def test_nobody_is_woken_by_the_log() -> None:
    """So that is said."""
    first = fired(0, due=(LOG,))
    assert ways(one(first, paged(1, name(first), route=LOG))).plain == "nobody: in the log only"
    assert ways(one(first)).plain == "log: on its way"


def test_the_warehouse_knows_which_channels_are_late() -> None:
    """But not why."""
    row = {"channels": ["log"], "undelivered": ["mail"]}
    assert ways(row).plain.splitlines() == ["log", "mail: not delivered"]


def test_at_length_the_page_stands_as_it_was_sent() -> None:
    """And what became of it."""
    first = fired(0)
    known = one(first, paged(1, name(first)), taken_on(5, name(first)))
    text = shown(at_length(known))
    assert known["pages"][0]["text"].strip() in text
    assert "Now: taken on by anna\nlooking" in text
    assert "2026-11-28 12:00:01   fired          sales   mail   delivered" in text
    assert "2026-11-28 12:00:05   acknowledged   sales   mail   on its way" in text


@pytest.mark.parametrize(
    ("watchdog", "seconds", "told"),
    [
        ({"heard_at": at(0).isoformat(), "listening_since": at(-900).isoformat()}, 40, ""),
        (
            {"heard_at": at(0).isoformat(), "listening_since": at(-900).isoformat()},
            45,
            "! nothing was heard from the alerting for 45 s: faults may go unnoticed",
        ),
        ({"heard_at": None, "listening_since": at(0).isoformat()}, 120, ""),
        (
            {"heard_at": None, "listening_since": at(0).isoformat()},
            180,
            "! nothing was heard from the alerting for 3 min: faults may go unnoticed",
        ),
        (
            None,
            0,
            "! the pager does not answer (http://p): nobody is paged now. What it knew, from the warehouse:",
        ),
    ],
)
def test_a_list_that_may_not_be_all_says_so(watchdog: dict[str, Any] | None, seconds: int, told: str) -> None:
    """No alert is not the same as no fault."""
    assert doubt(Listing([], watchdog), "http://p", at(seconds)) == told
