"""``mesh quality``: judge what the contracts promise, at rest or over the topics themselves."""

from __future__ import annotations

import json
from functools import partial
from time import sleep
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
    from analytics.quality.finding import Finding
    from mesh.kernel.contract import Port
    from mesh.kernel.discovery import Mesh
    from mesh.kernel.settings import Settings

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def command(
    product: Annotated[
        str, typer.Argument(help="A product, port, topic, view or event; all when left out.")
    ] = "",
    rule: Annotated[str, typer.Option(help="One rule alone, such as sku/value-repeated.")] = "",
    broken: Annotated[bool, typer.Option("--broken", help="Show only rules that do not hold.")] = False,
    record: Annotated[
        bool,
        typer.Option("--record/--no-record", help="Keep what is found, for history, metrics and alerts."),
    ] = True,
    every: Annotated[
        int, typer.Option(min=0, help="Judge again so many seconds after each judgement; 0: once.")
    ] = 0,
    cost: Annotated[
        bool, typer.Option("--cost", help="Tell instead what the rules cost in stream, by event.")
    ] = False,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Judge uniqueness and shares over the topics, as the monitor does."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a rule, for programs.")] = False,
) -> None:
    """Judge the contracts' rules over what the warehouse holds, or those on whole tables over their topics
    (--stream); exit 1 when one of level error is broken.
    """
    from analytics.quality.rule_names import chosen
    from mesh.catalogue.lookup import landed
    from mesh.kernel.discovery import find_mesh

    settings = load_settings()
    mesh = find_mesh(settings)
    if cost:
        _tell_costs(mesh, landed(mesh, product), as_json=as_json)
        return
    if stream:
        from mesh.cli import _stream_quality

        ports = _stream_quality.laid(mesh, product, rule)
        judged = partial(_stream_quality.judge, settings, ports, rule)
    else:
        ports = landed(mesh, product)
        only = chosen(ports, rule) if rule else ""
        judged = partial(_judged, settings, mesh, ports, only, record=record)
    while True:
        found = judged()
        _tell(found, broken=broken, as_json=as_json)
        if not every:
            break
        sleep(every)
    if any(one.verdict == "fail" for one in found):
        raise typer.Exit(1)


def _tell_costs(mesh: Mesh, ports: list[Port], *, as_json: bool) -> None:
    from mesh.cli._rule_cost import costs

    found = list(costs(mesh, ports))
    if as_json:
        for one in found:
            typer.echo(json.dumps(one._asdict()))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("topic", no_wrap=True)
    table.add_column("rules", justify="right")
    table.add_column("µs an event", justify="right")
    table.add_column("on the table", justify="right")
    table.add_column("µs an event", justify="right")
    for one in found:
        on_table = (str(one.table_rules), f"{one.table_microseconds:.1f}") if one.table_rules else ("–", "–")
        table.add_row(one.topic, str(one.rules), f"{one.microseconds:.1f}", *on_table)
    screen().print(table)


def _judged(settings: Settings, mesh: Mesh, ports: list[Port], only: str, *, record: bool) -> list[Finding]:
    from analytics.quality.history import keep
    from analytics.quality.judging import judge
    from analytics.quality.statement import Scene
    from mesh.kernel.warehouse import connect

    client, moment = connect(settings), now()
    try:
        found = list(judge(client, ports, Scene(mesh.ports, moment), only))
        if record:
            keep(client, uuid4().hex[:12], moment, found)
    except ClickHouseError as error:
        raise WarehouseError("query-failed", reason(str(error))) from None
    finally:
        client.close()
    return found


def _tell(found: list[Finding], *, broken: bool, as_json: bool) -> None:
    shown = [one for one in found if not broken or one.verdict != "ok"]
    if as_json:
        for one in shown:
            typer.echo(json.dumps(document(one), ensure_ascii=False))
    else:
        _show(shown, len(found))


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
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("rule", overflow="fold")
    table.add_column("level")
    for heading in ("rows judged", "failing", "share", "limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    table.add_column("rows to look at", overflow="fold")
    for view in dict.fromkeys(one.view for one in findings):
        table.add_row(Text(view, style="bold"))
        for one in findings:
            if one.view == view:
                table.add_row(*_row(one))
        table.add_section()
    if findings:
        console.print(table)
    verdicts = [one.verdict.value for one in findings]
    counts = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in _STYLES if kind in verdicts)
    console.print(f"{judged} rules judged" + (f": {counts}" if counts else ": all hold"))


def _row(found: Finding) -> tuple[Text, ...]:
    return (
        Text(f"  {found.rule}"),
        Text(found.severity, style="dim"),
        Text(f"{found.judged:,}"),
        Text(f"{found.failing:,}" if found.failing else "–"),
        Text(f"{found.share:.3g} %" if found.failing else "–"),
        Text(f"below {found.limit} %" if found.limit else "none"),
        Text(found.verdict.value, style=_STYLES[found.verdict.value]),
        Text("\n".join(" ".join(key) for key in found.keys)),
    )
