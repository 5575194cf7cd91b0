"""Files as views: dialects are found out and then kept, and only what is needed is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.ingest.mapping import Mapping, Select, SourceFile
from mesh.ingest.source import open_source
from mesh.kernel.errors import MappingError

DIALECTS = {
    b"a,b\n1,x\n2,\n": [("1", "x"), ("2", None)],
    b'a,b\r\n1,"x ""y"""\r\n2,"z\nw"\r\n': [("1", 'x "y"'), ("2", "z\nw")],
    b"a;b\n1;x,y\n": [("1", "x,y")],
    b"a\tb\n1\tx\n": [("1", "x")],
    b"\xef\xbb\xbfa,b\n1,2": [("1", "2")],
    b"a,b\n1,#x\n#2,y\n": [("1", "#x"), ("#2", "y")],
    b"a,b\n": [],
}


def mapping(*files: SourceFile, views: dict[str, str] | None = None) -> Mapping:
    """A mapping without events."""
    selects = {name: Select(sql, f"mapping.yaml, {name}") for name, sql in (views or {}).items()}
    return Mapping(Path("mapping.yaml"), "kiosk", "UTC", "EUR", files, selects, ())


def csv(path: Path, content: bytes, **options: str | int) -> SourceFile:
    """A CSV file with this content."""
    path.write_bytes(content)
    return SourceFile(path.stem, path, path.name, {}, options, f"mapping.yaml, {path.stem}")


@pytest.mark.parametrize("content", DIALECTS, ids=repr)
def test_the_dialect_of_a_file_is_found(tmp_path: Path, content: bytes) -> None:
    """Whatever parts its cells and lines; no line is lost because it looks like a comment."""
    connection = open_source(mapping(csv(tmp_path / "it's.csv", content)))
    assert connection.sql('SELECT a, b FROM "it\'s" ORDER BY _at.row').fetchall() == DIALECTS[content]


def test_what_is_stated_of_a_dialect_is_not_found_out(tmp_path: Path) -> None:
    """Lines to skip and the text of a null among it."""
    file = csv(tmp_path / "a.csv", b"made;by,x\na;b\n1;-\n2;c,d\n", delim=";", skip=1, nullstr="-")
    assert open_source(mapping(file)).sql("SELECT a, b FROM a ORDER BY a").fetchall() == [
        ("1", None),
        ("2", "c,d"),
    ]


def test_a_line_of_another_shape_is_an_error_and_never_a_guess(tmp_path: Path) -> None:
    """However far behind what the dialect was found from."""
    file = csv(tmp_path / "a.csv", b"a,b\n" + 40_000 * b"1,2\n" + b"3,4,5\n")
    with pytest.raises(Exception, match="Line: 40002"):
        open_source(mapping(file)).sql("SELECT * FROM a").fetchall()


def test_only_what_selects_mention_is_made(tmp_path: Path) -> None:
    """By their own text or that of a view, whatever the case; a fault elsewhere does no harm."""
    files = [csv(tmp_path / f"{name}.csv", b"x\n1\n") for name in ("shops", "tills", "staff")]
    views = {"open": "SELECT * FROM Shops", "OpenTills": "SELECT * FROM open, TILLS", "broken": "SELECT FROM"}
    source = mapping(*files, views=views)
    connection = open_source(source, [Select("SELECT * FROM opentills", "mapping.yaml:1")])
    made = connection.sql("SELECT table_name FROM information_schema.tables").fetchall()
    assert {name for (name,) in made} == {"shops", "tills", "open", "OpenTills"}
    with pytest.raises(MappingError, match="broken"):
        open_source(source)
