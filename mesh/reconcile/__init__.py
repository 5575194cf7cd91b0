"""The batch oracle: every table recomputed from the published facts, and compared row by row.

It shares no code with the streams and the sink: the rules are those of ``portal/docs/semantics.md``, written
anew.
"""
