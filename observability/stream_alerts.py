"""The alert of a stream application: records wait for it and it takes none."""

from __future__ import annotations

from mesh.kernel.contract import Port
from observability.alerts import Alert, Case, Symptom, camel
from observability.limits import STILL, STILL_FOR
from observability.sight import TOPICS, seeing, seen


def stalled(application: str, port: Port, runbook: str) -> Alert:
    """The alert of an application that writes ``port``, whose owner answers for it."""
    stem = application.removeprefix("mesh.")
    name = f"{camel(port.domain, stem)}Stalled"
    taken = f'mesh_committed_offsets{{application="{application}"}}'
    condition = (
        f'sum(mesh_behind_records{{application="{application}"}}) > 0\n'
        f"and sum({taken})\n  == sum({taken} offset {STILL}s)"
    )
    behind = (
        f'mesh_behind_records{{part="monitor", application="{application}", topic="any.public.input.v1"}}'
    )
    position = behind.replace("mesh_behind_records", "mesh_committed_offsets").replace(
        "}", ', partition="0"}'
    )
    return Alert(
        name=name,
        symptom=Symptom.STALLED,
        domain=port.domain,
        product=stem,
        owner=port.owner,
        drill="stream-stalled",
        expr=seen(condition, name, TOPICS),
        holds=STILL_FOR,
        unit="humanize",
        summary=f"{application} stands still",
        description=(
            f"Records wait for {application}, and it has taken none for {STILL} s. "
            "What follows from them comes late."
        ),
        action=f"Run `mesh logs {stem}-1`: it says for what it waits, or why it stopped.",
        runbook=runbook,
        labels={"app": stem},
        proof=(
            Case(
                "it takes records until 60 s and none afterwards, while they still come",
                {behind: "0x12 1+1x60", position: "0+10x12 120x60", **seeing(TOPICS, 80)},
                fires=60 + STILL + STILL_FOR,
                shown="8",
            ),
            Case(
                f"it takes records every {STILL} s",
                {behind: "5x60", position: _steps(STILL), **seeing(TOPICS)},
                fires=None,
            ),
            Case(
                "there is nothing to take",
                {behind: "0x60", position: "7x60", **seeing(TOPICS)},
                fires=None,
            ),
            Case(
                "a great ingest before which the monitor has seen nothing",
                {behind: "90000-3000x30 0x30", position: "0+3000x30 90000x30", **seeing(TOPICS)},
                fires=None,
            ),
        ),
    )


def _steps(every: int) -> str:
    """For tests: a position that moves every so many seconds."""
    return " ".join(f"{10 * number}x{every // 5 - 1}" for number in range(300 // every))
