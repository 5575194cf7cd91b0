"""Publishes a plan: of each key the records in their order, then its release; and keeps the audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from mesh.dead_letters import audit
from mesh.dead_letters.plan import Action, Lot, Step
from mesh.kernel.errors import DeadLetterError
from mesh.kernel.holding import REDRIVE, REDRIVE_OF, RELEASE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TIMEOUT = 60.0
"""Seconds after which a record that the broker has not taken counts as unpublished."""


class Redriver:
    """Publishes lots under one id. Whatever is interrupted can be repeated: what is there is found there."""

    def __init__(self, kafka: str, client: Client, redrive: str, who: str) -> None:
        self.redrive = redrive
        self._kafka = kafka
        self._client = client
        self._who = who
        self._failed: list[str] = []
        self._producer = Producer(
            {
                "bootstrap.servers": kafka,
                "client.id": "mesh-dead",
                "enable.idempotence": True,  # in order within a partition, and none twice
                "acks": "all",
                "delivery.timeout.ms": int(TIMEOUT * 1000),
                "log_level": 2,
            }
        )

    def publish(self, lots: Sequence[Lot], moment: datetime) -> int:
        """Publish what moves of these lots; return the number of records, releases aside.

        All are on the broker when it returns. Raises :class:`DeadLetterError` ``redrive-interrupted``.
        """
        done: list[tuple[Step, int, int]] = []
        for lot in lots:
            done += [(step, -1, -1) for step in lot.moving if step.action is Action.DISCARD]
            for step in lot.moving:
                if step.action is Action.PUBLISH:
                    self._send(lot.port.topic, step, done)
        self._flush()
        # Only now: a release must not come before a record that went to another partition.
        for lot in lots:
            if lot.releases is not None:
                headers = {REDRIVE: self.redrive, RELEASE: str(lot.releases)}
                self._produce(lot.port.topic, lot.partition, lot.key, None, headers, None)
        self._flush()
        audit.keep(self._client, self.redrive, self._who, moment, done)
        return sum(step.action is Action.PUBLISH for step, _, _ in done)

    def _send(self, topic: str, step: Step, done: list[tuple[Step, int, int]]) -> None:
        def delivered(message: Message) -> None:
            done.append((step, message.partition(), message.offset()))

        headers = {
            REDRIVE: self.redrive,
            REDRIVE_OF: f"{step.place.partition}@{step.place.offset}",
        }
        self._produce(topic, step.partition, step.key, step.value, headers, delivered)

    def _produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: dict[str, str],
        delivered: Any,
    ) -> None:
        def report(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._failed.append(error.str())
            elif delivered is not None:
                delivered(message)

        encoded = [(name, text.encode()) for name, text in headers.items()]
        while True:
            try:
                self._producer.produce(topic, value, key, partition, headers=encoded, on_delivery=report)
                return
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as problem:
                raise self._interrupted(problem.args[0].str()) from None

    def _flush(self) -> None:
        if self._producer.flush(TIMEOUT):
            self._producer.purge()
            self._failed.append(f"no answer within {TIMEOUT:g} s")
        if self._failed:
            raise self._interrupted(self._failed[0])

    def _interrupted(self, what: str) -> DeadLetterError:
        return DeadLetterError(
            "redrive-interrupted",
            f"the broker has not taken everything: {what}",
            place=self._kafka,
            remedy="run the same redrive again: it goes on where it stopped",
        )


def ready(lots: Iterable[Lot]) -> list[Lot]:
    """The lots of which anything can be redriven, or that have only to be released."""
    return [lot for lot in lots if lot.moving or lot.releases is not None]
