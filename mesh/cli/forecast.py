"""``mesh forecast``: what will be sold in the next months, and how near such forecasts have been."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from mesh.cli._learned import known, tell_kept
from mesh.cli._screen import screen
from mesh.kernel.clock import now

if TYPE_CHECKING:
    from analytics.forecast.forecasting import Forecast


def command(
    as_of: Annotated[
        str, typer.Option(help="The last day of which anything is known; that of the newest fact by default.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Forecast the net sales of the next three months by the method that has been the nearest so far."""
    from analytics.forecast import history
    from analytics.forecast.forecasting import forecast
    from analytics.forecast.months import read_months
    from analytics.forecast.parameters import Parameters
    from analytics.marts.day import parse_day

    day = parse_day(as_of) if as_of else None
    parameters = Parameters()
    with known() as (client, library, today, timezone):
        months = read_months(client, library, min(day or today, today), timezone)
        said = forecast(months, parameters)
        is_new = history.keep(client, said, parameters, now())
    if as_json:
        typer.echo(json.dumps(document(said, is_new=is_new), default=str))
        return
    _show(said)
    tell_kept(said.digest, "learned.forecasts", is_new=is_new)


def document(said: Forecast, *, is_new: bool) -> dict[str, Any]:
    """A forecast for programs."""
    from analytics.forecast.history import values

    return {
        "base": said.base,
        "digest": said.digest,
        "is_new": is_new,
        "months": said.known,
        "method": said.method,
        "verdict": said.verdict,
        "quality": [vars(one) for one in said.quality],
        "forecasts": values(said),
    }


def _show(said: Forecast) -> None:
    from analytics.forecast.history import values

    console = screen()
    tested = Table(title=f"Tested on months that are over, {said.known} known; the nearest first")
    tested.add_column("method")
    for heading in ("forecasts", "WAPE", "bias"):
        tested.add_column(heading, justify="right")
    for one in said.quality:
        tested.add_row(one.method, f"{one.forecasts:,}", f"{one.wape:.2f} %", f"{one.bias:+.2f} %")
    console.print(tested)
    console.print(f"what was used at each time was {said.verdict} than the seasonal naive", soft_wrap=True)
    table = Table(title=f"Net sales, by {said.method}")
    table.add_column("month")
    for name in said.values:
        table.add_column(name, justify="right", style="bold" if name == said.method else "")
    rows = values(said)
    for month in dict.fromkeys(row["month"] for row in rows):
        cells = [row["forecast"] for row in rows if row["month"] == month]
        table.add_row(f"{month:%Y-%m}", *("–" if cell is None else f"{cell:,.0f}" for cell in cells))
    console.print(table)
