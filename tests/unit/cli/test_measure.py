"""``mesh measure`` and ``mesh measures``: questions, what they are made of, and errors in one line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from mesh.cli.main import app, main


def run(*arguments: str) -> Result:
    """``mesh …``"""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160", "MESH_DOMAINS": ""})


def test_the_statement_is_printed_with_its_parameters() -> None:
    """For people as SQL, for programs as JSON; nothing is asked."""
    words = (
        "total_revenue",
        "--by",
        "channel_type",
        "transaction_month",
        "--where",
        "country = 'US'",
        "--sql",
    )
    shown = run("measure", *words)
    assert shown.exit_code == 0, shown.exception
    assert shown.stdout.startswith("SELECT `group 1` AS `channel_type`, `group 2` AS `transaction_month`")
    assert "-- p1 = 'US'" in shown.stdout
    document = json.loads(run("measure", *words, "--json").stdout)
    assert document["sql"] in shown.stdout
    assert document["parameters"] == {"p1": "US"}


def test_by_takes_words_commas_and_itself_again() -> None:
    """However a person writes several dimensions."""
    ways = (
        ("--by", "channel_type", "transaction_month"),
        ("--by", "channel_type,transaction_month"),
        ("--by", "channel_type", "--by", "transaction_month"),
    )
    assert len({run("measure", "total_revenue", *way, "--sql").stdout for way in ways}) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("measure", "total_revenu"), "MeasureError[measure-unknown] total_revenu: "),
        (("measure", "total_revenue", "--by", "gender"), "write customer.gender or product.gender"),
        (("measure", "total_revenue", "--where", "country = "), "at character 11 of 'country = '"),
        (("measure", "total_revenue", "--as-of", "soon"), "MeasureError[as-of-wrong] --as-of soon"),
        (("measures", "custome"), "MeasureError[entity-unknown] custome: "),
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


def test_measures_lists_meaning_unit_and_owner() -> None:
    """As JSON and for people, both ways of each relationship."""
    (order,) = json.loads(run("measures", "order", "--json").stdout)
    assert order["many_to_one"] == ["account", "channel", "territory", "employee", "shipment"]
    assert order["one_to_many"] == ["transaction", "order_line", "return"]
    (shipping,) = (one for one in order["measures"] if one["name"] == "total_shipping_amount")
    assert (shipping["unit"], shipping["certified"]) == ("reporting currency", True)
    assert shipping["owner"] == "sales@retail.example"
    shown = run("measures").stdout
    assert "total_revenue" in shown
    assert "1:N customer (home_store), web_session (visited_platform), arrival, order" in shown
