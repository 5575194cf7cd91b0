"""Brings every waiting page out: at least once, in an incident's order, however long the other side is away.

What waits is a part of the book, so a restart goes on where a crash came between. Pages of one incident to
one receiver over one channel go out one after the other; nobody else waits for them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    RetryError,
    retry_if_exception_type,
    wait_exponential_jitter,
)

from mesh.kernel.metrics import PAGES
from observability.pager.book import Book
from observability.pager.channel import Channel, DeliveryError, Note
from observability.pager.entry import Outcome, Route
from observability.pager.incident import Incident, Page

log = logging.getLogger("mesh.pager")

PATIENCE = timedelta(hours=24)
"""A page that could not be delivered for so long is given up."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two attempts: doubled from the first to the longest."""
AT_ONCE = 4
"""Pages that one channel sends at the same time."""


class Delivery:
    """A lane for each incident, receiver and channel that has pages waiting."""

    def __init__(
        self,
        book: Book,
        channels: Mapping[str, Channel],
        record: Callable[[str, Page, Outcome, str], None],
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``record`` writes down what became of a page: incident, page, outcome, reason."""
        self._book = book
        self._channels = channels
        self._record = record
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[tuple[str, Route], asyncio.Task[None]] = {}
        # Threads of its own for each channel: a mail server that hangs must not keep back what goes to Teams.
        self._threads = {name: ThreadPoolExecutor(AT_ONCE, thread_name_prefix=name) for name in channels}

    def dispatch(self, incident: Incident) -> None:
        """See to it that everything that waits for this incident is brought out."""
        for route in dict.fromkeys(page.route for page in incident.pages if page.outcome is Outcome.WAITING):
            if (incident.id, route) not in self._lanes:
                lane = asyncio.create_task(self._drain(incident.id, route))
                self._lanes[incident.id, route] = lane

    async def idle(self) -> None:
        """Return when nothing waits any more."""
        while self._lanes:
            await asyncio.wait(list(self._lanes.values()))

    def close(self) -> None:
        """Stop; what waits is in the journal."""
        for lane in self._lanes.values():
            lane.cancel()
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)

    async def _drain(self, incident: str, route: Route) -> None:
        try:
            while page := self._book[incident].next_page(route):
                await self._deliver(incident, page)
        finally:
            del self._lanes[incident, route]

    async def _deliver(self, incident: str, page: Page) -> None:
        """Try until it is taken; only a new reason is written down, so that a long outage is a short tale."""
        said = page.reason

        def failed(state: RetryCallState) -> None:
            nonlocal said
            reason = str(state.outcome.exception()) if state.outcome else ""
            if reason != said:
                said = reason
                log.warning("%s: %s to %s over %s: %s", incident, page.change, *page.route, reason)
                self._record(incident, page, Outcome.WAITING, reason)

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(DeliveryError),
            wait=wait_exponential_jitter(initial=FIRST_PAUSE, max=LONGEST_PAUSE),
            stop=lambda _: self._clock() - page.due_at > PATIENCE,
            sleep=self._sleep,
            before_sleep=failed,
        )
        try:
            await retrying(self._attempt, incident, page)
        except RetryError as error:
            self._record(incident, page, Outcome.FAILED, str(error.last_attempt.exception()))
        else:
            self._record(incident, page, Outcome.DELIVERED, "")

    async def _attempt(self, incident: str, page: Page) -> None:
        receiver, channel = page.route
        note = Note(self._book[incident], page.change, receiver, page.due_at, page.text)
        try:
            if channel not in self._channels:
                raise DeliveryError("is not set any more")
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads[channel], self._channels[channel].send, note)
        except DeliveryError:
            PAGES.labels(receiver, channel, Outcome.FAILED).inc()
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the lane, nor may its text be shown
            PAGES.labels(receiver, channel, Outcome.FAILED).inc()
            raise DeliveryError(f"a fault of the pager ({type(error).__name__})") from None
        PAGES.labels(receiver, channel, Outcome.DELIVERED).inc()
