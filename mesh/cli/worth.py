"""``mesh worth``: what each customer will spend, and how far that can be trusted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from mesh.cli._learned import known, tell_kept
from mesh.cli._screen import screen
from mesh.kernel.clock import now

if TYPE_CHECKING:
    from analytics.worth.valuing import Worth


def command(
    as_of: Annotated[
        str,
        typer.Option(help="The last day of which anything is known; that of the newest order by default."),
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="Customers to show; --json has all.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Tell what each customer will spend in a year, by BG/NBD and gamma-gamma or, of thin data, a proxy."""
    from analytics.marts.day import parse_day
    from analytics.worth import history
    from analytics.worth.parameters import Parameters
    from analytics.worth.purchases import read_purchases
    from analytics.worth.valuing import value

    day = parse_day(as_of) if as_of else None
    parameters = Parameters()
    with known() as (client, library, today, timezone):
        said = value(read_purchases(client, library, today, timezone), day, parameters)
        is_new = history.keep(client, said, parameters, now())
    if as_json:
        typer.echo(json.dumps(document(said, is_new=is_new), default=str))
        return
    _show(said, limit)
    tell_kept(said.digest, "learned.worth", is_new=is_new)


def document(said: Worth, *, is_new: bool) -> dict[str, Any]:
    """A run for programs."""
    from analytics.worth.history import tests, values

    return {
        "as_of": said.as_of,
        "digest": said.digest,
        "is_new": is_new,
        "method": said.method,
        "reason": said.reason,
        "repeating": said.repeating,
        "fitted": {**vars(said.counting), **vars(said.spending)},
        "tests": tests(said),
        "customers": values(said),
    }


def _show(said: Worth, limit: int) -> None:
    from analytics.worth.history import tests, values

    console = screen()
    tested = Table(title="Tested on earlier days, by what was spent in the year that followed")
    tested.add_column("as of")
    tested.add_column("method")
    for heading in ("customers", "who bought", "WAPE", "bias", "rank correlation", "first tenth spent"):
        tested.add_column(heading, justify="right")
    for row in tests(said):
        tested.add_row(
            str(row["day"]),
            row["method"],
            f"{row['customers']:,}",
            f"{row['bought']:,}",
            f"{row['wape']:.1f} %",
            f"{row['bias']:+.1f} %",
            f"{row['rank']:.3f}",
            f"{row['tenth']:.1f} %",
        )
    console.print(tested)
    console.print(f"the {said.method} is used: {said.reason}", soft_wrap=True)
    if limit:
        table = Table(title=f"Net in the year after {said.as_of}")
        table.add_column("customer")
        for heading in ("net", "by the model", "by the proxy", "days", "active"):
            table.add_column(heading, justify="right")
        for row in sorted(values(said), key=lambda row: -row["net"])[:limit]:
            by_model = "–" if row["net_by_model"] is None else f"{row['net_by_model']:,.0f}"
            table.add_row(
                row["customer_id"],
                f"{row['net']:,.0f}",
                by_model,
                f"{row['net_by_proxy']:,.0f}",
                f"{row['days']:.2f}",
                f"{row['active']:.0%}",
            )
        console.print(table)
