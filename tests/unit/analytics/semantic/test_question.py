"""Questions in words are resolved, or refused with what was probably meant."""

from __future__ import annotations

from datetime import date

import pytest

from analytics.semantic.paths import path, shown
from analytics.semantic.query import compile_question
from analytics.semantic.question import ask
from mesh.kernel.errors import MeasureError
from tests.unit.analytics.semantic.conftest import Read
from tests.unit.analytics.semantic.world import MODEL


def test_dimensions_among_the_names_group_too() -> None:
    """As the command line leaves them there: --by takes one word, people type several."""
    question = ask(MODEL, ["total_revenue", "transaction_month"], ["channel_type"])
    assert [measure.name for measure in question.measures] == ["total_revenue"]
    assert [choice.label for choice in question.by] == ["channel_type", "transaction_month"]


def test_a_bare_name_is_the_one_that_is_meant_by_it() -> None:
    """The customer's country; another entity's is written with it; other names of a dimension are known."""
    found = {
        name: MODEL.dimension(name) for name in ("country", "channel.country", "home_store.country", "skuid")
    }
    assert [(choice.node, choice.dimension.entity, choice.label) for choice in found.values()] == [
        ("customer", "customer", "country"),
        ("channel", "channel", "channel.country"),
        ("home_store", "channel", "home_store.country"),
        ("product", "product", "sku_id"),
    ]


@pytest.mark.parametrize(
    ("names", "by", "where", "as_of", "code", "said"),
    [
        (["total_revenu"], [], "", "", "measure-unknown", "did you mean 'total_revenue'"),
        (["xyzzy"], [], "", "", "measure-unknown", "`mesh measures` lists them"),
        (["total_revenue", "channel_typ"], [], "", "", "measure-unknown", "did you mean 'channel_type'"),
        (["total_revenue"], ["contry"], "", "", "name-unknown", "did you mean 'country'"),
        (["total_revenue"], ["xyzzy"], "", "", "name-unknown", "; `mesh measures` lists them"),
        (["total_revenue"], ["gender"], "", "", "name-ambiguous", "customer.gender or product.gender"),
        (["total_revenue"], ["order.country"], "", "", "name-unknown", "did you mean"),
        (["total_revenue"], [], "contry = 'X'", "", "name-unknown", "did you mean 'country'"),
        (["total_revenue"], [], "country =", "", "where-broken", "not the end"),
        (["channel_type"], [], "", "", "measure-missing", "no measure is asked for"),
        (["total_revenue"], [], "", "yesterday", "as-of-wrong", "write it like 2014-06-30"),
        (["total_revenue"], [], "", "9999-12-31", "as-of-wrong", "is not a day from 1970-01-01"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    names: list[str], by: list[str], where: str, as_of: str, code: str, said: str
) -> None:
    """With the nearest names."""
    with pytest.raises(MeasureError) as caught:
        ask(MODEL, names, by, where, as_of)
    assert caught.value.code == code
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("country = 5", "a text in quotes"),
        ("transaction_year = '2014'", "a number"),
        ("transaction_year = 99999999999999999999", "a number"),
        ("transaction_date > '2014-13-01'", "a day"),
        ("transaction_at > 'noon'", "a moment"),
        ("discount_applied = 'yes'", "true or false"),
        ("country = true", "a text in quotes"),
    ],
)
def test_a_value_of_another_kind_is_refused(where: str, said: str) -> None:
    """With what would be right."""
    with pytest.raises(MeasureError, match=said):
        compile_question(MODEL, ask(MODEL, ["total_revenue"], where=where), "UTC")


def test_a_day_ends_at_midnight_of_the_business_time_zone() -> None:
    """And reaches the statement as a parameter in UTC."""
    question = ask(MODEL, ["total_revenue"], as_of="2014-06-30")
    assert question.as_of == date(2014, 6, 30)
    query = compile_question(MODEL, question, "America/New_York")
    assert query.parameters == {"as_of": "2014-07-01 03:59:59.999999"}


def test_values_are_parameters_each_once() -> None:
    """Nothing that a person typed stands in the statement."""
    question = ask(MODEL, ["total_revenue", "total_customers"], where="country = 'x`;--' or state = 'x`;--'")
    query = compile_question(MODEL, question, "UTC")
    assert query.parameters == {"p1": "x`;--"}
    assert "x`;--" not in query.sql


def test_a_path_goes_forward_where_it_can() -> None:
    """And back only where it must."""
    assert shown(path(MODEL, "transaction", "customer")) == "transaction → order → account → customer"
    assert shown(path(MODEL, "customer", "channel")) == "customer ← account ← order → channel"
    assert shown(path(MODEL, "transaction_share", "product")) == "transaction_share → product"
    assert shown(path(MODEL, "customer", "home_store")) == "customer → home_store"
    assert path(MODEL, "order", "order") == ()


def test_a_tie_of_paths_is_refused_with_the_paths(read: Read) -> None:
    """Two relationships by way of different entities, equally near."""
    shelf = """
  - name: box
    description: A box
    from: toys
    key: [toy_id]
    certified: true
    relationships: [{to: toy, by: toy_id}, {to: jar, by: colour}]
    measures:
      - {name: total_boxes, description: Boxes, unit: boxes, count: true}
  - name: jar
    description: A jar
    from: toys
    key: [colour]
    certified: true
    relationships: [{to: paint, by: colour}]
views:
"""
    model = read(("views:\n", shelf.lstrip("\n")))
    with pytest.raises(MeasureError) as caught:
        compile_question(model, ask(model, ["total_boxes"], ["shade"]), "UTC")
    assert caught.value.code == "path-ambiguous"
    assert "box → jar → paint; box → toy → paint" in str(caught.value) or (
        "box → toy → paint; box → jar → paint" in str(caught.value)
    )


def test_nothing_leads_from_an_island(read: Read) -> None:
    """Entities that are not related cannot be asked together."""
    model = read(
        ("    relationships:\n      - {to: paint, by: colour}\n", ""), ("by: [shade]", "by: [maker]")
    )
    with pytest.raises(MeasureError, match="path-missing"):
        compile_question(model, ask(model, ["total_toys"], ["shade"]), "UTC")
