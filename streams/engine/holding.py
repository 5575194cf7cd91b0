"""The seam to an application whose later records of a key wait behind one that cannot be folded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol


class Holding(Protocol):
    """What is held in one partition of one topic.

    Records without a value, and those of a key in ``keys``, are shown to :meth:`verdict` before they are
    folded; what a fold rejects is told to :meth:`refused`. All else costs one look into ``keys``.
    """

    @property
    def keys(self) -> Mapping[bytes, object]:
        """The keys of which anything was ever parked."""

    def verdict(
        self, offset: int, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> tuple[str, str] | None:
        """The code and the reason under which a record is parked unfolded; None when it is to be folded."""

    def refused(self, offset: int, key: bytes | None, code: str, reason: str) -> None:
        """Take note that a record was rejected."""


class KeyHolding(Protocol):
    """Which inputs hold keys, and how what is held comes back after a restart."""

    @property
    def topics(self) -> frozenset[str]:
        """The inputs on which later records of a key wait."""

    @property
    def sources(self) -> frozenset[str]:
        """The topics that :meth:`recall` reads."""

    def recall(
        self, places: Iterable[tuple[str, int]], cancelled: Callable[[], bool]
    ) -> Mapping[tuple[str, int], Holding]:
        """What is held in each place (topic, partition). Blocks; may stop early when ``cancelled``."""
