"""Whole extracts through the ingest, with everything but the broker."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mesh.ingest import run as ingesting
from mesh.ingest.run import ingest
from mesh.ingest.totals import source_totals
from mesh.kernel.discovery import find_mesh, root
from mesh.kernel.settings import Settings
from schemas.codec import Codec

EXAMPLES = root() / "portal" / "docs" / "examples"
KIOSK = EXAMPLES / "kiosk" / "mapping.yaml"
GUIDE = root() / "portal" / "docs" / "how-to" / "bring-your-own-data.md"
LARGE = "completejourney"  # has a test of its own: test_complete_journey_real.py
RETAILERS = sorted(one.parent for one in (root() / "data").glob("*/totals.yaml") if one.parent.name != LARGE)
SCHEMA_ID = 5


class Sent(list[tuple[str, dict[str, Any]]]):
    """An outbox that keeps what it is given, in order."""

    def send(self, topic: str, key: bytes | None, value: bytes, **rest: Any) -> None:
        """One record."""
        self.append((topic, {"key": key, "value": value, **rest}))

    def send_batch(self, topic: str, records: list[dict[str, Any]]) -> None:
        """Some records of one topic."""
        self.extend((topic, record) for record in records)

    def flush(self) -> None:
        """Nothing waits."""

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every event sent, decoded, with its topic."""
        mesh = find_mesh(Settings())
        for topic, record in self:
            if ".dead." not in topic:
                yield topic, Codec.of_port(mesh.port(topic), SCHEMA_ID).decode(record["value"])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Everything that an ingest sends."""
    box = Sent()
    monkeypatch.setattr(ingesting, "Outbox", lambda *_: box)
    monkeypatch.setattr(
        ingesting,
        "_provisioned",
        lambda settings, _events: dict.fromkeys(find_mesh(settings).ports, SCHEMA_ID),
    )
    return box


def test_the_kiosk_becomes_events_and_dead_letters(sent: Sent) -> None:
    """Every row is published or parked: 15 events, and six rows with a reason."""
    report = ingest(KIOSK, Settings())
    assert report.published == len(list(sent.events())) == 15
    counts = {event.event: (event.published, event.elements, dict(event.rejected)) for event in report.events}
    assert counts == {
        "LocationDescribed": (1, 0, {}),
        "ProductDescribed": (4, 0, {}),
        "CustomerRecorded": (3, 0, {}),
        "OrderPlaced": (4, 6, {"element-orphan": 1, "type-wrong": 2}),
        "PaymentRecorded": (3, 0, {"type-wrong": 1, "value-missing": 1, "value-unknown": 1}),
    }  # fmt: skip
    assert all(event.rows == event.published + event.rejected.total() - event.rejected["element-orphan"]
               for event in report.events)  # fmt: skip


def test_an_order_arrives_as_it_was_sold(sent: Sent) -> None:
    """Local time in UTC, amounts exact, lines in order, envelope stamped."""
    ingest(KIOSK, Settings())
    order = next(event for topic, event in sent.events() if event.get("order_id") == "kiosk:1001")
    assert order["ordered_at"].isoformat() == "2024-02-12T09:05:00+00:00"
    assert (order["source"], order["seq"], order["currency"]) == ("kiosk", 1, "EUR")
    assert order["event_id"] == "kiosk/OrderPlaced/kiosk:1001#1"
    assert order["recorded_at"] == order["occurred_at"]
    assert (order["total_amount"], order["fx_rate"]) == (Decimal("15.2500"), Decimal("1.08000000"))
    assert [(line["line_number"], line["product_id"], line["net_amount"]) for line in order["lines"]] == [
        (1, "kiosk:TEA-1", Decimal("13.0000")), (2, "kiosk:BIS-3", Decimal("2.2500"))
    ]  # fmt: skip


def test_events_leave_in_order_of_event_time(sent: Sent) -> None:
    """Across topics: versions by valid_from, facts by occurred_at."""
    ingest(KIOSK, Settings())
    times = [event.get("valid_from") or event["occurred_at"] for _, event in sent.events()]
    assert times == sorted(times)


def test_a_shuffle_is_the_same_set_in_another_order_that_its_seed_repeats(sent: Sent) -> None:
    """So that a failing order can be had again."""
    orders: list[list[bytes]] = []
    for seed in (None, 1, 1, 2):
        sent.clear()
        ingest(KIOSK, Settings(), shuffle=seed)
        orders.append([record["value"] for topic, record in sent if ".dead." not in topic])
    plain, first, again, second = orders
    assert first == again
    assert len({tuple(order) for order in (plain, first, second)}) == 3
    assert Counter(plain) == Counter(first) == Counter(second)


def test_a_dead_letter_tells_file_row_and_reason_and_nothing_of_a_person(sent: Sent) -> None:
    """The order whose line has two as its quantity: the line's file and row, the order's values."""
    ingest(KIOSK, Settings())
    letters = [(topic, letter, {n: v.decode() for n, v in letter["headers"]}) for topic, letter in sent
               if ".dead." in topic]  # fmt: skip
    assert len(letters) == 6
    topic, letter, headers = next(one for one in letters if one[2]["mesh-reason"].startswith("lines: units"))
    assert topic == "sales.dead.order-placed.v1"
    assert letter["key"] == b"kiosk:0031"
    assert (headers["mesh-file"], headers["mesh-row"], headers["mesh-offset"]) == ("items.csv", "8", "8")
    assert (headers["mesh-topic"], headers["mesh-partition"]) == ("sales.public.order-placed.v1", "-1")
    assert (headers["mesh-consumer"], headers["mesh-code"]) == ("ingest", "type-wrong")
    value = json.loads(letter["value"])
    assert value["order_id"] == "kiosk:1006"
    assert value["lines"][0]["line_number"] == "1"


def test_rejected_customers_leave_no_personal_value_behind(sent: Sent, tmp_path: Path) -> None:
    """Neither in the value nor in a header: the file and the row are enough to find them."""
    for file in KIOSK.parent.iterdir():
        (tmp_path / file.name).write_text(
            file.read_text().replace("'Person' AS customer_type", "'Robot' AS customer_type")
        )
    ingest(tmp_path / "mapping.yaml", Settings(), only="CustomerRecorded")
    assert len(sent) == 3
    assert not re.search(r"Ada|Lindgren|ada@|Bruno|Maas|Cem|Yilmaz", repr(sent))
    assert "Kiel" in repr(sent)


def test_a_dry_run_sends_nothing_and_counts_the_same(sent: Sent) -> None:
    """It needs neither broker nor registry."""
    dry, real = ingest(KIOSK, Settings(), dry_run=True), None
    assert not sent
    real = ingest(KIOSK, Settings())
    assert dry.as_dict()["events"] == real.as_dict()["events"]


def test_a_limit_takes_the_first_of_each_event(sent: Sent) -> None:
    """And does not call the lines of the others orphans."""
    report = ingest(KIOSK, Settings(), limit=2)
    assert [event.published for event in report.events] == [1, 2, 2, 2, 2]
    assert report.rejected == 0


def test_the_guide_shows_the_example_as_it_is() -> None:
    """Every block of the guide that names a file of the example is that file, or a part of it."""
    text = GUIDE.read_text()
    blocks = re.findall(r"```(?:yaml|csv) kiosk/(\S+)\n(.*?)```", text, re.DOTALL)
    assert {name for name, _ in blocks} >= {"mapping.yaml", "overlay.yaml", "totals.yaml", "items.csv"}
    for name, block in blocks:
        content = (KIOSK.parent / name).read_text()
        assert all(part.strip("\n") in content for part in block.split("…\n")), name


@pytest.mark.parametrize("folder", [*RETAILERS, KIOSK.parent], ids=lambda folder: folder.name)
def test_totals_of_the_source_files_are_the_published_ones(folder: Path) -> None:
    """To the last digit, straight from the files."""
    totals = source_totals(folder)
    assert totals
    assert {total.name: total.source_value for total in totals if total.published_value} == {
        total.name: total.published_value for total in totals if total.published_value
    }


@pytest.mark.parametrize("folder", RETAILERS, ids=lambda folder: folder.name)
def test_every_row_of_a_retailer_in_the_repository_is_accepted(folder: Path) -> None:
    """As many events as its totals say, and none that breaks type or contract."""
    report = ingest(folder / "mapping.yaml", Settings(), dry_run=True)
    totals = {total.name: total.source_value for total in source_totals(folder)}
    assert report.rejected == 0
    published = {event.event: event for event in report.events}
    assert str(published["OrderPlaced"].published) == totals["orders"]
    assert str(published["OrderPlaced"].elements) == totals["lines"]
    assert str(published["CustomerRecorded"].published) == totals["customers"]
    assert (
        published["PaymentRecorded"].published
        == published["FulfilmentUpdated"].published
        == int(totals["orders"])
    )


def test_the_guide_shows_what_a_dry_run_prints() -> None:
    """The table and the rejected rows, as they are today."""
    report = ingest(KIOSK, Settings(), dry_run=True)
    console = Console(file=io.StringIO(), width=100)
    console.print(report.table())
    guide = GUIDE.read_text()
    for line in console.file.getvalue().splitlines():  # type: ignore[attr-defined]
        assert line.rstrip() in guide
    shown = re.findall(r"^rejected (.*)$", guide, re.MULTILINE)
    assert shown
    assert set(shown) <= set(report.examples)
