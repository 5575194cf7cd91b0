"""The proof of a mesh: every table, partition and total, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import polars as pl

from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from mesh.reconcile.compare import Comparison, Finding, compare
from mesh.reconcile.customer_360 import GONE, LIVE, customers
from mesh.reconcile.domain_tables import domain_table
from mesh.reconcile.facts import Facts, read_facts
from mesh.reconcile.injected import Injected, injected
from mesh.reconcile.log import Log
from mesh.reconcile.orders_enriched import gone_lines, order_lines
from mesh.reconcile.partitions import Partition, partitions
from mesh.reconcile.show import shown
from mesh.reconcile.totals import SourceTotal, Total, landed_totals
from mesh.reconcile.version import with_version
from mesh.reconcile.warehouse import Warehouse, flat

SLICE = 20_000
"""Orders whose rows are compared at a time: half a gigabyte with the hundred columns of both sides."""

_LINES, _CUSTOMERS = "OrderLineEnriched", "Customer360"


@dataclass(frozen=True)
class Churn:
    """Customers of one churn status."""

    status: str
    expected: int
    landed: int


@dataclass(frozen=True)
class Proof:
    """What a reconciliation found."""

    tables: tuple[Comparison, ...]
    partitions: tuple[Partition, ...]
    churn: tuple[Churn, ...]
    totals: tuple[Total, ...]
    findings: tuple[dict[str, str], ...]
    """What differs, as text: table, key, column, expected, landed."""
    unproven: tuple[str, ...] = ()
    """Tables of derived records for which no rule says what they must hold."""
    injected: tuple[Injected, ...] = ()
    """The faults that simulations injected."""

    @property
    def equal(self) -> bool:
        """Whether every row, record and total is as it must be."""
        return (
            all(table.equal for table in self.tables)
            and all(partition.missing == 0 for partition in self.partitions)
            and all(churn.expected == churn.landed for churn in self.churn)
            and all(total.equal for total in self.totals)
            and all(fault.equal for fault in self.injected)
        )

    def as_dict(self) -> dict[str, object]:
        """The proof for programs."""
        return {
            "equal": self.equal,
            "tables": [
                {name: figure for name, figure in asdict(table).items() if name != "findings"}
                for table in self.tables
            ],
            "churn": [asdict(churn) for churn in self.churn],
            "totals": [asdict(total) for total in self.totals],
            "partitions": [{**asdict(one), "missing": one.missing} for one in self.partitions],
            "findings": list(self.findings),
            "unproven": list(self.unproven),
            "injected": [asdict(fault) for fault in self.injected],
        }


def prove(
    settings: Settings, totals: Iterable[SourceTotal], progress: Callable[[str], None], slice_: int = SLICE
) -> Proof:
    """Compare everything that has landed with what the published facts make it.

    ``progress`` is told what is being done. Raises :class:`ReconcileError` when broker or warehouse fail.
    """
    ports = [port for port in find_mesh(settings).ports.values() if port.table]
    warehouse = Warehouse(settings)
    with Log(settings) as log:
        facts = read_facts(settings, log, lambda topic, read: progress(f"reading {topic}: {read:,} records"))
        results: dict[Port, Comparison] = {}
        for port in ports:
            expected = domain_table(port, facts)
            if expected is not None:
                progress(f"comparing {port.view}")
                results[port] = _compared(port, expected, warehouse.table(port))
        rows = _derived(ports, facts, warehouse, settings, progress, slice_, results)
        for port in results:
            results[port] += Comparison(str(port.view), copies=warehouse.copies(port))
        progress("counting records by partition")
        counted = tuple(one for port in ports for one in partitions(port, log, warehouse))
    progress("adding up totals")
    proven = [port for port in ports if port in results]
    found = [(port, finding) for port in proven for finding in results[port].findings]
    return Proof(
        tuple(results[port] for port in proven),
        counted,
        _churn(rows, warehouse),
        tuple(landed_totals(totals, warehouse)),
        tuple(_as_text(port, finding) for port, finding in found),
        tuple(str(port.view) for port in ports if port not in results),
        injected(settings.home, warehouse),
    )


def _derived(
    ports: list[Port],
    facts: Facts,
    warehouse: Warehouse,
    settings: Settings,
    progress: Callable[[str], None],
    slice_: int,
    results: dict[Port, Comparison],
) -> pl.DataFrame:
    """Compare the derived tables, the lines slice by slice; gives the rows that customer_360 must have."""
    by_record = {port.record.__name__: port for port in ports if port.application}
    port = by_record[_LINES]
    count = 1 + facts.newest["OrderPlaced"].height // slice_
    live, gone = [], []
    results[port] = Comparison(str(port.view))
    for number, some in enumerate(facts.slices(count)):
        progress(f"comparing {port.view}: {number + 1} of {count}")
        lines = order_lines(some)
        live.append(lines.select(LIVE))
        gone.append(gone_lines(some).select(GONE))
        results[port] += _compared(port, with_version(lines, _LINES), warehouse.table(port, number, count))
    port = by_record[_CUSTOMERS]
    progress(f"comparing {port.view}")
    rows = customers(facts, pl.concat(live), pl.concat(gone), settings.timezone)
    results[port] = _compared(port, with_version(rows, _CUSTOMERS), warehouse.table(port))
    return rows


def _compared(port: Port, expected: pl.DataFrame, landed: pl.DataFrame) -> Comparison:
    return compare(str(port.view), port.table_key, flat(expected), landed)


def _churn(rows: pl.DataFrame, warehouse: Warehouse) -> tuple[Churn, ...]:
    expected = Counter(rows["churn_status"].to_list())
    found = warehouse.select(
        "SELECT churn_status, count() AS customers FROM customer.customer_360 GROUP BY churn_status"
    )
    landed = {status.decode(): customers for status, customers in found.iter_rows()}
    return tuple(
        Churn(status, expected[status], landed.get(status, 0))
        for status in sorted(expected.keys() | landed.keys())
    )


def _as_text(port: Port, finding: Finding) -> dict[str, str]:
    key = zip(port.table_key, finding.key, strict=True)
    row = finding.column == ""
    return {
        "table": finding.table,
        "key": ", ".join(shown(port, name, value) for name, value in key),
        "column": finding.column or "(the row)",
        "expected": str(finding.expected or "none") if row else shown(port, finding.column, finding.expected),
        "landed": str(finding.landed or "none") if row else shown(port, finding.column, finding.landed),
    }
