"""Which metrics an expression of Prometheus names, so that none can be misspelt or outlive its metric."""

from __future__ import annotations

import re
from functools import cache

from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.metrics import REGISTRY

_TEXT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`")
_LABELS = re.compile(
    r"\{[^{}]*\}|\[[^\[\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)"
)
_NUMBER = re.compile(r"(?<![\w:])[\d.][\w.]*(?:[eE][+-]?\d+)?")
_NAME = re.compile(r"[A-Za-z_:][\w:]*")
_CALL = re.compile(r"\s*\(")
_WORDS = frozenset(
    ("and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right")
) | {"inf", "nan"}
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
_PROCESS = ("resident_memory_bytes", "virtual_memory_bytes", "cpu_seconds_total", "open_fds", "max_fds")
_OTHERS = ("up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_scraped")
"""What Prometheus itself records."""
_FOREIGN = ("prometheus_", "alertmanager_")
"""Metrics of these programs are theirs to name."""


def metrics_in(expression: str) -> list[str]:
    """The metrics that an expression names, in its order."""
    bare = _TEXT.sub("", expression)
    bare = _NUMBER.sub(" ", _LABELS.sub(" ", bare))
    return [
        match[0]
        for match in _NAME.finditer(bare)
        if match[0].lower() not in _WORDS and not _CALL.match(bare, match.end())
    ]


@cache
def known_metrics() -> frozenset[str]:
    """Every series name that a process of the mesh, or Prometheus about it, can have."""
    names = set(_OTHERS) | {f"mesh_process_{name}" for name in _PROCESS}
    for family in REGISTRY.collect():
        names.update(f"{family.name}{suffix}" for suffix in _SUFFIXES.get(family.type, ("",)))
    return frozenset(names)


def require_known(expression: str, place: str) -> None:
    """Raise :class:`ContractError` with the nearest name when an expression names an unknown metric."""
    for name in metrics_in(expression):
        if name not in known_metrics() and not name.startswith(_FOREIGN):
            raise ContractError(
                "series-unknown",
                f"{name!r} is not a metric of the mesh",
                place=place,
                remedy=did_you_mean(name, known_metrics()),
            )
