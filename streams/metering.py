"""The engine's work as the mesh's metrics."""

from __future__ import annotations

from mesh.kernel import clock, metrics
from streams.engine.meter import Meter


class Metrics(Meter):
    """Counts one application's work in :mod:`mesh.kernel.metrics`."""

    def __init__(self, application: str) -> None:
        self._application = application

    def read(self, topic: str, partition: int, records: int, published: float, behind: int) -> None:
        """Records read, the age of the last one, and how many wait."""
        name = self._application
        metrics.RECORDS_READ.labels(name, topic).inc(records)
        metrics.EVENT_AGE.labels(name, topic).observe(max(clock.now_seconds() - published, 0))
        metrics.LAG.labels(name, topic, partition).set(behind)

    def written(self, topic: str, records: int) -> None:
        """Records written."""
        metrics.RECORDS_WRITTEN.labels(self._application, topic).inc(records)

    def parked(self, topic: str, code: str) -> None:
        """A record parked."""
        metrics.RECORDS_PARKED.labels(self._application, topic, code).inc()

    def rewritten(self, topic: str, records: int) -> None:
        """Records written anew."""
        metrics.RECORDS_REWRITTEN.labels(self._application, topic).inc(records)

    def worked(self, seconds: float) -> None:
        """Work on a batch."""
        metrics.BATCH_SECONDS.labels(self._application).observe(seconds)

    def rebalanced(self) -> None:
        """A rebalance."""
        metrics.REBALANCES.labels(self._application).inc()

    def recovered(self, seconds: float, entries: int, partitions: int) -> None:
        """The last recovery, and what is owned since."""
        metrics.RECOVERY_SECONDS.labels(self._application).set(seconds)
        metrics.RECOVERED_ENTRIES.labels(self._application).inc(entries)
        metrics.PARTITIONS_OWNED.labels(self._application).set(partitions)

    def corrected(self, rows: int) -> None:
        """Rows written again."""
        metrics.ROWS_CORRECTED.labels(self._application).inc(rows)

    def waited(self, part: str) -> None:
        """A pause."""
        metrics.WAITS.labels(self._application, part).inc()
