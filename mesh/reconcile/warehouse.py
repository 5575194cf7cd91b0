"""What has landed: rows of the warehouse as the same plain columns that the facts are read into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from clickhouse_connect.driver.exceptions import ClickHouseError

from mesh.kernel.errors import ReconcileError, no_answer
from mesh.kernel.warehouse import connect
from mesh.reconcile.avro import inner, is_array
from schemas.derive import avro_schema

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.contract import Port
    from mesh.kernel.settings import Settings

LINEAGE = ("_partition", "_offset", "_published_at", "_landed_at")
"""Columns that tell where and when a row was published and landed: no fact decides them."""


class Warehouse:
    """The warehouse, for reading only."""

    def __init__(self, settings: Settings) -> None:
        self._address = settings.warehouse
        self._client: Client = connect(settings, timeout=600)

    def table(self, port: Port, number: int = 0, count: int = 1) -> pl.DataFrame:
        """The newest rows of a port's table; of ``count`` slices by CRC-32 of its key's first field, one."""
        schema = avro_schema(port.record)
        selected = [f"{sql} AS `{name}`" for name, sql in _selected(port, schema)]
        where = f" WHERE CRC32({port.table_key[0]}) % {count} = {number}" if count > 1 else ""
        frame = self.select(f"SELECT {', '.join(selected)} FROM {port.view}_clear{where}")
        flags = [f["name"] for f in schema["fields"] if inner(f["type"])["type"] == "boolean"]
        return frame.with_columns(pl.col(flags).cast(pl.Boolean))

    def copies(self, port: Port) -> int:
        """How many rows of the physical table repeat a record in its place: readers see one of them."""
        record = [*(port.order_by or port.table_key), port.revision, "_partition", "_offset"]
        distinct = f"uniqExact({', '.join(filter(None, record))})"
        counted = self.figures(f"SELECT count() - {distinct} AS copies FROM {port.physical_table}")
        return int(counted["copies"])

    def select(self, sql: str) -> pl.DataFrame:
        """The rows of a SELECT as plain columns; text as bytes. Raises :class:`ReconcileError`."""
        try:
            # without strings, so that text which is not UTF-8 is compared rather than refused
            arrow = self._client.query_arrow(sql, use_strings=False)
        except ClickHouseError as error:
            raise self._failed("warehouse-refused", error) from None
        frame = pl.from_arrow(arrow)
        assert isinstance(frame, pl.DataFrame)
        return plain(frame)

    def figures(self, sql: str) -> dict[str, Any]:
        """The columns of a SELECT of one row as Python values. Raises :class:`ReconcileError`."""
        try:
            result = self._client.query(sql)
        except ClickHouseError as error:
            raise self._failed("warehouse-refused", error) from None
        return (
            dict(zip(result.column_names, result.result_rows[0], strict=True)) if result.result_rows else {}
        )

    def _failed(self, code: str, error: ClickHouseError) -> ReconcileError:
        words = no_answer(error).removeprefix("Received ClickHouse exception, ")
        return ReconcileError(
            code, words, place=self._address, remedy="see `mesh status` and `mesh logs warehouse`"
        )


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column in its plain type: whole numbers Int64, text and versions Binary."""
    return frame.select(column.to_physical().cast(_plain(column.dtype)) for column in frame)


def _plain(type_: Any) -> Any:
    if isinstance(type_, pl.List):
        return pl.List(_plain(type_.inner))
    if type_ in (pl.String, pl.Binary):
        return pl.Binary
    return type_ if type_ in (pl.Boolean, pl.Float64) else pl.Int64


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """A list of records made one list a field, named ``<list>.<field>``, as :func:`plain` types."""
    for name, type_ in frame.schema.items():
        if isinstance(type_, pl.List) and isinstance(type_.inner, pl.Struct):
            parts = (
                pl.col(name).list.eval(pl.element().struct.field(field.name)).alias(f"{name}.{field.name}")
                for field in type_.inner.fields
            )
            frame = frame.with_columns(parts).drop(name)
    return plain(frame)


def _selected(port: Port, schema: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and expressions of everything that is compared."""
    out = []
    for field in schema["fields"]:
        name, type_ = field["name"], inner(field["type"])
        if is_array(type_):
            out += [
                (f"{name}.{item['name']}", f"arrayMap(x -> tupleElement(x, '{item['name']}'), `{name}`)")
                for item in type_["items"]["fields"]
            ]
        else:
            out.append(
                (name, f"reinterpretAsFixedString(`{name}`)" if type_["type"] == "fixed" else f"`{name}`")
            )
    return out + [(computed.name, f"`{computed.name}`") for computed in port.computed]
