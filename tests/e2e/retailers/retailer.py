"""A running mesh that carries one retailer's trade, and is asked about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mesh.reconcile.settle import settle
from tests.e2e.running_mesh import Mesh

FAULTS = "--late 2 --duplicates 1 --shuffled 1 --bad 0.5"
TRADE = {
    "adventureworks": ("ingest", "data/adventureworks/mapping.yaml"),
    "strideright": ("simulate", "strideright", "--customers", "900", "--days", "400", *FAULTS.split()),
}
"""What publishes the whole trade of a retailer."""


class Retailer(Mesh):
    """A mesh by its home and the retailer whose trade it carries."""

    def __init__(self, home: Path, name: str) -> None:
        super().__init__(home)
        self.name = name
        self._standing: dict[str, list[dict[str, Any]]] = {}

    def settle(self) -> None:
        """Wait until everything has landed."""
        settle(self.settings, 240, lambda _: None)

    def lines(self, *words: str) -> list[dict[str, Any]]:
        """What a command prints with ``--json``, a document a line."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def measure(self, *words: str) -> list[dict[str, Any]]:
        """The rows of ``mesh measure``."""
        return self.lines("measure", *words)

    def mart(self, name: str, *words: str) -> list[dict[str, Any]]:
        """The rows of ``mesh mart``."""
        return self.lines("mart", name, *words)

    def standing(self, name: str) -> list[dict[str, Any]]:
        """The rows of a mart as it was refreshed last; asked for once, since they stand until the next."""
        if name not in self._standing:
            self._standing[name] = self.mart(name)
        return self._standing[name]

    def refresh(self, *words: str) -> dict[str, dict[str, Any]]:
        """Refresh marts; what was done by mart."""
        self._standing.clear()
        return {one["mart"]: one for one in self.lines("marts", "refresh", *words)}

    def refuses(self, *words: str) -> str:
        """What a command that refuses says, in its one line."""
        done = self.run(*words)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr
