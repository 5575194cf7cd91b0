"""Which keys something new concerns: what has landed is followed back to the rows that name it.

A record of an order, a payment or a line names the order itself. A record of an account concerns the orders
of that account, a record of a place those that were placed there. Where no way leads back, or a row may have
left the key that it named before, that is every key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.marts.marks import Marks, changed, newer
from analytics.semantic.model import Entity, Kept, Model
from analytics.semantic.parameters import MOMENT
from analytics.semantic.paths import Path, path
from analytics.semantic.pieces import divided
from analytics.semantic.sources import quoted
from mesh.kernel.errors import MeasureError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.contract import Port


class Due:
    """What has become due between two refreshes of one table; ``ports`` are those of its views."""

    def __init__(
        self,
        client: Client,
        model: Model,
        kept: Kept,
        ports: Mapping[str, Port],
        was: datetime,
        clock: datetime,
    ) -> None:
        self._client = client
        self._model = model
        self._kept = kept
        self._ports = ports
        self.parameters = {"was": shown(was), "clock": shown(clock)}

    def keys(self, before: Marks, after: Marks) -> Iterator[str | None]:
        """Selects of keys as ``key``, with :attr:`parameters`; None stands for every key there is."""
        names, moved = divided(self._model, self._kept.pieces_of), changed(before, after)
        for view, port in self._ports.items():
            landed = newer(before.get(view, {})) if view in moved else ""
            entities = [one for one in self._model.entities.values() if one.view == view and not one.share]
            own = sorted({names[one.name] for one in entities if one.name in names})
            for column in own if landed else ():
                yield f"SELECT {quoted(column)} AS key FROM {port.physical_table} WHERE {landed}"
            for entity in () if own else entities:
                yield from self._followed(entity, port, landed)

    def _followed(self, entity: Entity, port: Port, landed: str) -> Iterator[str | None]:
        """The keys whose rows name changed rows of an entity, or versions that hold since the clock moved."""
        conditions = [landed] if landed else []
        if entity.newest_by and entity.time and not entity.is_fact:
            time = quoted(entity.time)
            conditions.append(f"({time} > {{was:{MOMENT}}} AND {time} <= {{clock:{MOMENT}}})")
        if not conditions:
            return
        rows = f"FROM {port.physical_table} WHERE ({' OR '.join(conditions)})"
        way = self._way(entity)
        leaves = (
            port.table_key[0] != entity.key[0]
        )  # its table is keyed otherwise, so a row may change its key
        if not way or leaves:
            strange = f"{rows} AND seq > 0" if way else rows  # a first revision has left no other key
            if self._client.query(f"SELECT 1 {strange} LIMIT 1", self.parameters).result_rows:
                yield None
        if way:
            yield self._back(way, f"SELECT {quoted(entity.key[0])} AS key {rows}")

    def _way(self, entity: Entity) -> Path:
        """The way from the divided entity to another one, where each row has one of it; else empty."""
        try:
            way = path(self._model, self._kept.pieces_of, entity.name)
        except MeasureError:
            return ()
        return way if all(step.forward and len(step.columns) == 1 for step in way) else ()

    def _back(self, way: Path, keys: str) -> str:
        """The keys at the beginning of a way that lead to these at its end."""
        for step in reversed(way):
            many = self._model.entities[step.source]
            keys = (
                f"SELECT {quoted(many.key[0])} AS key FROM {self._ports[many.view].physical_table} "
                f"WHERE {quoted(step.columns[0])} IN (SELECT key FROM ({keys}))"
            )
        return keys


def shown(moment: datetime) -> str:
    """A moment as a parameter."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
