"""Tables of the domains recomputed: the record of each entity that holds (rule 23); mastering (rule 22)."""

from __future__ import annotations

import polars as pl

from mesh.kernel.contract import Port
from mesh.reconcile.facts import PLACE, Facts, entity_of, fact_name


def domain_table(port: Port, facts: Facts) -> pl.DataFrame | None:
    """The rows that the table of a port must have; None when it is not one record an entity."""
    if entity_of(port):
        return facts.newest[fact_name(port)].drop(PLACE)
    match port.record.__name__:
        case "CustomerMastered":
            mastered = facts.newest["CustomerRecorded"]
            return mastered.drop(PLACE).with_columns(golden_id=pl.col("account"))
        case "AccountLinked":
            return _crosswalk(facts.revisions["CustomerRecorded"])
        case _:
            return None


def _crosswalk(records: pl.DataFrame) -> pl.DataFrame:
    """One to one. Every record of an account gives the same revision 0, so that of the first record holds."""
    first = records.sort("_offset").unique("account", keep="first", maintain_order=True)
    return first.select(
        "source", "occurred_at", "recorded_at", "trace_id", "account",
        seq=pl.lit(0, pl.Int64), golden_id=pl.col("account"),
    )  # fmt: skip
