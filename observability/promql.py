"""The metrics that an expression of Prometheus names, and whether there are such metrics.

Prometheus answers nothing to a query about a metric that nobody exports, so that a misspelt rule never fires.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.metrics import REGISTRY

OF_PROMETHEUS = frozenset(
    {
        "up",
        "ALERTS",
        "ALERTS_FOR_STATE",
        "scrape_duration_seconds",
        "scrape_samples_scraped",
        "scrape_series_added",
    }
)
"""What Prometheus itself writes about every target and every alert."""
_FOREIGN = re.compile(r"(?:alertmanager|prometheus|go|process)_[a-z0-9_]+")
"""What Prometheus and Alertmanager export about themselves."""
_SKIPPED = re.compile(
    r"""
      "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*`     # texts
    | \#[^\n]*                                            # comments
    | \{[^}"']*(?:(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')[^}"']*)*\}   # matchers
    | \[[^\]]*\]                                          # ranges
    | \b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)  # lists of labels
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"(?<![\w.:])([a-zA-Z_:][\w:]*)\b(?!\s*\()")
_KEYWORDS = frozenset(
    {
        *("and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "start", "end"),
        *("sum", "min", "max", "avg", "group", "count", "stddev", "stdvar", "quantile"),
        *("count_values", "bottomk", "topk"),
    }
)


def metrics(expression: str) -> Iterator[str]:
    """The names of metrics in an expression, in their order, each once."""
    plain = _SKIPPED.sub(" ", expression)
    seen = set()
    for word in _WORD.findall(plain):
        if word.lower() not in _KEYWORDS and word not in seen:
            seen.add(word)
            yield word


@cache
def known() -> frozenset[str]:
    """The names of all series that a process of the mesh exports, as a query has them."""
    names = set()
    for family in REGISTRY.collect():
        if family.type == "counter":
            names.add(f"{family.name}_total")
        elif family.type == "histogram":
            names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
        else:
            names.add(family.name)
    return frozenset(names)


def faults(expression: str, place: str) -> Iterator[ContractError]:
    """A fault ``series-unknown`` for each name that nobody exports, with the nearest one."""
    for name in metrics(expression):
        if name not in known() and name not in OF_PROMETHEUS and _FOREIGN.fullmatch(name) is None:
            remedy = did_you_mean(name, known() | OF_PROMETHEUS)
            if remedy.startswith("known"):
                remedy = "mesh/kernel/metrics.py lists those of the mesh"
            yield ContractError("series-unknown", f"nobody exports {name!r}", place=place, remedy=remedy)
