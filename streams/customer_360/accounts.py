"""The first fold: facts of accounts in, account-activity out. The state of one partition.

What is known goes to the changelog: a line by its entry, any other fact by its record. The keys are the id of
the fact and its version or seq, so that an entry never changes, and recovery takes the highest of each fact.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from schemas.wire import HEADER_SIZE, UndecodableError
from streams.customer_360 import topics
from streams.customer_360.account import Account, CustomerVersion
from streams.customer_360.activity import ActivityWriter
from streams.customer_360.boundaries import Boundaries
from streams.customer_360.clock import Advance, EventClock
from streams.customer_360.line import FIELDS, line_of, moment, read_line
from streams.customer_360.lines import Lines
from streams.customer_360.numbers import converted, long_of, text_end, text_of
from streams.customer_360.payments import Payments
from streams.customer_360.picking import Pick
from streams.customer_360.reading import Read, Reader
from streams.engine.fold import Emission, Fetched, Output, OutputRow, Rejection
from streams.facts import (
    REFUSALS,
    check_event_time,
    check_key,
    check_seq,
    code_of,
)

GUEST = b"guest:"
"""Accounts of this kind are nobody's: they take no part (rule 13)."""
INVALID = (*REFUSALS, UnicodeDecodeError)
"""Why a record is parked: each has a code, or is undecodable."""

Touched = dict[bytes, None]
"""Facets that are to be written, each once, in the order in which they were touched."""

_VERSION = FIELDS.index("version")
_NUMBER = FIELDS.index("line_number")


class AccountsFold:
    """One partition of the accounts."""

    def __init__(
        self, clock: EventClock, readers: Mapping[str, Reader], pick: Pick, writer: ActivityWriter
    ) -> None:
        self._clock = clock
        self._readers = readers
        self._writer = writer
        self._pick = pick
        self._accounts: dict[bytes, Account] = {}
        self._lines = Lines()
        self._payments = Payments()
        self._boundaries = Boundaries(clock)
        self._dirty: dict[Account, Touched | None] = {}  # None: all facets, and departures
        self._changelog: list[tuple[bytes, bytes]] = []
        self._facts: dict[str, Callable[[Read, Fetched], None]] = {
            topics.CUSTOMER: self._customer,
            topics.CROSSWALK: self._link,
            topics.PAYMENT: self._payment,
        }

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Take in records in order of offsets; yield the invalid ones (rules 1 and 2)."""
        put = self._line if topic == topics.LINE else self._fact(topic)
        for record in records:
            try:
                put(record)
            except INVALID as problem:
                yield Rejection(record, code_of(problem), str(problem))

    def correct(self, changes: Iterable[Hashable]) -> None:
        """Mark the accounts of which a boundary lies between an earlier clock and this one."""
        advances = [change for change in changes if isinstance(change, Advance)]
        if not advances:
            return
        timestamp = max(advance.timestamp for advance in advances)
        since = min(advance.before for advance in advances)
        for account in self._boundaries.sweep(since, self._accounts.values()):
            self._touch(account, (), timestamp)

    def take(self, limit: int) -> Emission | None:
        """The rows of the next accounts: each account's facets, then its summary."""
        if not self._dirty and not self._changelog:
            return None
        rows: list[OutputRow] = []
        written: list[Account] = []
        while self._dirty and len(rows) < limit:
            account = next(iter(self._dirty))
            self._rows(account, self._dirty.pop(account), rows)
            written.append(account)
        self._boundaries.watch(written)
        changelog, self._changelog = self._changelog, []
        return Emission([Output(topics.ACTIVITY, rows)] if rows else [], changelog)

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Take in changelog entries, in any order."""
        for key, value in entries:
            if key[:1] == b"L":
                order, number = _line_id(key)
                account = self._lines.account(order)
                if account is None:
                    account = self._account(text_of(order[text_end(order, 0) :]))
                _, touched = self._lines.put(account, order, number, line_of(value))
                self._touch(account, touched, 0)
            else:
                topic = {b"C": topics.CUSTOMER, b"X": topics.CROSSWALK, b"P": topics.PAYMENT}[key[:1]]
                self._facts[topic](self._readers[topic].read(value), (0, 0, key, value, ()))
        self._boundaries.watch(self._dirty)
        self._dirty.clear()
        self._changelog.clear()

    def _rows(self, account: Account, facets: Touched | None, rows: list[OutputRow]) -> None:
        golden_id, cause, write = account.golden_id, account.cause, self._writer
        if facets is None or facets:
            rows += [(golden_id, value, cause) for value in write.facets(account, facets)]
        rows.append((golden_id, write.summary(account, self._clock.windows), cause))
        if facets is None:
            rows.extend((left, write.departure(account, left), cause) for left in sorted(account.left()))

    def _account(self, name: bytes) -> Account:
        account = self._accounts.get(name)
        if account is None:
            account = self._accounts[name] = Account(name)
        return account

    def _touch(self, account: Account, facets: Iterable[bytes] | None, timestamp: int) -> None:
        # The owner before may have kept facts whose facets it never wrote. A summary counts on all of them;
        # else two rows of one version differ in their favourites: the first after recovery brings them all.
        untold = not account.cause
        account.cause = timestamp
        if facets is None or untold:
            self._dirty[account] = None
        else:
            touched = self._dirty.setdefault(account, {})
            if touched is not None:
                touched.update(dict.fromkeys(facets))

    def _line(self, record: Fetched) -> None:
        _, timestamp, key, value, _ = record
        if key is None or value is None:
            raise UndecodableError("the record has no key or no value")
        if key.startswith(GUEST):
            return
        picked = self._pick(value)
        line = read_line(picked)
        raw_account = picked[1]
        order = picked[0] + raw_account
        account = self._lines.account(order)
        if account is None or account.name != key:
            name = text_of(raw_account)
            name.decode()
            check_key(key, name)
            if line is None:
                return
            account = self._account(name)
        if line is None:
            return
        kept, touched = self._lines.put(account, order, long_of(picked[_NUMBER]), line)
        if kept:
            self._changelog.append((b"".join((b"L", order, picked[_NUMBER], picked[_VERSION])), line.entry))
        self._touch(account, touched, timestamp)

    def _fact(self, topic: str) -> Callable[[Fetched], None]:
        read, put = self._readers[topic].read, self._facts[topic]

        def take_in(record: Fetched) -> None:
            fact = read(record[3])
            account = fact.text("account")
            check_key(record[2], account)
            if topic == topics.PAYMENT:
                check_event_time(fact.number("occurred_at"), record[1])
            check_seq(fact.number("seq"))
            if not account.startswith(GUEST):
                put(fact, record)

        return take_in

    def _customer(self, fact: Read, record: Fetched) -> None:
        body = fact.value[HEADER_SIZE:]
        contents = len(body) - len(fact.contents)
        version = CustomerVersion(fact.number("valid_from"), fact.number("seq"), body, contents)
        account = self._account(fact.text("account"))
        if account.describe(version):
            self._keep(b"C", fact, "account", "valid_from", "seq")
        self._touch(account, (), record[1])

    def _link(self, fact: Read, record: Fetched) -> None:
        account = self._account(fact.text("account"))
        if account.link(fact.number("seq"), fact.text("golden_id")):
            self._keep(b"X", fact, "account", "seq")
        self._touch(account, None, record[1])

    def _payment(self, fact: Read, record: Fetched) -> None:
        paid_at = moment(fact.raw("transaction_at"))
        account = self._account(fact.text("account"))
        payment = fact.raw("transaction_id") + fact.raw("account")
        amount = converted(fact.raw("amount"), fact.raw("fx_rate"))
        if self._payments.put(account, payment, fact.number("seq"), paid_at, amount, fact.contents):
            self._keep(b"P", fact, "transaction_id", "account", "seq")
        self._touch(account, (), record[1])

    def _keep(self, letter: bytes, fact: Read, *identity: str) -> None:
        self._changelog.append((letter + b"".join(map(fact.raw, identity)), fact.value))


def _line_id(key: bytes) -> tuple[bytes, int]:
    """Order and line number of a changelog key."""
    account = text_end(key, 1)
    end = text_end(key, account)
    return key[1:end], long_of(key[end:-32])
