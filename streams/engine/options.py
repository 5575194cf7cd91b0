"""What differs from one deployment to the next, apart from logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streams.engine.security import Security


@dataclass(frozen=True, slots=True)
class Options:
    """Where the brokers are, and how a worker talks to them.

    ``security`` reaches every connection. ``client`` and ``faust`` win over it and over what the engine sets:

    client
        by librdkafka's names, goes to the clients that read broadcast topics and that look, before the start,
        whether topics and access are there;
    faust
        by Faust's names (``broker_session_timeout``), goes to the Faust app, which reads the inputs. Of it
        ``broker_credentials`` and ``ssl_context`` go to aiokafka's other clients as well: those that write,
        and that read changelogs and tables.

    So TLS or SASL that is said there and not as ``security`` has to be said in both; a worker whose clients
    would speak different protocols does not start (``security-split``).
    """

    brokers: str
    """``host:port[,host:port]``."""
    folder: Path
    """Where Faust keeps its files; a folder in it for each worker. Nothing in it is needed to recover."""
    security: Security | None = None
    """TLS, SASL or both; without it a worker talks in the clear, to brokers that ask nobody who he is."""
    client: Mapping[str, Any] = field(default_factory=dict)
    faust: Mapping[str, Any] = field(default_factory=dict)
    provisioning: str = "your tools"
    """What creates topics, for the remedies of errors."""
