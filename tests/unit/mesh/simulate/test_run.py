"""Whole simulations without a broker, and what they write down for whoever judges the mesh."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from mesh.kernel.contract import Port
from mesh.kernel.errors import ContractError, ReconcileError, SimulationError
from mesh.kernel.settings import Settings, load_settings
from mesh.publish.envelope import event_id_template, fill
from mesh.reconcile.injected import Injected, injected
from mesh.simulate.chance import chance
from mesh.simulate.clock import DAY, Clock
from mesh.simulate.faults import BREAKS, Faults, fates, spoil
from mesh.simulate.plan import Plan
from mesh.simulate.post import Post
from mesh.simulate.run import before, simulate
from mesh.simulate.truth import Truth
from schemas.codec import Codec
from tests.unit.mesh.simulate.conftest import SINCE, Year


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a home of its own."""
    return load_settings(home=tmp_path)


def test_a_dry_run_says_what_would_be_sent(settings: Settings) -> None:
    """Every event once, doubles twice, refused ones not; nothing is written."""
    plan = Plan("strideright", customers=300, late=2, duplicates=3, shuffled=2, bad=10)
    report = simulate(plan, settings.model_copy(update={"dead_letter_limit": 10_000}), dry_run=True)
    for event in report.events:
        assert event.published == event.made - event.refused + event.faults["duplicate"], event.event
        assert event.made > 0
    assert sum(event.refused for event in report.events) > 5
    assert report.truth == ""
    assert list(settings.home.iterdir()) == []


def test_the_same_plan_makes_the_same_numbers(settings: Settings) -> None:
    """Faults included."""
    plan = Plan("strideright", customers=300, days=40, late=5, duplicates=5, bad=1)
    one, other = (simulate(plan, settings, dry_run=True) for _ in range(2))
    assert one.as_dict()["events"] == other.as_dict()["events"]


def test_the_share_of_bad_events_is_the_one_that_was_asked_for(settings: Settings) -> None:
    """Of all that may be bad, and that is nearly everything."""
    roomy = settings.model_copy(update={"dead_letter_limit": 100_000})
    report = simulate(Plan("strideright", customers=2_000, days=200, bad=5), roomy, dry_run=True)
    bad = sum(event.faults["bad"] for event in report.events)
    may_be = [event for event in report.events if event.event in BREAKS]
    assert bad / sum(event.made for event in may_be) == pytest.approx(0.05, rel=0.05)
    assert all(event.faults["bad"] for event in may_be)
    assert sum(event.made for event in may_be) > 0.85 * sum(event.made for event in report.events)
    assert {event.event for event in report.events} - BREAKS.keys() == {
        "ProductDescribed", "LocationDescribed", "EmployeeDescribed", "PromotionAnnounced", "CampaignStarted"
    }  # fmt: skip


def test_a_mesh_of_another_retailer_is_left_alone(settings: Settings) -> None:
    """Its value sets are others."""
    other = settings.model_copy(update={"retailer": "adventureworks"})
    with pytest.raises(SimulationError, match="the mesh carries adventureworks") as caught:
        simulate(Plan("strideright"), other, dry_run=True)
    assert caught.value.code == "retailer-differs"


def test_an_unknown_retailer_is_told_so(settings: Settings) -> None:
    """As everywhere."""
    with pytest.raises(ContractError) as caught:
        simulate(Plan("stridewrong"), settings, dry_run=True)
    assert caught.value.code == "retailer-unknown"


def test_what_has_not_happened_yet_is_left_out() -> None:
    """Lines go with their orders."""
    events = pl.DataFrame({"occurred_at": [1, 9, 2], "id": ["a", "b", "c"]})
    lines = pl.DataFrame({"_parent": [0, 1, 1, 2], "n": [1, 2, 3, 4]})
    kept, lists = before(5, events, {"lines": lines})
    assert kept["id"].to_list() == ["a", "c"]
    assert lists["lines"].rows() == [(0, 1), (1, 4)]


def test_records_are_those_of_the_publish_sdk(year: Year, ports: dict[str, Port]) -> None:
    """Event id and key as the envelope and the port make them."""
    for name, events in {**year.world.dimensions(), **year.events}.items():
        port = ports[name]
        post = Post(port, 3, "strideright", 0)
        few = events.head(20)
        lists = {"lines": year.lines.filter(pl.col("_parent") < 20)} if name == "OrderPlaced" else {}
        fate = fates(name, few["occurred_at"].to_numpy(), Faults(), Clock(SINCE), chance(1, "fates"))
        posted = post.post(post.stamped(few), lists, fate)
        codec = Codec.of_port(port, 3)
        for record in posted.mail.iter_rows(named=True):
            fields = codec.decode(record["value"])
            assert fields["event_id"] == fill(event_id_template(port), fields)
            assert record["key"].decode() == port.key_of(fields)
            assert codec.encode(fields) == record["value"]


class DeadLetters:
    """A warehouse with these dead letters: topic, file, row or digest."""

    def __init__(self, *rows: tuple[str, str, str]) -> None:
        self._rows = rows

    def select(self, _sql: str) -> pl.DataFrame:
        """All of them."""
        bare = [tuple(text.encode() for text in row) for row in self._rows]
        return pl.DataFrame(bare, schema=["topic", "file", "mark"], orient="row")


def test_the_ground_truth_leads_to_every_broken_event(
    tmp_path: Path, year: Year, ports: dict[str, Port]
) -> None:
    """By digest or by row; one that is not parked makes a difference."""
    port = ports["PaymentRecorded"]
    post = Post(port, 1, "strideright", 0)
    events = year.events["PaymentRecorded"].head(3_000)
    times = events["occurred_at"].to_numpy()
    fate = fates("PaymentRecorded", times, Faults(0.05, 0.05, 0.05, 0.05), Clock(SINCE), chance(1, "fates"))
    stamped = post.stamped(spoil("PaymentRecorded", events, fate, SINCE + 400 * DAY))
    posted = post.post(stamped, {}, fate)
    rows = {one.position: number for number, one in enumerate(posted.refusals, 1)}
    truth = Truth(tmp_path, "t", {})
    truth.tell(post, stamped, posted, fate, "simulation t", rows)
    truth.close(2**62)
    lines = [json.loads(line) for line in truth.path.read_text().splitlines()][1:-1]
    assert len(lines) == int((fate.fault > 0).sum())
    marks = [
        (line["topic"], "", line["sha256"])
        if "sha256" in line
        else (line["topic"], line["file"], str(line["row"]))
        for line in lines
        if line["fault"] == "bad"
    ]
    assert len(set(marks)) == len(marks) > 50
    found = injected(tmp_path, DeadLetters(*marks))
    assert all(fault.equal for fault in found)
    assert {fault.fault for fault in found if fault.parked is None} == {"late", "duplicate", "shuffled"}
    missing = injected(tmp_path, DeadLetters(*marks[1:]))
    assert [fault.equal for fault in missing].count(False) == 1


def test_a_simulation_that_has_not_ended_is_told_so(tmp_path: Path) -> None:
    """What it still does, nobody can have parked."""
    Truth(tmp_path, "t", {})._file.flush()
    with pytest.raises(ReconcileError, match="has not ended"):
        injected(tmp_path, DeadLetters())


def test_what_had_not_left_when_live_trade_ended_is_not_asked_for(tmp_path: Path) -> None:
    """Only the faults of records that were sent count."""
    folder = tmp_path / "simulations"
    folder.mkdir()
    lines = [
        {"simulation": "t"},
        {"fault": "late", "left_at": 5},
        {"fault": "late", "left_at": 50},
        {"left_until": 9},
    ]
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert injected(tmp_path, DeadLetters()) == (Injected("late", 1, None),)
