"""Everything between Kafka and the pure folds: reading, recovery, writing, parking, and stopping in time.

worker ── preflight                 topics and access are there, or a clear error
   └──── processor                  the agent: fold, write, flush, acknowledge; recovery; corrections
           ├── stage, partition     one application's folds, by partition
           ├── broadcast            dimensions and the clock, read whole
           ├── changelog, marks     state and corrected positions, read back
           ├── writer, parking      rows, changelog entries, dead letters
           └── failstop             the process ends rather than lose or spoil a record
"""
