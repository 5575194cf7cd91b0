"""What was done to the events, written down outside the mesh: the ground truth for whoever judges it.

A file of JSON lines. The first line says how the simulation ran, the last one, ``left_until``, before which
moment all records have left (there is none when it failed). Each line between them says what befell an event:
``fault`` (late, duplicate, shuffled, bad), ``event``, ``event_id``, ``occurred_at`` and ``left_at`` in
microseconds since 1970-01-01 UTC; for a bad one its ``kind`` and ``topic``, with ``partition``, ``key`` and
the ``sha256`` of the value that was published, or, of one that never reached its topic, ``file`` and ``row``
of its dead letter.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from mesh.kernel.names import SIMULATIONS
from mesh.simulate.faults import BAD, KINDS, NAMES, REFUSED, SOUND, Fate
from mesh.simulate.post import Post, Posted


class Truth:
    """The file of one simulation, ``<home>/simulations/<tag>.jsonl``."""

    def __init__(self, home: Path, tag: str, arguments: dict[str, Any]) -> None:
        folder = home / SIMULATIONS
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{tag}.jsonl"
        self._file = self.path.open("w", encoding="utf-8")
        self._write({"simulation": tag, **arguments})

    def tell(
        self, post: Post, events: pl.DataFrame, posted: Posted, fate: Fate, file: str, rows: dict[int, int]
    ) -> None:
        """Write down the faults of a frame; ``rows`` is the row in ``file`` of each refused event."""
        event = post.port.record.__name__
        for position in pl.Series(fate.fault != SOUND).arg_true().to_list():
            fault = int(fate.fault[position])
            left_at = int(fate.echoes[position]) or int(fate.leaves[position])
            line = {
                "fault": NAMES[fault],
                "event": event,
                "event_id": events["event_id"][position],
                "occurred_at": events["occurred_at"][position],
                "left_at": left_at,
            }
            if fault == BAD:
                kind = int(fate.kind[position])
                line |= {"kind": KINDS[kind], "topic": post.port.topic}
                if kind == REFUSED:
                    line |= {"file": file, "row": rows[position]}
                else:
                    record = posted.mail.row(position, named=True)
                    line |= {
                        "partition": record["partition"],
                        "key": record["key"].decode(),
                        "sha256": sha256(record["value"]).hexdigest(),
                    }
            self._write(line)

    def close(self, left_until: int) -> None:
        """Write the last line."""
        self._write({"left_until": left_until})
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
