"""Dashboards by code: panels described once, shown by Grafana and in the terminal."""

from observability.dashboards.derive import changes, committed, dashboards, find, write

__all__ = ["changes", "committed", "dashboards", "find", "write"]
