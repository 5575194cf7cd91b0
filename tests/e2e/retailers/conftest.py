"""The mesh of each retailer, started and filled once for all modules that ask about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from analytics.marts.day import span
from analytics.marts.reading import read_library
from analytics.semantic.sources import CLOCK
from mesh.kernel.discovery import find_mesh
from mesh.kernel.warehouse import connect
from tests.e2e.landed import Landed
from tests.e2e.measures_by_hand import Measured
from tests.e2e.retailers.retailer import TRADE, Retailer


@pytest.fixture(scope="package", params=list(TRADE))
def mesh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retailer]:
    """A mesh into which a retailer's whole trade has landed, its marts refreshed.

    Whoever asks about one retailer only names it: ``@pytest.mark.parametrize("mesh", [...], indirect=True)``.
    """
    mesh = Retailer(tmp_path_factory.mktemp("retailer") / "home", request.param)
    try:
        started = mesh.run("up", "--retailer", mesh.name, "--no-monitoring")
        assert started.returncode == 0, started.stdout + started.stderr
        published = mesh.run(*TRADE[mesh.name])
        assert published.returncode == 0, published.stdout + published.stderr
        mesh.settle()
        assert mesh.refresh().keys() == read_library(find_mesh()).marts.keys()
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


@pytest.fixture(scope="package")
def landed(mesh: Retailer) -> Iterator[Landed]:
    """What has landed, up to the clock."""
    with contextlib.closing(connect(mesh.settings)) as client:
        yield Landed(client, span(client, "UTC")[1])


@pytest.fixture(scope="package")
def now(landed: Landed) -> Measured:
    """What is known as of the clock."""
    seconds = landed.client.query(f"SELECT toUnixTimestamp64Micro(clock) FROM {CLOCK}").result_rows[0][0]
    clock = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=seconds)
    return Measured(Landed(landed.client, clock.date()), clock, stated=False)
