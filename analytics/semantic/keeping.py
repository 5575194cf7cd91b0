"""Brings kept measures up to date: the pieces that something landed for are worked out and put in place.

``model.kept_<name>_<digest>``  the rows, one partition a piece; another definition gets another table
``model.kept_<name>``           the view of them by a name that stays, for other tools
``model.kept_pieces``           the first key of each piece, by table

Pieces that follow each other are worked out together, so that what they are joined with, such as all
customers, is read once. Each is then replaced at once, by the query that everybody else would ask, so no
correction can leave a trace of what was there before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analytics.marts.marks import read_marks
from analytics.semantic import kept_log
from analytics.semantic.due import Due
from analytics.semantic.kept_log import Refreshed
from analytics.semantic.model import Kept, Model
from analytics.semantic.pieces import DATABASE, anywhere, divided, pieces, runs, table, view
from analytics.semantic.query import PIECE
from analytics.semantic.sources import CLOCK, Stretch, quoted
from mesh.kernel.literal import text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.contract import Port
    from mesh.kernel.discovery import Mesh

SIZE = 50_000
"""Keys of a piece; the last one is divided when it has twice as many."""
TOGETHER = 4
"""Pieces that are worked out together, at the most: what is joined is held in memory."""
PIECES = f"{DATABASE}.kept_pieces"
_SET_UP = (
    *kept_log.SET_UP,
    f"CREATE TABLE IF NOT EXISTS {PIECES} (name String, number UInt32, low String) "
    "ENGINE = ReplacingMergeTree ORDER BY (name, number)",
)
_SPARING = {"max_threads": 1}
"""A refresh takes one processor and leaves the others to whoever asks."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """One table as a refresh finds it."""

    kept: Kept
    name: str
    ports: dict[str, Port]
    """Of the views that its rows are made of."""


class Keeper:
    """Refreshes the kept measures of a model."""

    def __init__(self, client: Client, model: Model, mesh: Mesh, timezone: str, size: int = SIZE) -> None:
        self._client = client
        self._model = model
        self._timezone = timezone
        self._size = size
        ports = {str(port.view): port for port in mesh.ports.values() if port.view}
        for statement in _SET_UP:
            client.command(statement)
        self._stands = {kept.name: self._stand(kept, ports) for kept in model.kept}

    def refresh(self, name: str, now: datetime) -> Refreshed:
        """Bring the table of one definition up to date."""
        stand = self._stands[name]
        before = kept_log.refreshes(self._client).get(stand.name)
        tables = {view: str(port.physical_table) for view, port in stand.ports.items()}
        marks = read_marks(self._client, tables, before.marks if before else None)
        clock = self._client.query(f"SELECT clock FROM {CLOCK}").result_rows[0][0].replace(tzinfo=UTC)
        if before is None:
            self._create(stand)
            lows = self._divide(stand, [])
            due = set(range(len(lows)))
        elif (before.marks, before.clock) == (marks, clock):
            lows, due = [], set()
        else:
            old = self._lows(stand)
            what = Due(self._client, self._model, stand.kept, stand.ports, before.clock, clock)
            due = self._pieces(what.keys(before.marks, marks), what.parameters, old)
            lows = self._divide(stand, old) if len(old) - 1 in due else old
            due |= set(range(len(old), len(lows)))
        for first, end in runs(due, TOGETHER):
            self._work_out(stand, lows, first, end)
        self._show(stand)
        done = Refreshed(stand.name, now, clock, len(due), marks)
        kept_log.keep(self._client, done)
        return done

    def _stand(self, kept: Kept, ports: dict[str, Port]) -> _Stand:
        sql = pieces(self._model, kept, self._timezone, anywhere(self._model, kept)).sql
        read = set(re.findall(r"FROM (\w+\.\w+?)(?:_clear)?\b", sql))
        found = {view: port for view, port in ports.items() if view in read}
        return _Stand(kept, table(self._model, kept, self._timezone), found)

    def _create(self, stand: _Stand) -> None:
        """The empty table, with the types that its query has."""
        query = pieces(self._model, stand.kept, self._timezone, anywhere(self._model, stand.kept))
        found = self._client.query(f"DESCRIBE ({query.sql})").result_rows
        body = ", ".join(f"{quoted(str(row[0]))} {row[1]}" for row in found)
        self._client.command(f"DROP TABLE IF EXISTS {stand.name}")
        self._client.command(f"DELETE FROM {PIECES} WHERE name = {{name:String}}", {"name": stand.name})
        self._client.command(
            f"CREATE TABLE {stand.name} ({body}) ENGINE = MergeTree PARTITION BY {PIECE} ORDER BY tuple()"
        )

    def _show(self, stand: _Stand) -> None:
        """Let the view lead to the table, unless it does; tables of other definitions then go."""
        shown = view(stand.kept)
        found = dict(
            self._client.query(
                "SELECT name, as_select FROM system.tables "
                "WHERE database = {database:String} AND match(name, {like:String})",
                {"database": DATABASE, "like": f"^kept_{stand.kept.name}(_[0-9a-f]{{12}})?$"},
            ).result_rows
        )
        if stand.name not in found.pop(shown.removeprefix(f"{DATABASE}."), ""):
            told = f"{stand.kept.description}: counts and sums, which add up over any of the other columns"
            self._client.command(
                f"CREATE OR REPLACE VIEW {shown} AS SELECT * EXCEPT {PIECE} FROM {stand.name} "
                f"COMMENT {text(told)}"
            )
        for other in found.keys() - {stand.name.removeprefix(f"{DATABASE}.")}:
            for known in (kept_log.TABLE, PIECES):
                name = {"name": f"{DATABASE}.{other}"}
                self._client.command(f"DELETE FROM {known} WHERE name = {{name:String}}", name)
            self._client.command(f"DROP TABLE {DATABASE}.{other}")

    def _lows(self, stand: _Stand) -> list[str]:
        rows = self._client.query(
            f"SELECT low FROM {PIECES} FINAL WHERE name = {{name:String}} ORDER BY number",
            {"name": stand.name},
        ).result_rows
        return [str(low) for (low,) in rows]

    def _divide(self, stand: _Stand, lows: list[str]) -> list[str]:
        """The first keys of all pieces: those that there are, and more where the last one is too large."""
        entity = self._model.entities[stand.kept.pieces_of]
        key, held = quoted(entity.key[0]), stand.ports[entity.view].physical_table
        keys = f"SELECT DISTINCT {key} AS low FROM {held} WHERE {key} >= {{last:String}} ORDER BY low"
        found = self._client.query(
            f"SELECT low FROM (SELECT low, rowNumberInAllBlocks() AS place FROM ({keys})) "
            f"WHERE place > 0 AND place % {self._size} = 0 ORDER BY low",
            {"last": lows[-1] if lows else ""},
            settings=_SPARING,
        ).result_rows
        fresh = [str(low) for (low,) in found]
        if lows and len(fresh) < 2:
            return lows
        divided = [*(lows or [""]), *fresh]
        rows = [[stand.name, number, low] for number, low in enumerate(divided)][len(lows) :]
        self._client.insert(PIECES, rows, ["name", "number", "low"])
        return divided

    def _pieces(self, keys: Iterable[str | None], parameters: dict[str, str], lows: list[str]) -> set[int]:
        """The numbers of the pieces that hold some keys."""
        found: set[int] = set()
        for select in keys:
            if select is None:
                return set(range(len(lows)))
            rows = self._client.query(
                f"SELECT DISTINCT arrayCount(low -> low <= key, {{lows:Array(String)}}) - 1 FROM ({select})",
                {"lows": lows, **parameters},
                settings=_SPARING,
            ).result_rows
            found |= {int(number) for (number,) in rows}
        return found

    def _work_out(self, stand: _Stand, lows: list[str], first: int, end: int) -> None:
        """Work out pieces that follow each other beside the table, and put each in its place."""
        parameters: dict[str, object] = {"low": lows[first], "first": first, "inner": lows[first + 1 : end]}
        if end < len(lows):
            parameters["high"] = lows[end]
        high = "{high:String}" if "high" in parameters else ""
        columns = divided(self._model, stand.kept.pieces_of)
        stretch = Stretch(columns, "{low:String}", high, "{first:UInt32}", "{inner:Array(String)}")
        query = pieces(self._model, stand.kept, self._timezone, stretch)
        draft = f"{DATABASE}.kept_draft"
        self._client.command(f"DROP TABLE IF EXISTS {draft}")
        self._client.command(f"CREATE TABLE {draft} AS {stand.name}")
        self._client.command(
            f"INSERT INTO {draft} {query.sql}", {**query.parameters, **parameters}, settings=_SPARING
        )
        found = {row[0] for row in self._client.query(f"SELECT DISTINCT {PIECE} FROM {draft}").result_rows}
        for number in range(first, end):
            change = (
                f"REPLACE PARTITION {number} FROM {draft}" if number in found else f"DROP PARTITION {number}"
            )
            self._client.command(f"ALTER TABLE {stand.name} {change}")
        self._client.command(f"DROP TABLE {draft}")
