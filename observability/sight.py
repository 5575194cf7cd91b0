"""Conditions on what the monitor measures: stale numbers wake nobody, and calm nobody.

When the monitor is away, or can no longer measure one kind of thing, its last numbers say nothing: what did
not fire must not begin to, and what fires must not be told as mended. That it is away is an alert of its own.
"""

from __future__ import annotations

from observability.limits import BLIND

TOPICS = "positions"
"""Rounds over the broker: end offsets, committed offsets, newest records."""
LEDGER = "ledger"
"""Rounds over the warehouse: what landed."""
JUDGED = "quality"
"""Rounds over the warehouse: what judging the landed rows found last."""
STREAM_JUDGED = "stream-quality"
"""Rounds over the broker: what the rules on whole tables find in stream."""
SERVICES = "services"
"""Rounds over the services, each asked in its own protocol."""
HOST = "machine"
"""Rounds over this machine: disks and certificates."""


def seen(condition: str, alert: str, kind: str, by: str = "") -> str:
    """``condition`` while the monitor sees; else whether ``alert`` already fired, with the value 0.

    ``by`` is the label that the condition keeps; it must keep no other.
    """
    return f"{while_seen(condition, kind)}\nor {fired_unseen(alert, kind, by)}"


def while_seen(condition: str, kind: str, known: str = "") -> str:
    """``condition`` while the monitor sees. ``known`` is a series without which it knows nothing of this,
    although it makes its rounds.
    """
    return f"{condition}\nand on () {_sees(kind, known)}"


def fired_unseen(alert: str, kind: str, by: str = "", known: str = "") -> str:
    """Whether ``alert`` already fired, with the value 0, while the monitor does not see."""
    fired = f'max{f" by ({by}) " if by else ""}(ALERTS{{alertname="{alert}", alertstate="firing"}})'
    return f"0 * {fired}\nunless on () {_sees(kind, known)}"


def _sees(kind: str, known: str) -> str:
    sees = f'time() - max(mesh_monitor_last_round_timestamp_seconds{{kind="{kind}"}}) < {BLIND}'
    return f"(\n  {sees}\n  and on () {known}\n)" if known else sees


def seeing(kind: str, steps: int = 60) -> dict[str, str]:
    """For tests: the series of a monitor that makes its rounds."""
    return {f'mesh_monitor_last_round_timestamp_seconds{{part="monitor", kind="{kind}"}}': f"0+5x{steps}"}
