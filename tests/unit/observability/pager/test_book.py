"""Incidents follow from the set of entries, whatever their order and however often each is told."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.pager.book import Book, fold, lasting
from observability.pager.entry import Acknowledged, Alerted, Change, Entry, Outcome, Route
from tests.unit.observability.pager.notifications import LOG, MAIL, at, ended, fired, paged, taken_on


def the_one(book: Book) -> str:
    """The id of the only incident."""
    (incident,) = book
    return incident.id


def states(book: Book) -> list[str]:
    """The state of every incident, oldest first."""
    return [incident.state for incident in book]


def test_an_alert_that_fires_opens_an_incident() -> None:
    """With what its labels and annotations say."""
    book = fold([fired(5, since=2)])
    (incident,) = book
    assert incident.id.startswith("20261128-")
    assert len(incident.id) == len("20261128-3fa9c1")
    assert (incident.name, incident.type, incident.severity) == (
        "SalesOrdersEnrichedStale",
        "freshness",
        "page",
    )
    assert (incident.domain, incident.product, incident.owner) == (
        "sales",
        "orders-enriched",
        "sales@retail.example",
    )
    assert (incident.fired_at, incident.received_at) == (at(2), at(5))
    assert incident.runbook == "domains/sales/runbook.md#salesordersenrichedstale"
    assert [(page.change, page.route, page.outcome) for page in incident.pages] == [
        (Change.FIRED, MAIL, Outcome.WAITING)
    ]
    assert incident.pages[0].text.startswith("SalesOrdersEnrichedStale\nRows of")


def test_an_alert_without_our_labels_is_paged_all_the_same() -> None:
    """Rather now than never, and to whoever the receiver is."""
    (incident,) = fold(
        [Alerted(at(0), "platform", "x", at(0), None, {"alertname": "Odd"}, {}, (Route("platform", "log"),))]
    )
    assert (incident.severity, incident.domain, incident.owner) == ("page", "platform", "")


def test_a_repeat_is_no_news() -> None:
    """Neither of the firing nor of the end."""
    book = fold([fired(0)])
    assert book.apply(fired(60)) is None
    assert book.apply(ended(90)) is not None
    assert book.apply(ended(95)) is None
    assert (states(book), len(next(iter(book)).pages)) == (["resolved"], 2)


def test_another_receiver_of_the_same_alert_is_paged_too() -> None:
    """It is one incident."""
    platform = Route("platform", "mail")
    book = fold([fired(0), fired(1, due=(platform,)), fired(2, due=(platform,))])
    (incident,) = book
    assert incident.receivers == ("sales", "platform")
    assert [page.route for page in incident.pages] == [MAIL, platform]
    assert incident.receiver == "sales"


def test_the_end_has_the_moment_that_alertmanager_gives() -> None:
    """Not that of its arrival, and never one before the beginning."""
    (incident,) = fold([fired(0), ended(30, until=20)])
    assert incident.resolved_at == at(20)
    (incident,) = fold([fired(10, since=10), ended(30, since=10, until=5)])
    assert incident.resolved_at == incident.fired_at


def test_an_alert_that_fires_again_is_a_new_incident() -> None:
    """Even where Alertmanager gives the old beginning, having lost sight of it only for a while."""
    book = fold([fired(0), ended(30), fired(60), ended(90), fired(120, since=110)])
    assert states(book) == ["resolved", "resolved", "open"]
    assert len({incident.id for incident in book}) == 3
    assert all(len(incident.pages) in (1, 2) for incident in book)


def test_an_end_without_a_beginning_is_recorded() -> None:
    """The pager was away while it fired; whoever answers for it hears of it now."""
    (incident,) = fold([ended(30)])
    assert incident.state == "resolved"
    assert [page.change for page in incident.pages] == [Change.RESOLVED]


def test_the_first_who_takes_it_on_stands() -> None:
    """And is told to those who were paged, once."""
    book = fold([fired(0)])
    name = the_one(book)
    assert book.apply(taken_on(10, name, "anna")) is not None
    assert book.apply(taken_on(20, name, "ben")) is None
    incident = book[name]
    assert (incident.acknowledged_by, incident.acknowledged_at, incident.note, incident.state) == (
        "anna",
        at(10),
        "looking",
        "acknowledged",
    )
    assert [page.change for page in incident.pages] == [Change.FIRED, Change.ACKNOWLEDGED]


def test_pages_go_out_in_the_order_of_the_changes() -> None:
    """Each once; what was delivered or given up does not wait any more."""
    book = fold([fired(0, due=(MAIL, LOG))])
    name = the_one(book)
    book.apply(taken_on(10, name))
    first = book[name].next_page(MAIL)
    assert first is not None
    assert first.change is Change.FIRED
    book.apply(paged(11, name, outcome=Outcome.WAITING, reason="no answer"))
    again = book[name].next_page(MAIL)
    assert again is not None
    assert (again.change, again.reason) == (Change.FIRED, "no answer")
    book.apply(paged(12, name))
    second = book[name].next_page(MAIL)
    assert second is not None
    assert second.change is Change.ACKNOWLEDGED
    book.apply(paged(13, name, Change.ACKNOWLEDGED, outcome=Outcome.FAILED, reason="gone"))
    assert book[name].next_page(MAIL) is None
    assert book[name].next_page(LOG) is not None


def test_what_was_delivered_stays_delivered() -> None:
    """A late report of an earlier attempt does not send it once more."""
    book = fold([fired(0)])
    name = the_one(book)
    book.apply(paged(1, name))
    assert book.apply(paged(2, name, outcome=Outcome.WAITING, reason="late")) is None


def test_a_report_about_nothing_changes_nothing() -> None:
    """An incident or a page that there is not."""
    book = fold([fired(0)])
    assert book.apply(paged(1, "20261128-000000")) is None
    assert book.apply(paged(1, the_one(book), route=Route("sales", "teams"))) is None
    assert book.apply(taken_on(1, "20261128-000000")) is None


def test_two_incidents_never_share_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the short digits are alike, one gets more of them; the same one after a restart."""
    monkeypatch.setattr("observability.pager.book.DIGITS", 1)
    entries = [fired(number, who=str(number)) for number in range(40)]
    ids = [incident.id for incident in fold(entries)]
    assert len(set(ids)) == 40
    assert {len(name) for name in ids} > {len("20261128-3"), len("20261128-3f")}
    assert [incident.id for incident in fold(reversed(entries))] == ids


# What may be told: two alerts, each since one of two moments, firing or ended, to one of two receivers.
tellings = st.tuples(
    st.sampled_from("ab"), st.sampled_from([0, 40]), st.booleans(), st.sampled_from(["sales", "platform"])
)


def told(history: list[tuple[str, int, bool, str]]) -> list[Alerted]:
    """Entries of a history, one a second."""
    made = []
    for second, (who, since, firing, receiver) in enumerate(history, 100):
        entry = fired(second, since=since, who=who, due=(Route(receiver, "mail"),))
        over = None if firing else at(second)
        made.append(Alerted(entry.at, receiver, who, entry.starts_at, over, entry.labels, {}, entry.due))
    return made


@given(st.lists(tellings, max_size=14), st.randoms(use_true_random=False))
def test_the_book_is_a_function_of_the_set_of_entries(
    history: list[tuple[str, int, bool, str]], chance: random.Random
) -> None:
    """Shuffled and doubled, they give the same book."""
    entries: list[Entry] = list(told(history))
    plain = fold(entries)
    for incident in list(plain)[::2]:
        last = at(1_000 + len(entries))
        entries.append(Acknowledged(last, incident.id, "anna", "", (MAIL,)))
        entries.append(paged(2_000 + len(entries), incident.id))
    mixed = entries + chance.choices(entries, k=5) if entries else []
    chance.shuffle(mixed)
    assert list(fold(mixed)) == list(fold(entries))


@given(st.lists(tellings, max_size=14))
def test_repeats_change_nothing(history: list[tuple[str, int, bool, str]]) -> None:
    """Everything told twice in a row, as after a lost answer, is as told once."""
    once, twice = told(history), Book()
    for entry in once:
        twice.apply(entry)
        again = Alerted(
            entry.at + timedelta(milliseconds=500),
            *(getattr(entry, name) for name in entry.__slots__[1:]),
        )
        assert not twice.would_change(again)
        assert twice.apply(again) is None
    assert list(twice) == list(fold(once))


@given(st.lists(tellings, max_size=14))
def test_an_incident_is_open_as_long_as_its_alert_fires(history: list[tuple[str, int, bool, str]]) -> None:
    """Of each occurrence the last telling counts, and no more than one incident is ever open."""
    last = {(who, since): firing for who, since, firing, _ in history}
    book = fold(told(history))
    still = [incident for incident in book if incident.resolved_at is None]
    assert len(still) == sum(last.values())


@given(st.lists(tellings, max_size=14))
def test_everyone_told_is_paged_of_each_change_once(history: list[tuple[str, int, bool, str]]) -> None:
    """No page is due twice."""
    for incident in fold(told(history)):
        pages = [(page.change, page.route) for page in incident.pages]
        assert len(pages) == len(set(pages))
        assert pages


DAY = 86_400.0
WEEK = 7 * DAY


def test_days_on_which_all_is_over_are_left_out() -> None:
    """What is open, untold or newer stays, with its id and with all of its day."""
    log = (LOG,)
    history: list[Entry] = [
        fired(0, who="over", due=()),
        ended(9, who="over", due=()),
        fired(DAY, since=DAY, who="over too", due=()),
        ended(DAY + 9, since=DAY, who="over too", due=()),
        fired(DAY + 1, since=DAY, who="open", due=()),
        fired(2 * DAY, since=2 * DAY, who="untold", due=log),
        ended(2 * DAY + 9, since=2 * DAY, who="untold", due=()),
        fired(3 * DAY, since=3 * DAY, who="late", due=()),
        ended(WEEK, since=3 * DAY, who="late", due=()),
    ]
    kept = lasting(history, at(WEEK))
    assert kept == history[2:]
    names = {incident.id for incident in fold(history)}
    assert {incident.id for incident in fold(kept)} < names


@given(st.lists(tellings, max_size=14))
def test_what_stays_is_as_it_was(history: list[tuple[str, int, bool, str]]) -> None:
    """To leave out the past changes no incident that is kept."""
    entries = told(history)
    shifted = [
        replace(entry, starts_at=entry.starts_at - timedelta(days=entry.at.second % 2)) for entry in entries
    ]
    before = {incident.id: incident for incident in fold(shifted)}
    after = list(fold(lasting(shifted, at(WEEK))))
    assert all(before[incident.id] == incident for incident in after)


@pytest.mark.parametrize("cut", range(5))
def test_a_crash_at_any_entry_comes_to_the_same(cut: int) -> None:
    """What was applied as it came is what a restart reads."""
    book = fold([fired(0)])
    name = the_one(book)
    entries = [fired(0), taken_on(1, name), paged(2, name), ended(3), paged(4, name, Change.RESOLVED)]
    going = Book()
    for entry in entries[:cut]:
        going.apply(entry)
    assert list(going) == list(fold(entries[:cut]))
