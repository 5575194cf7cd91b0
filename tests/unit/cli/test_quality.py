"""``mesh quality`` and ``mesh profile``: what is asked for, and errors in one line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mesh.cli import _stream_quality
from mesh.cli.main import app, main
from mesh.cli.quality import document
from tests.ports.embedded_server import free_port
from tests.unit.analytics.quality.test_finding import found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quality", "product.prodct"), "ContractError[product-unknown] product.prodct"),
        (("quality", "prodct"), "did you mean"),
        (("quality", "product", "--rule", "sku/value-repeatd"), "did you mean 'sku/value-repeated'"),
        (("quality", "customer-record"), "ContractError[product-unlanded] customer-record"),
        (("quality", "sales", "--stream"), "ContractError[product-unruled] sales"),
        (("quality", "clock", "--stream"), "name one of those that have: customer.raw.customer-record.v1, "),
        (("quality", "--stream", "--rule", "sku/value-repeatd"), "did you mean 'sku/value-repeated'"),
        (("quality", "--stream", "--rule", "sku/value-missing"), "`mesh quality --stream` lists them"),
        (("quality", "customer", "--stream", "--rule", "sku/value-repeated"), "ContractError[rule-unknown]"),
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


def test_a_broker_that_is_away_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its address."""
    nobody = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("MESH_KAFKA", nobody)
    monkeypatch.setattr(_stream_quality, "PATIENCE", 0.3)
    with pytest.raises(SystemExit) as ended:
        main(["quality", "--stream"])
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error.startswith(f"PlatformError[broker-unreachable] {nobody}: cannot read the topics")
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
    on_table = {topic: (one["table_rules"], one["table_microseconds"] > 0) for topic, one in told.items()}
    assert on_table == {
        "product.public.product.v1": (1, True),
        "product.public.stock-counted.v1": (0, False),
    }
