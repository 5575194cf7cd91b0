"""A product is read, and everything it gets wrong is refused with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mesh.kernel.errors import ContractError
from mesh.kernel.product import PortReference

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder

FILE = "product.yaml"


def test_a_product_holds_what_its_file_states(toys: Folder) -> None:
    """Owner, purpose and ports."""
    product = toys.read().product
    assert (product.id, product.owner, product.team) == ("toys", "toys@retail.example", "Toy team")
    assert product.purpose == "Toys for tests."
    line = toys.line(FILE, "name: toy,")
    assert product.outputs == (PortReference("toy", "1.0.0", "toys", f"{toys.path}/{FILE}:{line}"),)
    assert product.inputs == ()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("apiVersion: v1.0.0", "apiVersion: v9", "standard-version"),
        ("kind: DataProduct", "kind: DataContract", "standard-kind"),
        ("status: active", "status: lively", "status-unknown"),
        ("domain: toys", "domain: games", "domain-wrong"),
        ("role: owner", "role: steward", "owner-missing"),
        ("toys@retail.example", "the toy team", "owner-address"),
        ("purpose: Toys for tests.", "usage: none", "key-missing"),
        ("contractId: toys, ", "", "key-missing"),
        ("outputPorts:", "outputsPorts:", "key-unknown"),
    ],
)
def test_what_a_product_gets_wrong_is_refused(toys: Folder, old: str, new: str, code: str) -> None:
    """With its code, and a line of its file."""
    toys.change(FILE, old, new)
    with pytest.raises(ContractError) as caught:
        toys.read()
    assert caught.value.code == code
    assert caught.value.place.startswith(f"{toys.path}/{FILE}:")
