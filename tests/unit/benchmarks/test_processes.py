"""What a job used: children count, ended ones too, and nothing outlives a measurement."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil

from benchmarks.processes import Tree

SPIN = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass\n"
PARENT = f"""
import subprocess, sys, time
subprocess.run([sys.executable, "-c", {SPIN!r}])
print("done", flush=True)
time.sleep(60)
"""
DEAF = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
child.wait()
"""


def tree(program: str, log: Path) -> Tree:
    """A Python program under watch."""
    return Tree([sys.executable, "-c", program], {}, log.parent, log)


def test_the_time_of_an_ended_child_is_remembered(tmp_path: Path) -> None:
    """An engine may start helpers that come and go."""
    found = tree(PARENT, tmp_path / "log")
    try:
        deadline = time.monotonic() + 60
        while "done" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
            found.look()
            time.sleep(0.02)
        assert found.look() > 0.3
        assert found.peak_memory > 5_000_000
    finally:
        found.end()
    assert found.ended


def test_a_job_that_ignores_the_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    """So that the next engine has the machine to itself."""
    found = tree(DEAF, tmp_path / "log")
    deadline = time.monotonic() + 60
    while not (text := (tmp_path / "log").read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    found.look()
    found.end(grace=0.3)
    assert found.ended
    assert not psutil.pid_exists(int(text)) or psutil.Process(int(text)).status() == psutil.STATUS_ZOMBIE


def test_the_last_words_of_a_job_are_kept(tmp_path: Path) -> None:
    """They are part of the error when it fails."""
    found = tree("import sys; sys.exit('no broker')", tmp_path / "log")
    deadline = time.monotonic() + 60
    while not found.ended and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found.last_words() == "no broker"
    found.end()
