"""How clients reach Kafka: what the configuration of all has in common."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from aiokafka import errors
from confluent_kafka import KafkaError
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from faust.types.auth import to_credentials

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
        **(options.security.librdkafka() if options.security else {}),
        **options.client,
    }


def aiokafka_options(options: Options) -> dict[str, Any]:
    """Arguments of an aiokafka client: where the brokers are, and who asks, as Faust is told."""
    settings = faust_settings(options)
    credentials = to_credentials(settings.get("broker_credentials"))
    return {
        "bootstrap_servers": options.brokers.split(","),
        **credentials_to_aiokafka_auth(credentials, settings.get("ssl_context")),
    }


def faust_settings(options: Options) -> dict[str, Any]:
    """What the deployment tells the Faust app, by Faust's names."""
    return {**(options.security.faust() if options.security else {}), **options.faust}


def check_protocols(options: Options) -> None:
    """Raise :class:`EngineError` if some clients would encrypt or log in and others would not."""
    theirs = connection(options).get("security.protocol", "plaintext").upper()
    ours = aiokafka_options(options)["security_protocol"]
    if theirs != ours:
        raise EngineError(
            "security-split",
            f"librdkafka's clients would speak {theirs}, and aiokafka's {ours}",
            place=options.brokers,
            remedy="say it once, as `security` of Options, or as `client` and as `faust`",
        )


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
NOT_ALLOWED = (
    errors.AuthenticationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.SaslAuthenticationFailed,
    errors.TopicAuthorizationFailedError,
)
"""The same as aiokafka has them."""


def forbidden(topic: str, problem: str) -> EngineError:
    """What is told of them."""
    return EngineError("access-missing", problem, place=topic, remedy="grant it to this application")


def wait_or_raise(topic: str, error: KafkaError) -> None:
    """Log an error of reading that passes by itself, as while a broker restarts; raise for any other."""
    if error.code() in FORBIDDEN:
        raise forbidden(topic, f"{error.name()}: {error.str()}")
    _log.warning("%s: %s; waiting", topic, error.str())
