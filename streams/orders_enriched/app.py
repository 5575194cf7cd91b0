"""The application ``mesh.orders-enriched``, put together from the schemas of its events."""

from __future__ import annotations

from collections.abc import Mapping

from mesh.kernel.names import ORDERS_ENRICHED
from schemas.codec import Codec
from streams.engine.avro.walk import Walker
from streams.engine.fold import Application, PartitionFold, Shared
from streams.facts import Array, Reader, Resolver
from streams.orders_enriched import topics
from streams.orders_enriched.dimensions import Dimensions, Role
from streams.orders_enriched.fold import EnrichedFold
from streams.orders_enriched.layout import LINE_KEY, check_clock, check_envelope, layout

STORE = "facts"
"""Name of the store whose changelog holds the facts."""


def application(ids: Mapping[str, int], resolver: Resolver) -> Application:
    """Orders enriched, ready to run.

    ``ids`` are the schema ids of every topic that it reads or writes (:mod:`streams.orders_enriched.topics`),
    ``resolver`` rewrites what other versions have written (:class:`schemas.codec.Codecs`). Raises
    :class:`mesh.kernel.errors.StreamError` (``layout-broken``) when the events no longer fit together.
    """
    codecs = {topic: Codec(record, ids[topic]) for topic, record in topics.RECORDS.items()}
    wanted = {topics.ORDER: (topics.ORDER_FIELDS, Array("lines", LINE_KEY))}
    readers = {}
    for topic in (*topics.INPUTS, *topics.BROADCAST):
        fields, array = wanted.get(topic, (None, None))
        readers[topic] = Reader(codecs[topic], resolver, fields=fields, array=array)
    for reader in readers.values():
        check_envelope(reader.walker)
    frames = {topic: codecs[topic].header for topic in topics.OUTPUTS}
    rows, clock = (Walker(codecs[topic].schema) for topic in topics.OUTPUTS)
    check_clock(clock)
    plan = layout(
        rows,
        readers[topics.ORDER].walker,
        {prefix: readers[topic].walker for prefix, topic in topics.BLOCKS.items()},
        topics.BLOCK_KEYS,
    )
    dimensions = Dimensions(
        readers,
        {
            prefix: Role(topic, id_field, plan.block(prefix))
            for prefix, (topic, id_field) in topics.ROLES.items()
        },
    )

    def fold(partition: int, shared: Shared) -> PartitionFold:
        assert isinstance(shared, Dimensions)
        return EnrichedFold(partition, shared, readers, plan, frames)

    return Application(
        name=ORDERS_ENRICHED,
        inputs=topics.INPUTS,
        broadcast=topics.BROADCAST,
        store=STORE,
        shared=dimensions,
        fold=fold,
        outputs=topics.OUTPUTS,
        rewritten=lambda: {topic: reader.rewritten for topic, reader in readers.items()},
    )
