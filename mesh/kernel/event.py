"""The vocabulary that every domain speaks: base classes and field types of events.

A field's Python type decides its Avro type (:mod:`schemas.derive`), its ClickHouse type and its checks:

=================  =================================  ====================================================
Python             Avro                               meaning
=================  =================================  ====================================================
``str``            string                             clear text
``int``            long                               whole number
``bool``           boolean
``float``          double                             coordinates only, never money
``Money``          bytes, decimal(18, 4)              an amount; its currency stands beside it
``Rate``           bytes, decimal(18, 8)              exchange rates and shares
``Timestamp``      long, timestamp-micros             a moment, UTC
``ValidFrom``      long, timestamp-micros             a moment in whole seconds: the start of a version
``Day``            int, date                          a calendar day in the business time zone
``Personal``       bytes                              personal text: only :mod:`schemas.personal` looks inside
``Version``        fixed(32)                          how much a derived row knows (:mod:`schemas.version`)
``T | None``       ["null", T], default null          may be unknown
``list[Record]``   array                              never nullable
=================  =================================  ====================================================
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


class AvroType:
    """Annotation that states the Avro type of a field; ``schema`` is the Avro schema as JSON."""

    def __init__(self, schema: str | dict[str, Any]) -> None:
        self.schema = schema


class PersonalMark:
    """Annotation of a field whose text belongs to a person (classification ``personal``)."""


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _whole_second(moment: datetime) -> datetime:
    if moment.microsecond:
        raise ValueError("must be in whole seconds")
    return moment.astimezone(UTC)


def _decimal(scale: int) -> AvroType:
    return AvroType({"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": scale})


MONEY_SCALE = 4
RATE_SCALE = 8
_MICROS = AvroType({"type": "long", "logicalType": "timestamp-micros"})

Money = Annotated[Decimal, Field(max_digits=18, decimal_places=MONEY_SCALE), _decimal(MONEY_SCALE)]
Rate = Annotated[Decimal, Field(max_digits=18, decimal_places=RATE_SCALE), _decimal(RATE_SCALE)]
Timestamp = Annotated[AwareDatetime, AfterValidator(_utc), _MICROS]
ValidFrom = Annotated[AwareDatetime, AfterValidator(_whole_second), _MICROS]
Day = Annotated[date, AvroType({"type": "int", "logicalType": "date"})]
Personal = Annotated[str, PersonalMark(), AvroType("bytes")]
Version = Annotated[
    bytes,
    Field(min_length=32, max_length=32),
    AvroType({"type": "fixed", "name": "Version", "namespace": "retail", "size": 32}),
]


class Record(BaseModel):
    """A record on a topic. The docstring of a subclass and the descriptions of its fields become Avro
    docs."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    domain: ClassVar[str] = ""

    @classmethod
    def full_name(cls) -> str:
        """The Avro name, ``retail.<domain>.<Class>``."""
        return f"retail.{cls.domain}.{cls.__name__}"


class Event(Record):
    """A fact that a source states, with the envelope that every source stamps."""

    event_id: Annotated[str, Field(min_length=1)]
    """Identifier of this statement: unique for the source, the fact and its revision."""
    source: Annotated[str, Field(min_length=1)]
    """Name of the source system that states the fact."""
    seq: Annotated[int, Field(ge=0, lt=2**60)]
    """Revision number of the fact at its source; the highest one holds."""
    occurred_at: Timestamp
    """When it happened (event time)."""
    recorded_at: Timestamp
    """When the source recorded it; occurred_at where the source does not say."""
    trace_id: str | None = None
    """W3C trace id of the request that caused it; takes no part in comparing contents."""


ENVELOPE = tuple(Event.model_fields)
"""Names of the envelope's fields, in their order on the wire (they come first in every event)."""
