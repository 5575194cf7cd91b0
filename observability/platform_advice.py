"""What the platform's runbook says to whoever was woken by one of its alerts."""

from __future__ import annotations

from observability.advice import Advice
from observability.platform_alerts import SILENT

_STATUS = ("mesh status", "which parts are not ready, and how often they were restarted")

ADVICE: dict[str, Advice] = {
    "PlatformWorkerDown": Advice(
        meaning="A process of a stream application has ended or is frozen. The supervisor starts it again, "
        "with growing pauses when it keeps ending.",
        impact="Its partitions go to the other processes of the application; without any their records "
        "wait. Nothing is lost, and nothing is done twice that can be seen.",
        diagnosis=(
            _STATUS,
            ("mesh logs orders-enriched-1 -n 100", "the end says why; take the part that was named"),
            ("mesh dash --once", "memory and lag of the application"),
        ),
        mitigation=(
            "Its log names a part that it cannot reach: mend that one.",
            "It stopped over a record (`mesh explain` tells the code): a publisher or a contract has to be "
            "mended first; the stream must not skip it.",
            "The machine has no memory left: end what else runs there, or scale down with `mesh workers 1`.",
        ),
    ),
    "PlatformSinkDown": Advice(
        meaning="A process of the sink has ended or is frozen.",
        impact="Without another one nothing lands: all views stand still. Kafka keeps everything.",
        diagnosis=(_STATUS, ("mesh logs sink-1 -n 100", "the end says why")),
        mitigation=(
            "It waits for the warehouse: mend that, the sink goes on by itself.",
            "It parked too much (`MESH_DEAD_LETTER_LIMIT`): see `mesh dead list`, and stop the publisher.",
            "A second process takes over next time: `mesh workers 2 --app sink`.",
        ),
    ),
    "PlatformMonitorDown": Advice(
        meaning="The monitor has ended, or one kind of its rounds stands still although every service "
        "answers.",
        impact="No alert on silence, lag, rejected records or the ledger can begin; those that fire are "
        "kept. The data flow on.",
        diagnosis=(_STATUS, ("mesh logs monitor -n 100", "which kind of round fails, and why")),
        mitigation=(
            "End the process that `mesh status` shows, if it is frozen; the supervisor starts it anew.",
            "Until it is back, look at `mesh status` and `mesh reconcile` by hand.",
        ),
    ),
    "PlatformPagerDown": Advice(
        meaning="The pager does not answer. Alertmanager keeps what fires and tries again.",
        impact="Nobody is paged, but for this one alert by e-mail where `MESH_SMTP` is set, and for the "
        "outside address of `MESH_DEAD_MAN`.",
        diagnosis=(_STATUS, ("mesh logs pager -n 100", "the end says why")),
        mitigation=(
            "Its journal lies in the folder `pager` of the mesh's home: is the disk full, or not writable?",
            "Until it is back, read the alerts in `mesh dash`.",
        ),
    ),
    "PlatformSchedulerDown": Advice(
        meaning="The scheduler has ended or is frozen. The supervisor starts it again.",
        impact="Quality is not judged and marts grow old. Streams, views and alerts on them go on.",
        diagnosis=(_STATUS, ("mesh logs scheduler -n 100", "the end says why")),
        mitigation=("Until it is back run what is needed by hand: `mesh quality`, `mesh marts refresh`.",),
    ),
    "PlatformJobFailing": Advice(
        meaning="A command that runs by the clock has ended with an error. It is tried again when it is due.",
        impact="What it brings up to date grows old: marts, verdicts on quality. Nothing else waits for it.",
        diagnosis=(
            ("mesh jobs", "which one, when, and what it printed last"),
            ("mesh logs scheduler -n 50", "every run and how it ended"),
        ),
        mitigation=(
            "Run its command by hand, as `mesh jobs` shows it, and mend what it names; `mesh explain` tells "
            "the code.",
            "A wrong entry in `jobs.json` of the mesh's home: mend or delete it; it is read anew at once.",
        ),
    ),
    "PlatformBrokerDown": Advice(
        meaning="The broker does not answer, or names no controller.",
        impact="Nothing is published, read or landed. Publishers keep what they have, or fail.",
        diagnosis=(
            _STATUS,
            ("mesh logs broker -n 100", "the end says why"),
            ("mesh dash --once", "disk and memory"),
        ),
        mitigation=(
            "The disk is full: free some space, and it starts. Never delete files of its folder by hand.",
            "It ends again and again: keep its folder as it is, and read its log from the first ERROR on.",
            "Streams and sink go on by themselves once it answers.",
        ),
    ),
    "PlatformRegistryDown": Advice(
        meaning="The schema registry does not answer.",
        impact="Whoever knows its schemas goes on. A publisher or a worker that starts, or meets a new "
        "schema, waits.",
        diagnosis=(_STATUS, ("mesh logs registry -n 100", "the end says why")),
        mitigation=(
            "It keeps its schemas in a topic of the broker: is the broker there?",
            "Start no new workers and publish no new schemas until it is back.",
        ),
    ),
    "PlatformWarehouseDown": Advice(
        meaning="The warehouse does not answer.",
        impact="Nobody can query, and nothing lands. The sink waits and goes on by itself; Kafka keeps "
        "everything.",
        diagnosis=(
            _STATUS,
            ("mesh logs warehouse -n 100", "the end says why"),
            ('mesh query "SELECT 1"', "what a client is told"),
        ),
        mitigation=(
            "A query took all memory: end it, and the warehouse recovers.",
            "The disk is full: free some space. Its folder can be built anew from the topics, but not in a "
            "minute.",
        ),
    ),
    "PlatformSinkBehind": Advice(
        meaning="Records wait for the sink, and it does not catch up with what comes.",
        impact="The views show the past. Domains whose freshness is broken are told by their own alerts.",
        diagnosis=(
            ("mesh dash --once", "rows and seconds of inserts, and which topics wait"),
            (
                "mesh logs sink-1 -n 100",
                "whether it waits for the warehouse, or its partitions were taken away",
            ),
            _STATUS,
        ),
        mitigation=(
            "Inserts are slow: look at the warehouse's memory, disk, and queries that run.",
            "Inserts are fast: a second process, `mesh workers 2 --app sink`.",
            "The log tells of partitions taken away: a stranger reads in the group `mesh.sink`. Find it, "
            "and end it.",
        ),
    ),
    "PlatformDiskFilling": Advice(
        meaning="Less is free than `MESH_DISK_FREE_LIMIT` where the mesh keeps its state.",
        impact="None yet. When nothing is free the broker and the warehouse stop.",
        diagnosis=(("mesh status", "where the state lies"), ("mesh dash --once", "how fast it fills")),
        mitigation=(
            "Free what is not the mesh's first: old homes, downloads, logs.",
            "Then shorten the retention of the topics that may forget, in their contracts, and `mesh apply`.",
            "Never delete files in the folders of broker and warehouse by hand.",
        ),
    ),
    "PlatformCertificateEnding": Advice(
        meaning="A certificate of `MESH_CERTIFICATES`, or of the folder `certificates` of the mesh's home, "
        "ends soon, or cannot be read.",
        impact="None yet. When it has ended, whoever checks it no longer connects.",
        diagnosis=(("mesh incidents", "which file"),),
        mitigation=("Renew it, and put the new one in its place. The monitor reads it within a round.",),
    ),
    "Watchdog": Advice(
        meaning="It always fires, so that its absence can be noticed. It is never paged.",
        impact="None.",
        diagnosis=(("mesh incidents", "a line says when the watchdog was not heard lately"),),
        mitigation=("Nothing.",),
    ),
    SILENT: Advice(
        meaning="No rule makes this one: the pager opens it when it does not hear the watchdog any more. "
        "Prometheus or Alertmanager is down, or the way between them and the pager.",
        impact="No alert reaches anybody. The data flow on.",
        diagnosis=(
            _STATUS,
            ("mesh logs prometheus -n 50", "whether it evaluates its rules"),
            ("mesh logs alertmanager -n 50", "whether it can reach the pager"),
        ),
        mitigation=(
            "Mend the one that is not ready; the incident is resolved when the watchdog is heard again.",
            "Its configuration is refused: `mesh check`, then `mesh apply`.",
            "Until then look at `mesh status` and `mesh dash` by hand.",
        ),
    ),
}
"""What to do, by alert."""
