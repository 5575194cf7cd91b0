"""An overlay changes a retailer's promises, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mesh.kernel.discovery import Mesh, assemble
from mesh.kernel.errors import ContractError
from mesh.kernel.overlay import read_overlay
from mesh.kernel.quality import Equation, NotNull, Regex, Values, compile_rules
from mesh.kernel.table_rules import Share

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder

TOPIC = "toys.public.toy.v1"


@pytest.fixture
def mesh(toys: Folder) -> Mesh:
    """The mesh of the small domain."""
    return assemble([toys.read()])


def laid_over(mesh: Mesh, tmp_path: Path, port: str) -> Mesh:
    """The mesh with an overlay of this text for its port."""
    path = tmp_path / "overlay.yaml"
    path.write_text(f"retailer: toyshop\nports:\n  {TOPIC}:\n    {port}\n")
    return mesh.with_overlay(read_overlay(path, "overlay.yaml"))


def test_a_value_set_replaces_the_contracts(mesh: Mesh, tmp_path: Path) -> None:
    """In the promise and in the rules alike; other rules of the field stay."""
    port = laid_over(mesh, tmp_path, "values: {colour: [blue]}").port(TOPIC)
    assert Values("colour", ("blue",)) in port.rules
    assert [type(rule) for rule in port.promises["colour"].rules] == [NotNull, Values, Regex]
    assert [type(rule) for rule in port.rules] == [type(rule) for rule in mesh.port(TOPIC).rules]
    check = compile_rules(port)
    colours = {"red": ["value-unknown"], "blue": []}
    assert {colour: [broken.code for broken in check({"colour": colour})] for colour in colours} == colours


def test_a_value_set_can_be_added(mesh: Mesh, tmp_path: Path) -> None:
    """To a field for which the contract has none, even one that it does not list."""
    port = laid_over(mesh, tmp_path, "values: {source: [toymaker]}").port(TOPIC)
    assert port.rules[-1] == Values("source", ("toymaker",))
    assert port.promises["source"].rules == (Values("source", ("toymaker",)),)


def test_a_field_can_be_expected(mesh: Mesh, tmp_path: Path) -> None:
    """Which only warns; what the contract requires stays required."""
    port = laid_over(mesh, tmp_path, "expected: [wheels, colour]").port(TOPIC)
    assert [rule for rule in port.rules if isinstance(rule, NotNull)] == [
        NotNull("colour"),
        NotNull("wheels", "warning"),
    ]


def test_a_share_of_nulls_can_be_limited(mesh: Mesh, tmp_path: Path) -> None:
    """Once: another limit takes its place."""
    once = laid_over(mesh, tmp_path, "missing: {wheels: 5}")
    assert once.port(TOPIC).table_rules == (Share(NotNull("wheels"), Decimal(5), dimension="completeness"),)
    twice = laid_over(once, tmp_path, "missing: {wheels: 2.5}")
    assert [rule.below for rule in twice.port(TOPIC).table_rules if isinstance(rule, Share)] == [
        Decimal("2.5")
    ]


@pytest.mark.parametrize(
    ("stated", "code"),
    [("{wheel: 5}", "field-unknown"), ("{wheels: 0}", "share-limit"), ("{parts.fee: 5}", "rule-type")],
)
def test_a_limit_that_cannot_be_is_refused(mesh: Mesh, tmp_path: Path, stated: str, code: str) -> None:
    """With its code."""
    with pytest.raises(ContractError) as caught:
        laid_over(mesh, tmp_path, f"missing: {stated}")
    assert caught.value.code == code


def test_a_field_can_be_required(mesh: Mesh, tmp_path: Path) -> None:
    """Once, however often it is said."""
    port = laid_over(mesh, tmp_path, "required: [wheels, wheels, colour]").port(TOPIC)
    assert [rule for rule in port.rules if isinstance(rule, NotNull)] == [
        NotNull("colour"),
        NotNull("wheels"),
    ]


def test_a_tolerance_can_be_changed(mesh: Mesh, tmp_path: Path) -> None:
    """Of the equation at a field."""
    port = laid_over(mesh, tmp_path, "tolerance: {parts.total: 0.5}").port(TOPIC)
    (equation,) = (rule for rule in port.rules if isinstance(rule, Equation))
    assert equation.tolerance == Decimal("0.5")
    assert port.promises["parts.total"].rules == (equation,)


def test_the_mesh_itself_stays_as_it_was(mesh: Mesh, tmp_path: Path) -> None:
    """Another retailer's process may hold it."""
    before = mesh.port(TOPIC).rules
    laid_over(mesh, tmp_path, "values: {colour: [blue]}")
    assert mesh.port(TOPIC).rules == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("values: {color: [blue]}", "field-unknown"),
        ("values: {wheels: ['4']}", "rule-type"),
        ("values: {maker: [Ann]}", "rule-type"),
        ("values: {colour: blue}", "type-wrong"),
        ("required: [color]", "field-unknown"),
        ("tolerance: {wheels: 1}", "equation-unknown"),
        ("tolerance: {parts.total: much}", "type-wrong"),
        ("key: '{toy_id}'", "key-unknown"),
    ],
)
def test_what_an_overlay_may_not_change_is_refused(mesh: Mesh, tmp_path: Path, text: str, code: str) -> None:
    """Structure, inventions and personal texts; with its line."""
    with pytest.raises(ContractError) as caught:
        laid_over(mesh, tmp_path, text)
    assert (caught.value.code, caught.value.place) == (code, "overlay.yaml:4")


def test_an_unknown_topic_is_refused(mesh: Mesh, tmp_path: Path) -> None:
    """With the nearest one."""
    path = tmp_path / "overlay.yaml"
    path.write_text("retailer: toyshop\nports:\n  toys.public.toi.v1: {required: [colour]}\n")
    with pytest.raises(ContractError, match=r"did you mean 'toys\.public\.toy\.v1'"):
        mesh.with_overlay(read_overlay(path))


def test_a_source_is_live_where_the_retailer_says_so(mesh: Mesh, tmp_path: Path) -> None:
    """As if its contract promised how often it speaks; other promises stay."""
    port = laid_over(mesh, tmp_path, "live: 90").port(TOPIC)
    assert port.service_levels["frequency"].seconds == 90
    assert port.service_levels.keys() >= mesh.port(TOPIC).service_levels.keys()


def test_a_live_source_needs_a_limit_above_zero(mesh: Mesh, tmp_path: Path) -> None:
    """Nobody can speak more often than that."""
    with pytest.raises(ContractError, match=r"live-limit.*overlay.yaml:4"):
        laid_over(mesh, tmp_path, "live: 0")
