"""``mesh reconcile``: its tables are legible in a terminal of 80 columns."""

from __future__ import annotations

from rich.console import Console

from mesh.cli import reconcile
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from mesh.reconcile.compare import Comparison
from mesh.reconcile.partitions import Partition
from mesh.reconcile.proof import Proof
from mesh.reconcile.totals import Total

COUNT = 1_234_567


def printed(proof: Proof) -> str:
    """What a terminal of 80 columns shows."""
    console = Console(width=80, highlight=False)
    with console.capture() as output:
        reconcile._print(console, proof, 1.0)
    return output.get()


def test_names_and_figures_are_whole() -> None:
    """Neither the longest name nor seven digits are cut or broken."""
    ports = [port for port in find_mesh(Settings()).ports.values() if port.view]
    views, topics = [str(port.view) for port in ports], [port.topic for port in ports]
    proof = Proof(
        tables=tuple(Comparison(view, COUNT, COUNT, missing=COUNT) for view in views),
        partitions=tuple(Partition(topic, 0, COUNT, COUNT, 0) for topic in topics),
        churn=(),
        totals=(),
        findings=(),
    )
    words = printed(proof).split()
    assert {*views, *topics} <= set(words)
    assert words.count(f"{COUNT:,}") == 3 * len(views) + 2 * len(topics)


def test_a_value_is_never_read_as_markup() -> None:
    """A difference in a text with square brackets is shown as it is."""
    finding = {"table": "sales.orders", "key": "[/a]", "column": "b", "expected": "[red]", "landed": "null"}
    total = Total("orders", "1", "1", "1")
    text = printed(Proof((), (), (), (total,), (finding,)))
    assert "[/a]" in text
    assert "[red]" in text


def test_copies_are_told_and_are_no_difference() -> None:
    """Rows inserted again, of which readers see one, leave the proof equal; none, and nothing is said."""
    table = Comparison("sales.orders", COUNT, COUNT, copies=2)
    text = printed(Proof((table + Comparison("sales.orders", copies=1),), (), (), (), ()))
    assert "not equal" not in text
    assert text.endswith("until the warehouse merges them: 3\n")
    assert "merges" not in printed(Proof((Comparison("sales.orders", COUNT, COUNT),), (), (), (), ()))
