"""What a part of the platform is: a command, a health check, and what it needs before it can start."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal


class State(StrEnum):
    """Where a part is in its life."""

    STOPPED = "stopped"
    WAITING = "waiting"  # for the parts that it needs
    STARTING = "starting"
    RECOVERING = "recovering"  # answers, and does not work yet: it reads its state back
    READY = "ready"
    UNHEALTHY = "unhealthy"  # runs, and does not answer its health check
    RESTARTING = "restarting"  # died, and is started again after a pause
    STOPPING = "stopping"
    FAILED = "failed"  # given up: it never became ready


@dataclass(frozen=True)
class Health:
    """How to ask whether a part is ready: ``kafka`` host:port, or ``http`` URL that answers 200.

    Where ``recovered`` is given the part recovers until the answer holds this text.
    """

    kind: Literal["kafka", "http"]
    target: str
    recovered: str = ""


@dataclass(frozen=True)
class Part:
    """One process of the platform, declared as plain data so that it can be sent to the supervisor.

    ``prepare`` is a command that is run to its end before a start, while the file ``prepared_by`` does not
    exist. ``metrics`` is the http URL of its Prometheus metrics, empty where it has none. ``folder`` is where
    its process works, by default where the supervisor does. ``ports`` are all on which it listens. ``grace``
    is the time in seconds between SIGTERM and SIGKILL; ``ready_timeout`` the time in seconds that a start may
    take, long enough for a busy machine. ``kind`` tells services, which hold data, from workers, which scale.
    """

    name: str
    command: tuple[str, ...]
    health: Health
    address: str
    version: str
    metrics: str = ""
    folder: str = ""
    kind: Literal["service", "worker"] = "service"
    env: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    grace: float = 15.0
    ready_timeout: float = 300.0
    prepare: tuple[str, ...] = ()
    prepared_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Part:
        """The reverse of :meth:`to_dict`."""
        lists = {name: tuple(data[name]) for name in ("command", "needs", "ports", "prepare")}
        return cls(**{**data, **lists, "health": Health(**data["health"])})


@dataclass(frozen=True)
class PartStatus:
    """What the supervisor knows of one part, and what the machine says of its process.

    ``memory_bytes`` is resident memory; ``up_seconds`` since its process started; ``ready_seconds`` what the
    last start took; ``detail`` the reason of a state other than ready.
    """

    name: str
    kind: str
    state: State
    pid: int | None
    address: str
    version: str
    restarts: int
    up_seconds: float
    ready_seconds: float | None
    detail: str
    memory_bytes: int = 0

    @property
    def ready(self) -> bool:
        """Whether the part runs, answers, and does its work."""
        return self.state is State.READY
