"""Dead letters of rows that never were on a topic: where from, why, and what may be shown of them."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version


def row_headers(
    topic: str, *, file: str, row: int, consumer: str, code: str, reason: str, seen: datetime
) -> list[tuple[str, bytes]]:
    """The headers of the dead letter of row ``row`` of ``file``, which was to become a record of ``topic``.

    A row has no coordinates on the topic: its partition is -1 and its offset the number of its row.
    """
    headers = {
        "mesh-topic": topic,
        "mesh-partition": "-1",
        "mesh-offset": str(row),
        "mesh-file": file,
        "mesh-row": str(row),
        "mesh-consumer": consumer,
        "mesh-code": code,
        "mesh-reason": reason,
        "mesh-schema-id": "",
        "mesh-version": version("retail-data-mesh"),
        "mesh-first-seen": seen.isoformat(),
        "mesh-attempts": "1",
    }
    return [(name, text.encode()) for name, text in headers.items()]
