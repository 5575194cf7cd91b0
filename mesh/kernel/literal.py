"""Texts as ClickHouse's SQL writes them."""

from __future__ import annotations


def text(value: str) -> str:
    """A text in quotes, whatever is in it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
