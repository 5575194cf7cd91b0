"""The end of a process that cannot go on without losing or spoiling a record: one line, and exit code 70."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import NoReturn

from streams.engine.errors import EngineError

EXIT_CODE = 70
"""EX_SOFTWARE. The supervisor starts the worker again; nothing that was not written has been acknowledged."""

_log = logging.getLogger(__name__)


def fail_stop(error: BaseException, place: str) -> NoReturn:
    """Log one line and end at once, so that nothing in flight is acknowledged by anybody's clean-up."""
    _log.critical("%s", explain(error, place))
    if not _says_itself(error):
        # A bug: where it was, without values, which may belong to a person.
        _log.critical("%s", "".join(traceback.format_tb(error.__traceback__)))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CODE)


def _says_itself(error: BaseException) -> bool:
    """Whether an error is one line for people: the engine's, or an application's of the same form."""
    return hasattr(error, "code") and hasattr(error, "place")


def explain(error: BaseException, place: str) -> str:
    """The line for people."""
    if _says_itself(error):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {os.path.relpath(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return str(
        EngineError(
            "invariant-broken",
            f"{type(error).__name__}{where}",
            place=place,
            remedy="nothing was acknowledged; mend the cause and start the worker again",
        )
    )
