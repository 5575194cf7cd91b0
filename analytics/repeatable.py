"""What a learned result is repeated from: everything that decided on it beside the facts."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from typing import Any


def stated(parameters: Any, *libraries: str) -> str:
    """Parameters (a dataclass) and the versions of libraries as JSON: one text for one way of learning."""
    versions = {name: version(name) for name in libraries}
    return json.dumps({**asdict(parameters), **versions}, sort_keys=True)
