"""The application ``mesh.customer-360`` as data: its two stages and how their folds are made."""

from __future__ import annotations

from collections.abc import Mapping

from mesh.kernel import names
from mesh.kernel.settings import Settings
from schemas.codec import Codec
from streams.customer_360 import goldens, line, summary, topics
from streams.customer_360.accounts import AccountsFold
from streams.customer_360.activity import ActivityWriter
from streams.customer_360.clock import EventClock
from streams.customer_360.customer_row import RowWriter
from streams.customer_360.days import BusinessDays
from streams.customer_360.goldens import GoldensFold
from streams.customer_360.picking import Picker
from streams.customer_360.reading import Reader
from streams.engine.fold import Application, Nothing, PartitionFold, Shared
from streams.facts import Resolver

STORES = ("accounts", "golden")
"""The stores of the two stages."""


def application(
    settings: Settings, ids: Mapping[str, int], resolver: Resolver
) -> tuple[Application, Application]:
    """Both stages: facts to accounts, accounts and segments to golden customers.

    ``ids`` are the schema ids by topic; values with other ids are rewritten by ``resolver``. Raises
    :class:`mesh.kernel.errors.StreamError` (``layout-broken``) when the events no longer fit the writers.
    """
    codecs = {topic: Codec(record, ids[topic]) for topic, record in topics.RECORDS.items()}
    readers = {topic: Reader(codec, resolver) for topic, codec in codecs.items()}
    days = BusinessDays(settings.timezone)
    pick_line = Picker(readers[topics.LINE], line.FIELDS).pick
    pick_register = Picker(readers[topics.ACTIVITY], goldens.FIELDS).pick
    pick_summary = Picker(readers[topics.ACTIVITY], summary.FIELDS).pick
    activity = ActivityWriter(codecs[topics.ACTIVITY].header)
    row = RowWriter(codecs[topics.CUSTOMER_360].header, pick_summary, days)

    def by_account(partition: int, shared: Shared) -> PartitionFold:
        assert isinstance(shared, EventClock)
        return AccountsFold(shared, readers, pick_line, activity)

    def by_golden_id(partition: int, shared: Shared) -> PartitionFold:
        return GoldensFold(partition, pick_register, readers[topics.SEGMENT], row)

    golden_inputs = (topics.ACTIVITY, topics.SEGMENT)
    facts = readers.keys() - set(golden_inputs)
    return (
        Application(
            name=names.CUSTOMER_360,
            inputs=(topics.CUSTOMER, topics.CROSSWALK, topics.LINE, topics.PAYMENT),
            broadcast=(topics.CLOCK,),
            store=STORES[0],
            shared=EventClock(readers[topics.CLOCK], days),
            fold=by_account,
            outputs=(topics.ACTIVITY,),
            rewritten=lambda: {topic: one.rewritten for topic, one in readers.items() if topic in facts},
        ),
        Application(
            name=names.CUSTOMER_360,
            inputs=golden_inputs,
            broadcast=(),
            store=STORES[1],
            shared=Nothing(),
            fold=by_golden_id,
            outputs=(topics.CUSTOMER_360,),
            rewritten=lambda: {topic: readers[topic].rewritten for topic in golden_inputs},
        ),
    )
