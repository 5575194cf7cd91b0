"""Which ways out there are for whom, by the settings."""

from __future__ import annotations

from collections.abc import Mapping

from mesh.kernel.settings import Settings
from observability.pager.channel import Channel, Log
from observability.pager.entry import Route
from observability.pager.mail import Mail, Server
from observability.pager.teams import REST, Teams
from observability.pager.webhook import Webhook, checked

LOG = "log"
"""Always there: written down and shown by ``mesh incidents``, also where nothing else is set."""


def channels(settings: Settings) -> dict[str, Channel]:
    """Every channel that is set, by name; raise :class:`SettingsError` for one that is set wrongly."""
    found: dict[str, Channel] = {LOG: Log()}
    if settings.smtp:
        found["mail"] = Mail(Server.of(settings), settings.mail_from, settings.operations)
    if settings.teams:
        for address in settings.teams.values():
            checked(address, "MESH_TEAMS")
        found["teams"] = Teams(settings.teams)
    if settings.pager_webhook:
        found["webhook"] = Webhook(checked(settings.pager_webhook, "MESH_PAGER_WEBHOOK"))
    return found


def routes(
    receiver: str, open_channels: Mapping[str, Channel], teams: Mapping[str, str]
) -> tuple[Route, ...]:
    """The ways to one receiver."""
    reached = {receiver, REST} & teams.keys()
    return tuple(Route(receiver, name) for name in open_channels if name != "teams" or reached)
