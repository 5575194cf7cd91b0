"""What a page says, word for word."""

from __future__ import annotations

from observability.pager.book import Book, fold
from observability.pager.entry import Change
from observability.pager.incident import Incident
from observability.pager.message import SUBJECT, span, subject, text
from tests.unit.observability.pager.notifications import ended, fired, taken_on


def incident(book: Book) -> Incident:
    """The only one."""
    (found,) = book
    return found


def test_a_page_says_what_where_since_when_whose_and_what_to_do() -> None:
    """The most important first, in short lines."""
    found = incident(fold([fired(75, part="sink-1")]))
    assert subject(found, Change.FIRED) == (
        "[page] SalesOrdersEnrichedStale – Rows of sales.orders_enriched are 75 s old"
    )
    assert text(found, Change.FIRED) == (
        "SalesOrdersEnrichedStale\n"
        "Rows of sales.orders_enriched are 75 s old\n"
        "\n"
        "The contract promises 60 s.\n"
        "\n"
        "Where: sales / orders-enriched / sink-1\n"
        "Since: 2026-11-28 12:00:00 UTC\n"
        "Whose: sales@retail.example\n"
        "\n"
        "What to do\n"
        "See `mesh status`.\n"
        "\n"
        "Runbook\n"
        "domains/sales/runbook.md#salesordersenrichedstale\n"
        "\n"
        "Take it on\n"
        f"mesh ack {found.id}\n"
    )


def test_who_takes_it_on_is_told_in_short() -> None:
    """With the note."""
    book = fold([fired(0)])
    book.apply(taken_on(10, incident(book).id))
    found = incident(book)
    assert subject(found, Change.ACKNOWLEDGED) == "[acknowledged] SalesOrdersEnrichedStale – by anna"
    assert text(found, Change.ACKNOWLEDGED).startswith("anna has taken this on.\n\nlooking\n\nSales")


def test_the_end_says_how_long_it_lasted() -> None:
    """In the words of people."""
    found = incident(fold([fired(0), ended(260)]))
    assert subject(found, Change.RESOLVED) == "[resolved] SalesOrdersEnrichedStale – after 4 min 20 s"
    assert text(found, Change.RESOLVED) == (
        "This is over, after 4 min 20 s.\n"
        "\n"
        "SalesOrdersEnrichedStale\n"
        "Rows of sales.orders_enriched are 75 s old\n"
        "Since: 2026-11-28 12:00:00 UTC\n"
        "Until: 2026-11-28 12:04:20 UTC\n"
        f"Incident: {found.id}\n"
    )


def test_a_subject_is_one_short_line() -> None:
    """Whatever the alert says: a line break would end the header of a mail."""
    entry = fired(0)
    assert isinstance(entry.annotations, dict)
    shouting = type(entry)(
        entry.at,
        "sales",
        "a",
        entry.starts_at,
        None,
        {"alertname": "A\r\nBcc: all@retail.example"},
        {"summary": "x\n" * 200},
    )
    line = subject(incident(fold([shouting])), Change.FIRED)
    assert len(line) == SUBJECT
    assert "\n" not in line
    assert "\r" not in line


def test_a_page_leaves_out_what_is_not_known() -> None:
    """No empty headings."""
    entry = fired(0)
    bare = type(entry)(entry.at, "platform", "a", entry.starts_at, None, {"alertname": "Odd"}, {})
    found = incident(fold([bare]))
    assert subject(found, Change.FIRED) == "[page] Odd"
    assert text(found, Change.FIRED) == (
        "Odd\n\nWhere: platform\nSince: 2026-11-28 12:00:00 UTC\nWhose: nobody is named\n\n"
        f"Take it on\nmesh ack {found.id}\n"
    )


def test_spans_are_shown_in_their_two_greatest_units() -> None:
    """As people say them."""
    assert [span(seconds) for seconds in (0.4, 59, 60, 3_700, 90_061)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h 1 min",
        "1 d 1 h",
    ]
