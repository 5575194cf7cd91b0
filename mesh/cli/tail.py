"""``mesh tail``"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh.kernel import clock
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from mesh.subscribe.tail import Sight

NEWEST = 10
"""Records to show where neither --limit nor --since says how many."""
_QUIET = ("event_id", "recorded_at", "trace_id", "version")
"""Fields that tell a person little; they are in the JSON."""
_FEW = 2
"""Elements of a list that are shown; of more, only how many there are."""


def command(
    topic: Annotated[str, typer.Argument(help="The topic, such as sales.public.order-placed.v1.")],
    latest: Annotated[
        bool, typer.Option("--latest", help="The newest row of each entity, not every record.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(help="Published since then: 10m, 2h, 3d, or 2024-05-01T17:30Z.", metavar="WHEN"),
    ] = None,
    key: Annotated[str | None, typer.Option(help="Records of this key only.")] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, help="The newest so many; default: 10, with --since all."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Show personal fields in clear.")] = False,
) -> None:
    """Show the newest records of a topic, decoded; of a topic of dead letters, why they are there."""
    from mesh.subscribe.since import since as moment_of
    from mesh.subscribe.tail import Wish, tail

    settings = load_settings()
    wish = Wish(
        topic,
        latest=latest,
        since=None if since is None else moment_of(since, clock.now()),
        key=key,
        limit=NEWEST if limit is None and since is None else limit,
        follow=follow,
        clear=clear,
    )
    lines = map(document if as_json else line, tail(wish, settings))
    try:
        for text in lines:
            print(_cut(text) if not as_json else text, flush=follow)  # noqa: T201 - echo flushes every line
        sys.stdout.flush()
    except BrokenPipeError:  # who read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def document(sight: Sight) -> str:
    """A record as a line of JSON: amounts as text, moments ISO 8601, a version its bytes in hexadecimal."""
    about: dict[str, Any] = {
        "partition": sight.partition,
        "offset": sight.offset,
        "key": sight.key,
        "published_at": sight.published_at,
    }
    if not isinstance(sight.key, str):
        about["kind"] = getattr(sight, "kind", "")
    said = {name[1:]: value for name, value in sight.values.items() if name[0] == "_"}
    fields = {name: value for name, value in sight.values.items() if name[0] != "_"}
    if said:
        about["rejected"] = said
    return json.dumps({**about, "values": fields}, default=_plain, ensure_ascii=False)


def line(sight: Sight) -> str:
    """A record in one line: time, partition@offset, key, then the fields that have a value."""
    key = sight.key if isinstance(sight.key, str) else "/".join(map(str, sight.key))
    kind = "" if isinstance(sight.key, str) else f" {getattr(sight, 'kind', '')}"
    place = f"{sight.partition}@{sight.offset}"
    return f"{sight.published_at:%Y-%m-%d %H:%M:%S} {place:<9}{kind} {key}  " + " ".join(
        _fields(sight.values)
    )


def _fields(values: dict[str, Any]) -> Iterator[str]:
    if code := values.get("_code"):
        yield f"{code}: {values['_reason']}"
        if "_topic" in values:
            yield f"from={values['_topic']} {values['_partition']}@{values['_offset']}"
            yield f"by={values['_consumer']}"
    for name, value in values.items():
        if value is not None and name not in _QUIET and name[0] != "_":
            yield f"{name}={_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, list) and len(value) > _FEW:
        return f"[{len(value)} of them]"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(element) for element in value) + "]"
    if isinstance(value, dict):
        return "{" + " ".join(f"{name}={_shown(v)}" for name, v in value.items() if v is not None) + "}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.isoformat(timespec="auto").replace("+00:00", "Z")
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or not text.isprintable() else text


def _cut(text: str) -> str:
    """At the width of the terminal, where there is one."""
    from rich.cells import set_cell_size
    from rich.console import Console

    console = Console()
    if not console.is_terminal or len(text) <= console.width:
        return text
    return set_cell_size(text, console.width - 1).rstrip() + "…"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
