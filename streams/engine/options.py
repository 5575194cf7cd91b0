"""What differs from one deployment to the next, apart from logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """Where the brokers are, and how a worker talks to them.

    ``client`` goes to the librdkafka clients, which read changelogs and broadcasts (TLS, SASL), by
    librdkafka's names; ``faust`` to the Faust app, by Faust's names (``broker_session_timeout``), of which
    ``broker_credentials`` and ``ssl_context`` go to the producer as well. They win over what the engine sets.
    """

    brokers: str
    """``host:port[,host:port]``."""
    folder: Path
    """Where Faust keeps its files; a folder in it for each worker. Nothing in it is needed to recover."""
    client: Mapping[str, Any] = field(default_factory=dict)
    faust: Mapping[str, Any] = field(default_factory=dict)
    provisioning: str = "your tools"
    """What creates topics, for the remedies of errors."""
