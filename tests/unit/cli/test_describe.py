"""``mesh products`` and ``mesh describe``: what there is to read, from the contracts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mesh.catalogue import description, lineage
from mesh.catalogue.lookup import find
from mesh.cli.main import app
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from streams.applications import READS

MESH = find_mesh(Settings(domains="", retailer=""))
LINES = "sales.public.orders-enriched.v1"


def run(*arguments: str) -> Result:
    """``mesh …``"""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160", "MESH_DOMAINS": ""})


def described(name: str) -> dict[str, Any]:
    """``mesh describe NAME --json``"""
    result = run("describe", name, "--json")
    assert result.exit_code == 0, result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_every_public_port_is_listed_with_its_owner() -> None:
    """As JSON and for people."""
    listed = json.loads(run("products", "--json").stdout)
    topics = {port["topic"] for product in listed for port in product["ports"]}
    assert topics == {port.topic for port in MESH.ports.values() if port.kind == "public"}
    assert {product["product"]: product["owner"] for product in listed}["sales"] == "sales@retail.example"
    shown = run("products").stdout
    assert "sales.orders_enriched" in shown
    assert "people@retail.example" in shown


@pytest.mark.parametrize(
    "name",
    [
        LINES,
        "orders-enriched",
        "sales.orders-enriched",
        "sales.orders_enriched",
        "sales.orders_enriched_clear",
        "sales.orders_enriched_v1",
        "OrderLineEnriched",
    ],
)
def test_a_port_is_found_by_each_of_its_names(name: str) -> None:
    """Topic, port, view, table, event."""
    assert described(name)["topic"] == LINES


def test_a_product_is_told_with_its_ports_inputs_and_alerts() -> None:
    """Private ports too; runbooks beside."""
    found = described("sales")
    assert "sales.private.clock.v1" in {port["topic"] for port in found["ports"]}
    assert "customer.public.customer.v1" in found["inputs"]
    assert "SalesOrdersEnrichedStale" in {alert["name"] for alert in found["alerts"]}
    assert "Sales" in run("describe", "sales").stdout


def test_a_port_is_told_whole() -> None:
    """Fields with meaning and masks, rules, promises, lineage, alerts, and how to read it."""
    found = described(LINES)
    fields = {field["name"]: field for field in found["fields"]}
    record = MESH.ports[LINES].record
    assert list(fields) == list(record.model_fields)
    assert all(field["meaning"] for field in fields.values())
    assert fields["customer_email"]["mask"] == "email"
    assert fields["customer_email"]["subject"] == "account"
    assert fields["net_amount"]["type"] == "decimal(18, 4)"
    assert "net_amount = gross_amount - discount_amount" in {rule["rule"] for rule in found["quality"]}
    assert {level["property"] for level in found["service_levels"]} >= {
        "freshness",
        "latency",
        "completeness",
    }
    lineage = found["lineage"]
    assert lineage["written_by"] == "mesh.orders-enriched"
    assert "product.public.product.v1" in lineage["inputs"]
    assert "customer.public.customer-360.v1" in lineage["outputs"]
    assert lineage["products"] == ["customer"]
    assert {"SalesOrdersEnrichedStale", "SalesOrdersEnrichedStalled"} <= {a["name"] for a in found["alerts"]}
    assert "SalesOrderPlacedSilent" not in {alert["name"] for alert in found["alerts"]}


def test_nested_records_are_told_by_their_paths() -> None:
    """An order's lines."""
    fields = {field["name"]: field for field in described("order-placed")["fields"]}
    assert fields["lines"]["type"] == "list"
    assert fields["lines.quantity"]["meaning"] == "Units ordered."


@pytest.mark.parametrize("topic", list(MESH.ports))
def test_every_port_can_be_told_and_shown(topic: str) -> None:
    """Whatever it lacks: a table, a revision, rules."""
    document = description.port(MESH.ports[topic], MESH)
    compile(document["subscribe"], topic, "exec")
    assert (document["query"] is None) == (MESH.ports[topic].view is None)
    result = run("describe", topic)
    assert result.exit_code == 0, result.exception
    assert result.stdout.startswith(topic)


@pytest.mark.parametrize(
    ("name", "near"), [("order-plced", "order-placed"), ("sale", "sales"), ("zzz", "mesh products")]
)
def test_an_unknown_name_is_told(name: str, near: str) -> None:
    """With the nearest ones, or where to look."""
    result = run("describe", name)
    assert f"product-unknown] {name}" in str(result.exception)
    assert near in str(result.exception)


def test_every_product_names_what_its_streams_read() -> None:
    """The public and raw topics of other domains, so that lineage and access agree."""
    for domain in MESH.domains.values():
        streams = {port.application for port in domain.contract.ports if port.application}
        read = {MESH.ports[topic] for stream in streams for topic in READS[stream]}
        foreign = {port.topic for port in read if port.domain != domain.name and port.kind != "private"}
        assert foreign <= set(lineage.of_product(domain, MESH))


def test_a_domain_comes_before_a_port_of_its_name() -> None:
    """The topic means the port."""
    assert find(MESH, "product") is MESH.domains["product"]
    assert find(MESH, "product.public.product.v1") is MESH.ports["product.public.product.v1"]
