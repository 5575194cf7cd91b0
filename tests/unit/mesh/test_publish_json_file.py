"""Files of events: whatever their layout, the same events, and the line of what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.location.events import LocationDescribed
from domains.sales.events import OrderPlaced
from mesh.kernel.errors import PublishError
from mesh.publish.json_file import read_file

PLACES: list[dict[str, Any]] = [
    {"location_id": f"t:{number}", "name": f"[{{{number}}}], \n"} for number in range(3)
]


def ids(text: str) -> list[tuple[str, int]]:
    """Each event's id and line."""
    return [(stated.values["location_id"], stated.line) for stated in read_file(LocationDescribed, text, "f")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("\n".join(map(json.dumps, PLACES)), [1, 2, 3]),
        ("\n\n" + "\n\n".join(map(json.dumps, PLACES)) + "\n", [3, 5, 7]),
        (json.dumps(PLACES), [1, 1, 1]),
        (json.dumps(PLACES, indent=1), [2, 6, 10]),
        ("\n".join(json.dumps(place, indent=1) for place in PLACES), [1, 5, 9]),
        ("\r\n".join(map(json.dumps, PLACES)), [1, 2, 3]),
    ],
    ids=["lines", "gaps", "list", "pretty list", "pretty objects", "windows"],
)
def test_every_layout_gives_the_same_events(text: str, lines: list[int]) -> None:
    """With the line on which each begins."""
    assert ids(text) == [(place["location_id"], line) for place, line in zip(PLACES, lines, strict=True)]


@pytest.mark.parametrize("text", ["", "\n", "[]", "[ ]\n"])
def test_a_file_may_hold_no_event(text: str) -> None:
    """Which publishes nothing."""
    assert ids(text) == []


@given(
    names=st.lists(st.text(max_size=5), max_size=4),
    indent=st.sampled_from([None, 0, 2]),
    listed=st.booleans(),
)
def test_layout_never_changes_an_event(names: list[str], indent: int | None, *, listed: bool) -> None:
    """Whatever stands in its texts."""
    places = [{"location_id": "t:1", "name": name} for name in names]
    text = (
        json.dumps(places, indent=indent)
        if listed
        else "\n".join(json.dumps(place, indent=indent, ensure_ascii=False) for place in places)
    )
    assert [stated.values["name"] for stated in read_file(LocationDescribed, text, "f")] == names


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ('{"location_id": "t:1"}\n{', "f:2", "json-broken"),
        ('{\n "location_id": "t:1",\n "name" 1\n}', "f:3", "json-broken"),
        ('[\n{"location_id": "t:1"}\n{"location_id": "t:2"}]', "f:3", "json-broken"),
        ('[{"location_id": "t:1"}', "f:1", "json-broken"),
        ('[{"location_id": "t:1"}]\n[]', "f:1", "json-broken"),
        ('[\n{"location_id": "t:1"},\n7]', "f:3", "json-broken"),
        ('{\n "location_id": "t:1",\n "nmae": "x"\n}', "f:3", "field-unknown"),
        ('{\n "location_id": "t:1",\n "name": 5\n}', "f:3", "value-invalid"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, place: str, code: str) -> None:
    """That of the field, where one is wrong."""
    with pytest.raises(PublishError) as caught:
        ids(text)
    assert (caught.value.code, caught.value.place) == (code, place)


def test_a_fault_in_a_nested_record_is_told_with_its_line() -> None:
    """The first of that name after its list."""
    text = json.dumps({"lines": [{"quantity": 2, "gross_amount": 1.5}]}, indent=1)
    with pytest.raises(PublishError, match=r"f:5: lines.gross_amount"):
        read_file(OrderPlaced, text, "f")
