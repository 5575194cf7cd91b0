"""A small domain that holds to every rule, written into a folder, for tests to break one thing in it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Domain, read_domain

EVENTS = '''"""What toys there are."""

from __future__ import annotations

from typing import ClassVar

from mesh.kernel.event import Event, Money, Personal, Record, ValidFrom


class Part(Record):
    """A part of a toy."""

    domain: ClassVar[str] = "toys"

    name: str
    """Its name."""
    price: Money
    """What it costs."""
    fee: Money | None = None
    """What is added."""
    total: Money
    """price + fee."""


class ToyMade(Event):
    """A toy was made."""

    domain: ClassVar[str] = "toys"

    toy_id: str
    """Identifier."""
    valid_from: ValidFrom
    """Since when."""
    maker: Personal | None = None
    """Who made it."""
    colour: str | None = None
    """Its colour."""
    wheels: int | None = None
    """How many it has."""
    parts: list[Part]
    """Its parts."""
'''

CONTRACT = """apiVersion: v3.1.0
kind: DataContract
id: toys
version: 1.0.0
status: active
domain: toys
team:
  name: Toy team
slaProperties:
  - {property: freshness, value: 60, unit: s}
  - {property: freshness, value: 10, unit: s, element: toy}
schema:
  - name: toy
    physicalName: toys.public.toy.v1
    logicalType: object
    customProperties:
      - {property: event, value: ToyMade}
      - {property: key, value: "{toy_id}@{valid_from}#{seq}"}
      - {property: partitionBy, value: toy_id}
      - {property: cleanup, value: compact}
      - {property: retention, value: P30D}
      - {property: table, value: toys}
      - {property: tableKey, value: [toy_id, valid_from]}
      - {property: orderBy, value: [toDate(valid_from), toy_id]}
      - {property: dataSubject, value: toy_id}
    properties:
      - name: maker
        logicalType: string
        classification: personal
        customProperties: [{property: mask, value: initial}]
      - name: colour
        logicalType: string
        required: true
        quality:
          - {metric: invalidValues, arguments: {validValues: [red, green]}, mustBe: 0}
          - {metric: invalidValues, arguments: {pattern: '[a-z]+'}, mustBe: 0, severity: warning}
      - name: wheels
        logicalType: integer
        quality:
          - {type: custom, engine: mesh, implementation: {minimum: 1, maximum: 18}, dimension: accuracy}
      - name: parts
        logicalType: array
        items:
          logicalType: object
          properties:
            - name: total
              logicalType: number
              quality:
                - {type: custom, engine: mesh, implementation: {equals: price + fee, tolerance: 0.01}}
"""

PRODUCT = """apiVersion: v1.0.0
kind: DataProduct
id: toys
name: Toys
version: 1.0.0
status: active
domain: toys
description:
  purpose: Toys for tests.
team:
  - {username: toys@retail.example, name: Toy team, role: owner}
outputPorts:
  - {name: toy, version: 1.0.0, contractId: toys, type: topic}
"""

README = "# Toys\n\n<!-- derived -->\n<!-- /derived -->\n"

TOY: dict[str, Any] = {
    "event_id": "1",
    "source": "toymaker",
    "seq": 0,
    "occurred_at": "2024-01-01T00:00:00Z",
    "recorded_at": "2024-01-01T00:00:00Z",
    "toy_id": "toymaker:1",
    "valid_from": "2024-01-01T00:00:00Z",
    "maker": "Ann",
    "colour": "red",
    "wheels": 4,
    "parts": [{"name": "wheel", "price": "1.0000", "fee": "0.5000", "total": "1.5000"}],
}


@dataclass
class Folder:
    """The folder of the small domain."""

    path: Path

    def change(self, file: str, old: str, new: str) -> None:
        """Replace a text that must stand in a file exactly once."""
        text = (self.path / file).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (self.path / file).write_text(text.replace(old, new))

    def add(self, file: str, text: str) -> None:
        """Write a text at the end of a file."""
        with (self.path / file).open("a") as stream:
            stream.write(text)

    def forget_events(self) -> None:
        """Have the events imported anew, as a new process would."""
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) == str(self.path / "events.py"):
                del sys.modules[name]

    def line(self, file: str, text: str) -> int:
        """The number of the first line that holds a text."""
        lines = (self.path / file).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def example(self, name: str, body: object) -> None:
        """Write an example."""
        (self.path / "examples" / name).write_text(json.dumps(body))

    def read(self) -> Domain:
        """Read the domain."""
        return read_domain(self.path, 4)

    def port(self) -> Port:
        """Its only port."""
        (port,) = self.read().contract.ports
        return port


@pytest.fixture
def toys(tmp_path: Path) -> Folder:
    """The small domain in a folder of its own."""
    folder = Folder(tmp_path / "toys")
    (folder.path / "examples").mkdir(parents=True)
    for name, text in (
        ("events.py", EVENTS),
        ("contract.yaml", CONTRACT),
        ("product.yaml", PRODUCT),
        ("README.md", README),
    ):
        (folder.path / name).write_text(text)
    folder.example("ToyMade.v1.red.pass.json", TOY)
    folder.example(
        "ToyMade.v1.blue.fail.json", {"refused": "value-unknown", "event": {**TOY, "colour": "blue"}}
    )
    return folder
