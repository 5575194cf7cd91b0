"""Quality at rest on a whole mesh that carries StrideRight: what its contracts promise of what has landed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mesh.checks.examples import read_event
from mesh.kernel.discovery import find_mesh, root
from mesh.kernel.warehouse import connect
from mesh.publish import Publisher
from tests.e2e.running_mesh import Mesh

pytestmark = pytest.mark.real
PRODUCT = "product.public.product.v1"
STATED = {
    "sales.orders": {"order_id/value-missing"},
    "sales.transactions": {
        *("transaction_id/value-missing", "order_id/value-missing"),
        *("payment_method/value-unknown", "transaction_status/value-unknown"),
    },
    "sales.fulfilments": {"shipping_method/value-unknown", "order_id/value-missing"},
    "product.products": {
        *("sku/value-missing", "sku/value-repeated", "gender/value-unknown", "colour/value-unknown"),
        *("size/value-unknown", "category/value-unknown"),
    },
    "customer.customers": {
        *("gender/value-unknown", "social_class/value-unknown", "email/value-format-share"),
        "email/value-missing-share",
    },
}
"""What a footwear retailer must never be without, by the view that shows it."""


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh of StrideRight with some weeks of trade, all of it landed."""
    mesh = Mesh(tmp_path_factory.mktemp("quality") / "home")
    try:
        started = mesh.run("up", "--retailer", "strideright", "--no-monitoring")
        assert started.returncode == 0, started.stderr + started.stdout
        traded = mesh.run("simulate", "strideright", "--customers", "1500", "--days", "56")
        assert traded.returncode == 0, traded.stderr
        proven = mesh.run("reconcile", "--timeout", "240")
        assert proven.returncode == 0, proven.stdout + proven.stderr
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


def told(mesh: Mesh, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code of ``mesh …``, and what it told."""
    done = mesh.run(*arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def awaited(mesh: Mesh, code: int, *arguments: str) -> list[dict[str, Any]]:
    """What is told as soon as the exit code is this one."""
    deadline = time.monotonic() + 60
    while True:
        found, rows = told(mesh, *arguments)
        if found == code:
            return rows
        assert time.monotonic() < deadline, rows
        time.sleep(1)


def describe(mesh: Mesh, sku: str, seq: int) -> str:
    """Publish a product under a sku; its id."""
    examples = root() / "data" / "strideright" / "examples"
    event = json.loads((examples / "ProductDescribed.v1.shoe.pass.json").read_text(encoding="utf-8"))
    event |= {"product_id": "strideright:copy", "sku": sku, "seq": seq, "event_id": f"copy#{seq}"}
    record = read_event(event, find_mesh(mesh.settings).port(PRODUCT).record)
    with Publisher(mesh.settings) as publisher:
        publisher.publish(record)
    return str(event["product_id"])


def test_what_was_traded_keeps_every_rule(mesh: Mesh) -> None:
    """Those of the contracts and of the retailer, each judged on rows that there are."""
    code, found = told(mesh, "quality")
    assert code == 0, [one for one in found if one["verdict"] == "fail"]
    judged = {(one["view"], one["rule"]): one["judged"] for one in found}
    for view, rules in STATED.items():
        for rule in rules:
            assert judged[view, rule] > 0, (view, rule)
    unknown = [one for one in found if one["rule"].endswith("/reference-missing") and one["failing"]]
    assert unknown == []


def test_two_products_of_one_sku_are_named_until_one_is_corrected(mesh: Mesh) -> None:
    """No record by itself is at fault; the history keeps what was found, with the digest of the rule."""
    client = connect(mesh.settings)
    taken, owner = client.query(
        "SELECT sku, product_id FROM product.products ORDER BY sku LIMIT 1"
    ).result_rows[0]
    copy = describe(mesh, taken, seq=1)
    rule = ("quality", "product", "--rule", "sku/value-repeated")
    (found,) = awaited(mesh, 1, *rule)
    assert (found["verdict"], found["failing"]) == ("fail", 2)
    assert sorted(found["rows"]) == sorted([[owner], [copy]])
    describe(mesh, "COPY-1", seq=2)
    (found,) = awaited(mesh, 0, *rule)
    assert found["failing"] == 0
    kept = client.query(
        "SELECT uniqExact(digest), groupUniqArray(verdict) FROM mesh.quality_results "
        f"WHERE topic = '{PRODUCT}' AND rule = 'sku/value-repeated'"
    ).result_rows
    client.close()
    assert [(digests, sorted(verdicts)) for digests, verdicts in kept] == [(1, ["fail", "ok"])]


def test_the_next_profile_is_compared_with_the_last(mesh: Mesh) -> None:
    """Nothing drifts where nothing came, and no address of a person is told."""
    _, first = told(mesh, "profile", "customer.customers")
    _, again = told(mesh, "profile", "customer.customers")
    assert {one["compared_with"] for one in first} == {None}
    drifts = {one["column"]: one["drift"] for one in again if one["drift"] is not None}
    assert drifts["country"] == 0
    assert max(drifts.values()) == 0
    email = next(one for one in again if one["column"] == "email")
    assert (email["kind"], email["missing_limit_percent"]) == ("personal", 10.0)
    client = connect(mesh.settings)
    addresses = client.query(
        "SELECT DISTINCT email FROM customer.customers_clear WHERE isNotNull(email)"
    ).result_rows
    client.close()
    told_of = json.dumps([first, again])
    assert len(addresses) > 100
    assert [address for (address,) in addresses if address in told_of] == []
