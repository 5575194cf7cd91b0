"""Small JSON files in a mesh's home that change it while it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LIVE = "live.json"
"""Which sources speak just now: for how many seconds each topic may be silent before somebody is told."""


def amend(path: Path, entries: Mapping[str, Any]) -> None:
    """Set entries of a file, None takes one away; what else is there stays. Makes a missing file."""
    stated: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, entry in entries.items():
        stated.pop(name, None)
        if entry is not None:
            stated[name] = entry
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(stated), encoding="utf-8")
    draft.replace(path)
