"""The path: opened once, shared by handles, closed at the end.

A handle is one chDB connection: settings, current database and temporary tables are its own. Each request
gets a fresh one, so nothing can leak from one request to the next; making one takes 0.4 ms, so a few are kept
ready.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import chdb

from mesh.kernel.errors import WarehouseError
from mesh.kernel.literal import text
from sinks.warehouse_server.config import write_config
from sinks.warehouse_server.errors import ClickHouseError, from_engine
from sinks.warehouse_server.lock import PathLock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from sinks.warehouse_server.config import Limits


_SPARE: Final = 4


class Handle:
    """One connection of the engine; use it from one thread at a time."""

    def __init__(self, data: Path) -> None:
        self._connection = chdb.connect(str(data))

    def run(self, sql: str, form: str = "TabSeparated", parameters: dict[str, str] | None = None) -> Any:
        """Run ``sql`` whole; the result has ``bytes()`` and counters. Raises :class:`ClickHouseError`."""
        try:
            return self._connection.query(sql, form, params=parameters or {})
        except Exception as error:  # noqa: BLE001 - the engine raises its own and RuntimeError alike
            raise from_engine(error) from None

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of ``sql`` as JSON values."""
        answer: dict[str, Any] = json.loads(self.run(sql, "JSONCompact").bytes())
        return list(answer["data"])

    def stream(self, sql: str, form: str, parameters: dict[str, str]) -> Generator[bytes]:
        """The blocks of a query's answer as they come; closing the iterator cancels the query."""
        try:
            with self._connection.send_query(sql, form, params=parameters) as result:
                for block in result:
                    data = block.bytes()
                    if data:
                        yield data
        except GeneratorExit:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            raise from_engine(error) from None

    def insert(self, statement: Callable[[str], str], data: Sequence[memoryview]) -> Any:
        """Insert ``data`` in one go; all of it or, on any error, nothing. Returns the counters.

        ``statement`` makes the INSERT that reads from a given path. The data stand in memory behind it:
        chDB's streaming insert reports success when the last stage fails (a memory limit while the part is
        written, a constraint, a materialized view), and so would acknowledge rows that are not there.
        """
        place = os.memfd_create("insert")
        try:
            with os.fdopen(place, "wb", closefd=False) as memory:
                for part in data:
                    memory.write(part)
            return self.run(statement(f"/proc/self/fd/{place}"))
        finally:
            os.close(place)

    def apply(self, settings: dict[str, str]) -> None:
        """Set ``settings`` on this handle."""
        if settings:
            self.run("SET " + ", ".join(f"{name} = {text(value)}" for name, value in settings.items()))

    def use(self, database: str) -> None:
        """Make ``database`` the current one."""
        self.run(f"USE {quote_name(database)}")

    def close(self) -> None:
        """Give the connection back; temporary tables go with it."""
        self._connection.close()


class Engine:
    """The owner of one path."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Lock and open ``folder``; raise :class:`WarehouseError` in one line when that cannot be done."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = PathLock(folder)
        except OSError as error:
            raise WarehouseError(
                "warehouse-path-unusable",
                error.strerror or str(error),
                place=str(folder),
                remedy="give another --path",
            ) from None
        self._data = (folder / "data").resolve()
        self._spare: deque[Handle] = deque()
        said: list[str] = []
        try:
            config = write_config(folder, limits)
            with _native_stderr(said):
                # Held open until the end: the engine shuts down with its last connection.
                self._keeper = chdb.connect(f"{self._data}?config-file={config}")
            self._adopt_default_database()
            self._prove_walls()
            self.version, self.timezone = self._rows("SELECT version(), timezone()")[0]
        except Exception as error:  # noqa: BLE001 - whatever stops the engine, the user gets one line
            self._lock.release()
            lines = [*said, *str(from_engine(error)).splitlines()]
            raise WarehouseError(
                "warehouse-cannot-open",
                lines[0].strip(),
                place=str(self._data),
                remedy="mend what it names; nothing was changed",
            ) from None

    def handle(self) -> Handle:
        """A fresh handle, never used before; close it after use."""
        try:
            return self._spare.pop()
        except IndexError:
            return Handle(self._data)

    def spare_handle(self) -> None:
        """Make a handle for a request to come; called when an answer is out, so that nobody waits for it."""
        with contextlib.suppress(RuntimeError):  # the request to come will say what is wrong
            if len(self._spare) < _SPARE:
                self._spare.append(Handle(self._data))

    def kill(self, tag: str) -> None:
        """Stop the query that starts with ``tag``, if it still runs."""
        self._once(f"KILL QUERY WHERE startsWith(query, {text(tag.strip())}) ASYNC")

    def kill_all(self) -> None:
        """Stop every query that still runs."""
        self._once("KILL QUERY WHERE 1 ASYNC")

    def memory(self) -> int:
        """Bytes that the engine counts as in use."""
        return int(self._rows("SELECT value FROM system.metrics WHERE metric = 'MemoryTracking'")[0][0])

    def close(self) -> None:
        """Write the logs, shut the engine down and free the path."""
        with contextlib.suppress(ClickHouseError):  # the log is a convenience; the path must be closed anyway
            self._once("SYSTEM FLUSH LOGS")
        while self._spare:
            self._spare.pop().close()
        self._keeper.close()
        self._lock.release()

    def _once(self, sql: str) -> None:
        with contextlib.closing(self.handle()) as handle:
            handle.run(sql)

    def _rows(self, sql: str) -> list[list[Any]]:
        with contextlib.closing(self.handle()) as handle:
            return handle.rows(sql)

    def _prove_walls(self) -> None:
        """Refuse to serve when the engine does not enforce the grants that it was given."""
        try:
            self._once("SELECT * FROM file('any.csv', 'CSV', 'a Int32')")
        except ClickHouseError as error:
            if error.code == 497:
                return
        raise ClickHouseError(497, "the engine does not enforce its grants", "ACCESS_DENIED")

    def _adopt_default_database(self) -> None:
        """Make ``default`` a plain Atomic database, as on a server.

        chDB overlays it with the working directory's files, so that any name that is not a table would be
        looked up as a file. The overlay lives in memory only: detached, it leaves the stored database. chDB
        knows that one by its link ``metadata/default``, which the first table makes.
        """
        link = self._data / "metadata" / "default"
        with contextlib.closing(self.handle()) as handle:  # one for all: none can be opened in between
            engines = dict(handle.rows("SELECT name, engine FROM system.databases"))
            if engines.get("default") != "Overlay":
                return
            if link.exists():
                handle.run("DETACH DATABASE default")
                handle.run("ATTACH DATABASE default")
            elif not handle.rows("SELECT 1 FROM system.tables WHERE database = 'default'"):
                handle.run("DROP DATABASE default")
                link.with_suffix(".sql").unlink(missing_ok=True)  # of a start that was cut off
                handle.run("CREATE DATABASE default ENGINE = Atomic")
                handle.run("CREATE TABLE default.first (a UInt8) ENGINE = Memory")
                handle.run("DROP TABLE default.first SYNC")


@contextlib.contextmanager
def _native_stderr(lines: list[str]) -> Iterator[None]:
    """Collect what the engine writes to the process's stderr, where it says why it cannot start."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            lines += [line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]


def quote_name(name: str) -> str:
    """``name`` as an identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
