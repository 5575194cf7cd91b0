"""Which sources are live: contract, overlay, and a file that may change while the mesh runs."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from mesh.kernel.contract import ServiceLevel
from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.metrics import REGISTRY
from mesh.kernel.settings import Settings
from observability.monitor.sources import Sources, overridden, promised

ORDERS, PAYMENTS = "sales.public.order-placed.v1", "sales.public.payment-recorded.v1"


def live_mesh() -> Mesh:
    """The mesh with orders that come at least every two minutes."""
    mesh = find_mesh(Settings())
    port = mesh.ports[ORDERS]
    levels = {**port.service_levels, "frequency": ServiceLevel("frequency", Decimal(2), "min")}
    return replace(mesh, ports={**mesh.ports, ORDERS: replace(port, service_levels=levels)})


def limit(topic: str) -> float | None:
    """What Prometheus would read."""
    return REGISTRY.get_sample_value("mesh_source_silence_limit_seconds", {"topic": topic})


def test_a_source_is_live_where_its_contract_says_so() -> None:
    """In seconds, whatever the contract's unit."""
    assert promised(live_mesh()) == {ORDERS: 120.0}


def test_the_file_changes_limits_and_takes_sources_out() -> None:
    """``null``: not live."""
    assert overridden({ORDERS: 120.0}, json.dumps({ORDERS: None, PAYMENTS: 15})) == {PAYMENTS: 15.0}


@pytest.mark.parametrize("text", ["[]", '{"a": "soon"}', '{"a": -1}', '{"a": true}', "{"])
def test_a_broken_file_is_refused(text: str) -> None:
    """The round fails, and the limits stay as they were."""
    with pytest.raises(ValueError, match=r".+"):
        overridden({}, text)


def test_only_live_sources_have_a_series(tmp_path: Path) -> None:
    """Else the rule for silence would hold for reference data too."""
    sources = Sources(live_mesh(), tmp_path)
    (tmp_path / "live.json").write_text(json.dumps({PAYMENTS: 15}))
    sources.measure()
    assert (limit(ORDERS), limit(PAYMENTS)) == (120.0, 15.0)
    (tmp_path / "live.json").unlink()
    sources.measure()
    assert (limit(ORDERS), limit(PAYMENTS)) == (120.0, None)
