"""Everything between Kafka and the pure folds: reading, recovery, writing, parking, and stopping in time.

- ``preflight``: topics and access are there, or a clear error.
- ``processor``: the agent folds, has written, and acknowledges; recovery.
- ``stage``: one application's folds, by partition.
- ``broadcast``, ``corrections``: dimensions and the clock, and the rows written again when they change.
- ``changelog``, ``marks``: state, and how far it is corrected, read back.
- ``emission``, ``writer``, ``parking``: rows, changelog entries, dead letters.
- ``failstop``: the process ends rather than lose or spoil a record.
"""
