"""A domain with a semantic model, in a folder, for tests to break one thing in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analytics.semantic.model import Model
from analytics.semantic.reading import read_model
from mesh.kernel.discovery import assemble, read_domain
from tests.unit.mesh.conftest import CONTRACT, EVENTS, PRODUCT

SEMANTICS = """clock: [toys]
entities:
  - name: toy
    description: A toy
    from: toys
    key: [toy_id]
    newest_by: [valid_from]
    time: valid_from
    certified: true
    relationships:
      - {to: paint, by: colour}
    dimensions:
      - {name: maker}
      - name: wheels
        unit: wheels
      - name: is_wide
        expression: "{wheels} > 4"
        type: flag
        description: More than four wheels
    measures:
      - name: total_toys
        description: Distinct toys
        unit: toys
        count: true
      - name: wheels_each
        description: Wheels a toy
        unit: wheels
        average: "{wheels}"
  - name: paint
    description: A paint
    from: toys
    key: [colour]
    certified: false
    dimensions:
      - {name: shade, column: colour, also: [tint]}
views:
  - name: toys_by_shade
    description: Toys by their shade
    measures: [total_toys]
    by: [shade]
"""

Read = Callable[..., Model]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads the model after replacing texts that stand in its file exactly once."""
    folder = tmp_path / "toys"
    folder.mkdir()
    for name, text in (("events.py", EVENTS), ("contract.yaml", CONTRACT), ("product.yaml", PRODUCT)):
        (folder / name).write_text(text)

    def read(*changes: tuple[str, str]) -> Model:
        text = SEMANTICS
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / "semantics.yaml").write_text(text)
        return read_model(assemble([read_domain(folder, 4)]))

    return read
