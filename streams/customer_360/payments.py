"""The payments of one partition: the newest revision of each, and every revision's digest."""

from __future__ import annotations

from struct import Struct

from streams.customer_360.account import Account
from streams.customer_360.knowledge import REGISTER
from streams.customer_360.line import TOTALS
from streams.facts import RevisionConflictError

_HEAD = Struct("<qqq")  # seq, moment, digest


class Payments:
    """Payments by the Avro bytes of transaction id and account."""

    def __init__(self) -> None:
        self._newest: dict[bytes, bytes] = {}
        self._older: dict[tuple[bytes, int], int] = {}

    def put(
        self, account: Account, payment: bytes, seq: int, moment: int, amount: int, contents: bytes
    ) -> bool:
        """Take in a revision, its amount in the reporting currency; False when it is known.

        ``contents`` are its bytes after the envelope. Raises :class:`RevisionConflictError` when another
        record claimed this revision before.
        """
        digest = hash(contents)  # keyed by the process: no publisher can aim at it, and it is never stored
        held = self._newest.get(payment)
        if held is not None:
            known, old_moment, old_digest = _HEAD.unpack_from(held)
            earlier = old_digest if seq == known else self._older.get((payment, seq))
            if earlier is not None:
                if earlier != digest:
                    raise RevisionConflictError(f"another record has seq {seq} and other contents")
                return False
            if seq < known:
                self._older[payment, seq] = digest
                return True
            self._older[payment, known] = old_digest
            account.payment_times.drop(old_moment)
            account.total -= _total(known, int.from_bytes(held[_HEAD.size :], "little", signed=True))
        packed = amount.to_bytes((amount.bit_length() + 8) >> 3, "little", signed=True)
        self._newest[payment] = _HEAD.pack(seq, moment, digest) + packed
        account.payment_times = account.payment_times.plus(moment)
        account.total += _total(seq, amount)
        return True


def _total(seq: int, amount: int) -> int:
    """What a payment adds to its account: it counts once, and knows 4 x (seq + 1) (rule 20)."""
    return TOTALS.pack(transactions=1, transaction_amount=amount, rest=4 * (seq + 1) * REGISTER)
