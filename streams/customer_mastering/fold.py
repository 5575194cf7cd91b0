"""The fold of customer mastering (semantics, rule 22): same values, golden id = account. It has no state."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domains.customer.events import AccountLinked, CustomerMastered, CustomerRecorded
from mesh.kernel.event import ENVELOPE
from schemas.codec import Codec, Codecs
from schemas.varint import decode_long, encode_long
from schemas.walk import Walker
from schemas.wire import HEADER_SIZE, UndecodableError
from streams.fold import Emission, Fetched, Output, OutputRow, Rejection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MICROS = 1_000_000
_SEQ_ZERO = encode_long(0)


class Mastering:
    """Turns customer records into mastered views and crosswalk facts.

    A mastered view's fields are the record's and then the golden id, so its body is the record's body and the
    account's bytes once more. What the code of another version wrote is decoded and encoded instead.
    """

    def __init__(
        self, codecs: Codecs, recorded: Codec, mastered: Codec, linked: Codec, topics: tuple[str, str]
    ) -> None:
        self._codecs = codecs
        self._recorded, self._mastered, self._linked = recorded, mastered, linked
        self.customer_topic, self.crosswalk_topic = topics
        self._walker = Walker(recorded.schema, canonical=True)
        place = self._walker.position
        self._source, self._seq, self._occurred = place["source"], place["seq"], place["occurred_at"]
        self._account, self._valid_from = place["account"], place["valid_from"]
        _check_layout(self._walker, mastered, linked)

    def master(self, key: bytes, value: bytes) -> tuple[bytes, bytes, bytes]:
        """Key and value of the mastered view, and value of the crosswalk fact.

        Raises :class:`UndecodableError`, :class:`KeyMismatchError`, and
        :class:`mesh.kernel.errors.PlatformError` while the registry cannot be reached.
        """
        if value[:HEADER_SIZE] == self._recorded.header:
            try:
                at = self._walker.offsets(value, HEADER_SIZE)
            except (ValueError, IndexError):
                return self._by_fields(key, value)
            return self._by_bytes(key, value, at)
        return self._by_fields(key, value)

    def _by_bytes(self, key: bytes, value: bytes, at: tuple[int, ...]) -> tuple[bytes, bytes, bytes]:
        account = value[at[self._account] : at[self._account + 1]]
        if not account.endswith(key) or account != _string(key):
            raise KeyMismatchError
        seq = decode_long(value, at[self._seq], at[self._seq + 1])
        valid_from = decode_long(value, at[self._valid_from], at[self._valid_from + 1])
        link = (
            self._linked.header,
            _string(link_id(key)),
            value[at[self._source] : at[self._seq]],
            _SEQ_ZERO,
            value[at[self._occurred] : at[self._account]],  # occurred_at, recorded_at, trace_id
            account,
            account,
        )
        mastered = self._mastered.header + value[HEADER_SIZE:] + account
        return view_key(key, valid_from // _MICROS, seq), mastered, b"".join(link)

    def _by_fields(self, key: bytes, value: bytes) -> tuple[bytes, bytes, bytes]:
        fields = self._codecs.decode(self._recorded, value)
        account = fields["account"]
        if account.encode() != key:
            raise KeyMismatchError
        link: dict[str, Any] = {
            name: fields[name] for name in ("source", "occurred_at", "recorded_at", "trace_id", "account")
        }
        link |= {"event_id": link_id(key).decode(), "seq": 0, "golden_id": account}
        return (
            view_key(key, (fields["valid_from"] - _EPOCH) // _SECOND, fields["seq"]),
            self._mastered.encode({**fields, "golden_id": account}),
            self._linked.encode(link),
        )


class KeyMismatchError(ValueError):
    """The account in the record is not its key."""

    code = "key-mismatch"

    def __init__(self) -> None:
        super().__init__("the account in the record is not its key")


class MasteringFold:
    """One partition: rows out for each record in, kept only until they are taken."""

    def __init__(self, mastering: Mastering, partition: int) -> None:
        self._mastering = mastering
        self._partition = partition
        self._customers: list[OutputRow] = []
        self._links: list[OutputRow] = []

    def fold(self, topic: str, batch: Sequence[Fetched]) -> list[Rejection]:
        """Master every record of the batch."""
        rejections = []
        master = self._mastering.master
        self._customers, self._links = [], []  # what an interrupted batch left is folded again
        for record in batch:
            _, moment, account, value, _ = record
            assert account is not None  # the seam's promise
            assert value is not None
            try:
                key, customer, link = master(account, value)
            except ValueError as problem:
                code = getattr(problem, "code", UndecodableError.code)
                rejections.append(Rejection(record, code, str(problem)))
                continue
            self._customers.append((key, customer, moment))
            self._links.append((account, link, moment))
        return rejections

    def take(self, limit: int) -> Emission | None:
        """All rows of the batch at once: a batch is no larger than an emission may be."""
        if not self._customers:
            return None
        outputs = [
            Output(self._mastering.customer_topic, self._customers, self._partition),
            Output(self._mastering.crosswalk_topic, self._links, self._partition),
        ]
        self._customers, self._links = [], []
        return Emission(outputs)

    def correct(self, changes: Iterable[Hashable]) -> None:
        """Nothing: mastering reads no broadcast topic."""

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Nothing: mastering has no state."""


class Nothing:
    """The broadcast knowledge of an application that reads no broadcast topic."""

    def put(self, topic: str, record: Fetched) -> Hashable | None:
        """Never called."""
        return None

    def changes_since(self, positions: dict[str, int]) -> set[Hashable]:
        """None."""
        return set()


def view_key(account: bytes, valid_from: int, seq: int) -> bytes:
    """The key of a version of a mastered view; ``valid_from`` in seconds."""
    return b"%b@%d#%d" % (account, valid_from, seq)


def link_id(account: bytes) -> bytes:
    """The event id of an account's first crosswalk fact: the same whichever record it came from."""
    return b"crosswalk:%b#0" % account


def _string(text: bytes) -> bytes:
    return encode_long(len(text)) + text


def _check_layout(walker: Walker, mastered: Codec, linked: Codec) -> None:
    """The splice stands on the order of the fields; a changed event must not pass unnoticed."""
    recorded, envelope = [*CustomerRecorded.model_fields], [*ENVELOPE]
    assert [*walker.fields] == recorded
    assert recorded[: len(envelope) + 1] == [*envelope, "account"]
    assert mastered.record_type is CustomerMastered
    assert [*CustomerMastered.model_fields] == [*recorded, "golden_id"]
    assert linked.record_type is AccountLinked
    assert [*AccountLinked.model_fields] == [*envelope, "account", "golden_id"]
