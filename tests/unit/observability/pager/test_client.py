"""What the command line makes of a name, and of a pager that is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.kernel.errors import IncidentError, PlatformError
from mesh.kernel.settings import Settings
from observability.pager import client
from observability.pager.client import acknowledge, chosen, incident, listing

IDS = ["20261128-3fa9c1", "20261128-3fa000", "20261127-b00b1e"]
NOBODY = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("20261128-3fa9c1", "20261128-3fa9c1"),
        ("3fa9c1", "20261128-3fa9c1"),
        ("b0", "20261127-b00b1e"),
        ("20261127", "20261127-b00b1e"),
    ],
)
def test_an_id_may_be_shortened(name: str, meant: str) -> None:
    """To its digits, to their beginning, or to a day with one incident."""
    assert chosen(name, IDS) == meant


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("20261128-3fa9c2", IDS, "is not an incident; did you mean '20261128-3fa9c1'"),
        ("20261128", IDS, "may be 2 incidents; write more of it: 20261128-3fa9c1, 20261128-3fa000"),
        ("zzz", IDS, "is not an incident; known: "),
        ("zzz", [], "is not an incident; there has been none yet"),
    ],
)
def test_what_is_not_one_incident_gets_the_nearest(name: str, known: list[str], told: str) -> None:
    """In one line."""
    with pytest.raises(IncidentError) as refused:
        chosen(name, known)
    assert told in str(refused.value)


def test_an_error_lists_no_hundred_ids() -> None:
    """The newest will do."""
    with pytest.raises(IncidentError) as refused:
        chosen("zzz", [f"20261128-{number:06x}" for number in range(100)])
    assert str(refused.value).count("20261128-") == 10


def test_there_may_have_been_no_incident_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """To show or to take on one is refused then in one line, too."""
    monkeypatch.setattr(client, "_ask", lambda *_, **__: {"incidents": [], "watchdog": {}})
    for refused in (
        lambda: incident(Settings(home=tmp_path), "3fa9c1"),
        lambda: acknowledge(Settings(home=tmp_path), "3fa9c1", "anna", ""),
    ):
        with pytest.raises(IncidentError, match="there has been none yet"):
            refused()


def test_a_pager_that_is_away_is_one_line(tmp_path: Path) -> None:
    """When the warehouse is away as well; and nothing can be taken on without the pager."""
    settings = Settings(home=tmp_path, pager=NOBODY, warehouse=NOBODY)
    with pytest.raises(PlatformError, match=r"pager-unreachable.*nor does the warehouse"):
        listing(settings, everything=True, limit=5)
    with pytest.raises(PlatformError, match="pager-unreachable"):
        acknowledge(settings, "3fa9c1", "anna", "")
