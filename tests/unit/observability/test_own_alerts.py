"""A domain's own alerts: filled in, and refused with file and line where they cannot be used."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mesh.checks.alerts import alert_faults
from mesh.kernel.discovery import Domain, find_mesh, root
from mesh.kernel.errors import ContractError
from mesh.kernel.settings import Settings
from observability.alerts import Severity, Symptom
from observability.own_alerts import read

SOUND = """alerts:
  - name: ToysPriceFalling
    expr: |
      max(mesh_behind_records{topic="toys.public.toy.v1"}) > 3
    for: 1m
    severity: ticket
    type: capacity
    summary: Prices fall
    description: The price of a toy falls.
    action: Ask the shop.
    drill: poison-flood
    proof:
      - says: it falls
        series: {'mesh_behind_records{topic="toys.public.toy.v1"}': 4x60}
        fires: 1m
      - says: it does not
        series: {'mesh_behind_records{topic="toys.public.toy.v1"}': 3x60}
        fires: never
"""


@pytest.fixture
def toys(tmp_path: Path) -> Domain:
    """A domain in a folder of its own."""
    found = find_mesh(Settings.model_construct()).domains["product"]
    product = replace(found.product, owner="toys@retail.example")
    return replace(found, name="toys", folder=tmp_path, product=product)


def test_a_domain_without_the_file_has_none(toys: Domain) -> None:
    """The file is optional."""
    assert read(toys) == ()


def test_an_alert_is_filled_in(toys: Domain) -> None:
    """With owner, runbook and place; durations in seconds, histories as promtool needs them."""
    (toys.folder / "alerts.yaml").write_text(SOUND)
    (alert,) = read(toys)
    assert (alert.name, alert.symptom, alert.severity, alert.holds) == (
        "ToysPriceFalling",
        Symptom.OWN,
        Severity.TICKET,
        60,
    )
    assert alert.all_labels["owner"] == "toys@retail.example"
    assert alert.all_labels["type"] == "capacity"
    assert alert.runbook.endswith("/runbook.md")
    assert alert.place.endswith("alerts.yaml:2")
    assert [case.fires for case in alert.proof] == [60, None]


def test_the_pages_example_can_be_used(toys: Domain) -> None:
    """As it stands there, in the domain that it is for."""
    page = (root() / "portal" / "docs" / "how-to" / "alert.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(alerts:\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (toys.folder / "alerts.yaml").write_text(example)
    sales = find_mesh(Settings.model_construct()).domains["sales"]
    (alert,) = read(replace(sales, folder=toys.folder))
    assert list(alert_faults([alert], [alert.name])) == []
    assert [(case.fires, case.until) for case in alert.proof] == [(305, 605), (None, 600)]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("ToysPriceFalling", "PriceFalling", "alert-name", 2),
        ("ToysPriceFalling", "ToysPrice-falling", "alert-name", 2),
        (
            'mesh_behind_records{topic="toys.public.toy.v1"}) > 3',
            "mesh_behind_rows) > 3",
            "series-unknown",
            3,
        ),
        ("for: 1m", "for: a while", "alert-duration", 5),
        ("fires: 1m", "fires: sometimes", "alert-duration", 15),
        ("severity: ticket", "severity: urgent", "alert-severity", 6),
        ("type: capacity", "type: mood", "alert-type", 7),
        ("drill: poison-flood", "drill: poison-rain", "alert-drill", 11),
        ("summary: Prices fall", "summery: Prices fall", "key-unknown", 8),
        ("    action: Ask the shop.\n", "", "key-missing", 2),
        ("    for: 1m\n", "    for: 1m\n    product: doll\n", "port-unknown", 6),
    ],
)
def test_what_cannot_be_used_is_refused(toys: Domain, old: str, new: str, code: str, line: int) -> None:
    """In one line with its place."""
    assert SOUND.count(old) == 1
    (toys.folder / "alerts.yaml").write_text(SOUND.replace(old, new))
    with pytest.raises(ContractError) as refused:
        read(toys)
    assert refused.value.code == code
    assert refused.value.place.endswith(f"alerts.yaml:{line}")


def test_a_misspelt_drill_or_metric_has_a_near_name(toys: Domain) -> None:
    """So that it is mended at once."""
    for old, new, near in (
        ("poison-flood", "poison-flod", "'poison-flood'"),
        (
            'mesh_behind_records{topic="toys.public.toy.v1"}) > 3',
            "mesh_behind_record) > 3",
            "'mesh_behind_records'",
        ),
    ):
        (toys.folder / "alerts.yaml").write_text(SOUND.replace(old, new))
        with pytest.raises(ContractError, match=f"did you mean {near}"):
            read(toys)
