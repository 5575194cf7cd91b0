"""The pager's HTTP interface, as an ASGI application.

``POST /alerts/<receiver>``     Alertmanager's webhook; the receiver ``watchdog`` is the dead man's switch
``GET  /incidents``             ``?state=open`` (the default) or ``all``, ``&limit=``
``GET  /incidents/<id>``
``POST /incidents/<id>/ack``    ``{"by": …, "note": …}``
``GET  /``                      for who opens it in a browser: how many are open, and where they are
``GET  /healthz``               200 as long as the pager works
``GET  /metrics``               for Prometheus
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from mesh.kernel.errors import IncidentError
from mesh.kernel.metrics import PAGES, REGISTRY
from observability.pager.archive import Archive
from observability.pager.pager import Pager

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

log = logging.getLogger("mesh.pager")

WATCHDOG = "watchdog"
_TEXT = "text/plain; charset=utf-8"
_RECEIVER = re.compile(r"[a-z][a-z0-9-]{0,63}")
MOST_BYTES = 8 << 20
"""Of a body; Alertmanager's are some kilobytes."""
LISTEN_EVERY = 5.0
"""Seconds between two looks at the dead man's switch."""
LIMIT = 50
"""Incidents of an answer, where no limit is asked for."""


class Answer(NamedTuple):
    """What a request is answered with."""

    status: int
    body: bytes
    kind: str = "application/json"


class Application:
    """Serves one pager, and keeps it going as long as the server lives."""

    def __init__(self, pager: Pager, archive: Archive) -> None:
        self._pager = pager
        self._archive = archive

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(scope, receive)
            headers = [
                (b"content-type", answer.kind.encode()),
                (b"content-length", str(len(answer.body)).encode()),
            ]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._pager.changed = self._archive.changed
        self._pager.start()
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._archive.run())]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in tasks:
            task.cancel()
        self._pager.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(LISTEN_EVERY)
            try:
                self._pager.listen()
            except OSError as error:
                log.error("that the alerting is silent is not written down: %s", error.strerror)

    async def _answer(self, scope: dict[str, Any], receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        try:
            body = await _body(receive)
            return self._route(method, path, dict(parse_qsl(scope["query_string"].decode("latin-1"))), body)
        except IncidentError as error:
            log.warning("%s", error)
            return _fault(404 if error.code == "incident-unknown" else 400, str(error))
        except OSError as error:
            log.error("%s %s is not written down: %s", method, path, error.strerror)
            return _fault(503, f"not written down ({error.strerror}); send it again")

    def _route(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        match method, path.strip("/").split("/"):
            case "POST", ["alerts", receiver] if _RECEIVER.fullmatch(receiver):
                return self._alerts(receiver, body)
            case "GET", [""]:
                return self._first_page()
            case "GET", ["incidents"]:
                return self._incidents(query)
            case "GET", ["incidents", incident]:
                return _json(200, self._pager.incident(incident).as_dict())
            case "POST", ["incidents", incident, "ack"]:
                return self._acknowledge(incident, body)
            case "GET", ["healthz"]:
                return Answer(200, b"ok\n", "text/plain")
            case "GET", ["metrics"]:
                return Answer(200, generate_latest(REGISTRY), CONTENT_TYPE_LATEST)
        return _fault(404, f"there is no {method} {path}")

    def _alerts(self, receiver: str, body: bytes) -> Answer:
        if receiver == WATCHDOG:
            self._pager.hear(body)
            return _json(200, {})
        try:
            faults = self._pager.notify(receiver, body)
        except IncidentError:
            PAGES.labels(receiver, "intake", "refused").inc()
            raise
        if faults:
            PAGES.labels(receiver, "intake", "refused").inc(len(faults))
            log.error("alerts for %s that cannot be read: %s", receiver, "; ".join(faults))
            return _fault(400, "; ".join(faults) + " (what can be read is taken)")
        return _json(200, {})

    def _first_page(self) -> Answer:
        found = len(self._pager.incidents(everything=False, limit=LIMIT))
        count = f"{LIMIT} or more" if found == LIMIT else found
        page = (
            f"The pager of the retail data mesh; open incidents: {count}.\n\n"
            "  /incidents            those that are open, as JSON; ?state=all for all, &limit=\n"
            "  /incidents/ID         one of them\n"
            "  mesh incidents        the same in a terminal\n"
            "  mesh ack ID --note …  somebody sees to it\n"
        )
        return Answer(200, page.encode(), _TEXT)

    def _incidents(self, query: Mapping[str, str]) -> Answer:
        state, limit = query.get("state", "open"), query.get("limit", str(LIMIT))
        if state not in ("open", "all") or not limit.isdecimal():
            return _fault(400, "state is open or all, limit a number")
        found = self._pager.incidents(everything=state == "all", limit=int(limit))
        switch = self._pager.switch
        heard = {
            "heard_at": switch.heard_at.isoformat() if switch.heard_at else None,
            "listening_since": switch.started_at.isoformat(),
        }
        return _json(200, {"incidents": [one.as_dict() for one in found], "watchdog": heard})

    def _acknowledge(self, incident: str, body: bytes) -> Answer:
        try:
            said = json.loads(body or b"{}")
            by, note = str(said.get("by") or "somebody"), str(said.get("note") or "")
        except (ValueError, AttributeError):
            return _fault(400, 'write {"by": …, "note": …}')
        return _json(200, self._pager.acknowledge(incident, by, note).as_dict())


async def _body(receive: Receive) -> bytes:
    """A request's whole body; raise :class:`IncidentError` when it is too large, or the client went away."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise IncidentError("notification-wrong", "is not whole: the sender hung up")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BYTES:
            raise IncidentError("notification-wrong", f"is larger than {MOST_BYTES} bytes")
    return bytes(body)


def _json(status: int, document: Any) -> Answer:
    return Answer(status, json.dumps(document, ensure_ascii=False).encode() + b"\n")


def _fault(status: int, line: str) -> Answer:
    return Answer(status, line.encode() + b"\n", _TEXT)
