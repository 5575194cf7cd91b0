"""Rounds: one kind of measurement, again and again, whatever becomes of a single one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from mesh.kernel.clock import now_seconds
from mesh.kernel.metrics import MONITOR_ROUND, MONITOR_SECONDS

EVERY = 5.0
"""Seconds from the beginning of one round to that of the next."""

log = logging.getLogger("mesh.monitor")


class Rounds:
    """Measures one kind until stopped. ``measure`` sets gauges; what it raises spoils this round alone.

    Gauges keep what the last good round found. That it lies long ago shows in
    ``mesh_monitor_last_round_timestamp_seconds``, which only a good round moves.
    """

    def __init__(self, kind: str, measure: Callable[[], None], *, every: float = EVERY) -> None:
        self._kind = kind
        self._measure = measure
        self._every = every
        self._fault = ""

    def start(self, stop: Event) -> Thread:
        """Begin, in a thread that ends with the process."""
        thread = Thread(target=self._keep, args=(stop,), name=self._kind, daemon=True)
        thread.start()
        return thread

    def round(self) -> bool:
        """Measure once; whether it went well. A fault is logged when it is a new one, in one line."""
        began = time.monotonic()
        try:
            self._measure()
        except Exception as error:  # noqa: BLE001 - a dead part must not end the watch over the others
            fault = str(error).strip().split("\n")[0] or type(error).__name__
            if fault != self._fault:
                log.warning("%s: %s", self._kind, fault)
                self._fault = fault
            return False
        if self._fault:
            log.info("%s: measured again", self._kind)
            self._fault = ""
        MONITOR_SECONDS.labels(self._kind).set(time.monotonic() - began)
        MONITOR_ROUND.labels(self._kind).set(now_seconds())
        return True

    def _keep(self, stop: Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            self.round()
            stop.wait(max(0.0, began + self._every - time.monotonic()))
