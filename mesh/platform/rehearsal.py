"""A first start of broker and registry for the Java runtime to learn from, so that later ones are fast.

    python -m mesh.platform.rehearsal

On a home of its own, gone afterwards, the services are started, get every topic, schema and table of the
contracts, and are ended; as they end, the runtime writes down what it learnt (:mod:`mesh.platform.java`).
`make setup` does so once: it takes half a minute, and each `mesh up` is seconds faster.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mesh.kernel.errors import MeshError
from mesh.kernel.settings import load_settings
from mesh.platform import broker, client, declarations, launch, provision, registry, workers
from mesh.platform.control import request
from mesh.platform.java import learnt_of
from mesh.platform.part import Part
from mesh.platform.paths import Paths
from mesh.platform.ports import Ports

PROGRAMS = (broker.NAME, registry.NAME)
GRACE = 100.0  # seconds; writing down takes a dozen on a machine that has nothing else to do


def rehearse(report: Callable[[str], None]) -> None:
    """Start, use and end the services once; what was learnt of them before is replaced.

    Raises :class:`MeshError` where a part cannot start, ``OSError`` where nothing can be kept.
    """
    for name in PROGRAMS:
        learnt_of(name).parent.mkdir(parents=True, exist_ok=True)
        learnt_of(name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="mesh-rehearsal-") as folder:
        paths = Paths.of(Path(folder) / "home")
        launch.start_supervisor(paths)
        try:
            _use(paths, Path(folder), report)
        finally:
            launch.down(home=paths.home)
        for name in PROGRAMS:
            draft = learnt_of(name).with_suffix(".part")
            shutil.copyfile(_draft(Path(folder), name), draft)
            draft.replace(learnt_of(name))


def watched(part: Part, folder: Path) -> Part:
    """The part, from whose run the runtime learns; others as they are."""
    if part.name not in PROGRAMS:
        return part
    java, *arguments = part.command
    output = f"-XX:AOTCacheOutput={_draft(folder, part.name)}"
    return replace(part, command=(java, output, *arguments), grace=GRACE)


def _use(paths: Paths, folder: Path, report: Callable[[str], None]) -> None:
    with Ports(lambda _: None) as ports:
        parts = declarations.services(paths, workers.SERVICES, ports, report)
        addresses = declarations.addresses(parts)
        client.declare([watched(part, folder) for part in parts], addresses, paths)
    request(paths, "start", parts=list(workers.SERVICES))
    client.wait_ready(workers.SERVICES, paths.home)
    # These addresses and no others, whatever the environment says of a mesh elsewhere.
    provision.apply(load_settings(home=paths.home, retailer="", **addresses), lambda _: None)


def _draft(folder: Path, name: str) -> Path:
    return folder / f"{name}.aot"


if __name__ == "__main__":
    try:
        rehearse(lambda line: print(f"    {line}", flush=True))  # noqa: T201
    except (MeshError, OSError) as error:
        print(f"    Kafka and the registry will start slower, all else is the same: {error}")  # noqa: T201
