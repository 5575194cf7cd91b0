"""Which dashboards there are: one for the platform, one for each data product."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Domain, Mesh
from mesh.kernel.errors import SettingsError, did_you_mean
from observability.dashboards.grafana import to_json, uid
from observability.dashboards.own_panels import own_panels
from observability.dashboards.panel import Dashboard
from observability.dashboards.platform import NAME, platform_dashboard
from observability.dashboards.product import product_dashboard


def dashboards(mesh: Mesh) -> dict[str, Dashboard]:
    """Every dashboard of a mesh by name, the platform's first; promises are those in force."""
    found = {NAME: platform_dashboard()}
    for domain in mesh.domains.values():
        ports = [port for port in mesh.ports.values() if port.domain == domain.name]
        found[domain.name] = _of(domain, ports)
    return found


def committed(domains: Iterable[Domain]) -> dict[str, Dashboard]:
    """The dashboards that are kept with the source: no retailer's overlay is in force in them."""
    return {NAME: platform_dashboard()} | {
        domain.name: _of(domain, domain.contract.ports) for domain in domains
    }


def find(mesh: Mesh, name: str) -> Dashboard:
    """The dashboard of that name; raise :class:`SettingsError` with the nearest names."""
    found = dashboards(mesh)
    if name not in found:
        raise SettingsError(
            "dashboard-unknown",
            "is neither a data product nor the platform",
            place=name,
            remedy=did_you_mean(name, found),
        )
    return found[name]


def changes(mesh: Mesh, home: Path) -> dict[Path, str | None]:
    """What is not as it should be under ``home``: files with the text they shall have, None: to be gone."""
    folder = home / "grafana" / "dashboards"
    wanted = {folder / f"{uid(name)}.json": to_json(one) for name, one in dashboards(mesh).items()}
    stray = [path for path in sorted(folder.glob("*.json")) if path not in wanted]
    return dict.fromkeys(stray) | {
        path: text
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def write(mesh: Mesh, home: Path) -> list[Path]:
    """Write every dashboard as Grafana's JSON under ``home``; return the files that have changed.

    A dashboard whose product is gone is removed.
    """
    changed = changes(mesh, home)
    for path, text in changed.items():
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return list(changed)


def _of(domain: Domain, ports: Iterable[Port]) -> Dashboard:
    own = own_panels(domain.folder, domain.shown_as)
    return product_dashboard(domain.name, domain.product.name, domain.product.purpose, list(ports), own)
