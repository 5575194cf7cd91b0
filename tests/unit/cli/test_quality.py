"""``mesh quality`` and ``mesh profile``: what is asked for, and errors in one line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mesh.cli.main import app, main
from mesh.cli.quality import document
from tests.unit.analytics.quality.test_finding import found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quality", "product.prodct"), "ContractError[product-unknown] product.prodct"),
        (("quality", "prodct"), "did you mean"),
        (("quality", "product", "--rule", "sku/value-repeatd"), "did you mean 'sku/value-repeated'"),
        (("quality", "customer-record"), "ContractError[product-unlanded] customer-record"),
        (("profile", "clock"), "ContractError[product-unlanded] clock"),
        (("profile", "sales.order"), "ContractError[product-unknown] sales.order"),
    ],
)
def test_an_error_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """With exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in error
    assert error.count("\n") == 1


def test_programs_get_shares_and_limits_in_percent() -> None:
    """And the verdict as a word."""
    told = document(found(200, 3, "10"))
    assert (told["share_percent"], told["limit_percent"], told["verdict"]) == (1.5, 10.0, "ok")


def test_the_cost_in_stream_is_told_for_each_port_with_rules() -> None:
    """Measured here and now, over examples."""
    done = CliRunner().invoke(app, ["quality", "product", "--cost", "--json"])
    assert done.exit_code == 0, done.exception
    told = {one["topic"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert set(told) == {"product.public.product.v1", "product.public.stock-counted.v1"}
    assert all(one["rules"] > 0 and 0 < one["microseconds"] < 1000 for one in told.values())
