"""A semantic model is read with what its events and product say, and refused where it says nothing."""

from __future__ import annotations

import pytest

from analytics.semantic.pieces import divided, pieces
from analytics.semantic.sources import Stretch
from mesh.kernel.errors import ContractError
from tests.unit.analytics.semantic.conftest import Read


def test_what_is_left_out_comes_from_event_product_and_entity(read: Read) -> None:
    """Meaning and type of a column, the owner, and whether it is certified."""
    model = read()
    maker, shade = (model.dimension(name).dimension for name in ("maker", "tint"))
    assert (maker.description, maker.kind, maker.owner) == ("Who made it", "text", "toys@retail.example")
    assert (maker.certified, shade.certified) == (True, False)
    assert model.entities["toy"].columns["maker"].mask == "initial"


def test_an_item_says_otherwise_for_itself(read: Read) -> None:
    """An owner of its own, a flag of its own."""
    own = "- {name: maker, owner: other@retail.example, certified: false}"
    dimension = read(("- {name: maker}", own)).dimension("maker").dimension
    assert (dimension.owner, dimension.certified) == ("other@retail.example", False)


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        (
            "    from: toys\n    key: [toy_id]",
            "    from: toy\n    key: [toy_id]",
            "view-unknown",
            "did you mean 'toys'",
        ),
        ("key: [toy_id]", "key: [toy]", "reference-unknown", "did you mean 'toy_id'"),
        ("time: valid_from", "time: valid_to", "reference-unknown", "'valid_to' is not a column"),
        ("newest_by: [valid_from]", "newest_by: [seqq]", "reference-unknown", "did you mean 'seq'"),
        ("{name: maker}", "{name: makers}", "reference-unknown", "did you mean 'maker'"),
        ('"{wheels} > 4"', '"{wheel} > 4"', "reference-unknown", "'wheel' of 'is_wide' means nothing"),
        (
            '"{wheels} > 4"',
            '"{paint.hue} > 4"',
            "reference-unknown",
            "'paint.hue' of 'is_wide' means nothing",
        ),
        ('"{wheels} > 4"', '"{is_tall} > 4"', "reference-unknown", "means nothing"),
        ('"{wheels} > 4"', '"{wheels > 4"', "semantics-broken", "'is_wide'"),
        ('average: "{wheels}"', 'average: "{wheel}"', "reference-unknown", "'wheel' of 'wheels_each'"),
        (
            'average: "{wheels}"',
            "ratio: {of: total_toys, per: toys}",
            "measure-unknown",
            "'toys' is not a measure",
        ),
        (
            'average: "{wheels}"',
            'sum: "{wheels}"\n        share: "1"',
            "semantics-broken",
            "exactly one of count",
        ),
        ("        unit: toys\n", "", "semantics-broken", "a measure needs description and unit"),
        (
            "        unit: wheels\n      - name: is_wide",
            "      - name: is_wide",
            "unit-missing",
            "'wheels' is a number",
        ),
        ("type: flag", "type: colour", "semantics-broken", "entities.dimensions.type"),
        ("        type: flag\n", "", "semantics-broken", "an expression needs type and description"),
        ("certified: true", "certified: maybe", "semantics-broken", "entities.certified"),
        ("name: wheels_each", "name: total_toys", "semantics-repeated", "'total_toys' is defined twice"),
        ("name: wheels_each", "name: shade", "semantics-repeated", "'shade' is defined twice"),
        ("name: paint\n", "name: toy\n", "semantics-repeated", "an entity 'toy' already"),
        ("{to: paint, by: colour}", "{to: pain, by: colour}", "entity-unknown", "did you mean 'paint'"),
        ("{to: paint, by: colour}", "{to: paint, by: color}", "reference-unknown", "did you mean 'colour'"),
        (
            "{to: paint, by: colour}",
            "{to: paint, by: colour, as: toy}",
            "semantics-repeated",
            "'toy' is a name",
        ),
        ("key: [colour]", "key: [colour, toy_id]", "key-wide", "'paint' has the key colour, toy_id"),
        ("clock: [toys]", "clock: [clocks]", "view-unknown", "'clocks' is not a view of toys"),
        ("by: [shade]", "by: [shadow]", "name-unknown", "did you mean 'shade'"),
        ("measures: [total_toys]", "measures: [toys]", "measure-unknown", "'toys' is not a measure"),
        ("description: A toy\n", "description: A toy\n    colour: red\n", "semantics-broken", "Extra inputs"),
    ],
)
def test_a_fault_is_told_with_its_line(read: Read, old: str, new: str, code: str, said: str) -> None:
    """In one line: code, file and line, what is wrong, what is near."""
    with pytest.raises(ContractError) as caught:
        read((old, new))
    error = str(caught.value)
    assert (caught.value.code, "\n" in error) == (code, False), error
    assert said in error
    assert "semantics.yaml:" in caught.value.place


def test_a_dimension_of_itself_is_refused(read: Read) -> None:
    """Also by way of another one."""
    circle = (
        '"{is_tall} > 4"\n        type: flag\n        description: Wide\n'
        '      - name: is_tall\n        expression: "{is_wide}"'
    )
    with pytest.raises(ContractError, match="semantics-circular"):
        read(('"{wheels} > 4"', circle))


def test_a_dimension_of_the_many_is_refused_in_an_expression(read: Read) -> None:
    """A paint has many toys, so no single wheel count."""
    shade = '{name: shade, expression: "{toy.wheels}", type: number, unit: wheels, description: Wheels}'
    with pytest.raises(ContractError, match="has many values a row of paint"):
        read(("{name: shade, column: colour, also: [tint]}", shade), ("by: [shade]", "by: [maker]"))


KEPT = """
kept:
  - name: toys_kept
    description: Toys by their shade
    pieces_of: toy
    measures: [total_toys, wheels_each]
    by: [shade]
views:
"""


def test_measures_can_be_kept_by_what_their_rows_have_one_of(read: Read) -> None:
    """A mean in its parts, so that pieces can be put together."""
    model = read(("\nviews:\n", KEPT))
    (kept,) = model.kept
    assert kept.pieces_of == "toy"
    stretch = Stretch(divided(model, "toy"), "'a'", "'m'", "4", "['f']")
    sql = pieces(model, kept, "UTC", stretch).sql
    assert "toUInt32(4 + arrayCount(begin -> begin <= `toy`.`toy_id`, ['f']))" in sql
    assert "WHERE row.`toy_id` >= 'a' AND row.`toy_id` < 'm'" in sql
    assert "`wheels_each_sum`" in sql
    assert "`wheels_each_rows`" in sql


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("pieces_of: toy", "pieces_of: toyz", "did you mean 'toy'"),
        ("[total_toys, wheels_each]", "[total_toyz]", "did you mean 'total_toys'"),
        ("by: [shade]", "by: [shadow]", "did you mean 'shade'"),
        ("by: [shade]", "by: [is_old]", "changes with every day, whatever lands"),
        ("name: toys_kept", "name: pieces", "there is a 'kept_pieces' already"),
    ],
)
def test_what_cannot_be_kept_is_refused(read: Read, old: str, new: str, said: str) -> None:
    """Where its list stands, and why."""
    assert KEPT.count(old) == 1
    old_age = "      - name: wheels\n"
    is_old = (
        '      - name: is_old\n        expression: "{valid_from} < {as_of}"\n        type: flag\n'
        "        description: Made before the as-of day\n      - name: wheels\n"
    )
    with pytest.raises(ContractError) as caught:
        read(("\nviews:\n", KEPT.replace(old, new)), (old_age, is_old))
    assert said in str(caught.value)
    assert "semantics.yaml:" in caught.value.place
