"""The grammar of names: topics, subjects, dead letters, applications, tables. Nothing else spells them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesh.kernel.errors import ContractError

_TOPIC = re.compile(
    r"(?P<domain>[a-z][a-z0-9]*)\.(?P<kind>raw|private|public|dead)\.(?P<name>[a-z][a-z0-9-]*)\.v(?P<version>[1-9]\d*)"
)

ORDERS_ENRICHED = "mesh.orders-enriched"
CUSTOMER_MASTERING = "mesh.customer-mastering"
CUSTOMER_360 = "mesh.customer-360"
SINK = "mesh.sink"
APPLICATIONS = (CUSTOMER_MASTERING, ORDERS_ENRICHED, CUSTOMER_360)
"""Faust applications, each also the name of its consumer group, in the order of the data."""
SIMULATIONS = "simulations"
"""Folder of the mesh's home with what each simulation did to its events."""


@dataclass(frozen=True)
class TopicName:
    """A topic's name taken apart: ``<domain>.<kind>.<name>.v<version>``."""

    domain: str
    kind: str
    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.domain}.{self.kind}.{self.name}.v{self.version}"

    @classmethod
    def parse(cls, text: str) -> TopicName:
        """Take a topic's name apart; raise :class:`ContractError` when it breaks the grammar."""
        match = _TOPIC.fullmatch(text)
        if match is None:
            raise ContractError(
                "topic-name",
                "is not a topic name",
                place=text,
                remedy="write <domain>.<raw|private|public|dead>.<kebab-name>.v<N>",
            )
        return cls(match["domain"], match["kind"], match["name"], int(match["version"]))

    @property
    def dead(self) -> TopicName:
        """Where rejected records of this topic are parked: ``<domain>.dead.<name>.v<version>``."""
        return TopicName(self.domain, "dead", self.name, self.version)


def subject(topic: str) -> str:
    """The registry's subject of a topic's values (TopicNameStrategy)."""
    return f"{topic}-value"


def changelog(application: str, store: str) -> str:
    """The compacted changelog of one store of an application, named as Faust names them."""
    return f"{application}-{store}-changelog"
