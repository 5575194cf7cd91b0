"""Segments and churn on a whole mesh that carries a made-up retailer, whose kinds of customers are known."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from mesh.cli.segment import MORE
from mesh.kernel.warehouse import connect
from mesh.reconcile.settle import settle
from tests.e2e.running_mesh import Mesh

pytestmark = pytest.mark.real
HISTORY = ("simulate", "strideright", "--customers", "1500", "--days", "500")
WEEKS = 4
"""Weeks at the end of the chain that tests look at one by one."""


class Retailer(Mesh):
    """A running mesh that learns from its customers."""

    def lines(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        """What a command prints with ``--json``, a document a line."""
        done = self.run(*words, "--json")
        assert done.returncode == code, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def refuses(self, *words: str) -> str:
        """What a command that refuses says, in its one line."""
        done = self.run(*words)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with contextlib.closing(connect(self.settings)) as client:
            return [tuple(row) for row in client.query(sql).result_rows]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retailer]:
    """A mesh into which a history has landed."""
    mesh = Retailer(tmp_path_factory.mktemp("segments") / "home")
    try:
        started = mesh.run("up", "--retailer", "strideright", "--no-monitoring")
        assert started.returncode == 0, started.stdout + started.stderr
        nothing = mesh.run("segment", "--due")
        assert (nothing.returncode, nothing.stdout) == (0, "no week is due\n"), nothing.stderr
        published = mesh.run(*HISTORY)
        assert published.returncode == 0, published.stdout + published.stderr
        settle(mesh.settings, 240, lambda _: None)
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


Row = tuple[str, str | None, str | None, int]
"""Of customer 360: golden id, segment, its week, version."""


def customer_rows(mesh: Retailer) -> list[Row]:
    """What customer 360 shows of everybody."""
    asked = "SELECT golden_id, segment, segment_week, version FROM customer.customer_360 ORDER BY golden_id"
    return [(golden, segment, week, int(version)) for golden, segment, week, version in mesh.ask(asked)]


class Told(NamedTuple):
    """What the first weeks told to customer 360, and what stood there before."""

    runs: list[dict[str, Any]]
    before: list[Row]
    after: list[Row]


@pytest.fixture(scope="module")
def first(mesh: Retailer) -> Told:
    """All weeks that are due but for the newest ones, in two calls."""
    ((closed,),) = mesh.ask("SELECT dateDiff('week', toDate(first), toDate(clock)) FROM model.clock")
    before = customer_rows(mesh)
    runs = mesh.lines("segment", "--due", "--weeks", "20", code=MORE)
    done = mesh.run("segment", "--due", "--weeks", str(closed - WEEKS + 1 - 20), "--json")
    assert (done.returncode, done.stderr) == (MORE, f"{WEEKS - 1} more weeks are due\n")
    runs += [json.loads(line) for line in done.stdout.splitlines()]
    settle(mesh.settings, 120, lambda _: None)
    return Told(runs, before, customer_rows(mesh))


@pytest.fixture(scope="module")
def weeks(mesh: Retailer, first: Told) -> list[dict[str, Any]]:
    """The newest weeks, as they were run."""
    found = mesh.lines("segment", "--due")
    settle(mesh.settings, 120, lambda _: None)
    return [first.runs[-1], *found]


def test_weeks_that_are_due_are_run_in_order_and_once(
    mesh: Retailer, first: Told, weeks: list[dict[str, Any]]
) -> None:
    """From the first with enough customers to the newest that is over by event time; then none is due."""
    everything = [*first.runs, *weeks[1:]]
    names = [week["week"] for week in everything]
    assert names == sorted(set(names))
    assert len(weeks) == WEEKS
    skipped = [week for (week,) in mesh.ask("SELECT week FROM learned.segment_skips ORDER BY monday")]
    assert skipped
    assert skipped[-1] < names[0]
    ((closed,),) = mesh.ask("SELECT dateDiff('week', toDate(first), toDate(clock)) FROM model.clock")
    assert len(skipped) + len(names) == closed
    assert everything[0]["before"] == ""
    for earlier, later in pairwise(everything):
        assert later["before"] == earlier["digest"]
    for week in weeks:
        assert max(week["drift"].values()) < 0.25
    (clock,) = mesh.ask("SELECT toDate(clock) FROM model.clock")
    monday = clock[0] - timedelta(clock[0].weekday())
    year, number, _ = (monday - timedelta(7)).isocalendar()
    assert weeks[-1]["week"] == f"{year}-W{number:02}"
    assert mesh.lines("segment", "--due") == []


def test_segments_come_back_as_a_stream_and_land(
    mesh: Retailer, first: Told, weeks: list[dict[str, Any]]
) -> None:
    """Whoever reads it knows the segment of each customer, as the run has it."""
    newest = weeks[-1]
    landed = dict(mesh.ask("SELECT customer_id, segment FROM customer.segments"))
    kept = dict(
        mesh.ask(
            f"SELECT customer_id, segment FROM learned.segment_assignments WHERE week = '{newest['week']}'"
        )
    )
    assert landed == kept
    assert len(kept) == newest["customers"]
    sizes = {one["segment"]: one["customers"] for one in newest["segments"]}
    assert Counter(landed.values()) == sizes
    told = mesh.ask("SELECT count() FROM mesh.raw_events WHERE topic = 'customer.public.segment-assigned.v1'")
    assert told == [(sum(week["told"] for week in [*first.runs, *weeks[1:]]),)]
    assert 0 < weeks[-1]["told"] < weeks[-1]["customers"] == len(landed)


def test_customer_360_shows_the_segments(mesh: Retailer, first: Told) -> None:
    """Of each customer of the newest run, as a newer version of the row; all others are as they were."""
    week = first.runs[-1]["week"]
    kept = dict(
        mesh.ask(f"SELECT customer_id, segment FROM learned.segment_assignments WHERE week = '{week}'")
    )
    assert first.runs[0]["told"] == first.runs[0]["customers"]
    assert 0 < len(kept) == first.runs[-1]["customers"] < len(first.before)
    assert {(segment, told) for _, segment, told, _ in first.before} == {(None, None)}
    assert len(first.after) == len(first.before)
    for was, row in zip(first.before, first.after, strict=True):
        golden_id, segment, told, version = row
        if golden_id in kept:
            assert segment == kept[golden_id]
            assert told is not None
            assert told <= week
            assert version > was[3]
        else:
            assert row == was


def test_later_weeks_change_the_rows_of_whom_they_tell(
    mesh: Retailer, first: Told, weeks: list[dict[str, Any]]
) -> None:
    """To the newest segment with its week; the oracle finds the same, and the same versions."""
    rows = customer_rows(mesh)
    shown = {golden_id: (segment, week) for golden_id, segment, week, _ in rows if segment is not None}
    newest = mesh.ask("SELECT customer_id, segment, week FROM customer.segments")
    assert shown == {customer: (segment, week) for customer, segment, week in newest}
    assert len(shown) == weeks[-1]["customers"]
    changed = [(was, row) for was, row in zip(first.after, rows, strict=True) if was != row]
    assert 0 < len(changed) < len(shown)
    assert all(row[3] > was[3] and row[2] != was[2] for was, row in changed)
    proof = mesh.run("reconcile", "--json")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert json.loads(proof.stdout)["equal"] is True


def test_measures_are_cut_by_segment(mesh: Retailer, weeks: list[dict[str, Any]]) -> None:
    """Each segment has the customers that customer 360 shows in it, and what they paid adds up to all."""
    told = mesh.lines("measure", "total_customers", "--by", "segment")
    shown = Counter(segment for _, segment, _, _ in customer_rows(mesh))
    assert {row["segment"]: row["total_customers"] for row in told} == shown
    assert len(shown) > 2
    paid = mesh.lines("measure", "total_revenue", "--by", "segment")
    (whole,) = mesh.lines("measure", "total_revenue")
    assert sum(Decimal(str(row["total_revenue"])) for row in paid) == Decimal(str(whole["total_revenue"]))


def test_a_repetition_writes_and_tells_nothing(
    mesh: Retailer, first: Told, weeks: list[dict[str, Any]]
) -> None:
    """The same digest, the same customers in the same segments; in no table and on no topic is there more."""
    (again,) = mesh.lines("segment")
    assert again == {**weeks[-1], "is_new": False}
    (oldest,) = mesh.lines("segment", "--as-of", weeks[0]["week"])
    assert oldest["assigned_digest"] == weeks[0]["assigned_digest"]
    settle(mesh.settings, 120, lambda _: None)
    told = mesh.ask("SELECT count() FROM mesh.raw_events WHERE topic = 'customer.public.segment-assigned.v1'")
    everything = [*first.runs, *weeks[1:]]
    assert told == [(sum(week["told"] for week in everything),)]
    assert mesh.ask("SELECT count() FROM learned.segment_runs") == [(len(everything),)]


def test_a_run_is_repeated_from_what_was_kept(mesh: Retailer, weeks: list[dict[str, Any]]) -> None:
    """By its digest or that of its data; which there is none of is told with those that there are."""
    (said,) = mesh.lines("segment", "--repeat", weeks[0]["digest"][:12])
    same = {name: weeks[0][name] for name in ("week", "number", "digest", "data_digest", "customers")}
    assert said == {**same, "differing": 0, "equal": True, "other_libraries": False}
    shown = mesh.run("segment", "--repeat", weeks[1]["data_digest"])
    assert shown.returncode == 0, shown.stderr
    assert "learned again from the features that were kept, all in the same segments" in shown.stdout
    assert f"the newest runs are {weeks[-1]['digest'][:12]}" in mesh.refuses("segment", "--repeat", "nothing")


def test_segments_differ_in_how_their_customers_buy(weeks: list[dict[str, Any]]) -> None:
    """By names that are their own, and by what stands beside them."""
    for week in weeks:
        names = [one["segment"] for one in week["segments"]]
        assert len(set(names)) == len(names) >= 3
        assert week["silhouette"] > 0.15
        assert sum(one["customers"] for one in week["segments"]) == week["customers"]
        described = [one["described"] for one in week["segments"]]
        assert any(", much " in one or ", mostly " in one for one in described), described
        assert all(
            {"units", "share Kids", "share Running"} <= one["medians"].keys() for one in week["segments"]
        )


def test_every_event_is_what_the_contract_promises(mesh: Retailer, weeks: list[dict[str, Any]]) -> None:
    """On the wire, and at rest."""
    assert weeks
    done = mesh.run("conformance", "customer.public.segment-assigned.v1", "--count", "50")
    assert done.returncode == 0, done.stdout + done.stderr
    done = mesh.run("quality", "customer.public.segment-assigned.v1", "--no-record")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_card_tells_how_a_run_came_about(mesh: Retailer, weeks: list[dict[str, Any]]) -> None:
    """On the screen, and in the warehouse."""
    done = mesh.run("segment", "--card")
    assert done.returncode == 0, done.stderr
    assert "Age, sex, income" in done.stdout
    (card,) = mesh.ask(f"SELECT card FROM learned.segment_runs WHERE week = '{weeks[-1]['week']}'")
    assert weeks[-1]["digest"][:12] in card[0]


def test_who_is_at_risk_is_known_and_kept(mesh: Retailer) -> None:
    """With what tests on earlier days have found, and nothing more when it is asked again."""
    (said,) = mesh.lines("churn", "--share", "20")
    assert said["is_new"]
    kept = mesh.ask(
        "SELECT customer_id, probability FROM learned.churn_risks "
        f"WHERE digest = '{said['digest']}' ORDER BY rank"
    )
    assert len(kept) == said["customers"]
    assert kept[: len(said["to_contact"])] == [
        (risk["customer_id"], risk["probability"]) for risk in said["to_contact"]
    ]
    assert len(said["to_contact"]) == -(-said["customers"] // 5)
    as_of = date.fromisoformat(said["as_of"])
    days = [date.fromisoformat(test["cut_off"]) for test in said["tests"]]
    assert days == [as_of - timedelta(90 * number) for number in range(1, len(days) + 1)]
    assert len(days) >= 2
    newest = said["tests"][0]
    assert newest["model_auc"] > max(newest["rule_auc"], 0.6)
    assert newest["model_precision"] > newest["base_rate"]
    (again,) = mesh.lines("churn", "--share", "20")
    assert again == {**said, "is_new": False}
    assert mesh.ask("SELECT count() FROM learned.churn_runs") == [(1,)]


def test_what_followed_an_offer_is_counted_from_the_facts(mesh: Retailer) -> None:
    """Both groups are customers who could be contacted, drawn by lot at this retailer, so of like size."""
    (said,) = mesh.lines("churn", "--share", "100")
    offered, others = said["offers"]["offered"], said["offers"]["others"]
    assert said["offers"]["campaigns"] > 0
    assert min(offered["customers"], others["customers"]) > 50
    assert 0.6 < offered["customers"] / others["customers"] < 1.5
    assert said["offers"]["difference"][0] == pytest.approx(
        offered["back"] / offered["customers"] - others["back"] / others["customers"]
    )


def test_a_prediction_of_an_earlier_day_knows_nothing_later(mesh: Retailer) -> None:
    """Everybody's last order lies before it."""
    (newest,) = mesh.lines("churn")
    day = date.fromisoformat(newest["as_of"]) - timedelta(60)
    (then,) = mesh.lines("churn", "--as-of", day.isoformat())
    assert then["digest"] != newest["digest"]
    last = dict(
        mesh.ask(
            "SELECT x.golden_id, max(toDate(o.ordered_at)) FROM sales.orders_enriched AS o "
            "INNER JOIN customer.crosswalk AS x ON x.account = o.account "
            f"WHERE toDate(o.ordered_at) <= '{day}' GROUP BY x.golden_id"
        )
    )
    for risk in then["to_contact"]:
        assert risk["days_since"] == (day - last[risk["customer_id"]]).days <= 90


def test_people_see_tables(mesh: Retailer, weeks: list[dict[str, Any]]) -> None:
    """Of the segments, of the tests, and of whom to contact."""
    shown = mesh.run("segment")
    assert shown.returncode == 0, shown.stderr
    assert f"{weeks[-1]['week']}, run 1" in shown.stdout
    assert "as it was run before: nothing was written" in shown.stdout
    shown = mesh.run("churn", "--limit", "3")
    assert shown.returncode == 0, shown.stderr
    for part in ("Tested on earlier days, contacting 10 %", "an association", "At risk as of "):
        assert part in shown.stdout


def test_what_cannot_be_is_told_in_one_line(mesh: Retailer, weeks: list[dict[str, Any]]) -> None:
    """With what would do."""
    assert "like 2014-W26" in mesh.refuses("segment", "--as-of", "June")
    assert "the first week is " in mesh.refuses("segment", "--as-of", "2001-W05")
    assert f"name {weeks[-1]['week']} or an earlier" in mesh.refuses("segment", "--as-of", "2090-W01")
    assert "leave all but one of them out" in mesh.refuses("segment", "--due", "--as-of", "2014-W26")
    assert "is no day" in mesh.refuses("churn", "--as-of", "yesterday")
    assert "name that day or a later one" in mesh.refuses("churn", "--as-of", "2001-01-01")
    assert "name that day or an earlier one" in mesh.refuses("churn", "--as-of", "2090-01-01")
