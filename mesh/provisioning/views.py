"""Views of the semantic model: entities with all that is known of them, and saved questions."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.semantic.pieces import view
from analytics.semantic.reading import read_model
from analytics.semantic.views import DATABASE, views
from mesh.kernel.discovery import Mesh
from mesh.kernel.settings import Settings
from mesh.kernel.warehouse import connect
from mesh.provisioning.change import Action, Change
from sinks.clickhouse import migrate

AREA = "view"


class Views:
    """The area of the semantic model. It comes after the tables, which its views read."""

    part = "warehouse"
    note = ""

    def __init__(self, settings: Settings, mesh: Mesh) -> None:
        self._settings = settings
        model = read_model(mesh)
        self._queries = dict(views(model, settings.timezone))
        self._kept = {view(kept) for kept in model.kept}
        """Views that `mesh keep` makes, after their tables."""

    def changes(self) -> list[Change]:
        """Views that are missing or have another query, in their order, and views that the model has not."""
        client = connect(self._settings)
        present = migrate.read(client)
        stale = migrate.stale_views(client, self._queries, present)
        client.close()
        held = [name for name in present.queries if name.startswith(f"{DATABASE}.")]
        due = [
            Change(AREA, name, Action.CHANGE if name in present.queries else Action.CREATE, ("query",))
            for name in self._queries
            if name in stale
        ]
        unused = sorted(set(held) - set(self._queries) - self._kept)
        return due + [Change(AREA, name, Action.UNUSED, ("the model has it not",)) for name in unused]

    def apply(self, changes: Sequence[Change]) -> None:
        """Create the views anew."""
        client = connect(self._settings)
        client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        for change in changes:
            client.command(f"CREATE OR REPLACE VIEW {change.name} AS {self._queries[change.name]}")
        client.close()
