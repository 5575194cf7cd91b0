"""The vectors in the page for other languages are what the code does."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh, root
from mesh.kernel.event import ENVELOPE
from schemas import wire
from schemas.codec import Codec
from schemas.conformance import check_record

PAGE = (root() / "portal/docs/how-to/publish-from-another-language.md").read_text(encoding="utf-8")
TOPIC = "sales.public.payment-recorded.v1"


def _section(heading: str) -> str:
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def _rows(heading: str, columns: int) -> list[tuple[str, ...]]:
    """The cells of the rows of the section's table with so many columns, without back-quotes."""
    rows = [line.strip("|").split("|") for line in _section(heading).splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip().strip("`") for cell in row) for row in rows if len(row) == columns]
    assert set(cells[1]) == {"---"}
    return cells[2:]


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", _section("A whole record"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def port() -> Port:
    """The port of the page's example."""
    return find_mesh().port(TOPIC)


def test_partitions_are_as_documented() -> None:
    """Hash, signed hash and partition of each key."""
    rows = _rows("The partitioner", 4)
    assert len(rows) >= 8
    for shown, hashed, signed, partition in rows:
        key = b"" if shown == "(empty)" else shown.encode()
        assert f"{wire.murmur2(key):08x}" == hashed
        assert wire.murmur2(key) == int(signed) % 2**32
        assert wire.partition(key, 4) == int(partition)


def test_decimals_are_as_documented() -> None:
    """The bytes of each number."""
    port = find_mesh().port(TOPIC)
    codec = Codec.of_port(port, 7)
    rows = _rows("Decimals", 3)
    assert len(rows) >= 7
    for number, scale, raw in rows:
        field = {"4": "amount", "8": "fx_rate"}[scale]
        value = codec.encode({**_example(port), field: Decimal(number)})
        size = len(bytes.fromhex(raw))
        assert bytes([size * 2]) + bytes.fromhex(raw) in value


def _example(port: Port) -> dict[str, Any]:
    return port.record.model_validate_json(_block("json"), strict=False).model_dump()


def test_the_whole_record_is_as_documented(port: Port) -> None:
    """The JSON is a right event, and the bytes are its value."""
    documented = bytes.fromhex(_block("text"))
    assert Codec.of_port(port, 7).encode(_example(port)) == documented
    assert json.loads(_block("json"))["account"] in PAGE.split("Its key is")[1]


def test_the_whole_record_conforms(port: Port) -> None:
    """With the key and the partition that the page gives."""
    assert check_record(port, b"adventureworks:29825", bytes.fromhex(_block("text")), 1) == []


def test_the_envelope_is_as_documented() -> None:
    """The page's table has the fields of the envelope, in their order."""
    envelope = PAGE.split("### Envelope\n")[1].split("\n### ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", envelope, re.MULTILINE)) == ENVELOPE
