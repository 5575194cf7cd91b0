"""What can go wrong with a benchmark."""

from __future__ import annotations

from mesh.kernel.errors import MeshError


class BenchmarkError(MeshError):
    """A benchmark cannot be run as it was asked for, or an engine failed."""
