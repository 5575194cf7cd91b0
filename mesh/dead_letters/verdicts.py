"""Whether records would be valid today: by the code, the schemas and the rules that are here now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesh.kernel.contract import Port
from schemas.codec import Codec, Codecs
from schemas.wire import UndecodableError
from sinks.intake import Intake, Refusal

_MOST_SEQ = 1 << 60


class Verdicts:
    """Judges and reads the records of all ports. ``ids`` are the present schema ids by topic.

    Raises :class:`mesh.kernel.errors.PlatformError` while the registry is away and a schema is needed.
    """

    def __init__(self, ids: Mapping[str, int], codecs: Codecs) -> None:
        self._ids = ids
        self._codecs = codecs
        self._intakes: dict[str, Intake] = {}
        self._own: dict[str, Codec] = {}

    def refusal(self, port: Port, key: bytes | None, value: bytes | None, moment: int) -> Refusal | None:
        """Why a record published at ``moment`` (ms) would be invalid; None when it would be valid."""
        if port.topic not in self._intakes:
            self._intakes[port.topic] = Intake(port, self._ids[port.topic], self._codecs)
        found = self._intakes[port.topic].admit(key, value, moment)
        if isinstance(found, Refusal):
            return found
        seq = (self.fields(port, value) or {}).get("seq", 0)
        return None if 0 <= seq < _MOST_SEQ else Refusal("undecodable", "seq is not within 0 and 2^60")

    def fields(self, port: Port, value: bytes | None) -> dict[str, Any] | None:
        """The fields of a value, personal text in clear; None when it cannot be decoded."""
        if value is None:
            return None
        try:
            return self._codecs.decode(self.codec(port), value)
        except UndecodableError:
            return None

    def codec(self, port: Port) -> Codec:
        """The codec of a port's records under their present schema."""
        if port.topic not in self._own:
            self._own[port.topic] = Codec.of_port(port, self._ids[port.topic])
        return self._own[port.topic]
