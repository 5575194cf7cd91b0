"""Publish events of the mesh: ``from mesh.publish import publish, Publisher``."""

from mesh.publish.publisher import Publisher, publish

__all__ = ["Publisher", "publish"]
