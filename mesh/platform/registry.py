"""Apicurio Registry with Confluent's interface, its schemas in an H2 file."""

from __future__ import annotations

from mesh.platform.jars import Jars, unpack
from mesh.platform.java import java
from mesh.platform.part import Health, Part
from mesh.platform.paths import Paths
from mesh.platform.ports import HOST

NAME = "registry"
PORT = 8081
API = "/apis/ccompat/v7"
ARTIFACT = "apicurio-registry-app"
MEMORY = ("-Xms48m", "-Xmx160m", "-XX:TieredStopAtLevel=1", "-XX:MaxMetaspaceSize=160m")


def declare(paths: Paths, jars: Jars, port: int, management_port: int) -> Part:
    """Unpack the registry where that has not been done, and return its declaration."""
    archive = jars.archives[ARTIFACT]
    folder = unpack(archive)
    data = paths.data(NAME)
    data.mkdir(parents=True, exist_ok=True)
    properties = {
        "quarkus.http.host": HOST,
        "quarkus.http.port": port,
        "quarkus.management.host": HOST,
        "quarkus.management.port": management_port,
        "apicurio.storage.kind": "sql",
        "apicurio.storage.sql.kind": "h2",
        # Without WRITE_DELAY=0 the last acknowledged schema is lost when the process is killed.
        "apicurio.datasource.url": f"jdbc:h2:file:{data / 'schemas'};WRITE_DELAY=0",
        "quarkus.banner.enabled": "false",
    }
    return Part(
        name=NAME,
        command=(
            *java(NAME),
            *MEMORY,
            *(f"-D{name}={value}" for name, value in properties.items()),
            *("-jar", str(folder / "quarkus-run.jar")),
        ),
        health=Health("http", f"http://{HOST}:{port}{API}/subjects"),
        address=f"http://{HOST}:{port}{API}",
        ports=(port, management_port),
        version=archive.name.removeprefix(f"{ARTIFACT}-").split("-")[0],
    )
