"""How clients reach Kafka: the part of librdkafka's configuration that is the same for all."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError

from streams.engine.errors import EngineError
from streams.engine.options import Options

_log = logging.getLogger("librdkafka")


def connection(options: Options, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Configuration of a librdkafka client; ``more`` is what this one needs, by librdkafka's names."""
    return {
        "bootstrap.servers": options.brokers,
        # While a broker restarts: try again soon, and do not fill the log.
        "reconnect.backoff.max.ms": 1_000,
        "log.connection.close": False,
        "logger": _log,
        **(more or {}),
        **options.client,
    }


FORBIDDEN = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError._AUTHENTICATION,
    }
)
"""Errors that mean: this client may not, or is not who it says."""


def wait_or_raise(topic: str, error: KafkaError) -> None:
    """Log an error of reading that passes by itself, as while a broker restarts; raise for any other."""
    if error.code() in FORBIDDEN:
        raise EngineError(
            "access-missing",
            f"{error.name()}: {error.str()}",
            place=topic,
            remedy="grant it to this application",
        )
    _log.warning("%s: %s; waiting", topic, error.str())
