"""Who may import whom: the contracts of import-linter in ``pyproject.toml``."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mesh.checks.check import Scope
from mesh.kernel.discovery import root
from mesh.kernel.errors import ContractError

CONFIGURATION = "pyproject.toml"
_RUN = (
    "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_logo=True, no_cache=True))"
)
"""A process of its own, since the tool prints what it finds and keeps its state in globals."""
_IMPORT = re.compile(r"([\w.]+) -> ([\w.]+) \(l\.([0-9]+)")


def faults(scope: Scope) -> Iterator[ContractError]:
    """Imports that a contract forbids; the domains that were found make no difference."""
    return import_faults(root())


def import_faults(folder: Path) -> Iterator[ContractError]:
    """The imports that the configuration in a folder forbids to the packages beside it."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode == 0:
        return
    found = _IMPORT.findall(done.stdout)
    for importer, imported, line in found:
        yield ContractError(
            "import-forbidden",
            f"imports {imported}",
            place=f"{importer}:{line}",
            remedy=f"see [tool.importlinter] in {CONFIGURATION}",
        )
    if not found:
        said = (done.stdout + done.stderr).strip().splitlines() or ["gave no reason"]
        yield ContractError(
            "import-check",
            f"the check could not run: {said[-1]}",
            place=CONFIGURATION,
            remedy="install the extra 'dev', or mend [tool.importlinter]",
        )
