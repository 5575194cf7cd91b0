"""What each process of the mesh did: records, CPU seconds and memory, from its own metrics."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from mesh.platform.part import PartStatus


@dataclass(frozen=True, slots=True)
class Stage:
    """One process: records in and out, CPU seconds, memory in bytes."""

    part: str
    read: int
    written: int
    cpu_seconds: float
    memory_bytes: int

    @property
    def rate(self) -> float:
        """Records read and written a CPU second."""
        return (self.read + self.written) / self.cpu_seconds if self.cpu_seconds else 0.0


def stages(parts: list[PartStatus]) -> list[Stage]:
    """The stages among the parts: those that publish metrics about records."""
    found = []
    for part in parts:
        values = _metrics(part.address) if part.address.endswith("/metrics") else {}
        if read := values.get("mesh_records_read_total"):
            found.append(
                Stage(
                    part.name,
                    int(read),
                    int(values.get("mesh_records_written_total", 0)),
                    values.get("mesh_process_cpu_seconds_total", 0.0),
                    part.memory_bytes,
                )
            )
    return found


def _metrics(address: str) -> dict[str, float]:
    """Every metric of a process, summed over its labels; nothing when it does not answer."""
    try:
        text = httpx.get(address, timeout=5, trust_env=False).text
    except httpx.HTTPError:
        return {}
    values: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values[sample.name] = values.get(sample.name, 0.0) + sample.value
    return values
