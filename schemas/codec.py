"""Records to framed Avro bytes and back, personal fields through their seam.

:class:`Codec` knows one record class under one schema id. :class:`Codecs` also reads what other versions of
the code have written: it fetches the writer's schema by its id and resolves it to ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from io import BytesIO
from typing import Any, Protocol, Self

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.read import LOGICAL_READERS, SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType
from fastavro.write import LOGICAL_WRITERS

from mesh.kernel.contract import Port
from mesh.kernel.event import Record
from schemas.derive import avro_schema
from schemas.seam import Seam
from schemas.wire import HEADER_SIZE, UndecodableError, header, schema_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EXACT = Context(prec=64, traps=[Inexact, InvalidOperation])


def _exact_decimal(raw: bytes, writer: Mapping[str, Any], _reader: Any = None) -> Decimal:
    unscaled = int.from_bytes(raw, "big", signed=True)
    if abs(unscaled) >= 10 ** writer["precision"]:
        raise ValueError(f"a decimal has more than {writer['precision']} digits")
    return Decimal(unscaled).scaleb(-writer["scale"], _EXACT)


def _exact_bytes(amount: Any, schema: Mapping[str, Any]) -> Any:
    if not isinstance(amount, Decimal):
        raise TypeError(f"{type(amount).__name__} is not a Decimal")  # least of all a float
    scaled = amount.scaleb(schema["scale"], _EXACT)
    unscaled = int(scaled)
    if unscaled != scaled or abs(unscaled) >= 10 ** schema["precision"]:
        raise ValueError(f"{amount} does not fit decimal({schema['precision']}, {schema['scale']})")
    return unscaled.to_bytes((unscaled.bit_length() + 8) // 8, "big", signed=True)


def _aware_micros(moment: Any, _schema: Mapping[str, Any]) -> Any:
    # A naive datetime makes this subtraction fail, where fastavro would take it for local time.
    return (moment - _EPOCH) // _MICROSECOND if isinstance(moment, datetime) else moment


# fastavro rounds a decimal that is too wide on reading, does not count the zeros that scaling adds on
# writing, and takes a naive datetime for local time: each changes data without a word. Its hooks are
# process-wide; for right data these give what its own give.
LOGICAL_READERS["bytes-decimal"] = _exact_decimal
LOGICAL_WRITERS["bytes-decimal"] = _exact_bytes
LOGICAL_WRITERS["long-timestamp-micros"] = _aware_micros

_UNREADABLE = (ValueError, EOFError, LookupError, TypeError, ArithmeticError, SchemaResolutionError)
"""The ways out that fastavro takes on a body that is not Avro of the schema."""


class SchemaSource(Protocol):
    """Where writers' schemas come from: the registry."""

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The schema with this id. Raises :class:`schemas.wire.SchemaUnknownError` when there is none."""


class Codec:
    """Encodes and decodes one record class under one schema id.

    ``subjects`` names, by dotted path of a personal field, the field that holds the person whose text it is;
    :meth:`of_port` takes it from the contract. Without it the text is protected for no one in particular.

    ``schema`` is the Avro schema as JSON, ``parsed`` the same as fastavro wants it, ``header`` the five bytes
    before each body, for those who assemble values themselves.
    """

    def __init__(
        self, record_type: type[Record], schema_id: int, *, subjects: Mapping[str, str] | None = None
    ) -> None:
        self.record_type = record_type
        self.schema_id = schema_id
        self.schema = avro_schema(record_type)
        self.parsed = parse_schema(self.schema)
        self.header = header(schema_id)
        self._seam = Seam.of(record_type, subjects or {})

    @classmethod
    def of_port(cls, port: Port, schema_id: int) -> Self:
        """The codec of a port's records; its contract names the persons of the personal fields."""
        subjects = {path: promise.subject for path, promise in port.promises.items() if promise.subject}
        return cls(port.record, schema_id, subjects=subjects)

    def encode(self, record: Mapping[str, Any] | Record) -> bytes:
        """The framed value of a record, or of a mapping of its fields with the same Python types.

        A missing field takes its default. Raises :class:`ValueError` naming what does not fit the schema.
        """
        fields = record.__dict__ if isinstance(record, Record) else record
        body = BytesIO()
        body.write(self.header)
        try:
            schemaless_writer(
                body, self.parsed, self._seam.protect(fields, fields), strict_allow_default=True
            )
        except (ValueError, TypeError, AttributeError, ArithmeticError) as problem:
            raise ValueError(f"{self.record_type.__name__}: {problem}") from None
        return body.getvalue()

    def decode(self, value: bytes) -> dict[str, Any]:
        """The fields of a framed value with this schema id, in the Python types of the record class.

        Raises :class:`UndecodableError` when the frame or the body is not what this codec writes, be it by
        one byte too many.
        """
        found = schema_id(value)
        if found != self.schema_id:
            raise UndecodableError(f"schema id {found}, not {self.schema_id}")
        return self.reveal(read_body(value, self.parsed))

    def reveal(self, fields: dict[str, Any]) -> dict[str, Any]:
        """``fields`` itself, as :func:`read_body` gives them, with the personal ones revealed in place."""
        try:
            return self._seam.reveal(fields)
        except ValueError as problem:
            raise UndecodableError(f"a personal field cannot be revealed: {problem}") from None


class Codecs:
    """Reads values that any version of the code has written. Writers' schemas are fetched once and kept."""

    def __init__(self, schemas: SchemaSource) -> None:
        self._schemas = schemas
        self._writers: dict[tuple[type[Record], int], Any] = {}

    def decode(self, codec: Codec, value: bytes) -> dict[str, Any]:
        """The fields of ``value`` as ``codec`` would give them, whatever schema wrote it.

        Raises :class:`UndecodableError`, :class:`schemas.wire.SchemaUnknownError`, and
        :class:`mesh.kernel.errors.PlatformError` while the registry cannot be reached (try again).
        """
        if schema_id(value) == codec.schema_id:
            return codec.decode(value)
        return codec.reveal(self._resolved(codec, value))

    def resolve(self, codec: Codec, value: bytes) -> bytes:
        """``value`` as ``codec`` would have written it; personal fields stay the bytes that they are.

        Raises as :meth:`decode` does. The body of a value that ``codec`` wrote itself is not looked into.
        """
        if schema_id(value) == codec.schema_id:
            return value
        body = BytesIO()
        body.write(codec.header)
        schemaless_writer(body, codec.parsed, self._resolved(codec, value))
        return body.getvalue()

    def _resolved(self, codec: Codec, value: bytes) -> dict[str, Any]:
        key = codec.record_type, schema_id(value)
        if key not in self._writers:
            self._writers[key] = self._writer(*key)
        return read_body(value, self._writers[key], codec.parsed)

    def _writer(self, record_type: type[Record], writer_id: int) -> Any:
        schema = self._schemas.schema(writer_id)
        try:
            parsed: Any = parse_schema(schema)
        except (SchemaParseException, UnknownType) as problem:
            raise UndecodableError(f"schema id {writer_id} is not an Avro schema: {problem}") from None
        name = parsed.get("name") if isinstance(parsed, dict) else None
        if name != record_type.full_name():
            raise UndecodableError(f"schema id {writer_id} is of {name}, not of {record_type.full_name()}")
        return parsed


def read_body(value: bytes, writer: Any, reader: Any = None) -> dict[str, Any]:
    """The fields of a framed value as they are on the wire, personal fields still protected.

    ``writer`` and ``reader`` are schemas parsed by fastavro. The body must end exactly where the schema does.
    """
    stream = BytesIO(value)
    stream.seek(HEADER_SIZE)
    try:
        fields = schemaless_reader(stream, writer, reader)
    except _UNREADABLE as problem:
        what = str(problem) or type(problem).__name__
        raise UndecodableError(f"the body is not Avro of its schema: {what}") from None
    rest = len(value) - stream.tell()
    if rest:
        raise UndecodableError(f"the body has {rest} bytes after its last field")
    assert isinstance(fields, dict)
    return fields
