"""Whether the services answer, each asked in its own protocol."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from mesh.kernel.broker import Broker
from mesh.kernel.metrics import SERVICE_UP
from mesh.kernel.settings import Settings

TIMEOUT = 2.0
"""Seconds that a service may take for an answer."""

Probe = Callable[[], bool]


class Services:
    """Asks all services at once, so that a silent one delays no other."""

    def __init__(self, probes: dict[str, Probe]) -> None:
        self._probes = probes
        self._pool = ThreadPoolExecutor(len(probes), thread_name_prefix="probe")

    def measure(self) -> None:
        """Ask each once."""
        answers = {part: self._pool.submit(probe) for part, probe in self._probes.items()}
        for part, answer in answers.items():
            SERVICE_UP.labels(part).set(answer.result())


def probes(settings: Settings, broker: Broker) -> dict[str, Probe]:
    """The probe of each part that must answer, by its name."""
    return {
        "broker": broker.answers,
        "registry": _http(f"{settings.registry.rstrip('/')}/subjects"),
        "warehouse": _http(f"{settings.warehouse.rstrip('/')}/ping"),
        "prometheus": _http(f"{settings.prometheus.rstrip('/')}/-/ready"),
        "alertmanager": _http(f"{settings.alertmanager.rstrip('/')}/-/ready"),
    }


def _http(url: str) -> Probe:
    """A GET that is answered with 200, whatever proxies the environment names."""
    client = httpx.Client(timeout=TIMEOUT, trust_env=False)

    def answers() -> bool:
        try:
            return client.get(url).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    return answers
