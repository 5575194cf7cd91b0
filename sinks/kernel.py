"""The compiled half of the sink, where it was built: ``ROWS`` is its module, or None.

Whatever it does Python does as well, byte for byte; ``STREAMS_KERNEL=off`` leaves it out with the engine's.
"""

from __future__ import annotations

from streams.engine.kernel import built

ROWS = built("sinks._rows")
