"""Documents know file and line of every value."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from mesh.kernel.document import read_document
from mesh.kernel.errors import ContractError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    return path


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    """Mappings, lists and scalars name the line on which they start."""
    document = read_document(write(tmp_path, "a:\n  b:\n    - 1\n    - {c: 2}\n"), "x.yaml")
    assert document.need("a").need("b").place == "x.yaml:3"
    assert document.at(["a", "b", 1, "c"]).place == "x.yaml:4"
    assert document.plain() == {"a": {"b": [1, {"c": 2}]}}


def test_an_alias_stands_where_it_was_written(tmp_path: Path) -> None:
    """A value used twice names the line of its text."""
    document = read_document(write(tmp_path, "a: &x\n  k: v\nb: *x\n"), "x.yaml")
    assert document.need("b").need("k").place == "x.yaml:2"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\na: 2\n", "key-repeated", "x.yaml:2"),
        ("a: [1\n", "yaml-broken", "x.yaml:2"),
        ("", "file-empty", "x.yaml"),
    ],
)
def test_an_unusable_document_is_refused(tmp_path: Path, text: str, code: str, place: str) -> None:
    """With its code and its line."""
    with pytest.raises(ContractError) as caught:
        read_document(write(tmp_path, text), "x.yaml")
    assert (caught.value.code, caught.value.place) == (code, place)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """No traceback of an OSError."""
    with pytest.raises(ContractError, match="No such file"):
        read_document(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """One line, as for any other fault of a document."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(ContractError, match=r"yaml-broken\] x.yaml: is not text in UTF-8"):
        read_document(path, "x.yaml")


def test_numbers_are_exact(tmp_path: Path) -> None:
    """A number is what is written, not its nearest binary fraction."""
    document = read_document(write(tmp_path, "a: 0.0001\nb: yes\nc: text\n"))
    assert document.need("a").number() == Decimal("0.0001")
    for key in ("b", "c"):
        with pytest.raises(ContractError, match="must be a number"):
            document.need(key).number()


def test_wrong_kinds_are_refused_with_their_line(tmp_path: Path) -> None:
    """Text where a mapping or a list is needed, an unknown key, a missing key, a value off a closed list."""
    document = read_document(write(tmp_path, "a: text\nb: {oen: 1}\n"), "x.yaml")
    for broken in (
        lambda: document.need("a").need("k"),
        lambda: document.elements("a"),
        lambda: document.need("b").text(),
        lambda: document.need("b").only("one"),
        lambda: document.need("b").need("two"),
        lambda: document.need("a").one_of(("test",), "word-unknown"),
    ):
        with pytest.raises(ContractError) as caught:
            broken()
        assert caught.value.place in ("x.yaml:1", "x.yaml:2")
