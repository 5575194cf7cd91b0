"""The broker as provisioning talks to it: one client, and its errors as those of a person."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from mesh.kernel.errors import PlatformError
from mesh.kernel.settings import Settings

PATIENCE = 30.0
"""Seconds that the broker may take for an answer."""


def admin_of(settings: Settings) -> AdminClient:
    """A client that changes topics and access; it connects when it is first asked."""
    return AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})


def result(future: Future[Any], address: str) -> Any:
    """What the broker answered. Raises :class:`PlatformError` ``broker-refused``."""
    try:
        return future.result()
    except KafkaException as error:
        raise refused_by_broker(error, address) from None


def unreachable(error: KafkaException, address: str) -> PlatformError:
    """The broker does not answer."""
    return PlatformError(
        "broker-unreachable",
        error.args[0].str(),
        place=address,
        remedy="start it with `mesh up`, or set MESH_KAFKA",
    )


def refused_by_broker(error: KafkaException, place: str) -> PlatformError:
    """The broker answers that it will not."""
    return PlatformError("broker-refused", error.args[0].str(), place=place, remedy="see `mesh logs broker`")
