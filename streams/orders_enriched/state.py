"""The knowledge of one partition: orders, customers, and which orders a dimension's member touches."""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.avro.recognise import Items
from streams.engine.avro.walk import ItemsWalker
from streams.facts import RevisionConflictError
from streams.orders_enriched import order as orders
from streams.orders_enriched.compact import CompactDict
from streams.orders_enriched.order import EMPTY_ENTRY, Entry
from streams.orders_enriched.registers import EMPTY, put, span


class Index:
    """Order ids by the raw id of something that the orders name. It may name orders that no longer do."""

    def __init__(self) -> None:
        # By member. Most have one order, or many; a list of one would cost more than what it holds.
        self.named: dict[bytes, bytes | list[bytes]] = {}

    def add(self, member: bytes, order_id: bytes) -> None:
        """Note that the order names the member."""
        known = self.named.get(member)
        if known is None:
            self.named[member] = order_id
        elif isinstance(known, list):
            known.append(order_id)
        else:
            self.named[member] = [known, order_id]

    def orders(self, member: bytes) -> list[bytes]:
        """Ids of orders that name the member, or did once."""
        known = self.named.get(member)
        if known is None:
            return []
        return known if isinstance(known, list) else [known]


class State:
    """All facts of one partition, as the set that they are: order and repetition make no difference."""

    def __init__(self, cut: ItemsWalker) -> None:
        self._cut = cut.walk
        self.entries = CompactDict()
        """Packed entries (:mod:`streams.orders_enriched.order`) by raw order id."""
        self.amended: dict[bytes, dict[int, bytes]] = {}
        """Lower revisions of amended orders: order id -> seq -> revision."""
        self.customers = CompactDict()
        """Versions (:mod:`streams.orders_enriched.registers`) by raw account."""
        self.by_account = Index()
        self.by_product = Index()
        self.by_location = Index()
        """Orders by store and by territory, which are both locations."""
        self.by_employee = Index()

        self.indexes = (self.by_account, self.by_product, self.by_location, self.by_employee)

    def lines(self, order: orders.Revision) -> Items:
        """Of each line of an order its bytes, its raw number, and the raw id of its product."""
        return self._cut(order.contents, order.lines)[0]

    def put_order(self, order_id: bytes, revision: bytes, lines: Items) -> bool:
        """Take in a revision; False when it is known. Raises :class:`RevisionConflictError`.

        ``lines`` are as :meth:`lines` would give them.
        """
        packed = self.entries.get(order_id)
        entry = orders.unpack(packed) if packed is not None else Entry()
        if entry.revision:
            seq, known_seq = orders.revision_seq(revision), orders.revision_seq(entry.revision)
            older = self.amended.get(order_id, {})
            known = entry.revision if seq == known_seq else older.get(seq)
            if known is not None:
                if orders.revision_contents(known) != orders.revision_contents(revision):
                    raise RevisionConflictError(f"revision {seq} is known with other contents")
                return False
            if seq < known_seq:
                self.amended.setdefault(order_id, {})[seq] = revision
                return True
            self.amended.setdefault(order_id, {})[known_seq] = entry.revision
        self.entries[order_id] = entry._replace(revision=revision).packed()
        self._index(order_id, revision, lines, entry.revision)
        return True

    def put_fact(
        self,
        section: int,
        order_id: bytes,
        identity: bytes,
        moment: int,
        seq: int,
        contents: bytes,
        payload: bytes,
    ) -> bool:
        """Take in a revision of a payment, fulfilment or return; False when it is known.

        ``section`` is its place in an entry. Raises :class:`RevisionConflictError`, as all of these do.
        """
        entry = self.entries.get(order_id) or EMPTY_ENTRY
        start, end = orders.place(entry, section)
        changed = put(entry[start:end], identity, moment, seq, contents, payload)
        if changed is None:
            return False
        self.entries[order_id] = orders.replace(entry, section, changed)
        return True

    def put_customer(
        self, account: bytes, identity: bytes, valid_from: int, seq: int, contents: bytes, fragment: bytes
    ) -> bool:
        """Take in a revision of a customer's version; False when it is known."""
        changed = put(self.customers.get(account) or EMPTY, identity, valid_from, seq, contents, fragment)
        if changed is None:
            return False
        self.customers[account] = changed
        return True

    def orders_of_customer(self, account: bytes, valid_from: int) -> Iterator[bytes]:
        """Orders that show the customer's version at ``valid_from``."""
        first, last = span(self.customers[account], valid_from)
        for order_id, revision in self.placed_within(self.by_account, account, first, last):
            if orders.unpack_revision(revision).account == account:
                yield order_id

    def placed_within(
        self, index: Index, member: bytes, first: float, last: float
    ) -> Iterator[tuple[bytes, bytes]]:
        """Orders that the index has for a member, placed in [first, last): their ids and newest revisions."""
        for order_id in index.orders(member):
            packed = self.entries[order_id]
            moment = orders.ordered_at(packed)
            if moment is not None and first <= moment < last:
                yield order_id, orders.unpack(packed).revision

    def _index(self, order_id: bytes, revision: bytes, lines: Items, replaced: bytes) -> None:
        known = _NOTHING
        if replaced:
            before = orders.unpack_revision(replaced)
            known = _named(before, self.lines(before))
        named = _named(orders.unpack_revision(revision), lines)
        for index, members, old in zip(self.indexes, named, known, strict=True):
            for member in members - old:
                index.add(member, order_id)


def _named(order: orders.Revision, lines: Items) -> tuple[set[bytes], ...]:
    """The ids that an order names, for each of the indexes."""
    places = {order.location_id[1:], order.territory_id[1:]} - _NULL
    employees = {order.employee_id[1:]} - _NULL
    return {order.account}, {product for _, _, product in lines}, places, employees


_NULL = {b""}
_NOTHING: tuple[set[bytes], ...] = (set(), set(), set(), set())
