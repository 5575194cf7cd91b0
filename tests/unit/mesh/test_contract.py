"""What follows from a port's names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mesh.kernel.contract import key_fields
from mesh.kernel.discovery import find_mesh

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder


def test_names_follow_from_the_topic(toys: Folder) -> None:
    """Subject, dead letters, table and view."""
    port = toys.port()
    assert (port.kind, port.version) == ("public", 1)
    assert port.subject == "toys.public.toy.v1-value"
    assert port.dead_letters == "toys.dead.toy.v1"
    assert (port.physical_table, port.view) == ("toys.toys_v1", "toys.toys")


def test_a_port_without_table_has_no_view(toys: Folder) -> None:
    """Both names are None."""
    toys.change("contract.yaml", "      - {property: table, value: toys}\n", "")
    assert (toys.port().physical_table, toys.port().view) == (None, None)


def test_a_key_is_filled_with_whole_seconds(toys: Folder) -> None:
    """So that a version's key is the same for every publisher."""
    values = {"toy_id": "toymaker:1", "valid_from": datetime(2024, 1, 1, tzinfo=UTC), "seq": 3}
    assert toys.port().key_of(values) == "toymaker:1@1704067200#3"


@pytest.mark.parametrize("template", ["{a", "a}", "{"])
def test_a_broken_template_is_refused(template: str) -> None:
    """With a ValueError that names what is wrong."""
    with pytest.raises(ValueError, match=r"'[{}]'"):
        key_fields(template)


def test_ports_are_hashable_and_equal_only_to_themselves() -> None:
    """They can key caches; two meshes have different ports."""
    ports = find_mesh().ports.values()
    assert len(set(ports)) == len(ports)
