"""Judgements on the real engine: rows that are named, references, silence and growth, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from analytics.quality.finding import Finding, Verdict
from analytics.quality.history import earlier, keep
from analytics.quality.judging import judge
from analytics.quality.statement import Scene
from mesh.kernel.contract import FieldPromise, Port, ServiceLevel
from mesh.kernel.errors import ContractError, WarehouseError
from mesh.kernel.quality import NotNull, Range
from mesh.kernel.reference import Reference
from observability.monitor.judgements import LATEST, Judgement
from tests.ports.embedded_server import EmbeddedServer
from tests.unit.analytics.quality.toys import START, Part, fill, port, set_up, toy

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse with the table of the toys."""
    server = EmbeddedServer(tmp_path_factory.mktemp("judging") / "path")
    opened = clickhouse_connect.get_client(port=server.port)
    set_up(opened)
    yield opened
    opened.close()
    server.stop()


def judged(client: Client, laid: Port, moment: datetime = START) -> dict[str, Finding]:
    """What is found as of a moment, by the names of the rules."""
    return {one.rule: one for one in judge(client, [laid], Scene({laid.topic: laid}, moment))}


def referring(*references: Reference) -> Port:
    """The port with these references."""
    return replace(port(), promises={"nickname": FieldPromise(references=references)})


def test_rows_at_fault_are_counted_and_the_first_named(client: Client) -> None:
    """By the key of the table, in its order; only what has a value is judged."""
    fill(client, [toy(number, doors=None if number > 20 else number) for number in range(30, -1, -1)])
    found = judged(client, port([Range("doors", maximum=Decimal(5))]))["doors/value-range"]
    assert (found.judged, found.failing, found.verdict) == (21, 15, Verdict.FAIL)
    assert found.keys == tuple((f"t{number:03}", "2024-01-01 00:00:00.000000") for number in range(6, 16))


def test_a_revision_that_is_corrected_is_not_judged_any_more(client: Client) -> None:
    """At rest means what readers see."""
    laid = port([NotNull("colour")])
    fill(client, [toy(1), toy(2, colour="red")])
    assert judged(client, laid)["colour/value-missing"].failing == 1
    fill(client, [toy(1), toy(2, colour="red"), toy(1, colour="blue", seq=1)])
    assert judged(client, laid)["colour/value-missing"].failing == 0


def test_a_reference_is_to_a_row_that_there_is(client: Client) -> None:
    """From a field and from within a list; a null refers to nothing."""
    part = {"count": 1, "total": Decimal(1)}
    fill(
        client,
        [
            toy(1, nickname="t002", parts=[Part(label="t001", **part)]),
            toy(2, nickname="t009", parts=[Part(label="t002", **part), Part(label="t008", **part)]),
            toy(3, nickname=None),
        ],
    )
    laid = referring(
        Reference("nickname", "toys", "toy", "toy_id"),
        Reference("parts.label", "toys", "toy", "toy_id", "error"),
    )
    found = judged(client, laid)
    plain, nested = found["nickname/reference-missing"], found["parts.label/reference-missing"]
    assert (plain.judged, plain.failing, plain.verdict) == (2, 1, Verdict.WARN)
    assert (nested.judged, nested.failing, nested.verdict) == (2, 1, Verdict.FAIL)
    assert plain.keys == nested.keys == (("t002", "2024-01-01 00:00:00.000000"),)
    with pytest.raises(ContractError, match="reference-unknown"):
        judged(client, referring(Reference("nickname", "toys", "toi", "toy_id")))


def test_a_live_source_may_not_be_silent(client: Client) -> None:
    """For longer than it promised; the newest row is named."""
    live = replace(port(), service_levels={"frequency": ServiceLevel("frequency", Decimal(2), "min")})
    fill(client, [toy(1), toy(2, recorded_at=START + timedelta(seconds=30))])
    assert judged(client, live, START + timedelta(seconds=150))["rows/source-silent"].failing == 0
    late = judged(client, live, START + timedelta(seconds=151))["rows/source-silent"]
    assert (late.verdict, [key[0] for key in late.keys]) == (Verdict.WARN, ["t002"])
    fill(client, [])
    assert judged(client, live)["rows/source-silent"].verdict is Verdict.WARN
    assert "rows/source-silent" not in judged(client, port())


def test_growth_is_judged_by_what_was_kept(client: Client) -> None:
    """The newest rows are named where it is odd; keeping a run twice changes nothing."""
    client.command("TRUNCATE TABLE mesh.quality_results_v1")
    fill(client, [toy(number) for number in range(40)])
    found = judged(client, port())["rows/count-odd"]
    for hour in range(10):
        kept = replace(found, judged=20 + 2 * hour)
        for _ in range(2):
            keep(client, f"run-{hour}", START + timedelta(hours=hour), [kept])
    assert [count.rows for count in earlier(client, port(), "rows/count-odd")] == list(range(20, 40, 2))
    later = START + timedelta(hours=10)
    assert judged(client, port(), later)["rows/count-odd"].verdict is Verdict.OK
    fill(client, [toy(number) for number in range(90)])
    odd = judged(client, port(), later)["rows/count-odd"]
    assert (odd.judged, odd.failing, odd.verdict, len(odd.keys)) == (90, 50, Verdict.WARN, 10)


def test_the_monitor_reads_the_last_judgement_of_each_rule(client: Client) -> None:
    """From the history as it is kept."""
    client.command("TRUNCATE TABLE mesh.quality_results_v1")
    fill(client, [toy(1)])
    laid = port([NotNull("colour"), NotNull("doors", "warning")])
    now = datetime.now(UTC)
    keep(client, "one", now - timedelta(hours=1), judged(client, laid, now).values())
    fill(client, [toy(1, colour="red")])
    keep(client, "two", now, judged(client, laid, now).values())
    found = {one.rule: one for one in (Judgement(*row) for row in client.query(LATEST).result_rows)}
    assert (found["colour/value-missing"].failing, found["colour/value-missing"].is_broken) == (0, False)
    assert (found["doors/value-missing"].severity, found["doors/value-missing"].is_broken) == (
        "warning",
        True,
    )
    assert found["colour/value-missing"].judged_at == pytest.approx(now.timestamp(), abs=0.001)


def test_a_table_that_is_missing_is_told_in_one_line(client: Client) -> None:
    """With its remedy."""
    with pytest.raises(WarehouseError, match=r"table-missing.*`mesh apply`"):
        judged(client, replace(port(), table="bricks"))
