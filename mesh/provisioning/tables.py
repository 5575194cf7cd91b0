"""Tables: those of every port that is landed, with their views, and the mesh's own."""

from __future__ import annotations

from collections.abc import Sequence

from mesh.kernel.discovery import Mesh
from mesh.kernel.settings import Settings
from mesh.kernel.warehouse import connect
from mesh.provisioning.change import Action, Change, impossible
from sinks.clickhouse import migrate
from sinks.clickhouse.tables import Table

AREA = "table"


class Tables:
    """The area of the warehouse."""

    part = "warehouse"
    note = ""

    def __init__(self, settings: Settings, mesh: Mesh) -> None:
        self._settings = settings
        self._wanted = [Table(port) for port in mesh.ports.values() if port.table]
        self._upgrades: dict[str, migrate.Upgrade] = {}

    def changes(self) -> list[Change]:
        """Missing tables, columns and views, other types and sort keys (refused), tables without a port."""
        client = connect(self._settings)
        present = migrate.read(client)
        found = migrate.upgrades(client, self._wanted, present)
        client.close()
        self._upgrades = {upgrade.name: upgrade for upgrade in found}
        landings = {table.landing for table in self._wanted}
        unused = [name for name in present.landings if name not in landings]
        return [*map(_change, found), *map(_unused, unused)]

    def apply(self, changes: Sequence[Change]) -> None:
        """Create tables, add columns, renew views."""
        client = connect(self._settings)
        for change in changes:
            migrate.run(client, self._upgrades[change.name])
        client.close()


def _change(upgrade: migrate.Upgrade) -> Change:
    if upgrade.refusal:
        return impossible(AREA, upgrade.name, upgrade.refusal)
    return Change(AREA, upgrade.name, Action.CREATE if upgrade.is_new else Action.CHANGE, upgrade.details)


def _unused(landing: str) -> Change:
    """A table made from a contract, by the name of its landing; a domain's name has no underscore."""
    domain, _, table = landing.removeprefix("mesh.landing_").partition("_")
    return Change(AREA, f"{domain}.{table}", Action.UNUSED, ("no contract names it",))
