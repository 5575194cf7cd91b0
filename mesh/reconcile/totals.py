"""A retailer's totals: from its source files, as others found them, and as they have landed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from mesh.reconcile.warehouse import Warehouse


class SourceTotal(Protocol):
    """A total computed from the source files, and how to find it in the warehouse."""

    @property
    def name(self) -> str: ...
    @property
    def source_value(self) -> str: ...
    @property
    def published_value(self) -> str | None: ...
    @property
    def landed_sql(self) -> str | None: ...


@dataclass(frozen=True)
class Total:
    """One figure as text, so that every digit counts; None where nobody has said."""

    name: str
    source: str
    published: str | None
    landed: str | None

    @property
    def equal(self) -> bool:
        """Whether everybody says the same."""
        return self.published in (None, self.source) and self.landed in (None, self.source)


def landed_totals(totals: Iterable[SourceTotal], warehouse: Warehouse) -> list[Total]:
    """The totals with what has landed. Raises :class:`ReconcileError` when the warehouse refuses the SQL."""
    answers: dict[str, dict[str, Any]] = {}
    out = []
    for total in totals:
        landed = None
        if total.landed_sql is not None:
            if total.landed_sql not in answers:
                answers[total.landed_sql] = warehouse.figures(total.landed_sql)
            landed = _text(answers[total.landed_sql].get(total.name, "absent"), total.source_value)
        out.append(Total(total.name, total.source_value, total.published_value, landed))
    return out


def _text(value: Any, source: str) -> str:
    """A figure as text, with as many decimals as its source has: clients drop a decimal's last zeros."""
    if not isinstance(value, Decimal):
        return str(value)
    decimals = len(source.partition(".")[2])
    exact = value.quantize(Decimal(1).scaleb(-decimals))
    return f"{exact:f}" if exact == value else f"{value:f}"
