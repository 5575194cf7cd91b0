"""The fold of customer mastering (semantics, rule 22): same values, golden id = account. It has no state."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from domains.customer.events import AccountLinked, CustomerMastered, CustomerRecorded
from mesh.kernel.event import ENVELOPE
from schemas.codec import Codec
from schemas.wire import HEADER_SIZE
from streams.engine.avro.varint import decode_long, encode_long
from streams.engine.fold import Emission, Fetched, Output, OutputRow, Rejection
from streams.facts import REFUSALS, Reader, Resolver, check_key, text_of

_MICROS = 1_000_000
_SEQ_ZERO = encode_long(0)
_FIELDS = ("source", "seq", "occurred_at", "account", "valid_from")


class Mastering:
    """Turns customer records into mastered views and crosswalk facts, by their bytes.

    A mastered view's fields are the record's and then the golden id, so its body is the record's body and the
    account's bytes once more. Personal fields stay the bytes that they are.
    """

    def __init__(
        self, resolver: Resolver, recorded: Codec, mastered: Codec, linked: Codec, topics: tuple[str, str]
    ) -> None:
        _check_layout(recorded, mastered, linked)
        self.customer_topic, self.crosswalk_topic = topics
        self._reader = Reader(recorded, resolver, fields=_FIELDS)
        self._mastered, self._linked = mastered.header, linked.header
        self._source, self._seq, self._occurred, self._account, self._valid_from = map(
            self._reader.place, _FIELDS
        )

    @property
    def rewritten(self) -> int:
        """How many records were decoded and written anew."""
        return self._reader.rewritten

    def master(self, record: Fetched) -> tuple[OutputRow, OutputRow]:
        """The mastered view and the crosswalk fact of a record.

        Raises one of :data:`streams.facts.REFUSALS`, and
        :class:`mesh.kernel.errors.PlatformError` while the registry cannot be reached.
        """
        _, moment, key, value, _ = record
        fact = self._reader.read(value)
        body, at = fact.value, fact.offsets
        raw = body[at[self._account] : at[self._account + 1]]
        account = text_of(raw)
        check_key(key, account)
        valid_from = decode_long(body, at[self._valid_from], at[self._valid_from + 1]) // _MICROS
        view = self._mastered + body[HEADER_SIZE:] + raw
        link = (
            self._linked,
            _string(link_id(account)),
            body[at[self._source] : at[self._seq]],
            _SEQ_ZERO,
            body[at[self._occurred] : at[self._account]],  # occurred_at, recorded_at, trace_id
            raw,
            raw,
        )
        view_row = view_key(account, valid_from, fact.seq), view, moment
        return view_row, (account + b"#0", b"".join(link), moment)


class MasteringFold:
    """One partition: the rows of the batches that were folded, until they are taken."""

    def __init__(self, mastering: Mastering, partition: int) -> None:
        self._mastering = mastering
        self._partition = partition
        self._views: list[OutputRow] = []
        self._links: list[OutputRow] = []

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Master every record."""
        master = self._mastering.master
        views: list[OutputRow] = []
        links: list[OutputRow] = []
        for record in records:
            try:
                view, link = master(record)
            except REFUSALS as refusal:
                yield Rejection(record, refusal.code, str(refusal))
                continue
            views.append(view)
            links.append(link)
        self._views += views  # whole or not at all: an interrupted batch is folded again
        self._links += links

    def take(self, limit: int) -> Emission | None:
        """All rows at once: a few batches have not many more records than an emission may have rows."""
        if not self._views:
            return None
        outputs = [
            Output(self._mastering.customer_topic, self._views, self._partition),
            Output(self._mastering.crosswalk_topic, self._links, self._partition),
        ]
        self._views, self._links = [], []
        return Emission(outputs)

    def correct(self, changes: Iterable[Hashable]) -> None:
        """Nothing: mastering reads no broadcast topic."""

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Nothing: mastering has no state."""


def view_key(account: bytes, valid_from: int, seq: int) -> bytes:
    """The key of a version of a mastered view; ``valid_from`` in seconds."""
    return b"%b@%d#%d" % (account, valid_from, seq)


def link_id(account: bytes) -> bytes:
    """The event id of an account's first crosswalk fact: the same whichever record it came from."""
    return b"crosswalk:%b#0" % account


def _string(text: bytes) -> bytes:
    return encode_long(len(text)) + text


def _check_layout(recorded: Codec, mastered: Codec, linked: Codec) -> None:
    """The splice stands on the order of the fields; a changed event must not pass unnoticed."""
    envelope, fields = [*ENVELOPE], [*CustomerRecorded.model_fields]
    assert recorded.record_type is CustomerRecorded
    assert fields[: len(envelope) + 1] == [*envelope, "account"]
    assert envelope == ["event_id", "source", "seq", "occurred_at", "recorded_at", "trace_id"]
    assert mastered.record_type is CustomerMastered
    assert [*CustomerMastered.model_fields] == [*fields, "golden_id"]
    assert linked.record_type is AccountLinked
    assert [*AccountLinked.model_fields] == [*envelope, "account", "golden_id"]
