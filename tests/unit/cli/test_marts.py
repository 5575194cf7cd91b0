"""What ``mesh marts refresh`` tells of marts that it left as they are."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from mesh.cli import marts

LEFT: dict[str, Any] = {"sales_by_period": None, "recommendations": None}
RUN: Any = SimpleNamespace(as_of=date(2026, 11, 28), waiting={"recommendations"})


def test_a_mart_that_waits_for_the_day_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """From one of which nothing has changed: for people."""
    marts._tell(LEFT, dict.fromkeys(LEFT, 0.0), RUN, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    (unchanged,) = [line for line in lines if "sales_by_period" in line]
    (waits,) = [line for line in lines if "recommendations" in line]
    assert "nothing has changed" in unchanged
    assert "due when the day has moved" in waits


def test_programs_are_told_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    """As a scope of its own, with the reason."""
    marts._tell(LEFT, dict.fromkeys(LEFT, 0.0), RUN, as_json=True)
    unchanged, waits = map(json.loads, capsys.readouterr().out.splitlines())
    assert (unchanged["scope"], "why" in unchanged) == ("nothing", False)
    assert (waits["scope"], waits["why"]) == ("waits", "due when the day has moved")
    assert (waits["recomputed"], waits["written"], waits["gone"]) == (0, 0, 0)
