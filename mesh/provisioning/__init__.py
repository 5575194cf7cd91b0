"""Brings the running parts to what the contracts say: a plan shows what differs, applying does just that."""

from mesh.provisioning.plan import apply

__all__ = ["apply"]
