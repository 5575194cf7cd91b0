"""Personal text as it is shown to those who may not read it: the masks of the warehouse's views, in Python.

=========  ==========================================================
mask       what is shown
=========  ==========================================================
initial    the first letter and ``.``
email      the first letter, ``…@`` and what follows the last ``@``
last4      ``…`` and the last four characters of more than seven
hidden     ``•••``
=========  ==========================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from mesh.kernel.contract import FieldPromise, Port

Mask = Callable[[str], str]


def _email(text: str) -> str:
    _, at, host = text.rpartition("@")
    return f"{text[:1]}…@{host if at else ''}"


MASKS: Mapping[str, Mask] = {
    "initial": lambda text: text[:1] + ".",
    "email": _email,
    "last4": lambda text: "…" + (text[-4:] if len(text) > 7 else ""),
    "hidden": lambda _: "•••",
}
"""How each mask of :data:`mesh.kernel.contract.MASKS` shows a text."""


@dataclass(frozen=True, slots=True)
class Masking:
    """Which fields of a port's records are masked, and how; those of nested records too."""

    fields: Mapping[str, Mask]
    nested: Mapping[str, Masking]

    @classmethod
    def of(cls, port: Port) -> Masking:
        """The masking that a port's contract states."""
        return cls._at(port.promises, "")

    @classmethod
    def _at(cls, promises: Mapping[str, FieldPromise], prefix: str) -> Self:
        below = {
            path.removeprefix(prefix): promise.mask
            for path, promise in promises.items()
            if promise.mask is not None and path.startswith(prefix)
        }
        fields = {name: MASKS[mask] for name, mask in below.items() if "." not in name}
        deeper = dict.fromkeys(name.partition(".")[0] for name in below if "." in name)
        return cls(fields, {name: cls._at(promises, f"{prefix}{name}.") for name in deeper})

    def apply(self, values: dict[str, Any]) -> dict[str, Any]:
        """``values`` itself, its personal texts masked in place; null stays null."""
        for name, mask in self.fields.items():
            if values[name] is not None:
                values[name] = mask(values[name])
        for name, masking in self.nested.items():
            inner = values[name]
            for record in inner if isinstance(inner, list) else [] if inner is None else [inner]:
                masking.apply(record)
        return values
