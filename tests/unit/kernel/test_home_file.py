"""Files in the home: one entry changes, the others stay."""

from __future__ import annotations

import json
from pathlib import Path

from mesh.kernel.home_file import LIVE, amend


def test_entries_are_set_and_taken_away(tmp_path: Path) -> None:
    """From no file on; what others wrote is theirs, and no draft is left."""
    path = tmp_path / LIVE
    amend(path, {"orders": None})
    assert json.loads(path.read_text()) == {}
    amend(path, {"orders": 60})
    amend(path, {"payments": 15, "returns": 5})
    amend(path, {"orders": None, "payments": 20})
    assert json.loads(path.read_text()) == {"payments": 20, "returns": 5}
    assert [file.name for file in tmp_path.iterdir()] == [LIVE]
