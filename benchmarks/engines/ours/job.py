"""Order lines joined with four dimensions without decoding them; and the mesh's own stream."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mesh.kernel.heap import keep_freed
from streams.engine.assembly import assemble, run, set_up_logging
from streams.engine.avro.frame import Schema
from streams.engine.enrich import Table, Topic, enrich
from streams.engine.fold import Application
from streams.engine.options import Options

BROKERS, GROUP, SHAPE = (os.environ[f"BENCH_{name}"] for name in ("BROKERS", "GROUP", "SHAPE"))
SCHEMAS = Path(os.environ["BENCH_SCHEMAS"])
PLAN = json.loads((SCHEMAS / "plan.json").read_text())


def _schema(name: str) -> Schema:
    return Schema(json.loads((SCHEMAS / f"{name}.avsc").read_text()), PLAN["ids"][name])


def flat() -> Application:
    """Shapes ``lines`` and ``orders``: the engine's ready join."""
    tables = {
        name: Table(one["topic"], _schema(name), one["prefix"], one["key"])
        for name, one in PLAN["dimensions"].items()
    }
    return enrich(
        GROUP,
        facts=Topic(os.environ["BENCH_ORDERS"], _schema("orders")),
        rows=Topic(os.environ["BENCH_OUT"], _schema("enriched")),
        tables=[tables.pop("customers")],
        broadcast=list(tables.values()),
        items="lines" if SHAPE == "orders" else None,
    )


def full() -> Application:
    """Shape ``full``: orders-enriched as the mesh runs it."""
    from benchmarks.engines.ours.full import stage

    return stage(BROKERS, Path(os.environ["BENCH_STATE"]), PLAN["ids"], GROUP, os.environ["BENCH_OUT"])


if __name__ == "__main__":
    set_up_logging()
    stages = [full() if SHAPE == "full" else flat()]
    keep_freed()  # as the mesh's own workers do
    run(assemble(stages, Options(BROKERS, Path(os.environ["BENCH_STATE"]))))
