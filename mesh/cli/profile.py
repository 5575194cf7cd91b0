"""``mesh profile``: what stands in the columns of the warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich import box
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.cli.query import reason
from mesh.kernel.clock import now
from mesh.kernel.errors import WarehouseError
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from analytics.profile.profile import Profile

_BARS = "▁▂▃▄▅▆▇█"
_SHOWN = 2
"""Frequent values that a table shows, of those that are not rare."""
_RARE = 1
"""Percent of the rows below which a value is rare."""
_TOLD = 3
"""Columns of a view that a summary names."""
_WIDEST = 20
"""Characters of a value that a table shows."""
_EXACT = 65_536
"""Different values that are counted exactly."""

_COLUMNS = (
    *(("column", False, 20), ("kind", False, 8), ("missing", True, 7), ("distinct", True, 8)),
    *(("min", True, 10), ("median", True, 8), ("max", True, 10), ("histogram", False, 10)),
    *(("most frequent", False, 20), ("drift", True, 5)),
)
"""Headings of the table, whether to the right, and how narrow the column may become."""


def command(
    product: Annotated[
        str, typer.Argument(help="A product, port, topic, view or event; all when left out.")
    ] = "",
    record: Annotated[
        bool,
        typer.Option("--record/--no-record", help="Keep the profile, so that the next is compared with it."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a column, for programs.")] = False,
) -> None:
    """Profile each column of a view: nulls, values, quantiles, histogram, drift since the last profile.

    All views together have a line each: what has drifted, and what lacks too much. Long tables are sampled.
    """
    from analytics.profile.history import keep, last
    from analytics.profile.profiling import profile
    from analytics.profile.statement import ENOUGH
    from mesh.catalogue.lookup import landed
    from mesh.kernel.discovery import find_mesh
    from mesh.kernel.warehouse import connect

    settings = load_settings()
    ports = landed(find_mesh(settings), product)
    client, moment, run = connect(settings), now(), uuid4().hex[:12]
    summary = _summary()
    try:
        for port in ports:
            found = list(profile(client, port, last(client, port), None if product else ENOUGH))
            if record:
                keep(client, run, moment, found)
            if as_json:
                for one in found:
                    typer.echo(json.dumps(document(one), ensure_ascii=False))
            elif product:
                _show(found)
            elif found:
                summary.add_row(*_line(found))
    except ClickHouseError as error:
        raise WarehouseError("query-failed", reason(str(error))) from None
    finally:
        client.close()
    if not product and not as_json:
        screen(170).print(summary)


def document(found: Profile) -> dict[str, Any]:
    """A profile for programs."""
    from analytics.profile.profile import QUANTILES

    return {
        "topic": found.topic,
        "view": found.view,
        "column": found.name,
        "kind": found.kind.value,
        "rows": found.rows,
        "one_in": found.one_in,
        "missing": found.missing,
        "missing_percent": round(found.missing_share, 6),
        "missing_limit_percent": None if found.limit is None else float(found.limit),
        "distinct": found.distinct,
        "min": found.least,
        "max": found.greatest,
        "quantiles": {str(level): value for level, value in zip(QUANTILES, found.quantiles, strict=False)},
        "frequent": [{"value": value, "times": times} for value, times in found.frequent],
        "histogram": [{"from": start, "times": times} for start, times in found.histogram],
        "drift": found.drift,
        "compared_with": None if found.before is None else found.before.isoformat(),
    }


def _show(found: list[Profile]) -> None:
    console = screen(170)
    if not found:
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading, right, wide in _COLUMNS:
        table.add_column(heading, justify="right" if right else "left", no_wrap=True, min_width=wide)
    for one in found:
        table.add_row(*_row(one))
    console.print(f"{found[0].view}: {found[0].rows:,} rows", style="bold", markup=False)
    console.print(table)
    before = max((one.before for one in found if one.before), default=None)
    if before is not None:
        console.print(
            f"drift since {before:%Y-%m-%d %H:%M} UTC: moved from 0.1, another distribution from 0.25"
        )
    console.print()


def _summary() -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("view", no_wrap=True)
    for heading in ("rows", "columns"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("lack too much", "drift from 0.1 on"):
        table.add_column(heading)
    table.add_column("since", no_wrap=True)
    return table


def _line(found: list[Profile]) -> tuple[Text, ...]:
    """A view in one line of the summary."""
    from analytics.profile.bins import CHANGED, MOVED

    lacking = [one.name for one in found if one.lacks_too_much]
    moved = sorted(
        ((one.drift, one.name) for one in found if one.drift is not None and one.drift >= MOVED), reverse=True
    )
    before = max((one.before for one in found if one.before), default=None)
    return (
        Text(found[0].view),
        Text(f"{'~' if found[0].one_in > 1 else ''}{found[0].rows:,}"),
        Text(str(len(found))),
        Text(_some(lacking), style="bold red"),
        Text(
            _some([f"{name} {drift:.2f}" for drift, name in moved]),
            style="bold red" if moved and moved[0][0] >= CHANGED else "yellow",
        ),
        Text(f"{before:%Y-%m-%d %H:%M}" if before else "–", style="dim"),
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more


def _row(found: Profile) -> tuple[Text, ...]:
    from analytics.profile.bins import CHANGED, MOVED

    missing = Text(f"{found.missing_share:.3g} %" if found.missing else "–")
    if found.lacks_too_much:
        missing = Text(f"{found.missing_share:.3g} % of {found.limit}", style="bold red")
    style = ""
    if found.drift is not None and found.drift >= MOVED:
        style = "bold red" if found.drift >= CHANGED else "yellow"
    return (
        Text(found.name),
        Text(found.kind.value, style="dim"),
        missing,
        Text(f"{'~' if found.distinct > _EXACT else ''}{found.distinct:,}"),
        _value(found.least),
        _value(_median(found)),
        _value(found.greatest),
        Text(_bars([times for _, times in found.histogram])),
        Text(", ".join(_frequent(found))),
        Text("" if found.drift is None else f"{found.drift:.3f}", style=style),
    )


def _frequent(found: Profile) -> Iterator[str]:
    for value, times in found.frequent[:_SHOWN]:
        share = 100 * times / found.rows
        if share >= _RARE:
            yield f"{_cut(value)} {share:.0f} %"


def _median(found: Profile) -> str:
    if not found.quantiles:
        return ""
    middle = found.quantiles[len(found.quantiles) // 2]
    if found.kind == "time":
        return f"{datetime.fromtimestamp(middle, UTC):%Y-%m-%d %H:%M:%S}"
    return f"{middle:.10g}"


def _value(text: str) -> Text:
    return Text(_cut(text))


def _cut(text: str) -> str:
    """A value in few characters: of one that is long its end, which tells ids apart."""
    text = text.removesuffix(".000000").removesuffix(" 00:00:00")
    return text if len(text) <= _WIDEST else "…" + text[1 - _WIDEST :]


def _bars(counts: list[int]) -> str:
    """A bar for each count; none at all is a blank, so that few rows still show."""
    most = max(counts, default=0)
    return "".join(_BARS[(len(_BARS) - 1) * count // most] if count else " " for count in counts)
