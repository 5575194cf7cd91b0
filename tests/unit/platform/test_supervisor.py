"""The supervisor, as a real process with toy parts: it keeps them alive and leaves none behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mesh.kernel.errors import PlatformError
from mesh.platform import client, launch
from mesh.platform.control import is_running, request
from mesh.platform.part import Part, State
from mesh.platform.paths import Paths
from tests.unit.platform.toys import dying, toy

PATIENCE = 20.0  # seconds


def begin(home: Path, *parts: Part) -> None:
    """Declare and start parts, without waiting."""
    client.declare(parts, {"kafka": "127.0.0.1:1"}, Paths.of(home))
    request(Paths.of(home), "start", parts=[part.name for part in parts])


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def eventually(holds: object) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.05)


def pid_of(name: str, home: Path) -> int:
    """The process of a part that runs."""
    pid = client.part_status(name, home).pid
    assert pid is not None
    return pid


def test_a_part_becomes_ready_and_is_written_down(home: Path) -> None:
    """Status and state file name its process, address and the settings."""
    begin(home, toy("one"))
    client.wait_ready(["one"], home)
    status = client.part_status("one", home)
    assert status.ready
    assert status.memory_bytes > 0
    state = json.loads(Paths.of(home).state.read_text())
    assert state["settings"] == {"kafka": "127.0.0.1:1"}
    assert state["parts"]["one"]["pid"] == status.pid
    assert state["supervisor"] == psutil.Process(status.pid).ppid()
    assert "toy starts" in Paths.of(home).log("one").read_text()


def test_a_killed_part_comes_back(home: Path) -> None:
    """Another process serves at the same address, and the restart is counted."""
    begin(home, toy("one"))
    client.wait_ready(["one"], home)
    before = pid_of("one", home)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: client.part_status("one", home).restarts == 1)
    client.wait_ready(["one"], home)
    assert pid_of("one", home) != before


def test_a_part_that_never_lives_is_given_up_with_its_last_words(home: Path) -> None:
    """Three deaths in a row before the first readiness are enough; the error names the log."""
    begin(home, dying("one", 3))
    with pytest.raises(PlatformError) as caught:
        client.wait_ready(["one"], home)
    assert caught.value.code == "part-failed"
    assert "exit code 3, 3 times in a row" in caught.value.what
    assert "no luck" in caught.value.what


def test_a_command_that_does_not_exist_is_given_up(home: Path) -> None:
    """No process at all is a failure in words."""
    begin(home, toy("one", command=("/nowhere/at/all",)))
    with pytest.raises(PlatformError, match="cannot be started"):
        client.wait_ready(["one"], home)


def test_a_part_that_never_answers_is_given_up_in_time(home: Path) -> None:
    """It lives and does not become ready: ended after its time-out."""
    begin(home, toy("one", command=(sys.executable, "-c", "import time; time.sleep(60)"), ready_timeout=0.5))
    with pytest.raises(PlatformError, match="not ready after"):
        client.wait_ready(["one"], home)
    assert client.part_status("one", home).pid is None


def test_a_stranger_on_its_port_does_not_make_a_part_ready(home: Path) -> None:
    """What answers must be the part's own process."""
    stranger = toy("stranger")
    begin(home, stranger)
    client.wait_ready(["stranger"], home)
    sleeper = (sys.executable, "-c", "import time; time.sleep(60)")
    begin(home, toy("one", command=sleeper, health=stranger.health, ready_timeout=0.5))
    with pytest.raises(PlatformError, match="not ready after"):
        client.wait_ready(["one"], home)


def test_parts_start_in_order_of_need(home: Path) -> None:
    """The needy one starts no earlier than the other is ready."""
    begin(home, toy("app", needs=("base",)), toy("base"))
    client.wait_ready(["app", "base"], home)
    words = Paths.of(home).log("supervisor").read_text()
    assert words.index("base: ready") < words.index("app: starting")


def test_parts_stop_in_reverse_order_of_need(home: Path) -> None:
    """What is needed is stopped last."""
    begin(home, toy("app", needs=("base",)), toy("base"))
    client.wait_ready(["app", "base"], home)
    log = Paths.of(home).log("supervisor")
    launch.down(home=home)
    words = log.read_text()
    assert words.index("app: stopped") < words.index("base: stopping")


def test_a_stopped_part_stays_stopped_until_started(home: Path) -> None:
    """stop and start of one part, the others untouched."""
    begin(home, toy("one"), toy("two"))
    client.wait_ready(["one", "two"], home)
    one, two = pid_of("one", home), pid_of("two", home)
    client.stop_part("one", home)
    assert gone(one)
    time.sleep(0.5)
    assert client.part_status("one", home).state is State.STOPPED
    client.start_part("one", home)
    assert pid_of("one", home) != one
    assert pid_of("two", home) == two


def test_a_restart_gives_a_new_process(home: Path) -> None:
    """restart_part returns when the new one is ready."""
    begin(home, toy("one"))
    client.wait_ready(["one"], home)
    before = pid_of("one", home)
    client.restart_part("one", home)
    assert pid_of("one", home) != before


def test_a_preparation_runs_once(home: Path, tmp_path: Path) -> None:
    """Before the first start, and not before the second."""
    mark, log = tmp_path / "prepared", tmp_path / "times"
    script = f"open({str(log)!r}, 'a').write('x'); open({str(mark)!r}, 'w')"
    begin(home, toy("one", prepare=(sys.executable, "-c", script), prepared_by=str(mark)))
    client.wait_ready(["one"], home)
    client.restart_part("one", home)
    assert log.read_text() == "x"


def test_a_stubborn_part_is_killed_after_its_grace(home: Path) -> None:
    """SIGTERM is ignored; SIGKILL is not."""
    begin(home, toy("one", "stubborn", grace=0.3))
    client.wait_ready(["one"], home)
    pid = pid_of("one", home)
    client.stop_part("one", home)
    assert gone(pid)


def test_an_unknown_part_names_the_nearest(home: Path) -> None:
    """The remedy is a name that exists."""
    begin(home, toy("broker"))
    with pytest.raises(PlatformError, match="did you mean 'broker'"):
        client.stop_part("brokr", home)
    with pytest.raises(PlatformError, match="did you mean 'broker'"):
        client.part_status("brokr", home)


def test_down_leaves_nothing(home: Path) -> None:
    """No process, no state file, no socket; and a second down says that nothing ran."""
    paths = Paths.of(home)
    begin(home, toy("one"))
    client.wait_ready(["one"], home)
    pid = pid_of("one", home)
    assert launch.down(home=home) is True
    assert gone(pid)
    assert not paths.state.exists()
    assert not paths.socket.exists()
    assert launch.down(home=home) is False
    with pytest.raises(PlatformError, match="mesh up"):
        client.status(home)


def test_a_killed_supervisor_leaves_no_orphan(home: Path) -> None:
    """The kernel ends the parts; the next supervisor starts as if nothing had been."""
    paths = Paths.of(home)
    begin(home, toy("one", "stubborn"), toy("two"))
    client.wait_ready(["one", "two"], home)
    pids = [pid_of("one", home), pid_of("two", home)]
    os.kill(request(paths, "status")["supervisor"], signal.SIGKILL)
    eventually(lambda: all(gone(pid) for pid in pids))
    eventually(lambda: not is_running(paths))  # its lock goes with its last thread
    launch.start_supervisor(paths)
    assert client.status(home) == []


def test_leftovers_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    """A recorded process is ended when it still runs the recorded command, and only then."""
    paths = Paths.of(tmp_path)
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    ours, stranger = subprocess.Popen(command), subprocess.Popen([*command, "other"])
    try:
        eventually(lambda: psutil.Process(ours.pid).cmdline() == command)
        recorded = {name: {"pid": p.pid, "command": command} for name, p in (("a", ours), ("b", stranger))}
        paths.state.write_text(json.dumps({"parts": {**recorded, "c": {"pid": None, "command": []}}}))
        launch.end_leftovers(paths)
        assert ours.poll() is not None
        assert stranger.poll() is None
        assert not paths.state.exists()
    finally:
        stranger.kill()
        stranger.wait()
        ours.kill()


def test_a_second_supervisor_does_not_start(home: Path) -> None:
    """One home, one supervisor: the second ends by itself and the first goes on."""
    second = subprocess.run(
        [sys.executable, "-m", "mesh.platform.supervisor", str(home)], timeout=20, check=False
    )
    assert second.returncode == 75
    assert client.status(home) == []
