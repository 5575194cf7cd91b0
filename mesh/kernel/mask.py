"""How a personal text is shown to those who may not see it, as the warehouse writes it."""

from __future__ import annotations

# a text that is too short, or no e-mail address, shows nothing that a right one would not
_MASKS = {
    "initial": "concat(substringUTF8({0}, 1, 1), '.')",
    "email": "concat(substringUTF8({0}, 1, 1), '…@', extract({0}, '@([^@]*)$'))",
    "last4": "multiIf(isNull({0}), NULL, lengthUTF8({0}) > 7, concat('…', substringUTF8({0}, -4)), '…')",
    "hidden": "if(isNull({0}), NULL, '•••')",
}


def under_mask(mask: str, column: str) -> str:
    """The ClickHouse expression that shows ``column`` under a mask of the contracts."""
    return _MASKS[mask].format(column)
