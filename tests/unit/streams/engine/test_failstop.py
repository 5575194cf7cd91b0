"""The end of a process: one clear line, no values, exit code 70."""

from __future__ import annotations

import subprocess
import sys

from streams.engine.errors import EngineError
from streams.engine.failstop import EXIT_CODE, explain


def test_a_known_error_is_its_own_line() -> None:
    """With code, place and remedy."""
    error = EngineError("write-failed", "no", place="topic", remedy="mend it")
    assert explain(error, "elsewhere") == "EngineError[write-failed] topic: no; mend it"


def test_a_bug_is_named_without_values() -> None:
    """An exception's text may hold what belongs to a person."""
    try:
        raise KeyError("ann@example.org")
    except KeyError as problem:
        line = explain(problem, "topic[3]@7-9")
    assert line.startswith("EngineError[invariant-broken] topic[3]@7-9: KeyError at ")
    assert "test_failstop.py:" in line
    assert "ann@" not in line


def test_nothing_runs_after_it() -> None:
    """No clean-up can acknowledge what was not written; the line is in the log all the same."""
    program = """
import atexit, logging, sys
from streams.engine.failstop import fail_stop
logging.basicConfig(stream=sys.stderr)
atexit.register(print, "cleaned up")
print("before")
try:
    {}["ann@example.org"]
except KeyError as problem:
    try:
        fail_stop(problem, "here")
    finally:
        print("went on")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == EXIT_CODE == 70
    assert done.stdout == "before\n"
    assert "EngineError[invariant-broken] here: KeyError" in done.stderr
    assert "ann@" not in done.stderr
