"""The stream applications by name: built when a worker asks for one; their stores for provisioning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from mesh.kernel import names
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PlatformError, StreamError, did_you_mean
from mesh.kernel.holding import holds_keys
from mesh.kernel.settings import Settings
from schemas.codec import Codecs
from schemas.registry import Registry
from streams.engine.fold import Application
from streams.engine.options import Options
from streams.holding import HeldKeys
from streams.parking import DeadLetters

PATIENCE = 2.0
"""Seconds for which a fold waits for the registry with the event loop held; the engine then tries again."""

STORES: dict[str, tuple[str, ...]] = {
    names.CUSTOMER_MASTERING: (),
    names.ORDERS_ENRICHED: ("facts",),
    names.CUSTOMER_360: ("accounts", "golden"),
}
"""The stores of each application. Stated apart, since provisioning comes before the schemas."""


READS: dict[str, tuple[str, ...]] = {
    names.CUSTOMER_MASTERING: ("customer.raw.customer-record.v1",),
    names.ORDERS_ENRICHED: (
        "customer.public.customer.v1",
        "sales.public.order-placed.v1",
        "sales.public.payment-recorded.v1",
        "sales.public.fulfilment-updated.v1",
        "sales.public.return-recorded.v1",
        "product.public.product.v1",
        "location.public.location.v1",
        "employee.public.employee.v1",
    ),
    names.CUSTOMER_360: (
        "customer.public.customer.v1",
        "customer.public.crosswalk.v1",
        "sales.public.orders-enriched.v1",
        "sales.public.payment-recorded.v1",
        "sales.private.clock.v1",
        "customer.private.account-activity.v1",
        "customer.public.segment-assigned.v1",
    ),
}
"""The topics that each application reads, alone or whole; stated apart for the same reason."""


class Store(NamedTuple):
    """A store whose changelog provisioning creates: compacted, with ``partitions`` partitions."""

    application: str
    store: str
    partitions: int

    @property
    def changelog(self) -> str:
        """The topic's name."""
        return names.changelog(self.application, self.store)


def stores(settings: Settings) -> list[Store]:
    """Every store of every application."""
    return [
        Store(application, store, settings.partitions)
        for application, stores in STORES.items()
        for store in stores
    ]


def options(settings: Settings) -> Options:
    """What the engine needs to know of a deployment."""
    return Options(settings.kafka, settings.home / "workers", provisioning="`mesh apply`")


def build(name: str, settings: Settings, ids: Mapping[str, int]) -> tuple[Application, ...]:
    """The stages of an application, in the order of the data; ``ids`` are the schema ids by topic.

    Raises :class:`StreamError` ``application-unknown``, or ``store-unknown`` for a store without a changelog.
    """
    if name not in _BUILDERS:
        raise StreamError(
            "application-unknown", "is not an application", place=name, remedy=did_you_mean(name, _BUILDERS)
        )
    stages = _BUILDERS[name](settings, ids, Codecs(Registry(settings.registry, patience=PATIENCE)))
    for stage in stages:
        if stage.store is not None and stage.store not in STORES[name]:
            raise StreamError(
                "store-unknown",
                f"its store {stage.store!r} is not listed, so it has no changelog",
                place=name,
                remedy="add it to streams.applications.STORES",
            )
    ports = find_mesh(settings).ports
    parking = DeadLetters(name, settings.dead_letter_limit)
    return tuple(
        replace(
            stage,
            parking=parking,
            holding=HeldKeys(
                name, settings.kafka, (topic for topic in stage.inputs if holds_keys(ports[topic]))
            ),
            waits_for={PlatformError: "registry"},
        )
        for stage in stages
    )


def _customer_mastering(
    settings: Settings, ids: Mapping[str, int], codecs: Codecs
) -> tuple[Application, ...]:
    from streams.customer_mastering.app import application

    return (application(ids, codecs),)


def _orders_enriched(settings: Settings, ids: Mapping[str, int], codecs: Codecs) -> tuple[Application, ...]:
    from streams.orders_enriched.app import application

    return (application(ids, codecs),)


def _customer_360(settings: Settings, ids: Mapping[str, int], codecs: Codecs) -> tuple[Application, ...]:
    from streams.customer_360.app import application

    return application(settings, ids, codecs)


# A worker imports the one application that it runs.
_BUILDERS: dict[str, Callable[[Settings, Mapping[str, int], Codecs], tuple[Application, ...]]] = {
    names.CUSTOMER_MASTERING: _customer_mastering,
    names.ORDERS_ENRICHED: _orders_enriched,
    names.CUSTOMER_360: _customer_360,
}
