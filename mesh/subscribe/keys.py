"""Keys as people type them: which records they mean, and in which partition those are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from string import Formatter

from mesh.kernel.contract import Port
from mesh.kernel.errors import SubscribeError
from schemas.wire import partition

_WHOLE_NUMBERS = ("seq", "valid_from")
_REVISION = re.compile(r"[@#][0-9@#]+$")
"""What the key of a version has after the entity's own."""


def means(typed: str, key: str) -> bool:
    """Whether a typed key means a record's: itself, or its beginning up to ``@`` or ``#``."""
    return key == typed or key.startswith((f"{typed}@", f"{typed}#"))


def partition_of(typed: str, port: Port) -> int | None:
    """The one partition that can have records of a typed key; None when any can."""
    if port.partition_by is None:
        return 0
    parts = list(Formatter().parse(port.key))
    if not parts or parts[0][:2] != ("", port.partition_by):
        return None
    rest = "".join(
        re.escape(text) + ("[0-9]+" if name in _WHOLE_NUMBERS else ".+" if name else "")
        for text, name, _, _ in parts[1:]
    )
    whole = re.fullmatch(f"(.+?){rest}", typed) if rest else None
    return partition((whole[1] if whole else typed).encode(), port.partitions)


def unknown(typed: str, topic: str, seen: Iterable[str]) -> SubscribeError:
    """That no record has a key, with the nearest of those that were seen."""
    keys = list(seen)
    if not _REVISION.search(typed):
        keys = list(dict.fromkeys(_REVISION.sub("", key) for key in keys))
    near = get_close_matches(typed, keys, n=3)
    if near:
        remedy = "did you mean " + " or ".join(map(repr, near)) + "?"
    elif keys:
        remedy = f"a key looks like {keys[-1]!r}; `mesh tail {topic}` shows the newest"
    else:
        remedy = "there is no record at all"
    return SubscribeError("key-unknown", f"no record of {topic} has this key", place=typed, remedy=remedy)
