"""Asks a running Prometheus for everything that a dashboard shows, several questions at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import httpx

from mesh.kernel.errors import PlatformError, no_answer
from observability.dashboards.panel import Dashboard, Panel, Query
from observability.dashboards.reading import Line, Reading, Span, alerts, lines

AT_A_TIME = 8
"""Questions under way: Prometheus answers each in milliseconds, and other people ask too."""
TIMEOUT = 30.0
"""Seconds for one answer, on a machine that is busy with the fault that one looks for."""


class Prometheus:
    """A Prometheus at ``address``. A context: leave it to close its connections."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT, trust_env=False)
        self._threads = ThreadPoolExecutor(AT_A_TIME)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._client.close()

    def read(self, dashboard: Dashboard, span: Span) -> Reading:
        """The lines of every panel and the alerts of a dashboard.

        Raises :class:`PlatformError` where Prometheus is away or refuses a query.
        """
        asked = {
            panel: [self._threads.submit(self.lines, panel, query, span) for query in panel.queries]
            for panel in dashboard.panels
        }
        firing = self._threads.submit(self._ask, "/api/v1/alerts", "alerts")
        found = {
            panel: tuple(line for answer in answers for line in answer.result())
            for panel, answers in asked.items()
        }
        return Reading(span, found, alerts(firing.result()["alerts"], dashboard.alerts))

    def lines(self, panel: Panel, query: Query, span: Span) -> Sequence[Line]:
        """The lines of one query of a panel."""
        answer = self._ask(
            "/api/v1/query_range",
            panel.title,
            query=query.expr,
            start=f"{span.start:.3f}",
            end=f"{span.end:.3f}",
            step=f"{span.step:.3f}",
        )
        return lines(query, answer["result"], span)

    def _ask(self, path: str, purpose: str, **parameters: str) -> dict[str, Any]:
        try:
            response = self._client.post(path, data=parameters) if parameters else self._client.get(path)
        except (httpx.HTTPError, OSError) as error:
            raise PlatformError(
                "prometheus-unreachable",
                no_answer(error) if str(error) else "does not answer in time",
                place=self._address,
                remedy="see `mesh status`, or set MESH_PROMETHEUS",
            ) from None
        answer = _document(response)
        if "data" not in answer:
            raise PlatformError(
                "prometheus-refused",
                answer.get("error", f"status {response.status_code}, and no answer of Prometheus"),
                place=purpose,
                remedy="see that MESH_PROMETHEUS names a Prometheus",
            )
        data: dict[str, Any] = answer["data"]
        return data


def _document(response: httpx.Response) -> dict[str, Any]:
    """What was answered; nothing where it is not what Prometheus writes."""
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
