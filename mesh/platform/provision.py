"""The seam to provisioning: topics, schemas and tables from the contracts, before any worker starts."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from mesh.kernel.settings import Settings


def apply(settings: Settings, report: Callable[[str], None]) -> None:
    """Create what the contracts declare. Imported late: most verbs of the platform do not need it."""
    importlib.import_module("mesh.provisioning").apply(settings, report)
