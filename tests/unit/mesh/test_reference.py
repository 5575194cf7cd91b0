"""References: what a field names in another table, as a contract states it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mesh.checks import references
from mesh.checks.check import Scope
from mesh.kernel.discovery import assemble
from mesh.kernel.errors import ContractError
from mesh.kernel.reference import Reference

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder

FILE = "contract.yaml"
FIELD = "      - name: colour\n"
STATED = FIELD + "        relationships: [{to: %s}]\n"


def stated(toys: Folder, to: str) -> Reference:
    """The reference of a contract that says so."""
    toys.change(FILE, FIELD, STATED % to)
    (found,) = toys.port().references
    return found


def test_a_reference_leads_to_a_port_of_the_domain_or_of_another(toys: Folder) -> None:
    """It warns, unless the contract says that it is an error."""
    assert stated(toys, "toy.toy_id") == Reference("colour", "toys", "toy", "toy_id")
    toys.change(
        FILE, "to: toy.toy_id", "to: paint.shade.name, customProperties: [{property: severity, value: error}]"
    )
    (found,) = toys.port().references
    assert found == Reference("colour", "paint", "shade", "name", "error")
    assert found.text == "colour is known to paint.shade as name"


@pytest.mark.parametrize("to", ["toy", "a.b.c.d"])
def test_what_names_no_field_is_refused(toys: Folder, to: str) -> None:
    """Where it is written."""
    toys.change(FILE, FIELD, STATED % to)
    with pytest.raises(ContractError, match=r"reference-unknown\] .*contract.yaml:\d+: '.*' names no field"):
        toys.read()


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("toi.toy_id", "did you mean 'toys.toy'"),
        ("toy.toy", "did you mean 'toy_id'"),
        ("sales.order.id", "known"),
    ],
)
def test_one_that_leads_nowhere_is_found(toys: Folder, to: str, said: str) -> None:
    """By `mesh check`, with its line and the nearest name."""
    toys.change(FILE, FIELD, STATED % to)
    domain = toys.read()
    (fault,) = references.faults(Scope((domain,), assemble([domain])))
    assert fault.code == "reference-unknown"
    assert "contract.yaml:" in fault.place
    assert said in fault.remedy


def test_one_that_leads_somewhere_is_no_fault(toys: Folder) -> None:
    """To its own table, too."""
    stated(toys, "toy.toy_id")
    domain = toys.read()
    assert list(references.faults(Scope((domain,), assemble([domain])))) == []
    assert list(references.faults(Scope((domain,), None))) == []
