"""Rules that follow for every table: it grows as it did, and a live source has not fallen silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesh.kernel.contract import Port

ROWS = "rows"
"""What stands for the table where a rule is about no field."""


@dataclass(frozen=True, slots=True)
class Growing:
    """As many rows came since the last judgement as the ones before let expect."""

    field: str = ROWS
    severity: str = "warning"
    dimension: str = "coverage"
    code = "count-odd"
    text = "rows come at the rate of before, and none go"


@dataclass(frozen=True, slots=True)
class Speaking:
    """The newest row was published at most so many seconds ago, which a live source promises."""

    seconds: int
    field: str = ROWS
    severity: str = "warning"
    dimension: str = "timeliness"
    code = "source-silent"

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        return f"the newest row was published at most {self.seconds} s ago"


def upkeep(port: Port) -> tuple[Growing | Speaking, ...]:
    """The rules of this kind for a port; a source that is not live may be silent."""
    live = port.service_levels.get("frequency")
    return (Growing(),) if live is None else (Speaking(live.seconds), Growing())
