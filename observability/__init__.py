"""How the mesh is watched: monitor, alert rules and routes, pager, dashboards; derived from contracts."""
