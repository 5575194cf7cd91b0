"""Kafka in KRaft mode: one process that is broker and controller, bound to this machine."""

from __future__ import annotations

from mesh.platform.jars import Jars
from mesh.platform.java import java
from mesh.platform.part import Health, Part
from mesh.platform.paths import Paths
from mesh.platform.ports import HOST

NAME = "broker"
PORT = 9092
CLUSTER_ID = "cmV0YWlsLWRhdGEtbWVzaA"  # any 16 bytes in base64; one cluster a home

SETTINGS = """\
# Written by `mesh up`; changes are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}

# Access is derived from the contracts (`mesh apply`), and here as everywhere. Who comes without a name, as
# everybody does on this machine, may do everything.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS

# Topics are made by `mesh apply` from the contracts, with their partitions and retention.
auto.create.topics.enable=false

# One broker keeps the only replica of everything.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# A group's first member need not wait for others; a test may ask for short sessions.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000

# A mesh that rests for a month must not forget how far its consumers had read.
offsets.retention.minutes=525600

# After a kill the controller must first forget the old broker: 7 s to a working broker, with the defaults 15.
# Shorter yet, and a machine that is busy for two seconds fences its only broker.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
# On a machine that has much else to do a start may take minutes: better late than given up.
initial.broker.registration.timeout.ms=240000

# One machine, few clients: small thread pools and buffers keep the process small.
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=8388608
log.segment.bytes=67108864
"""

LOGGING = """\
status=warn
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c{1})%n
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
# Every leader election and segment roll, at INFO; their warnings suffice.
logger.state.name=state.change.logger
logger.state.level=WARN
logger.storage.name=org.apache.kafka.storage.internals
logger.storage.level=WARN
"""

NATIVE = "--enable-native-access=ALL-UNNAMED"  # the codecs are native libraries
MEMORY = ("-Xms96m", "-Xmx320m", "-XX:ReservedCodeCacheSize=64m")


def declare(paths: Paths, jars: Jars, port: int, controller_port: int) -> Part:
    """Write the broker's configuration and return its declaration."""
    home = paths.data(NAME)
    data = home / "data"
    home.mkdir(parents=True, exist_ok=True)
    settings, logging = home / "server.properties", home / "log4j2.properties"
    settings.write_text(
        SETTINGS.format(host=HOST, port=port, controller_port=controller_port, data=data.as_posix())
    )
    logging.write_text(LOGGING)
    class_path = ":".join(map(str, jars.class_path))
    program = (*java(NAME), NATIVE, f"-Dlog4j2.configurationFile={logging}")
    return Part(
        name=NAME,
        prepare=(
            *program,
            *("-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", class_path),
            *("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(settings)),
        ),
        prepared_by=str(data / "meta.properties"),
        command=(*program, *MEMORY, "-cp", class_path, "kafka.Kafka", str(settings)),
        health=Health("kafka", f"{HOST}:{port}"),
        address=f"{HOST}:{port}",
        ports=(port, controller_port),
        version=_version(jars),
        grace=20,
    )


def _version(jars: Jars) -> str:
    """Kafka's version, from the name of its jar."""
    return next(
        path.stem.rsplit("-", 1)[1] for path in jars.class_path if path.name.startswith("kafka_2.13-")
    )
