"""The published schemas: ``published/<domain>/<Event>/v<N>.avsc``, append-only.

A published file never changes. A record class whose derived schema differs from its newest file in any way,
its docs included, is published as the next version, since readers take the docs from there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh.kernel.contract import Port
from mesh.kernel.discovery import BUILT_IN, root
from mesh.kernel.errors import ContractError
from mesh.kernel.event import Record
from schemas.compat import require_compatible
from schemas.derive import avro_schema

ROOT = Path(__file__).parent / "published"


@dataclass(frozen=True, slots=True)
class Published:
    """One published version of a record class."""

    version: int
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pending:
    """The next version of a record class, derived and compatible, but not yet written."""

    path: Path
    schema: dict[str, Any]

    def write(self) -> None:
        """Publish it. An existing file is never written over."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("x", encoding="utf-8") as file:
            file.write(schema_text(self.schema))


def records(ports: Iterable[Port]) -> list[type[Record]]:
    """The record classes of these ports, each once: those whose schemas are published."""
    return list(dict.fromkeys(port.record for port in ports))


def folder(record: type[Record], published: Path | None = None) -> Path:
    """Where the versions of a record class lie.

    Those of a domain outside the installed tree lie beside it, under ``_published``.
    """
    if published is None:
        home = Path(str(sys.modules[record.__module__].__file__)).resolve().parent
        published = ROOT if home.parent == root() / BUILT_IN else home.parent / "_published"
    return published / record.domain / record.__name__


def versions(record: type[Record], published: Path | None = None) -> list[Published]:
    """Every published version, oldest first. Raises :class:`ContractError` where one is missing or broken."""
    place = folder(record, published)
    count = len(list(place.glob("v*.avsc")))
    return [Published(number, _read(place / f"v{number}.avsc")) for number in range(1, count + 1)]


def pending(record: type[Record], published: Path | None = None) -> Pending | None:
    """The version that remains to be published; None when the newest one is the derived schema.

    Raises :class:`ContractError` ``schema-incompatible`` when it breaks with any published version.
    """
    known = versions(record, published)
    schema = avro_schema(record)
    if known and known[-1].schema == schema:
        return None
    require_compatible(schema, {version.version: version.schema for version in known})
    return Pending(folder(record, published) / f"v{len(known) + 1}.avsc", schema)


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as it is written in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError) as problem:
        raise ContractError(
            "schema-broken",
            f"a published schema is missing or is not JSON: {problem}",
            place=str(path),
            remedy="restore it from the history of the repository; published schemas never change",
        ) from None
    return schema
