"""Dashboards by code: panels described once, shown by Grafana and in the terminal."""

from observability.dashboards.derive import committed, dashboards, find, write

__all__ = ["committed", "dashboards", "find", "write"]
