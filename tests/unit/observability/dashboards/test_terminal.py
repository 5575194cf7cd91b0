"""Dashboards drawn in a terminal: every line fits, every block is as high as it says."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from mesh.kernel.discovery import find_mesh
from observability.dashboards import dashboards
from observability.dashboards.panel import Dashboard
from observability.dashboards.reading import POINTS, Line, Reading
from observability.dashboards.terminal import blocks, pages
from tests.unit.observability.dashboards.readings import alert, reading

ALL = dashboards(find_mesh())
WIDTHS = (40, 80, 100, 120, 200, 317)


def drawn(dashboard: Dashboard, found: Reading, width: int) -> list[list[str]]:
    """The lines of each block of a picture."""
    out = []
    for block in blocks(dashboard, found, width):
        console = Console(file=io.StringIO(), width=width, highlight=False)
        console.print(block.picture)
        out.append(console.file.getvalue().rstrip("\n").split("\n"))  # type: ignore[attr-defined]
        assert len(out[-1]) == block.height
    return out


def text(dashboard: Dashboard, found: Reading, width: int) -> str:
    """A whole picture."""
    return "\n".join(line for block in drawn(dashboard, found, width) for line in block)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["platform", "sales"])
def test_every_line_fits_the_terminal(name: str, width: int) -> None:
    """Whatever there is to show: nothing, a little, more than has room."""
    for lines, alerts in ((0, 0), (1, 1), (30, 20)):
        picture = drawn(ALL[name], reading(ALL[name], lines=lines, alerts=alerts), width)
        assert max(cell_len(line) for block in picture for line in block) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_panels_fill_the_width(width: int) -> None:
    """The boxes of a row end where the terminal does."""
    picture = drawn(ALL["sales"], reading(ALL["sales"]), width)
    assert {cell_len(line.rstrip()) for block in picture for line in block if line[:1] in "╭│╰"} == {width}


def test_every_panel_is_there_with_its_value() -> None:
    """Titles whole at 120 columns, values beside their courses."""
    picture = text(ALL["platform"], reading(ALL["platform"]), 120)
    assert [panel.title for panel in ALL["platform"].panels if panel.title not in picture] == []
    assert set("▁▂▃▄▅▆▇") <= set(picture)
    assert "MiB" in picture


def test_what_has_nothing_to_show_says_why() -> None:
    """A panel's own reason, or that no data came yet."""
    picture = text(ALL["platform"], reading(ALL["platform"], lines=0), 200)
    assert "no certificate is watched" in picture
    assert "no data yet" in picture


def test_a_line_of_gaps_shows_no_value() -> None:
    """It is neither zero nor good."""
    found = reading(ALL["sales"])
    gaps = {panel: (Line("gap", (math.nan,) * POINTS),) for panel in found.lines}
    picture = text(ALL["sales"], replace(found, lines=gaps), 120)
    assert "–" in picture
    assert not set("▁▂▃▄▅▆▇█") & set(picture)


def test_alerts_stand_on_top() -> None:
    """Their number, name, age and what; the owner where there is room."""
    for width, owner in ((80, False), (160, True)):
        head, table, *_ = drawn(ALL["sales"], reading(ALL["sales"], alerts=2), width)
        assert "firing: 2 page" in head[0]
        assert "SalesOrdersEnrichedStale" in table[1]
        assert "1 min" in table[1]
        assert ("sales@retail.example" in table[1]) is owner


def test_too_many_alerts_are_counted() -> None:
    """The table does not push the panels out."""
    found = replace(reading(ALL["sales"]), alerts=tuple(alert(number) for number in range(40)))
    table = drawn(ALL["sales"], found, 120)[1]
    assert "and 28 more" in table[-1]


@pytest.mark.parametrize("height", [10, 23, 40, 70, 500])
def test_pages_hold_everything_once_and_fit_where_blocks_do(height: int) -> None:
    """The head stands on each page."""
    found = blocks(ALL["platform"], reading(ALL["platform"], alerts=1), 120)
    dealt = pages(found, height)
    assert [block for page in dealt for block in page[1:]] == found[1:]
    assert all(page[0] is found[0] for page in dealt)
    for page in dealt:
        assert sum(block.height for block in page) <= height or len(page) == 2
    assert (len(dealt) == 1) == (height == 500)
