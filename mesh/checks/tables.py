"""The tables and views of the tree's own domains as SQL, committed, so that review sees a change of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from analytics.semantic.reading import read_model
from analytics.semantic.views import DATABASE, views
from mesh.checks.readme import Stale
from mesh.kernel.discovery import Mesh, is_built_in
from sinks.clickhouse.tables import PLATFORM, Table

ROOT = Path(__file__).parents[2] / "tests" / "golden" / "ddl"


def stale(mesh: Mesh) -> Iterator[Stale]:
    """The files that are not what they should be."""
    wanted = {"mesh.sql": PLATFORM} | {
        f"{port.view}.sql": tuple(Table(port).create())
        for port in mesh.ports.values()
        if port.table and is_built_in(mesh.domains[port.domain].folder)
    }
    wanted["model.sql"] = tuple(_model(mesh))
    for name, statements in wanted.items():
        text = "".join(f"{statement.strip()};\n\n" for statement in statements).rstrip("\n") + "\n"
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield Stale(path, text)


def _model(mesh: Mesh) -> Iterator[str]:
    """The views of the semantic model of the tree's own domains, with times in UTC."""
    own = {name: domain for name, domain in mesh.domains.items() if is_built_in(domain.folder)}
    yield f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic"
    for view in views(read_model(replace(mesh, domains=own)), "UTC"):
        yield f"CREATE OR REPLACE VIEW {view.name} AS {view.query}"
