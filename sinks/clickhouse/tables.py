"""Tables and views of a port: versioned tables, views without version, masked by default, clear beside.

``sales.orders_v1``              ReplacingMergeTree: the newest knowledge of an entity wins, whoever wrote it
``sales.orders``                 what people read: newest rows only, personal fields masked
``sales.orders_clear``           the same with personal fields in clear
``mesh.landing_sales_orders_v1`` what the sink inserts into; keeps nothing, feeds the table and the ledger

Two reasons for the landing table. The engine's Avro reader spends half a microsecond on every text that goes
into a dictionary (half of all CPU of an insert of enriched lines), but next to nothing when a whole column of
plain text is converted. And the table and the ledger see the same block, with one moment of landing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mesh.kernel.literal import text
from mesh.kernel.mask import under_mask
from schemas.derive import avro_schema
from sinks.clickhouse.columns import LINEAGE, SEAL, SEALED, Column, columns
from sinks.clickhouse.quality_tables import QUALITY

if TYPE_CHECKING:
    from mesh.kernel.contract import Computed, Port

DEDUPLICATION = "non_replicated_deduplication_window = 10000"

_FRUGAL = (
    "min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072"
)
"""A part that keeps a file a column buffers a compressed block a column: 450 MB for the hundred columns of
orders_enriched at the engine's defaults, from 10 MB of rows on."""

LEDGER = """
CREATE TABLE IF NOT EXISTS mesh.raw_events_v1 (
    topic LowCardinality(String) COMMENT 'Topic of the event',
    partition Int32 COMMENT 'Partition of the topic',
    offset Int64 COMMENT 'Offset in the partition',
    key String COMMENT 'What the topic is partitioned by',
    event_time Nullable(DateTime64(6, 'UTC')) COMMENT 'When it happened',
    published_at DateTime64(3, 'UTC') COMMENT 'When it, or the event that caused it, was published',
    landed_at DateTime64(6, 'UTC') COMMENT 'When it was inserted'
) ENGINE = ReplacingMergeTree ORDER BY (topic, partition, offset) SETTINGS {DEDUPLICATION}
""".replace("{DEDUPLICATION}", DEDUPLICATION)

DEAD_LETTERS = """
CREATE TABLE IF NOT EXISTS mesh.dead_letters_v1 (
    topic LowCardinality(String) COMMENT 'Topic that the record stood on, or was meant for',
    partition Int32 COMMENT 'Its partition; -1 when it never was on a topic',
    offset Int64 COMMENT 'Its offset; the row of its file when it never was on a topic',
    consumer LowCardinality(String) COMMENT 'Who parked it',
    file String COMMENT 'File of an extract that it came from',
    code LowCardinality(String) COMMENT 'Stable code of what is wrong',
    reason String COMMENT 'What is wrong, in one line',
    schema_id Nullable(Int32) COMMENT 'Schema id of the value, where it has one',
    code_version LowCardinality(String) COMMENT 'Version of the code that parked it',
    first_seen DateTime64(6, 'UTC') COMMENT 'When it was parked first',
    attempts Int32 COMMENT 'How often it was tried',
    key String COMMENT 'Original key',
    value String COMMENT 'Original value',
    dead_topic LowCardinality(String) COMMENT 'Where it is parked',
    dead_partition Int32 COMMENT 'Partition there',
    dead_offset Int64 COMMENT 'Offset there'
) ENGINE = ReplacingMergeTree ORDER BY (topic, partition, offset, consumer, file) SETTINGS {DEDUPLICATION}
""".replace("{DEDUPLICATION}", DEDUPLICATION)

INCIDENTS = """
CREATE TABLE IF NOT EXISTS mesh.incidents_v1 (
    id String COMMENT 'What people call it: day and some digits',
    revision UInt64 COMMENT 'Microseconds since 1970 when this state was written down; the newest holds',
    name LowCardinality(String) COMMENT 'Name of the alert, and heading of its runbook',
    type LowCardinality(String) COMMENT 'What suffers: availability, ingestion, freshness, quality, …',
    severity LowCardinality(String) COMMENT 'page (now) or ticket (in working hours)',
    domain LowCardinality(String) COMMENT 'Domain that it concerns, or platform',
    product LowCardinality(String) COMMENT 'Data product, where it concerns one',
    part LowCardinality(String) COMMENT 'Process, where it concerns one',
    owner LowCardinality(String) COMMENT 'E-mail address of who answers for it',
    receiver LowCardinality(String) COMMENT 'Receiver that was told first',
    summary String COMMENT 'What is wrong, in one line',
    description String COMMENT 'The same at length',
    action String COMMENT 'What to do',
    runbook String COMMENT 'Where that stands at length',
    labels Map(LowCardinality(String), String) COMMENT 'Labels of the alert',
    fired_at DateTime64(6, 'UTC') COMMENT 'Since when it fires',
    received_at DateTime64(6, 'UTC') COMMENT 'When the pager heard of it',
    acknowledged_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When a person took it on',
    acknowledged_by String COMMENT 'Who that was',
    note String COMMENT 'What that person said',
    resolved_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was over',
    channels Array(LowCardinality(String)) COMMENT 'Channels that took a page about it',
    undelivered Array(LowCardinality(String)) COMMENT 'Channels that did not take a page, so far'
) ENGINE = ReplacingMergeTree(revision) ORDER BY id SETTINGS {DEDUPLICATION}
""".replace("{DEDUPLICATION}", DEDUPLICATION)

REDRIVES = """
CREATE TABLE IF NOT EXISTS mesh.redrives_v1 (
    id String COMMENT 'Id of the redrive; the header mesh-redrive of what it published',
    redriven_at DateTime64(6, 'UTC') COMMENT 'When',
    who String COMMENT 'Who ran it, user@host',
    topic LowCardinality(String) COMMENT 'Topic that the record stood on',
    partition Int32 COMMENT 'Its partition',
    offset Int64 COMMENT 'Its offset',
    code LowCardinality(String) COMMENT 'Code that it was parked under; empty when it was not parked yet',
    outcome LowCardinality(String) COMMENT 'published, or discarded: given up as no fact',
    edited Array(LowCardinality(String)) COMMENT 'Fields that were changed',
    digest String COMMENT 'SHA-256 of the value that was published; empty when discarded',
    new_partition Int32 COMMENT 'Where it was published; -1 when discarded',
    new_offset Int64 COMMENT 'Its offset there; -1 when discarded'
) ENGINE = ReplacingMergeTree ORDER BY (topic, partition, offset, id) SETTINGS {DEDUPLICATION}
""".replace("{DEDUPLICATION}", DEDUPLICATION)

PLATFORM = (
    "CREATE DATABASE IF NOT EXISTS mesh ENGINE = Atomic",
    LEDGER,
    DEAD_LETTERS,
    INCIDENTS,
    REDRIVES,
    "CREATE OR REPLACE VIEW mesh.raw_events AS SELECT * FROM mesh.raw_events_v1 FINAL",
    "CREATE OR REPLACE VIEW mesh.dead_letters AS SELECT * EXCEPT (key, value), length(value) AS value_bytes "
    "FROM mesh.dead_letters_v1 FINAL WHERE code != 'released'",
    "CREATE OR REPLACE VIEW mesh.dead_letters_clear AS SELECT * FROM mesh.dead_letters_v1 FINAL "
    "WHERE code != 'released'",
    "CREATE OR REPLACE VIEW mesh.incidents AS SELECT * FROM mesh.incidents_v1 FINAL",
    "CREATE OR REPLACE VIEW mesh.redrives AS SELECT * FROM mesh.redrives_v1 FINAL",
    *QUALITY,
)
"""The mesh's own tables: the ledger of every landed record, the dead letters, what was paged and redriven,
and what was found of the quality of what landed.

A release (rule 24 of the semantics) is parked and counted, but is no dead letter, so the views leave it out.
"""


_MOMENT = "DateTime64(6, 'UTC')"
_SEALED = f"WHERE throwIf(`{SEAL[0]}` != {SEALED}, 'a record does not end where its bytes do') = 0"
_LANDED_AT = f"`_landed_at` {_MOMENT} DEFAULT now64(6)"


class Select(NamedTuple):
    """A view of the warehouse, or a feed that passes on what lands, with the statements that set it up."""

    name: str
    query: str
    create: str
    renew: str
    """Brings one of an older release to this query, without a gap."""


class Index(NamedTuple):
    """A skipping index of a table."""

    name: str
    definition: str


class Table:
    """The warehouse's side of one port."""

    def __init__(self, port: Port) -> None:
        if port.physical_table is None or port.view is None:
            raise ValueError(f"{port.topic} has no table")
        self.port = port
        self.view = port.view
        self.name = port.physical_table
        self.schema = avro_schema(port.record)
        self.columns: list[Column] = columns(self.schema)
        self.lineage = [Column(n, t, "Where the record stood on its topic") for n, _, t in LINEAGE]
        self.seal = Column(SEAL[0], f"{SEAL[2]} DEFAULT {SEALED}", "")
        self.landed = [column.name for column in (*self.columns, *self.lineage, self.seal)]
        self.landing = f"mesh.landing_{self.name.replace('.', '_')}"

    @property
    def is_versioned(self) -> bool:
        """Whether rows carry a version of their own (derived records) rather than a revision number."""
        return self.port.revision == "version"

    def create(self) -> list[str]:
        """Statements that create the table, its landing and its views; each may run again.

        The landing comes after its feeds, so that no insert can succeed that reaches nothing.
        """
        return [
            f"CREATE DATABASE IF NOT EXISTS {self.port.domain} ENGINE = Atomic",
            self._create_table(),
            *(feed.create for feed in self.feeds()),
            self.create_landing(),
            *(view.create for view in self.views()),
        ]

    def extend(self, column: Column) -> list[str]:
        """Statements that add a column to the table and its landing; a renewed feed then lets it through."""
        return [
            f"ALTER TABLE {self.name} ADD COLUMN IF NOT EXISTS {column.ddl}",
            f"ALTER TABLE {self.landing} ADD COLUMN IF NOT EXISTS `{column.name}` {column.plain}",
        ]

    def extend_landing(self) -> str:
        """The statement that gives a landing of an older release its seal; who does not write it passes."""
        return f"ALTER TABLE {self.landing} ADD COLUMN IF NOT EXISTS `{self.seal.name}` {self.seal.type}"

    def indices(self) -> Iterator[Index]:
        """Indices of columns by which single facts are sought, where the sort key does not begin with them.

        That is the table's key, and what names a row of another table of the domain, as a payment its order;
        where a record stood on its topic, which tells what has landed since a refresh; and the event time, of
        which the newest is the clock of the mesh. Only tables that are partitioned are so long that this
        counts. The smallest and greatest values serve where keys grow with time, and stretches of keys; the
        bloom filter serves any single one.
        """
        first = (self.port.order_by or self.port.table_key)[0]
        names = {column.name for column in self.columns}
        if self.port.partition_by:
            yield Index("landed_range", "(`_partition`, `_offset`) TYPE minmax GRANULARITY 1")
        if self.port.partition_by and "occurred_at" in names:
            yield Index("occurred_at_range", "`occurred_at` TYPE minmax GRANULARITY 1")
        named = [
            path
            for path, promise in self.port.promises.items()
            if self.port.partition_by and any(one.domain == self.port.domain for one in promise.references)
        ]
        for name in dict.fromkeys((self.port.table_key[0], *named)):
            if name != first and name in names:
                yield Index(f"{name}_range", f"`{name}` TYPE minmax GRANULARITY 1")
                yield Index(f"{name}_value", f"`{name}` TYPE bloom_filter(0.01) GRANULARITY 1")

    def add_index(self, index: Index) -> list[str]:
        """Statements that give a table of an older release an index, for the rows that are there too."""
        return [
            f"ALTER TABLE {self.name} ADD INDEX IF NOT EXISTS {index.name} {index.definition}",
            f"ALTER TABLE {self.name} MATERIALIZE INDEX {index.name}",
        ]

    def extend_computed(self, computed: Computed) -> str:
        """The statement that adds a computed column that is kept; older rows work it out when read."""
        return f"ALTER TABLE {self.name} ADD COLUMN IF NOT EXISTS {_materialized(computed)}"

    @property
    def sorting(self) -> str:
        """The sort key, as the warehouse writes it."""
        return ", ".join(self.port.order_by or self.port.table_key)

    def _create_table(self) -> str:
        extra = [f"{_LANDED_AT} COMMENT 'When it was inserted'"]
        if self.is_versioned:
            engine = "ReplacingMergeTree(version, is_deleted)"
        else:
            # the highest seq wins; of one seq the lowest offset, so that a conflicting revision has no effect
            rank = "bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset)"
            extra.append(f"`_rank` UInt128 MATERIALIZED {rank}")
            engine = "ReplacingMergeTree(_rank)"
        extra += [_materialized(computed) for computed in self.port.computed if computed.stored]
        extra += [f"INDEX {index.name} {index.definition}" for index in self.indices()]
        body = ",\n    ".join([column.ddl for column in self.columns + self.lineage] + extra)
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name} (\n    {body}\n) ENGINE = {engine} "
            f"ORDER BY ({self.sorting}) SETTINGS index_granularity = 2048, {_FRUGAL}, {DEDUPLICATION}"
        )

    def create_landing(self) -> str:
        """The statement that creates the landing."""
        landed = (*self.columns, *self.lineage, self.seal)
        body = ",\n    ".join([*(f"`{c.name}` {c.plain}" for c in landed), _LANDED_AT])
        return f"CREATE TABLE IF NOT EXISTS {self.landing} (\n    {body}\n) ENGINE = Null"

    def feeds(self) -> Iterator[Select]:
        """The views that pass on what lands, to the table and to the ledger."""
        for name, target, described, select in self._feeds():
            create = f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name} TO {target} ({described}) AS {select}"
            yield Select(name, select, create, f"ALTER TABLE {name} MODIFY QUERY {select}")

    def _feeds(self) -> Iterator[tuple[str, str, str, str]]:
        """Name, target, columns and query of each feed."""
        landed = [*self.columns, *self.lineage, Column("_landed_at", _MOMENT, "")]
        described = ", ".join(f"`{c.name}` {c.plain}" for c in landed)
        plain = ", ".join(f"`{c.name}`" for c in landed)
        yield (
            f"{self.landing}_to_table",
            self.name,
            described,
            f"SELECT {plain} FROM {self.landing} {_SEALED}",
        )

        fields = {column.name for column in self.columns}
        unknown = f"CAST(NULL, {text(f'Nullable({_MOMENT})')})"
        time = next((f for f in ("occurred_at", "ordered_at") if f in fields), unknown)
        key = self.port.partition_by or self.port.table_key[0]
        columns = (
            ("topic", "String", f"'{self.port.topic}'"),
            ("partition", "Int32", "_partition"),
            ("offset", "Int64", "_offset"),
            ("key", "String", f"toString({key})"),
            ("event_time", f"Nullable({_MOMENT})", f"toNullable({time})"),
            ("published_at", "DateTime64(3, 'UTC')", "_published_at"),
            ("landed_at", _MOMENT, "_landed_at"),
        )
        described = ", ".join(f"`{name}` {kind}" for name, kind, _ in columns)
        select = ", ".join(f"{expression} AS `{name}`" for name, _, expression in columns)
        yield (
            f"{self.landing}_to_ledger",
            "mesh.raw_events_v1",
            described,
            f"SELECT {select} FROM {self.landing} {_SEALED}",
        )

    def views(self) -> Iterator[Select]:
        """The view that masks personal fields, and the clear one."""
        for name, masked in ((self.view, True), (f"{self.view}_clear", False)):
            select = f"SELECT {self._select(masked=masked)} FROM {self.name} AS t FINAL"
            statement = f"CREATE OR REPLACE VIEW {name} AS {select}"
            yield Select(name, select, statement, statement)

    def _select(self, *, masked: bool) -> str:
        out = []
        for column in self.columns:
            promise = self.port.promises.get(column.name)
            mask = promise.mask if promise and masked else None
            plain = f"t.`{column.name}`"
            out.append(f"{under_mask(mask, plain)} AS `{column.name}`" if mask else plain)
        for computed in self.port.computed:
            source = f"t.`{computed.name}`" if computed.stored else computed.sql("t.")
            out.append(f"{source} AS `{computed.name}`")
        return ", ".join([*out, "t._partition", "t._offset", "t._published_at", "t._landed_at"])


def _materialized(computed: Computed) -> str:
    """A computed column that is kept, as CREATE TABLE and ADD COLUMN want it."""
    return f"`{computed.name}` {computed.type} MATERIALIZED {computed.sql('')}"
