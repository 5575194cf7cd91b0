"""Domains are found by their folders."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from mesh.kernel.discovery import assemble, find_folders, find_mesh, read_domain, root
from mesh.kernel.errors import ContractError
from mesh.kernel.settings import Settings

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder


def test_every_folder_of_the_tree_is_a_domain() -> None:
    """And nothing else is."""
    folders = {path.name for path in (root() / "domains").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert set(find_mesh(Settings()).domains) == folders


def test_the_mesh_is_read_once() -> None:
    """A second call gives the same object."""
    assert find_mesh(Settings()) is find_mesh(Settings())


def test_partitions_follow_the_settings() -> None:
    """For topics partitioned by a field; the others keep their one."""
    ports = find_mesh(Settings(partitions=7)).ports.values()
    assert {port.partitions for port in ports if port.partition_by} == {7}
    assert {port.partitions for port in ports if not port.partition_by} == {1}


def test_domains_in_other_folders_join(toys: Folder) -> None:
    """With their own events module, outside the package of the tree."""
    mesh = find_mesh(Settings(domains=str(toys.path.parent)))
    assert mesh.domains["toys"].folder == toys.path
    assert mesh.port("toys.public.toy.v1").record.__name__ == "ToyMade"
    assert set(find_mesh(Settings()).domains) < set(mesh.domains)


def test_an_unknown_topic_is_answered_with_the_nearest() -> None:
    """One clear line."""
    with pytest.raises(ContractError, match=r"did you mean 'sales\.public\.order-placed\.v1'"):
        find_mesh(Settings()).port("sales.public.order-place.v1")


def test_two_domains_of_one_name_are_refused(toys: Folder) -> None:
    """Even the same one twice."""
    with pytest.raises(ContractError, match="domain-repeated"):
        assemble([toys.read(), toys.read()])


def test_one_topic_or_table_for_two_ports_is_refused(toys: Folder) -> None:
    """Each names the second one's line."""
    contract = toys.path / "contract.yaml"
    text = contract.read_text()
    port = text[text.index("  - name: toy\n") :]
    contract.write_text(text + port)
    with pytest.raises(ContractError, match="topic-repeated"):
        assemble([toys.read()])
    twin = port.replace("- name: toy\n", "- name: twin\n").replace("public.toy.v1", "public.twin.v1")
    contract.write_text(text + twin)
    with pytest.raises(ContractError, match="table-repeated") as caught:
        assemble([toys.read()])
    assert caught.value.place.endswith(f":{toys.line('contract.yaml', '- name: twin')}")


@pytest.mark.parametrize("name", ["events.py", "contract.yaml", "product.yaml"])
def test_a_domain_without_one_of_its_files_is_refused(toys: Folder, name: str) -> None:
    """Naming the file."""
    (toys.path / name).unlink()
    with pytest.raises(ContractError, match=f"file-missing.*{name}"):
        toys.read()


def test_events_that_cannot_be_imported_are_refused(toys: Folder) -> None:
    """And leave no half of a module behind."""
    toys.change("events.py", "from typing import ClassVar\n", "import nothing_of_the_kind\n")
    with pytest.raises(ContractError, match=r"events-broken.*nothing_of_the_kind"):
        toys.read()
    assert not [name for name in sys.modules if "toys.events" in name and str(toys.path.parent.name) in name]


def test_a_missing_folder_is_refused() -> None:
    """Naming the setting."""
    with pytest.raises(ContractError, match="MESH_DOMAINS"):
        find_folders("/nowhere/at/all")


def test_an_unknown_retailer_is_refused() -> None:
    """A misspelt one must not run without its overlay."""
    with pytest.raises(ContractError, match="retailer-unknown"):
        find_mesh(Settings(retailer="no-such-retailer"))


def test_a_retailers_overlay_is_in_force(toys: Folder) -> None:
    """A retailer may be named by its folder; one without overlay changes nothing."""
    shop = toys.path.parent / "shop"
    shop.mkdir()
    settings = {"domains": str(toys.path.parent / "more"), "retailer": str(shop)}
    shutil.copytree(toys.path, toys.path.parent / "more" / "toys")
    plain = find_mesh(Settings(**settings))
    (shop / "overlay.yaml").write_text(
        "retailer: shop\nports:\n  toys.public.toy.v1:\n    values: {colour: [blue]}\n"
    )
    settings["domains"] += ":"  # another key for the cache
    changed = find_mesh(Settings(**settings))
    assert plain.port("toys.public.toy.v1").rules[1] != changed.port("toys.public.toy.v1").rules[1]


def test_a_domain_reads_the_same_twice(toys: Folder) -> None:
    """Its events are imported once, so that classes keep their identity."""
    first, second = read_domain(toys.path, 4), read_domain(toys.path, 4)
    assert first.contract.ports[0].record is second.contract.ports[0].record
