"""What every test shares: a home, how Hypothesis searches, and how many runs may start real parts at once."""

from __future__ import annotations

import fcntl
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from mesh.platform import debian

# No test knows of a mesh that runs in this checkout: it carries a retailer of its own. Before any test is
# collected, since some modules read the contracts when they are imported.
_home = tempfile.TemporaryDirectory(prefix="mesh-tests-")
os.environ["MESH_HOME"] = _home.name

# The same examples in every run, so that a change that passes here passes elsewhere; to search for new ones:
# `HYPOTHESIS_PROFILE=search pytest …`. How long an example takes says something about the machine only.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A run of real tests alone needs no module without any, and one without them none that has no other.

    To import all of them takes half a minute.
    """
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    if config.option.markexpr.startswith("real"):
        return True if b"mark.real" not in collection_path.read_bytes() else None
    if config.option.markexpr == "not real":
        return True if _ALL_REAL.search(collection_path.read_bytes()) else None
    return None


_ALL_REAL = re.compile(rb"^pytestmark = \[?(pytest\.mark\.\w+, )*pytest\.mark\.real\b", re.MULTILINE)


ROOT = Path(__file__).parents[1]
RETAILERS = {folder.name for folder in (ROOT / "data").iterdir()}
LONGEST = (
    *("tests/e2e/test_mesh.py", "tests/e2e/retailers adventureworks", "tests/e2e/retailers strideright"),
    *("tests/e2e/test_complete_journey.py", "tests/e2e/test_segments.py"),
    *("tests/unit/benchmarks/test_questions_real.py", "tests/unit/analytics/marts/test_kept_real.py"),
    *("tests/e2e/test_segments_by_clock.py", "tests/e2e/test_dead_letters.py"),
    *("tests/e2e/test_platform.py", "tests/unit/benchmarks/test_engines_real.py"),
    *("tests/e2e/test_subscribe.py", "tests/e2e/test_simulation.py", "tests/e2e/test_compose.py"),
    *("tests/unit/analytics/segments/test_replay_real.py", "tests/e2e/test_sink.py"),
    "tests/unit/analytics/marts/test_refresh_real.py",
    *("tests/e2e/test_drills.py", "tests/e2e/test_drills_of_outages.py", "tests/e2e/test_new_domain.py"),
    *("tests/e2e/test_pager.py", "tests/e2e/test_monitoring.py"),
)
"""What takes minutes, the longest first: begun last, it would leave the other processes idle at the end."""


def group_of(nodeid: str) -> str:
    """What one process runs: a module, or the modules of a folder that share the mesh of a retailer."""
    module, _, test = nodeid.partition("::")
    folder = Path(module).parent
    if not (ROOT / folder / "__init__.py").exists():
        return module
    asked = set(test.rpartition("[")[2].rstrip("]").split("-"))
    return " ".join((folder.as_posix(), *sorted(asked & RETAILERS)))


class ByGroup(LoadScopeScheduling):
    """Gives each process whole groups."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup | None:
    """Let ``--dist loadfile`` keep together what shares a mesh, and not only what stands in a file."""
    return ByGroup(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, and leave out what cannot be run."""
    rank = {group: number for number, group in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(group_of(item.nodeid), len(rank)))
    _leave_out(items)


def _leave_out(items: list[pytest.Item]) -> None:
    """Leave out what needs Prometheus and Alertmanager where they are not there and cannot be fetched.

    Where there is apt-get they can be had, and no test may be left out.
    """
    watched = [item for item in items if item.get_closest_marker("watched")]
    if watched and not debian.can_fetch() and (missing := debian.missing()):
        programs = " and ".join(package.name for package in missing)
        for item in watched:
            item.add_marker(pytest.mark.skip(reason=f"{programs} cannot be had on this machine"))


SLOTS = 2
"""Runs of tests on real parts at once: a mesh takes a core while it starts, more would starve each other."""
FIRST = "gw0"
"""The first of the processes that share a run; they begin together, so it waits for all of them."""
_held: list[IO[bytes]] = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Wait for a slot of this machine before the first real part is started; it is let go at the end."""
    if os.environ.get("PYTEST_XDIST_WORKER", FIRST) != FIRST:
        return
    if session.config.option.collectonly or not any(
        item.get_closest_marker("real") for item in session.items
    ):
        return
    waited = False
    while not (slot := _slot()):
        if not waited:
            print("waiting for other tests on real parts on this machine", file=sys.stderr, flush=True)
            waited = True
        time.sleep(1)
    _held.append(slot)


def _slot() -> IO[bytes] | None:
    """A slot that is free; None when none is."""
    folder = Path(tempfile.gettempdir()) / f"mesh-{os.getuid()}-tests"
    folder.mkdir(mode=0o700, exist_ok=True)
    for number in range(SLOTS):
        slot = (folder / str(number)).open("ab")
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            slot.close()
        else:
            return slot
    return None
