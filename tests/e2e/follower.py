"""A consumer that writes down what it is told, and may be killed at any moment.

``python -m tests.e2e.follower TOPIC GROUP JOURNAL [once]``: one line of JSON a change, before it is finished.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from mesh.subscribe import subscribe


def plain(value: Any) -> Any:
    """A value as both a subscriber and the warehouse's client can write it."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return int.from_bytes(value, "little")
    if isinstance(value, Decimal | date):
        return str(value)
    return int(value) if isinstance(value, bool) else value


def main(topic: str, group: str, journal: str, follow: bool) -> None:
    """Follow until killed, or once to the end."""
    with (
        open(journal, "a", encoding="utf-8") as out,
        subscribe(topic, latest=True, group=group, follow=follow) as changes,
    ):
        for change in changes:
            told = {
                "key": [plain(part) for part in change.key],
                "kind": change.kind,
                "version": change.version,
                "place": [change.partition, change.offset],
                "values": {name: plain(value) for name, value in change.values.items()},
            }
            out.write(json.dumps(told) + "\n")
            out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:4], follow=len(sys.argv) < 5)
