"""Read topics of the mesh: ``from mesh.subscribe import subscribe``."""

from mesh.subscribe.changes import Change, Changes
from mesh.subscribe.intake import Received, Rejected
from mesh.subscribe.subscribe import subscribe
from mesh.subscribe.subscription import Records

__all__ = ["Change", "Changes", "Received", "Records", "Rejected", "subscribe"]
