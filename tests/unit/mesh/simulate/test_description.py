"""Descriptions of retailers: the one in the tree is sound, and faults are named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.kernel.errors import SimulationError
from mesh.simulate.description import FILE, Description, read_description
from tests.unit.mesh.simulate.conftest import FOLDER

TEXT = (FOLDER / FILE).read_text(encoding="utf-8")


def test_strideright_can_be_read(about: Description) -> None:
    """Its kinds of goods, customers and carriers."""
    assert {"Running", "Kids", "Socks"} <= set(about.subcategories)
    assert set(about.carriers) == {"USPS", "UPS", "FedEx"}
    assert len(about.segments) == 5


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("rate: 0.15,", "rate: 1.5,", "promotions.0.rate: Input should be less than or equal to 1"),
        ("goes_with: Socks", "goes_with: Sox", "'Sox' is not among the subcategories"),
        ("country: Germany, code", "country: Germania, code", "'Germania' is not among the countries"),
        ("subcategory: Comfort,", "subcategory: Running,", "'Comfort' is not among the models"),
        ("free_shipping_from: 90\n", "", "free_shipping_from: Field required"),
        ("source: strideright", "sauce: strideright", "source: Field required"),
        (", store: Sendlinger Straße 8", "", ""),
        (
            ", store: 215 Oxford Street}\n  - {name: Manchester, state: England, country: United Kingdom,"
            ' code: "M2 7P#", at: [53.4808, -2.2426], share: 5, store: 40 Deansgate',
            '}\n  - {name: Manchester, state: England, country: United Kingdom, code: "M2 7P#",'
            " at: [53.4808, -2.2426], share: 5",
            "'United Kingdom' has no city with a store",
        ),
        ("sizes: {", "sizes: [", "while parsing a flow"),
    ],
)
def test_a_wrong_description_is_told_in_one_line(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """With file and field; an empty text stands for a change that is allowed."""
    assert right in TEXT
    (tmp_path / FILE).write_text(TEXT.replace(right, wrong), encoding="utf-8")
    if not said:
        read_description(tmp_path)
        return
    with pytest.raises(SimulationError) as caught:
        read_description(tmp_path)
    assert caught.value.code == "world-wrong"
    assert said in str(caught.value)
    assert str(tmp_path / FILE) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_retailer_without_a_world_is_told_so(tmp_path: Path) -> None:
    """As one that has only files to ingest."""
    with pytest.raises(SimulationError) as caught:
        read_description(tmp_path)
    assert caught.value.code == "world-missing"
