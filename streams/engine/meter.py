"""What the engine tells of its work: once a batch, never once a record."""

from __future__ import annotations


class Meter:
    """Takes no note of anything; a subclass notes what it measures. Topics and parts are bounded labels."""

    def read(self, topic: str, partition: int, records: int, published: float, behind: int) -> None:
        """A batch was folded, and all that follows from it is on the broker.

        ``published`` is the Kafka timestamp of its last record (Unix time in seconds), ``behind`` the number
        of offsets after it.
        """

    def written(self, topic: str, records: int) -> None:
        """Records were handed to the producer: rows, entries of a changelog, or dead letters."""

    def parked(self, topic: str, code: str) -> None:
        """A record of ``topic`` went to the dead letters."""

    def rewritten(self, topic: str, records: int) -> None:
        """Records of ``topic`` were decoded and written anew before they were folded."""

    def worked(self, seconds: float) -> None:
        """A batch was folded and its rows encoded; waiting for the broker is not in it."""

    def rebalanced(self) -> None:
        """Partitions were dealt anew."""

    def recovered(self, seconds: float, entries: int, partitions: int) -> None:
        """So many partitions are ready, for which so many changelog entries were read."""

    def corrected(self, rows: int) -> None:
        """Rows were written again because broadcast knowledge changed."""

    def waited(self, part: str) -> None:
        """``part`` (``broker``, or one that an application waits for) did not answer; it is tried again."""
