"""The table of data products in the README of the tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mesh.checks.readme import PRODUCTS, products_table, stale_products
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import ContractError
from mesh.kernel.settings import Settings

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder

DOMAINS = tuple(find_mesh(Settings()).domains.values())


def test_the_table_has_every_public_port_and_no_other() -> None:
    """One row a port, under two rows of heading."""
    rows = products_table(DOMAINS).splitlines()[2:]
    public = [port.topic for domain in DOMAINS for port in domain.contract.ports if port.kind == "public"]
    assert [row.split("`")[1] for row in rows] == public


def test_a_changed_table_is_stale_until_it_is_written(tmp_path: Path) -> None:
    """What stands around the marks stays as it is."""
    path = tmp_path / "README.md"
    start, end = PRODUCTS
    path.write_text(f"above\n{start}\nold\n{end}\nbelow\n")
    found = stale_products(DOMAINS, path)
    assert found is not None
    found.write()
    assert path.read_text() == f"above\n{start}\n{products_table(DOMAINS)}\n{end}\nbelow\n"
    assert stale_products(DOMAINS, path) is None


def test_a_readme_without_a_place_is_refused(tmp_path: Path) -> None:
    """With the marks to add."""
    path = tmp_path / "README.md"
    path.write_text("nothing\n")
    with pytest.raises(ContractError, match="readme-marks"):
        stale_products(DOMAINS, path)


def test_domains_from_elsewhere_do_not_change_the_tree(toys: Folder, tmp_path: Path) -> None:
    """The README tells what the tree holds, whatever MESH_DOMAINS adds."""
    assert stale_products([toys.read()], tmp_path / "none.md") is None
    assert "toys" not in products_table(DOMAINS)
