"""Published schemas: written once, never changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import ContractError
from mesh.kernel.event import Record
from schemas.derive import avro_schema
from schemas.published import ROOT, Pending, folder, pending, records, versions

PORTS = find_mesh().ports.values()


def _first() -> type[Record]:
    class Thing(Record):
        """A thing."""

        domain: ClassVar[str] = "sales"
        name: str
        """Its name."""

    return Thing


def _second() -> type[Record]:
    class Thing(Record):
        """A thing."""

        domain: ClassVar[str] = "sales"
        name: str
        """Its name."""
        size: int | None = None
        """Its size."""

    return Thing


def _reworded() -> type[Record]:
    class Thing(Record):
        """Some thing."""

        domain: ClassVar[str] = "sales"
        name: str
        """Its name."""

    return Thing


def _broken() -> type[Record]:
    class Thing(Record):
        """A thing."""

        domain: ClassVar[str] = "sales"
        size: int
        """Its size."""

    return Thing


def _publish(record: type[Record], root: Path) -> Pending:
    found = pending(record, root)
    assert found is not None
    found.write()
    return found


@pytest.mark.parametrize("record", records(PORTS), ids=lambda record: record.full_name())
def test_what_is_committed_is_what_the_classes_say(record: type[Record]) -> None:
    """The newest published schema of every port is the derived one, and is compatible with the older ones."""
    assert pending(record) is None


def test_every_published_file_belongs_to_a_port() -> None:
    """No schema is left over without an event, and none is published that no topic carries."""
    expected = {folder(record) for record in records(PORTS)}
    assert {path.parent for path in ROOT.glob("*/*/*.avsc")} == expected


def test_the_first_publication_is_version_1(tmp_path: Path) -> None:
    """It lies at <domain>/<Event>/v1.avsc and is the derived schema."""
    path = _publish(_first(), tmp_path).path
    assert path == tmp_path / "sales" / "Thing" / "v1.avsc"
    assert json.loads(path.read_text()) == avro_schema(_first())
    assert path.read_text().endswith("}\n")
    assert pending(_first(), tmp_path) is None


@pytest.mark.parametrize("change", [_second, _reworded], ids=["field", "doc"])
def test_a_changed_event_is_a_new_version(tmp_path: Path, change: type) -> None:
    """The older file stays as it is, to the byte."""
    before = _publish(_first(), tmp_path).path
    text = before.read_bytes()
    assert _publish(change(), tmp_path).path.name == "v2.avsc"
    assert before.read_bytes() == text
    assert [version.version for version in versions(change(), tmp_path)] == [1, 2]


def test_an_incompatible_event_is_not_published(tmp_path: Path) -> None:
    """Nothing is written."""
    _publish(_first(), tmp_path)
    with pytest.raises(ContractError, match=r"schema-incompatible.*retail\.sales\.Thing\.name"):
        pending(_broken(), tmp_path)
    assert len(list(tmp_path.rglob("*.avsc"))) == 1


def test_a_published_file_is_never_written_over(tmp_path: Path) -> None:
    """Not even by two who publish at once."""
    found = pending(_first(), tmp_path)
    assert found is not None
    found.write()
    with pytest.raises(FileExistsError):
        found.write()


def test_a_missing_version_is_noticed(tmp_path: Path) -> None:
    """Published schemas are never deleted."""
    first = _publish(_first(), tmp_path)
    _publish(_second(), tmp_path)
    first.path.unlink()
    with pytest.raises(ContractError, match="schema-broken"):
        pending(_second(), tmp_path)


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    """The error names the file."""
    path = _publish(_first(), tmp_path).path
    path.write_text("{")
    with pytest.raises(ContractError, match="schema-broken") as caught:
        versions(_first(), tmp_path)
    assert caught.value.place == str(path)
