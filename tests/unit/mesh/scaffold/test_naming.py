"""What a new domain may be called."""

from __future__ import annotations

import pytest

from mesh.kernel.errors import ContractError
from mesh.kernel.names import TopicName
from mesh.scaffold.naming import LONGEST, RESERVED, name_domain, plural


@pytest.mark.parametrize("name", ["supplier", "s", "b2b", "a" * LONGEST])
def test_names_of_the_grammar_are_taken(name: str) -> None:
    """And give a topic that the grammar of topics takes apart to the same name."""
    names = name_domain(name, ["sales"])
    assert TopicName.parse(names.topic).domain == name
    assert names.event.isidentifier()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Supplier", "supplier"),
        ("our-suppliers", "oursuppliers"),
        ("order_lines", "orderlines"),
        ("3pl", "pl"),
        ("a" * (LONGEST + 1), "a" * LONGEST),
        ("../etc", "etc"),
    ],
)
def test_other_names_are_refused_with_the_nearest_that_would_do(name: str, near: str) -> None:
    """One clear line."""
    with pytest.raises(ContractError, match="domain-name") as caught:
        name_domain(name, [])
    assert repr(near) in caught.value.remedy


@pytest.mark.parametrize("name", ["", "-", "…", "ä"])
def test_a_name_without_anything_to_keep_is_refused(name: str) -> None:
    """Without a made-up proposal."""
    with pytest.raises(ContractError, match="domain-name") as caught:
        name_domain(name, [])
    assert "as in" not in caught.value.remedy


@pytest.mark.parametrize(
    "name", ["mesh", "system", "default", "dead", "public", "platform", "class", "table"]
)
def test_what_the_mesh_uses_itself_is_refused(name: str) -> None:
    """Saying what for."""
    assert name in RESERVED
    with pytest.raises(ContractError, match="domain-reserved"):
        name_domain(name, [])


def test_a_taken_name_is_refused() -> None:
    """Listing those that are taken."""
    with pytest.raises(ContractError, match=r"domain-taken.*product, sales"):
        name_domain("sales", ["sales", "product"])


@pytest.mark.parametrize(
    ("word", "many"),
    [
        ("supplier", "suppliers"),
        ("delivery", "deliveries"),
        ("survey", "surveys"),
        ("branch", "branches"),
        ("box", "boxes"),
        ("returns", "returns"),
    ],
)
def test_plurals(word: str, many: str) -> None:
    """Well enough for a table."""
    assert plural(word) == many
