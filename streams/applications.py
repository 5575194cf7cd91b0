"""The stream applications by name: built when a worker asks for one; their stores for provisioning."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import NamedTuple

from mesh.kernel import names
from mesh.kernel.errors import StreamError, did_you_mean
from mesh.kernel.settings import Settings
from streams.fold import Application

_MODULES = {
    names.CUSTOMER_MASTERING: "streams.customer_mastering.app",
    names.ORDERS_ENRICHED: "streams.orders_enriched.app",
    names.CUSTOMER_360: "streams.customer_360.app",
}
"""Where each application is. The module has ``STORES``, the names of its stores, and ``application(settings,
ids)``, which returns one :class:`Application` or its stages; ``ids`` are the schema ids by topic."""


class Store(NamedTuple):
    """A store whose changelog provisioning creates: compacted, with ``partitions`` partitions."""

    application: str
    store: str
    partitions: int

    @property
    def changelog(self) -> str:
        """The topic's name."""
        return names.changelog(self.application, self.store)


def build(name: str, settings: Settings, ids: dict[str, int]) -> tuple[Application, ...]:
    """The stages of an application, in the order of the data.

    Raises :class:`StreamError` ``application-unknown``.
    """
    built: Application | Sequence[Application] = _module(name).application(settings, ids)
    return (built,) if isinstance(built, Application) else tuple(built)


def stores(settings: Settings) -> list[Store]:
    """Every store of every application."""
    return [Store(name, store, settings.partitions) for name in _MODULES for store in _module(name).STORES]


def _module(name: str):  # type: ignore[no-untyped-def]  # a module whose attributes are a convention
    if name not in _MODULES:
        raise StreamError(
            "application-unknown", "is not an application", place=name, remedy=did_you_mean(name, _MODULES)
        )
    return importlib.import_module(_MODULES[name])
