"""``mesh runbook``: the section of an alert in the terminal."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from mesh.cli.main import app
from mesh.kernel.errors import MeshError


def test_it_prints_the_section() -> None:
    """Whatever the case of the letters."""
    result = CliRunner().invoke(app, ["runbook", "salesordersenrichedstale"])
    assert result.exit_code == 0
    assert result.output.startswith("### SalesOrdersEnrichedStale\n")
    assert result.output.count("###") == 1
    assert "**Mitigation.**" in result.output


def test_without_a_name_it_lists_them() -> None:
    """Those of all domains, of the platform, and the pager's own."""
    names = CliRunner().invoke(app, ["runbook"]).output.split()
    assert {"SalesOrderPlacedSilent", "PlatformBrokerDown", "PlatformAlertingSilent"} <= set(names)
    assert names == sorted(names)


def test_an_unknown_name_gets_the_nearest() -> None:
    """In one line."""
    with pytest.raises(MeshError, match="did you mean 'SalesOrderPlacedStale'"):
        CliRunner().invoke(app, ["runbook", "SalesOrderPlacdStale"], catch_exceptions=False)
