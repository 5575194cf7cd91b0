"""A ready application: facts joined with the newest version of each of their dimensions, Avro to Avro.

    SCHEMAS = {name: Schema(json.loads(Path(f"{name}.avsc").read_text()), id) for name, id in IDS.items()}
    application = enrich(
        "enrich-lines",
        facts=Topic("order-lines", SCHEMAS["line"]),
        rows=Topic("enriched-lines", SCHEMAS["enriched"]),
        tables=[Table("customers", SCHEMAS["customer"], "customer", "customer_id")],
        broadcast=[
            Table("products", SCHEMAS["product"], "product", "product_id"),
            Table("stores", SCHEMAS["store"], "store", "store_id"),
        ],
    )
    set_up_logging()
    run(assemble([application], Options("127.0.0.1:9092", Path("state"))))

A row has the fields of the fact, then those of the item if a fact has items, then a block for each dimension
in any order: ``<prefix>_<field>``, or ``<field>``, null where nobody is known. It keeps the fact's key and
timestamp, and goes to the partition of its key.

A table among ``tables`` has the key and the partitions of the facts: each worker holds the partitions that it
owns. One in ``broadcast`` has one partition, of which every worker holds all. Both are read to their end
before facts flow, after a restart too; while facts flow, a version is known moments after it was published.
Nothing older than what was known comes back. A row is not written again when a dimension changes later.

A fact that cannot be read is parked; so is a version of a dimension, and the one before stays.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streams.engine.avro.frame import Schema
from streams.engine.avro.join import Join
from streams.engine.avro.members import Members
from streams.engine.avro.rewrite import Schemas, UnreadableError
from streams.engine.avro.splice import Shown, Splice
from streams.engine.fold import (
    Application,
    Emission,
    Fetched,
    Output,
    OutputRow,
    PartitionFold,
    RefusedError,
    Rejection,
    Shared,
)
from streams.engine.parking import Parking


class Topic(NamedTuple):
    """A topic of framed Avro records of one schema, or of others that can be resolved into it."""

    name: str
    schema: Schema


@dataclass(frozen=True)
class Table:
    """A topic that holds the newest version of each member of a dimension, and how rows show it."""

    topic: str
    schema: Schema
    prefix: str
    """What the names of its fields in the row begin with, before an underscore; no two tables share it."""
    key: str
    """The field that identifies a member."""
    by: str = ""
    """The field of the fact, or of its items, that names the member; by default it has the key's name."""

    @property
    def shown(self) -> Shown:
        """As the splice takes it."""
        return Shown(self.prefix, self.schema, self.key, self.by or self.key)


def enrich(
    name: str,
    *,
    facts: Topic,
    rows: Topic,
    tables: Sequence[Table] = (),
    broadcast: Sequence[Table] = (),
    items: str | None = None,
    schemas: Schemas | None = None,
    parking: Parking | None = None,
) -> Application:
    """The application ``name`` that joins ``facts`` into ``rows``.

    ``items`` is the fact's last field, if that is an array of records of which each becomes a row.
    ``schemas`` finds the schema of another writer by its id. Raises
    :class:`~streams.engine.errors.EngineError` (``layout-broken``) when the schemas do not fit together.
    """
    splice = Splice(facts.schema, rows.schema, [table.shown for table in (*tables, *broadcast)], items=items)
    join = Join(splice, schemas)

    def known(dimensions: Sequence[Table]) -> Known:
        return Known({table.prefix: table.topic for table in dimensions}, splice, schemas)

    def fold(partition: int, shared: Shared) -> PartitionFold:
        assert isinstance(shared, Known)
        return Enriching(rows.name, join, known(tables), shared)

    flowing, whole = (tuple(dict.fromkeys(table.topic for table in some)) for some in (tables, broadcast))
    return Application(
        name=name,
        inputs=(facts.name, *flowing),
        broadcast=whole,
        store=None,
        shared=known(broadcast),
        fold=fold,
        outputs=(rows.name,),
        parking=parking,
        tables=flowing,
        corrects=False,
        rewritten=lambda: {facts.name: join.rewritten},
    )


class Known:
    """The members of some dimensions; one topic may be shown in several roles."""

    def __init__(self, topics: Mapping[str, str], splice: Splice, schemas: Schemas | None) -> None:
        members = {prefix: Members(splice, prefix, schemas) for prefix in topics}
        self.fragments = {prefix: one.fragments for prefix, one in members.items()}
        self._members = {
            topic: [members[prefix] for prefix, one in topics.items() if one == topic]
            for topic in topics.values()
        }

    def __contains__(self, topic: str) -> bool:
        return topic in self._members

    def put(self, topic: str, record: Fetched) -> Hashable | None:
        """Take in a version of a member; see :class:`~streams.engine.fold.Shared`."""
        _, _, key, value, _ = record
        if key is None:
            raise RefusedError("key-mismatch", "the record has no key")
        for members in self._members[topic]:
            members.put(key, value)
        return None

    def changes_since(self, positions: dict[str, int]) -> set[Hashable]:
        """None: rows are not written again."""
        return set()


class Enriching:
    """The join of one partition; see :class:`~streams.engine.fold.PartitionFold`."""

    def __init__(self, topic: str, join: Join, tables: Known, broadcast: Known) -> None:
        self._topic = topic
        self._tables = tables
        self._join = join.over({**tables.fragments, **broadcast.fragments})
        self._rows: list[OutputRow] = []

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Take in versions of members, or join facts."""
        return self._learn(topic, records) if topic in self._tables else self._join(records, self._rows)

    def _learn(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        for record in records:
            try:
                self._tables.put(topic, record)
            except UnreadableError as problem:
                yield Rejection(record, problem.code, str(problem))

    def take(self, limit: int) -> Emission | None:
        """The rows of what was folded: never more than a few batches'."""
        if not self._rows:
            return None
        rows = self._rows[:]
        self._rows.clear()  # the same list, to which the join adds
        return Emission([Output(self._topic, rows)])

    def correct(self, changes: Iterable[Hashable]) -> None:
        """Nothing: rows are not written again."""

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Nothing: there is no changelog."""
