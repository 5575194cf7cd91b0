"""A retailer's live trade, made up: facts from (world, clock, seed), and the faults that real sources have.

What a retailer is like stands in ``data/<retailer>/world.yaml``; no code knows its name. The generators are
pure: the same world, clock and seed give the same facts, whole columns at a time, in the wire forms of
:class:`mesh.ingest.fields.Field`.
"""
