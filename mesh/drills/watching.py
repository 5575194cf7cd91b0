"""What a drill sees: the rules that Prometheus evaluates, and the incidents that the pager has recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from mesh.kernel.errors import DrillError, no_answer
from mesh.kernel.settings import Settings

TIMEOUT = 5.0
"""Seconds that Prometheus, Alertmanager or the pager may take for an answer."""


@dataclass(frozen=True)
class Rule:
    """An alert that Prometheus evaluates: its name and the labels that its definition gives it."""

    name: str
    labels: Mapping[str, str]
    state: str
    """inactive, pending or firing."""

    @property
    def drill(self) -> str:
        """The drill that proves it; empty where it names none."""
        return self.labels.get("drill", "")

    @property
    def receiver(self) -> str:
        """Who must be told: the domain that answers for it."""
        return self.labels.get("domain", "")


@dataclass(frozen=True)
class Page:
    """A page as the pager sent it."""

    channel: str
    receiver: str
    at: datetime
    outcome: str
    text: str


@dataclass(frozen=True)
class Incident:
    """An incident as the pager recorded it."""

    id: str
    name: str
    receiver: str
    owner: str
    summary: str
    fired_at: datetime
    received_at: datetime
    resolved_at: datetime | None
    labels: Mapping[str, str]
    pages: tuple[Page, ...]


class Watch:
    """Asks Prometheus, Alertmanager and the pager of one mesh."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def rules(self) -> list[Rule]:
        """Every alert that is loaded; raise :class:`DrillError` ``prometheus-away``."""
        groups = self._prometheus("rules", type="alert")["groups"]
        return [
            Rule(rule["name"], rule["labels"], rule["state"]) for group in groups for rule in group["rules"]
        ]

    def firing(self, name: str) -> list[dict[str, str]]:
        """The labels of each series for which an alert fires or is about to."""
        alerts = self._prometheus("alerts")["alerts"]
        return [alert["labels"] for alert in alerts if alert["labels"]["alertname"] == name]

    def value(self, query: str) -> float | None:
        """The greatest value that a query gives now; None where it gives none."""
        result = self._prometheus("query", query=query)["result"]
        return max((float(sample["value"][1]) for sample in result), default=None)

    def routed(self, name: str) -> set[str]:
        """The receivers to which Alertmanager sends an alert that it holds."""
        try:
            answer = self._http.get(
                f"{self._settings.alertmanager}/api/v2/alerts", params={"filter": f'alertname="{name}"'}
            ).raise_for_status()
        except httpx.HTTPError as error:
            raise _away("alertmanager-away", self._settings.alertmanager, error) from None
        return {receiver["name"] for alert in answer.json() for receiver in alert["receivers"]}

    def incidents(self) -> list[Incident]:
        """Every incident, newest first; raise :class:`DrillError` ``pager-away``."""
        try:
            answer = self._http.get(
                f"{self._settings.pager}/incidents", params={"state": "all", "limit": 500}
            ).raise_for_status()
        except httpx.HTTPError as error:
            raise _away("pager-away", self._settings.pager, error) from None
        return [_incident(found) for found in answer.json()["incidents"]]

    def _prometheus(self, path: str, **parameters: str) -> Any:
        try:
            answer = self._http.get(f"{self._settings.prometheus}/api/v1/{path}", params=parameters)
            return answer.raise_for_status().json()["data"]
        except httpx.HTTPError as error:
            raise _away("prometheus-away", self._settings.prometheus, error) from None


def _incident(found: Mapping[str, Any]) -> Incident:
    return Incident(
        id=found["id"],
        name=found["name"],
        receiver=found["receiver"],
        owner=found["owner"],
        summary=found["summary"],
        fired_at=datetime.fromisoformat(found["fired_at"]),
        received_at=datetime.fromisoformat(found["received_at"]),
        resolved_at=datetime.fromisoformat(found["resolved_at"]) if found["resolved_at"] else None,
        labels=found["labels"],
        pages=tuple(
            Page(
                page["channel"],
                page["receiver"],
                datetime.fromisoformat(page["at"]),
                page["outcome"],
                page["text"],
            )
            for page in found["pages"]
        ),
    )


def _away(code: str, place: str, error: httpx.HTTPError) -> DrillError:
    remedy = "see `mesh status`; start it with `mesh up`"
    return DrillError(code, no_answer(error), place=place, remedy=remedy)
