"""The second fold: registers of accounts, and segments, in; one row per golden id out. One partition's state.

It needs no clock: windows, customer and churn follow the clock that each summary was made by, so a row is a
function of the registers that its version counts. The segment is one more of them, and the golden id's own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from schemas.wire import UndecodableError
from streams.customer_360 import topics
from streams.customer_360.accounts import INVALID
from streams.customer_360.customer_row import RowWriter
from streams.customer_360.facets import NAMES, SUMMARY
from streams.customer_360.golden import Golden, score
from streams.customer_360.knowledge import version_of
from streams.customer_360.numbers import long_of, money_of, text_of
from streams.customer_360.picking import Pick
from streams.customer_360.reading import Reader
from streams.customer_360.segment import assignment_of
from streams.engine.fold import Emission, Fetched, Output, OutputRow, Rejection
from streams.facts import KeyMismatchError, check_key, check_seq, code_of

FIELDS = (
    "golden_id",
    "account",
    "membership_seq",
    "is_member",
    "facet..facet_id",
    "facet",
    "units",
    "net",
    "version",
)
"""What is picked of a register's record."""

_TRUE = b"\x01"
_REGISTER, _SEGMENT = b"R", b"S"
"""How the keys of the changelog begin."""


class GoldensFold:
    """One partition of the golden ids."""

    def __init__(self, partition: int, pick: Pick, segments: Reader, writer: RowWriter) -> None:
        self._partition = partition
        self._writer = writer
        self._pick = pick
        self._segments = segments
        self._goldens: dict[bytes, Golden] = {}
        self._facets: dict[bytes, bytes] = {}  # each once
        self._dirty: dict[bytes, Golden] = {}
        self._changelog: list[tuple[bytes, bytes]] = []

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Take in registers or segments; yield those that cannot be taken in."""
        put = self._assign if topic == topics.SEGMENT else self._put
        for record in records:
            try:
                put(record)
            except INVALID as problem:
                yield Rejection(record, code_of(problem), str(problem))

    def correct(self, changes: Iterable[Hashable]) -> None:
        """There is no broadcast knowledge here."""

    def take(self, limit: int) -> Emission | None:
        """The next rows."""
        if not self._dirty and not self._changelog:
            return None
        rows: list[OutputRow] = []
        while self._dirty and len(rows) < limit:
            golden_id = next(iter(self._dirty))
            golden = self._dirty.pop(golden_id)
            rows.append((golden_id, self._writer.row(golden_id, golden), golden.cause))
        changelog, self._changelog = self._changelog, []
        return Emission([Output(topics.CUSTOMER_360, rows, self._partition)] if rows else [], changelog)

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Take in changelog entries, in any order."""
        for key, value in entries:
            if key.startswith(_SEGMENT):
                self._assign((0, 0, None, value, ()), recovering=True)
            else:
                self._put((0, 0, None, value, ()), recovering=True)
        self._dirty.clear()
        self._changelog.clear()

    def _put(self, record: Fetched, recovering: bool = False) -> None:
        _, timestamp, key, value, _ = record
        if value is None:
            raise UndecodableError("the record has no value")
        picked = self._pick(value)
        raw_golden_id, account, raw_membership, flag, facet, name, units, net, raw_version = picked
        golden_id = text_of(raw_golden_id)
        if key != golden_id and not recovering:
            raise KeyMismatchError("the key is not that of the record's golden id")
        if name not in NAMES and name != SUMMARY:
            raise UndecodableError("a facet of an unknown name")
        membership, version, is_member = long_of(raw_membership), version_of(raw_version), flag == _TRUE
        golden = self._golden(golden_id)
        if name in NAMES:
            facet = self._facets.setdefault(facet, facet)
            new = score(long_of(units), money_of(net)) if is_member else None
            kept = golden.put_facet(account, name, facet, membership, version, new)
        else:
            kept = golden.put_summary(account, membership, version, is_member, value)
            golden.cause = timestamp
            self._dirty[golden_id] = golden
        if kept:
            register = (_REGISTER, raw_golden_id, account, facet, raw_membership, raw_version)
            self._changelog.append((b"".join(register), value))

    def _assign(self, record: Fetched, recovering: bool = False) -> None:
        _, timestamp, key, value, _ = record
        fact = self._segments.read(value)
        golden_id = fact.text("customer_id")
        if not recovering:
            check_key(key, golden_id)
        check_seq(fact.number("seq"))
        golden = self._golden(golden_id)
        if golden.assign(assignment_of(fact)):
            key = b"".join((_SEGMENT, fact.raw("customer_id"), fact.raw("seq")))
            self._changelog.append((key, fact.value))
        if golden.is_known:
            golden.cause = timestamp
            self._dirty[golden_id] = golden

    def _golden(self, golden_id: bytes) -> Golden:
        golden = self._goldens.get(golden_id)
        if golden is None:
            golden = self._goldens[golden_id] = Golden()
        return golden
