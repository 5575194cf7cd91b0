"""TLS and SASL, said once for the two client libraries of the engine, which spell them differently."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from faust import SASLCredentials, SSLCredentials

from streams.engine.errors import EngineError

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """How a worker proves who it is, and how it knows a broker: the same for every connection.

    Whoever needs what is not here (OAuth, Kerberos) says it twice, as ``client`` and ``faust`` of
    :class:`~streams.engine.options.Options`.
    """

    tls: bool = True
    """Encrypt, and check that the broker's certificate is of its name."""
    ca: Path | None = None
    """The authorities whose certificates are believed, in PEM; the system's without it."""
    certificate: Path | None = None
    """This application's own certificate, in PEM, for brokers that ask for one; ``key`` belongs to it."""
    key: Path | None = None
    key_password: str | None = field(default=None, repr=False)
    user: str | None = None
    """Who logs in by SASL; nobody without it."""
    password: str = field(default="", repr=False)
    mechanism: Mechanism = "SCRAM-SHA-512"

    def librdkafka(self) -> dict[str, Any]:
        """By librdkafka's names."""
        said: dict[str, Any] = {"security.protocol": self._protocol()}
        if self.tls:
            said |= {
                "ssl.ca.location": self.ca and str(self.ca),
                "ssl.certificate.location": self.certificate and str(self.certificate),
                "ssl.key.location": self.key and str(self.key),
                "ssl.key.password": self.key_password,
            }
        if self.user is not None:
            said |= {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.user,
                "sasl.password": self.password,
            }
        return {name: value for name, value in said.items() if value is not None}

    def faust(self) -> Mapping[str, Any]:
        """By Faust's names. Raises :class:`EngineError` for a file that cannot be read."""
        context = self._context() if self.tls else None
        if self.user is not None:
            credentials: Any = SASLCredentials(
                username=self.user, password=self.password, mechanism=self.mechanism, ssl_context=context
            )
        elif context is not None:
            credentials = SSLCredentials(context)
        else:
            return {}
        return {"broker_credentials": credentials}

    def _protocol(self) -> str:
        transport = "SSL" if self.tls else "PLAINTEXT"
        return transport if self.user is None else f"SASL_{transport}"

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, self.key_password)
        except OSError as problem:
            raise EngineError(
                "security-unreadable",
                f"a certificate or key cannot be read: {problem}",
                place=", ".join(str(path) for path in (self.ca, self.certificate, self.key) if path),
                remedy="name PEM files that this process may read, and the key's password if it has one",
            ) from None
        return context
