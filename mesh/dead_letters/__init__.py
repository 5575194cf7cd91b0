"""Dead letters at work: found, shown, mended, and redriven in order.

- ``parked``: what the consumers say of each parked record, as one; whether it is still open.
- ``selection``: which of them a person means.
- ``showing``: what may be shown of a record: decoded and masked, or its first bytes.
- ``topic_log``: the records of source topics, read back.
- ``verdicts``: whether a record would be valid today.
- ``mending``: an edit, from the command line to a new value.
- ``plan``: what a redrive would publish, key by key, and what it leaves.
- ``difference``: what that would change in the landed rows.
- ``redrive``: publishes a plan, releases keys, keeps the audit.
"""
