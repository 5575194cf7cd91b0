"""How each kind of fact enters the state of a partition, and which rows it touches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any

from streams.engine.avro.block import Block
from streams.engine.avro.varint import decode_long
from streams.facts import Fact, Reader
from streams.orders_enriched import order, returns, topics
from streams.orders_enriched.layout import PRESENT
from streams.orders_enriched.order import Section
from streams.orders_enriched.owed import Owed
from streams.orders_enriched.state import State


class Intake(ABC):
    """Takes the facts of one topic into the state. ``tag`` begins their keys in the changelog."""

    tag: bytes

    def __init__(self, reader: Reader, state: State, owed: Owed) -> None:
        self._reader = reader
        self._state = state
        self._owed = owed

    @abstractmethod
    def take(self, fact: Fact, timestamp: int | None) -> tuple[bytes, bool]:
        """Take in one fact; return its identity and whether it is new.

        Every row that it touches is owed, known or not: what was written for it may have been lost. During
        recovery (``timestamp`` None) nothing is owed. Raises
        :class:`streams.orders_enriched.registers.RevisionConflictError`.
        """

    def compiled(self, kernel: ModuleType, program: Any, line: Any) -> Any:
        """Its like in the compiled kernel, on the same state; None where Python takes in every fact.

        ``line`` is the program of an order's lines.
        """
        return None

    def _common(self, moment: str) -> tuple[Any, ...]:
        """What the compiled intakes have in common."""
        reader = self._reader
        names = ("seq", "occurred_at", "account", "order_id")
        places = {name: reader.place(name) for name in names}
        places |= {"contents": reader.contents, "moment": reader.place(moment)}
        return reader.frame, self.tag, places, self._state.entries, self._owed

    def _moment(self, fact: Fact, place: int) -> int:
        return decode_long(fact.value, fact.offsets[place], fact.offsets[place + 1])

    def _raw(self, fact: Fact, place: int) -> bytes:
        return fact.value[fact.offsets[place] : fact.offsets[place + 1]]


class OrderIntake(Intake):
    """Orders, with their lines."""

    tag = b"O"

    def __init__(self, reader: Reader, state: State, owed: Owed) -> None:
        super().__init__(reader, state, owed)
        self._order_id = reader.place("order_id")
        self._ordered_at = reader.place("ordered_at")
        parts = [reader.place(name) for name in topics.ORDER_IDS]
        lines = len(reader.walker.fields)  # the walk ends where they begin
        self._places = [place + end for place in parts for end in (0, 1)] + [lines]

    def take(self, fact: Fact, timestamp: int | None) -> tuple[bytes, bool]:
        """Every row of the order, and of what it no longer has."""
        offsets, start = fact.offsets, fact.contents
        order_id = self._raw(fact, self._order_id)
        places = [offsets[place] - start for place in self._places]
        moment = self._moment(fact, self._ordered_at)
        revision = order.pack_revision(fact.seq, moment, places, fact.value[start:])
        new = self._state.put_order(order_id, revision, fact.items)
        if timestamp is not None:
            self._owed.order(order_id, timestamp)
        return order_id, new

    def compiled(self, kernel: ModuleType, program: Any, line: Any) -> Any:
        """See :meth:`Intake.compiled`."""
        _, *ids = topics.ORDER_IDS
        places = tuple(map(self._reader.place, ids))
        indexes = tuple(index.named for index in self._state.indexes)
        return kernel.OrderIntake(program, *self._common("ordered_at"), line, places, indexes)


class PartIntake(Intake):
    """Facts that an order shows one of: its payments, or its fulfilments."""

    def __init__(
        self,
        reader: Reader,
        state: State,
        owed: Owed,
        part: topics.Part,
        block: Block,
    ) -> None:
        super().__init__(reader, state, owed)
        self.tag = part.tag
        self._part = part
        self._section = part.section
        self._block = block
        self._order_id = reader.place("order_id")
        self._identity = reader.place(part.identity)
        self._at = reader.place(part.moment)

    def take(self, fact: Fact, timestamp: int | None) -> tuple[bytes, bool]:
        """Every row of the order."""
        order_id = self._raw(fact, self._order_id)
        identity = self._raw(fact, self._identity)
        fragment = self._block.fragment(fact.value, fact.offsets)
        new = self._state.put_fact(
            self._section,
            order_id,
            identity,
            self._moment(fact, self._at),
            fact.seq,
            fact.value[fact.contents :],
            fragment,
        )
        if timestamp is not None:
            self._owed.order(order_id, timestamp)
        return order_id + identity, new

    def compiled(self, kernel: ModuleType, program: Any, line: Any) -> Any:
        """See :meth:`Intake.compiled`."""
        common = self._common(self._part.moment)
        identity, runs = (self._identity,), self._block.runs
        return kernel.PartIntake(program, *common, self._section, identity, runs, False)


class ReturnIntake(Intake):
    """Returns of an order's lines."""

    tag = b"R"

    def __init__(self, reader: Reader, state: State, owed: Owed) -> None:
        super().__init__(reader, state, owed)
        self._order_id = reader.place("order_id")
        self._returned_at = reader.place("returned_at")
        names = ("line_number", "return_id", "quantity", "amount", "fx_rate")
        self._parts = [reader.place(name) for name in names]

    def take(self, fact: Fact, timestamp: int | None) -> tuple[bytes, bool]:
        """The row of the line."""
        order_id = self._raw(fact, self._order_id)
        number, return_id, *amounts = (self._raw(fact, place) for place in self._parts)
        payload = returns.payload(number, return_id, *amounts)
        moment = self._moment(fact, self._returned_at)
        identity = number + return_id
        new = self._state.put_fact(
            Section.RETURNS, order_id, identity, moment, fact.seq, fact.value[fact.contents :], payload
        )
        if timestamp is not None:
            self._owed.line(order_id, number, timestamp)
        return order_id + identity, new

    def compiled(self, kernel: ModuleType, program: Any, line: Any) -> Any:
        """See :meth:`Intake.compiled`."""
        number, return_id, *_ = self._parts
        runs = tuple((b"" if n else PRESENT, part, part + 1) for n, part in enumerate(self._parts))
        common = self._common("returned_at")
        return kernel.PartIntake(program, *common, Section.RETURNS, (number, return_id), runs, True)


class CustomerIntake(Intake):
    """Versions of customers: few, and each touches many orders, so that Python takes them in."""

    tag = b"C"

    def __init__(self, reader: Reader, state: State, owed: Owed, block: Block) -> None:
        super().__init__(reader, state, owed)
        self._account = reader.place("account")
        self._valid_from = reader.place("valid_from")
        self._block = block

    def take(self, fact: Fact, timestamp: int | None) -> tuple[bytes, bool]:
        """Every row of the account's orders that shows this version."""
        account = self._raw(fact, self._account)
        identity = self._raw(fact, self._valid_from)
        valid_from = self._moment(fact, self._valid_from)
        fragment = self._block.fragment(fact.value, fact.offsets)
        new = self._state.put_customer(
            account, identity, valid_from, fact.seq, fact.value[fact.contents :], fragment
        )
        if timestamp is not None:
            for order_id in self._state.orders_of_customer(account, valid_from):
                self._owed.order(order_id, timestamp)
        return account + identity, new
