"""What judging one rule at rest found."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Verdict(StrEnum):
    """What a rule says of a table."""

    OK = "ok"
    WARN = "warn"
    """Broken, and its severity is ``warning``."""
    FAIL = "fail"
    """Broken, and its severity is ``error``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule, judged over the rows that readers see."""

    topic: str
    view: str
    rule: str
    """Its name, such as ``sku/value-repeated``."""
    says: str
    """The rule as a sentence."""
    severity: str
    """error or warning, as the contract has it."""
    judged: int
    """Rows that have something to judge; of a rule on the table: entities with a value."""
    failing: int
    """How many of these are at fault."""
    limit: Decimal
    """From how many percent on the rule is broken; 0: by the first row."""
    keys: tuple[tuple[str, ...], ...]
    """The least keys of rows at fault, ten at the most, in the order of the table's key."""

    @property
    def share(self) -> float:
        """Percent of the judged rows that are at fault; 0 where nothing is judged."""
        return 100 * self.failing / self.judged if self.judged else 0.0

    @property
    def verdict(self) -> Verdict:
        """Whether the rule holds, exactly: shares are compared as whole numbers."""
        if not self.failing or 100 * self.failing < self.limit * self.judged:
            return Verdict.OK
        return Verdict.FAIL if self.severity == "error" else Verdict.WARN
