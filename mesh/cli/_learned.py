"""What the commands share that learn from the warehouse, and keep what they have learned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from mesh.cli._marts_asked import warehouse
from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from datetime import date

    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library


class Known(NamedTuple):
    """Warehouse, library of the marts, last day of which anything is known, and business time zone."""

    client: Client
    library: Library
    today: date
    timezone: str


@contextmanager
def known() -> Iterator[Known]:
    """What can be learned from, as long as the context lasts."""
    from analytics.marts.day import span
    from analytics.marts.reading import read_library
    from mesh.kernel.discovery import find_mesh

    settings = load_settings()
    library = read_library(find_mesh(settings))
    with warehouse(settings) as client:
        yield Known(client, library, span(client, settings.timezone)[1], settings.timezone)


def tell_kept(digest: str, view: str, *, is_new: bool) -> None:
    """Tell which run it was, and where it is kept."""
    kept = f"kept in {view}" if is_new else "as it was said before: nothing was written"
    screen().print(f"run {digest[:12]}, {kept}", style="dim")
