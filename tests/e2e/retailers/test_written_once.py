"""Rules on whole tables, written once, have one verdict in stream and at rest: on a retailer's whole trade,
and when it breaks each of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.publish import Publisher
from mesh.subscribe import subscribe
from tests.e2e.retailers.retailer import Retailer
from tests.ports.embedded_server import free_port

pytestmark = pytest.mark.real
RAW = "customer.raw.customer-record.v1"
PRODUCT = "product.public.product.v1"
SAID = ("judged", "failing", "share_percent", "limit_percent", "level", "verdict", "says", "rows")
Rules = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture
def monitor(mesh: Retailer) -> Iterator[str]:
    """Where the mesh's monitor, started for this test, shows its metrics."""
    port = free_port()
    command = (sys.executable, "-m", "observability.monitor", "--metrics-port", str(port))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
    with subprocess.Popen(command, env={**clean, "MESH_HOME": str(mesh.home)}) as process:
        yield f"http://127.0.0.1:{port}/metrics"
        process.terminate()


def judged(mesh: Retailer, *options: str) -> Rules:
    """What ``mesh quality`` says of each rule on a whole table, by topic and rule."""
    done = mesh.run("quality", "--json", *options)
    assert done.returncode in (0, 1), done.stderr
    ruled = find_mesh(mesh.settings).ports
    found = {}
    for one in map(json.loads, done.stdout.splitlines()):
        if one["says"] in {rule.text for rule in ruled[one["topic"]].table_rules}:
            found[one["topic"], one["rule"]] = {name: one[name] for name in SAID}
    return found


def agreed(mesh: Retailer) -> Rules:
    """What both runners say alike; the stream knows a topic without a table besides."""
    in_stream, at_rest = judged(mesh, "--stream"), judged(mesh, "--no-record")
    assert {key: one for key, one in in_stream.items() if key[0] != RAW} == at_rest
    assert {key[0] for key in in_stream} == {
        port.topic for port in find_mesh(mesh.settings).ports.values() if port.table_rules
    }
    assert all(one["judged"] > 0 for one in in_stream.values())
    return in_stream


def shown(monitor: str) -> dict[tuple[str, str], tuple[float, float, float]]:
    """What the monitor's metrics say: judged, failing, whether it is broken."""
    text = httpx.get(monitor, trust_env=False).text
    samples = {
        (sample.name, sample.labels["topic"], sample.labels.get("rule", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("mesh_quality_stream_")
    }
    metric = "mesh_quality_stream_{}".format
    return {
        (topic, rule): (
            value,
            samples[metric("failing_entities"), topic, rule],
            samples[metric("broken_rules"), topic, rule],
        )
        for (name, topic, rule), value in samples.items()
        if name == metric("judged_entities")
    }


def await_shown(monitor: str, rules: Rules) -> None:
    """Wait until the metrics say the same."""
    wanted = {key: (one["judged"], one["failing"], one["verdict"] == "fail") for key, one in rules.items()}
    deadline = time.monotonic() + 180
    while (found := shown(monitor)) != wanted:
        assert time.monotonic() < deadline, (found, wanted)
        time.sleep(1)


def publish(mesh: Retailer, port: Port, records: Iterable[dict[str, Any]]) -> None:
    """Publish records, each a revision after the one that it is made of, and wait until all has landed."""
    with Publisher(mesh.settings) as publisher:
        for record in records:
            seq = record["seq"] + 1
            publisher.publish(port.record(**record | {"seq": seq, "event_id": f"{record['event_id']}#{seq}"}))
    mesh.settle()


def newest(mesh: Retailer, topic: str, entity: str) -> dict[str, dict[str, Any]]:
    """The newest record of each entity of a topic, in clear."""
    found: dict[str, dict[str, Any]] = {}
    with subscribe(topic, follow=False, clear=True, settings=mesh.settings) as records:
        for record in records:
            values = record.values
            last = found.setdefault(values[entity], values)
            if (values["valid_from"], values["seq"]) > (last["valid_from"], last["seq"]):
                found[values[entity]] = values
    return found


def test_both_runners_agree_before_and_after_every_rule_is_broken_and_mended(
    mesh: Retailer, monitor: str
) -> None:
    """In what is judged, what is at fault, its share, the verdict and the keys; the monitor's metrics too."""
    ports = find_mesh(mesh.settings).ports
    before = agreed(mesh)
    assert before[PRODUCT, "sku/value-repeated"]["verdict"] == "ok"

    products = newest(mesh, PRODUCT, "product_id").values()
    product = next(one for one in products if one["sku"] is not None)
    copy = product | {"product_id": f"{product['product_id']}-copy"}
    customers = newest(mesh, RAW, "account").values()
    reached = [one for one in customers if one["email"] is not None]
    wrong = reached[: len(reached) // 9]
    publish(mesh, ports[PRODUCT], [copy])
    publish(mesh, ports[RAW], (one | {"email": f"wrong-{n}"} for n, one in enumerate(wrong)))
    broken = agreed(mesh)
    assert {rule: one["verdict"] for rule, one in broken.items()} == {
        rule: "ok" if "missing" in rule[1] else "fail" for rule in broken
    }
    assert broken[PRODUCT, "sku/value-repeated"]["rows"] == sorted(
        [[product["product_id"]], [copy["product_id"]]]
    )
    await_shown(monitor, broken)

    publish(mesh, ports[PRODUCT], [copy | {"sku": "COPY-1", "seq": copy["seq"] + 1}])
    publish(mesh, ports[RAW], (one | {"seq": one["seq"] + 1} for one in wrong))
    mended = agreed(mesh)
    assert {one["verdict"] for one in mended.values()} == {"ok"}
    await_shown(monitor, mended)
