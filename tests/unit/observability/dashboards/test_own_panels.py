"""Panels that a domain brings itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.kernel.errors import ContractError
from observability.dashboards.own_panels import own_panels
from observability.dashboards.panel import Kind, Level, Unit

SOUND = """\
panels:
  - title: Orders published
    tells: Orders over the last minute.
    unit: records a second
    expr: sum(rate(mesh_topic_end_offsets{topic="sales.public.order-placed.v1"}[1m]))
    warn: 500
    bad: 1000
  - title: Orders published, by partition
    tells: Whether the accounts are spread evenly.
    unit: records a second
    lines:
      - expr: sum by (partition) (rate(mesh_topic_end_offsets[1m]))
        name: "{{partition}}"
    warn: 10
    bad: 1
"""


def read(folder: Path, text: str) -> tuple[object, ...]:
    """The panels of a file with this text."""
    (folder / "dashboard.yaml").write_text(text, encoding="utf-8")
    return own_panels(folder, "domains/sales")


def test_a_domain_without_the_file_has_none(tmp_path: Path) -> None:
    """The file is optional."""
    assert own_panels(tmp_path, "domains/sales") == ()


def test_the_example_on_the_page_is_read(tmp_path: Path) -> None:
    """A reader can paste it."""
    page = (Path(__file__).parents[4] / "portal" / "docs" / "how-to" / "watch.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    assert len(read(tmp_path, example)) == 2


def test_numbers_and_lines_are_read(tmp_path: Path) -> None:
    """With thresholds in either direction."""
    (tmp_path / "dashboard.yaml").write_text(SOUND, encoding="utf-8")
    first, second = own_panels(tmp_path, "domains/sales")
    assert (first.kind, second.kind) == (Kind.NUMBER, Kind.SERIES)
    assert first.unit is Unit.RECORDS_A_SECOND
    assert second.queries[0].legend == "{{partition}}"
    assert first.thresholds is not None
    assert second.thresholds is not None
    assert (first.thresholds.level(1000), second.thresholds.level(0)) == (Level.BAD, Level.BAD)
    assert (first.thresholds.level(0), second.thresholds.level(10)) == (Level.GOOD, Level.GOOD)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("mesh_topic_end_offsets{", "mesh_topic_end_ofsets{", "series-unknown", 5),
        ("    unit: records a second\n    expr", "    unit: records\n    expr", "unit-unknown", 4),
        ("    expr: sum(rate", "    exprs: sum(rate", "key-unknown", 5),
        ("    lines:", "    expr: up\n    lines:", "panel-queries", 8),
        ("    warn: 500\n    bad: 1000\n", "    warn: 500\n", "key-missing", 6),
        ("    warn: 500", "    warn: 1000", "panel-thresholds", 6),
        ("    tells: Orders over the last minute.\n", "", "key-missing", 2),
        ("    bad: 1000", "    bad: many", "type-wrong", 7),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, old: str, new: str, code: str, line: int) -> None:
    """File and line, as for every file of a domain."""
    assert old in SOUND
    with pytest.raises(ContractError) as caught:
        read(tmp_path, SOUND.replace(old, new, 1))
    assert (caught.value.code, caught.value.place) == (code, f"domains/sales/dashboard.yaml:{line}")
