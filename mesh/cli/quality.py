"""``mesh quality``: judge at rest what the contracts promise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.cli.query import reason
from mesh.kernel.errors import WarehouseError
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from analytics.quality.finding import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def command(
    product: Annotated[
        str, typer.Argument(help="A product, port, topic, view or event; all when left out.")
    ] = "",
    rule: Annotated[str, typer.Option(help="One rule alone, such as sku/value-repeated.")] = "",
    broken: Annotated[bool, typer.Option("--broken", help="Show only rules that do not hold.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a rule, for programs.")] = False,
) -> None:
    """Judge the contracts' rules over what the warehouse holds; exit 1 when one of level error is broken."""
    from analytics.quality.finding import Verdict
    from analytics.quality.judging import judge
    from analytics.quality.rule_names import chosen
    from mesh.catalogue.lookup import landed
    from mesh.kernel.discovery import find_mesh
    from mesh.kernel.warehouse import connect

    settings = load_settings()
    ports = landed(find_mesh(settings), product)
    only = chosen(ports, rule) if rule else ""
    client = connect(settings)
    try:
        found = list(judge(client, ports, only))
    except ClickHouseError as error:
        raise WarehouseError("query-failed", reason(str(error))) from None
    finally:
        client.close()
    shown = [one for one in found if not broken or one.verdict is not Verdict.OK]
    if as_json:
        for one in shown:
            typer.echo(json.dumps(document(one), ensure_ascii=False))
    else:
        _show(shown, len(found))
    if any(one.verdict is Verdict.FAIL for one in found):
        raise typer.Exit(1)


def document(found: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "topic": found.topic,
        "view": found.view,
        "rule": found.rule,
        "says": found.says,
        "level": found.severity,
        "judged": found.judged,
        "failing": found.failing,
        "share_percent": round(found.share, 6),
        "limit_percent": float(found.limit),
        "verdict": found.verdict.value,
        "rows": [list(key) for key in found.keys],
    }


def _show(findings: list[Finding], judged: int) -> None:
    console = screen(150)
    for view in dict.fromkeys(one.view for one in findings):
        table = Table(title=view, title_justify="left", title_style="bold")
        table.add_column("rule", overflow="fold")
        table.add_column("level")
        for heading in ("rows judged", "failing", "share", "limit"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("verdict")
        table.add_column("rows to look at", overflow="fold")
        for one in findings:
            if one.view == view:
                table.add_row(*_row(one))
        console.print(table)
    verdicts = [one.verdict.value for one in findings]
    counts = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in _STYLES if kind in verdicts)
    console.print(f"{judged} rules judged" + (f": {counts}" if counts else ", all of them hold"))


def _row(found: Finding) -> tuple[Text, ...]:
    return (
        Text(found.rule),
        Text(found.severity, style="dim"),
        Text(f"{found.judged:,}"),
        Text(f"{found.failing:,}" if found.failing else "–"),
        Text(f"{found.share:.3g} %" if found.failing else "–"),
        Text(f"< {found.limit} %" if found.limit else "none"),
        Text(found.verdict.value, style=_STYLES[found.verdict.value]),
        Text("\n".join(" ".join(key) for key in found.keys)),
    )
