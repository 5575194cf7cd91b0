"""Prometheus: scrapes every part that serves metrics, and evaluates the rules that the contracts give."""

from __future__ import annotations

import yaml

from mesh.kernel.settings import Settings
from mesh.platform import debian
from mesh.platform.debian import Programs
from mesh.platform.part import Part
from mesh.platform.paths import Paths
from observability import scraping

NAME = "prometheus"
PORT = 9090
RETENTION = ("--storage.tsdb.retention.time=2d", "--storage.tsdb.retention.size=256MB")
RESEND = "--rules.alert.resend-delay=10s"
"""An alert that is not sent again within four times as long has ended for Alertmanager. So it tells the pager
well within a minute that the watchdog no longer comes."""
MEMORY = {"GOMEMLIMIT": "96MiB", "GOGC": "50"}
"""A mesh has some thousand series; the collector may work for it."""


def declare(paths: Paths, programs: Programs, port: int) -> Part:
    """The declaration of Prometheus; :func:`configure` must have been called before it is started."""
    home = paths.data(NAME)
    options = (
        f"--config.file={home / scraping.CONFIG_FILE}",
        f"--storage.tsdb.path={home / 'data'}",
        *RETENTION,
        RESEND,
        "--web.enable-lifecycle",  # rules are read anew on POST /-/reload
        *([f"--web.local-assets={programs.pages}/"] if programs.pages else ()),  # an option of Debian's
    )
    return debian.part(NAME, programs, port, options, MEMORY)


def configure(paths: Paths, settings: Settings) -> None:
    """Write what it reads at its start. Rules come from elsewhere, targets from the supervisor."""
    home = paths.data(NAME)
    for folder in (scraping.RULES, scraping.TARGETS):
        (home / folder).mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(scraping.prometheus(settings.alertmanager), sort_keys=False)
    (home / scraping.CONFIG_FILE).write_text(f"# Written by `mesh up`; changes are lost.\n{text}")
