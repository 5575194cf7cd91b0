"""``mesh query``: errors in one line, and results that can be read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.console import Console

from mesh.cli.query import reason, shown


def printed(columns: Sequence[str], rows: Sequence[Sequence[object]], width: int = 80) -> str:
    """What a terminal of so many characters shows."""
    console = Console(width=width, highlight=False)
    with console.capture() as output:
        console.print(shown(columns, rows, width))
    return output.get()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            "code: 62, server response: Code: 62. DB::Exception: Syntax error:\n"
            "failed at position 1 (SELEC): "
            "SELEC 1. Maybe you meant: SELECT. Expected one of: Query, SHOW [FULL] TABLES [LIMIT expr], "
            "EXECUTE AS. (SYNTAX_ERROR) (version 26.9.2.1) (for url http://127.0.0.1:8123)",
            "Syntax error: failed at position 1 (SELEC): SELEC 1. Maybe you meant: SELECT. (SYNTAX_ERROR)",
        ),
        (
            "code: 81, server response: Code: 81. DB::Exception: Database nosuch does not exist. "
            "(UNKNOWN_DATABASE) (version 26.9.2.1) (for url http://127.0.0.1:8123)",
            "Database nosuch does not exist. (UNKNOWN_DATABASE)",
        ),
        ("the server is gone", "the server is gone"),
    ],
)
def test_an_error_is_the_warehouses_own_words_in_one_line(message: str, line: str) -> None:
    """Neither its prefix nor its address, and no list of every statement there is."""
    assert reason(message) == line


def test_text_is_never_read_as_markup() -> None:
    """A value in square brackets is shown as it is, in a cell and in a heading."""
    assert "[/foo] [red]x[/]" in printed(["[/a]"], [["[/foo] [red]x[/]"]])


def test_null_is_told_apart_from_empty_text() -> None:
    """What is unknown is not the same as what is empty."""
    assert "NULL" in printed(["a"], [[None]])
    assert "NULL" not in printed(["a"], [[""]])


def test_a_long_name_is_folded_never_cut() -> None:
    """Every character of a topic is on the screen."""
    text = printed(["topic", "reason"], [["sales.public.payment-recorded.v1", "because " * 20]], width=60)
    assert "…" not in text


def test_many_columns_stand_beneath_each_other() -> None:
    """Wider than the terminal, each row is a list of columns and values."""
    columns = [f"column_{number}" for number in range(50)]
    lines = printed(columns, [range(50), range(50, 100)]).splitlines()
    assert [line.split() for line in lines if line.startswith("column_49")] == [
        ["column_49", "49"],
        ["column_49", "99"],
    ]


@pytest.mark.parametrize("count", [1, 50])
def test_a_result_without_rows_shows_its_columns(count: int) -> None:
    """An empty result is an answer."""
    assert "column_0" in printed([f"column_{number}" for number in range(count)], [])
