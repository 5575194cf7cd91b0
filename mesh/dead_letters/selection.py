"""Which parked records a person means: by topic, key, code, place and time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mesh.dead_letters.parked import Parked
from mesh.kernel.errors import DeadLetterError, did_you_mean

_PLACE = re.compile(r"(\d{1,9})@(\d{1,18})")
_ROW = re.compile(r"(.+):(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for; None leaves it open."""

    topic: str | None = None
    key: str | None = None
    fault: str | None = None
    """A code."""
    since: datetime | None = None
    place: str | None = None
    """``<partition>@<offset>``, or ``<file>:<row>``."""

    def takes(self, parked: Parked) -> bool:
        """Whether a record is meant."""
        return (
            self.topic in (None, parked.place.topic)
            and self.key in (None, shown_key(parked.key))
            and (self.fault is None or any(letter.code == self.fault for letter in parked.letters))
            and (self.since is None or parked.first_seen >= self.since)
            and self.place in (None, str(parked.place))
        )

    def of(self, parked: Sequence[Parked]) -> list[Parked]:
        """The records that are meant.

        Raises :class:`DeadLetterError` for a key, a code or a place under which nothing is parked, with the
        nearest ones, so that a misspelt one is not taken for good news.
        """
        found = [one for one in parked if self.takes(one)]
        if found:
            return found
        here = [one for one in parked if self.topic in (None, one.place.topic)]
        where = self.topic or "the dead letters"
        if self.key is not None and not any(shown_key(one.key) == self.key for one in here):
            known = {shown_key(one.key) for one in here if one.key is not None}
            raise _not_parked(where, f"no record with key {self.key!r} is parked", self.key, known)
        if self.fault is not None and not any(
            self.fault == one.code for each in here for one in each.letters
        ):
            codes = {letter.code for one in here for letter in one.letters}
            raise _not_parked(where, f"no record is parked as {self.fault!r}", self.fault, codes)
        if self.place is not None:
            check_place(self.place)
            places = {str(one.place) for one in here}
            raise _not_parked(where, f"the record {self.place} is not parked", self.place, places)
        return []


def check_place(text: str) -> None:
    """Raise :class:`DeadLetterError` unless a text names a place."""
    if not _PLACE.fullmatch(text) and not _ROW.fullmatch(text):
        raise DeadLetterError(
            "place-invalid",
            f"{text!r} is no place of a record",
            remedy="write <partition>@<offset>, or <file>:<row> for a row of an extract",
        )


def shown_key(key: bytes | None) -> str | None:
    """A key as it is shown and typed."""
    return None if key is None else key.decode(errors="backslashreplace")


def _not_parked(where: str, what: str, asked: str, known: Iterable[str | None]) -> DeadLetterError:
    names = sorted(name for name in known if name)
    near = did_you_mean(asked, names[:1000]) if names else "nothing is parked there"
    if len(near) > 300:
        near = "`mesh dead list` shows what is parked"
    return DeadLetterError("not-parked", what, place=where, remedy=near)
