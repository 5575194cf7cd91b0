"""Which parts are to run: services, parts that watch, and applications, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mesh.kernel.errors import PlatformError, did_you_mean
from mesh.platform import alertmanager, debian, observers, prometheus, workers

FETCHED = {prometheus.NAME: debian.PROMETHEUS, alertmanager.NAME: debian.ALERTMANAGER}
"""The parts whose programs come from Debian packages."""
OBSERVERS = (observers.MONITOR, observers.PAGER, observers.SCHEDULER)
"""Our own processes that watch, or look after what landed; they start when there is something to watch."""
WATCHERS = (*FETCHED, *OBSERVERS)


@dataclass(frozen=True)
class Choice:
    """What is to run: services, parts that watch, and applications."""

    services: tuple[str, ...] = workers.SERVICES
    watchers: tuple[str, ...] = WATCHERS
    apps: tuple[str, ...] = workers.APPS

    @classmethod
    def of(cls, only: Sequence[str] | None, *, with_workers: bool, with_monitoring: bool) -> Choice:
        """What was asked for; without workers there is nothing to watch."""
        if only is None:
            watchers = WATCHERS if with_workers and with_monitoring else ()
            return cls(watchers=watchers, apps=workers.APPS if with_workers else ())
        known = (*workers.SERVICES, *WATCHERS, *workers.APPS)
        for name in only:
            if name not in known:
                raise PlatformError(
                    "part-unknown", "is not a part", place=name, remedy=did_you_mean(name, known)
                )
        return cls(
            *(tuple(n for n in group if n in only) for group in (workers.SERVICES, WATCHERS, workers.APPS))
        )
