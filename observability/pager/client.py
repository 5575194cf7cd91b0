"""What the command line asks the pager; where that is away, the warehouse tells what it last knew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from clickhouse_connect.driver.exceptions import ClickHouseError

from mesh.kernel.errors import IncidentError, MeshError, PlatformError, did_you_mean, no_answer
from mesh.kernel.settings import Settings
from mesh.kernel.warehouse import connect

TIMEOUT = 5.0
"""Seconds that the pager may take."""
KNOWN = 1_000
"""Newest incidents among which a name is looked up."""
NEAREST = 10
"""Newest ids that an error names, where none is near."""


@dataclass(frozen=True)
class Listing:
    """Incidents, the newest first, and how far they can be trusted."""

    incidents: list[dict[str, Any]]
    """As ``GET /incidents`` has them; from the warehouse, without pages."""
    watchdog: dict[str, Any] | None
    """When the alerting was last heard; None when the pager is away."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        source = "warehouse" if self.watchdog is None else "pager"
        return {"source": source, "watchdog": self.watchdog, "incidents": self.incidents}


def listing(settings: Settings, *, everything: bool, limit: int) -> Listing:
    """The newest incidents; raise :class:`PlatformError` when neither pager nor warehouse answers."""
    state = "all" if everything else "open"
    try:
        answer = _ask(settings, "GET", "/incidents", params={"state": state, "limit": limit})
    except PlatformError:
        return Listing(_from_warehouse(settings, everything=everything, limit=limit), None)
    return Listing(answer["incidents"], answer["watchdog"])


def incident(settings: Settings, name: str) -> dict[str, Any]:
    """One incident by its id, or the end or beginning of it; raise :class:`IncidentError` when it is none."""
    return _named(name, listing(settings, everything=True, limit=KNOWN).incidents)


def acknowledge(settings: Settings, name: str, by: str, note: str) -> tuple[dict[str, Any], bool]:
    """Take on an incident: how it stands then, and whether it was not taken on before.

    Raises :class:`IncidentError` when it is none, :class:`PlatformError` when the pager does not answer.
    """
    known = _ask(settings, "GET", "/incidents", params={"state": "all", "limit": KNOWN})["incidents"]
    found = _named(name, known)
    if found["acknowledged_at"]:
        return found, False
    return _ask(settings, "POST", f"/incidents/{found['id']}/ack", json={"by": by, "note": note}), True


def chosen(name: str, ids: Iterable[str]) -> str:
    """The one id that is meant; its day, or its digits, may be left out. Raises :class:`IncidentError`."""
    known = list(ids)
    meant = [one for one in known if one == name]
    meant = meant or [one for one in known if one.startswith(name) or one.partition("-")[2].startswith(name)]
    if len(meant) == 1:
        return meant[0]
    what = f"may be {len(meant)} incidents" if meant else "is not an incident"
    if meant:
        remedy = "write more of it: " + ", ".join(meant[:NEAREST])
    elif known:
        near = did_you_mean(name, known)
        remedy = near if near.startswith("did") else did_you_mean(name, known[:NEAREST])
    else:
        remedy = "there has been none yet"
    raise IncidentError("incident-unknown", what, place=name, remedy=remedy)


def _named(name: str, incidents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    by_id = {one["id"]: one for one in incidents}
    return by_id[chosen(name, by_id)]


def _ask(settings: Settings, method: str, path: str, **options: Any) -> Any:
    try:
        answer = httpx.request(method, settings.pager + path, timeout=TIMEOUT, trust_env=False, **options)
        answer.raise_for_status()
        return answer.json()
    except httpx.HTTPStatusError as error:
        raise _unreached(
            settings, f"answers {error.response.status_code}: {error.response.text.strip()}"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError) as error:
        raise _unreached(settings, no_answer(error)) from None


def _unreached(settings: Settings, what: str) -> PlatformError:
    return PlatformError(
        "pager-unreachable", what, place=settings.pager, remedy="see `mesh status` and `mesh logs pager`"
    )


def _from_warehouse(settings: Settings, *, everything: bool, limit: int) -> list[dict[str, Any]]:
    chosen = "" if everything else "WHERE resolved_at IS NULL "
    sql = f"SELECT * FROM mesh.incidents {chosen}ORDER BY received_at DESC, id DESC LIMIT {limit}"
    try:
        result = connect(settings, timeout=TIMEOUT).query(sql)
    except (ClickHouseError, MeshError):
        raise _unreached(settings, "does not answer, nor does the warehouse") from None
    rows = [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]
    plain: list[dict[str, Any]] = json.loads(json.dumps(rows, default=_isoformat))
    return plain


def _isoformat(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat()  # the driver leaves out the zone where it is UTC
