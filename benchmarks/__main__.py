"""``python -m benchmarks``: the verbs of the benchmarks, and errors in one line."""

from __future__ import annotations

import signal
import sys

import typer

from benchmarks import chart, growth, ingest, questions, recovery, run, scaling, simulate, sink, whole
from mesh.kernel.errors import MeshError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("run")(run.command)
app.command("whole")(whole.command)
app.command("sink")(sink.command)
app.command("ingest")(ingest.command)
app.command("simulate")(simulate.command)
app.command("growth")(growth.command)
app.command("scaling")(scaling.command)
app.command("recovery")(recovery.command)
app.command("questions")(questions.command)
app.command("chart")(chart.command)


@app.callback()
def benchmarks() -> None:
    """Ours and its peers, measured side by side on this machine."""


def main() -> None:
    """Exit codes as those of ``mesh``: 0 done, 1 a wrong output, 2 a person's error, 130 interrupted.

    SIGTERM ends a run as Ctrl-C does, so that neither broker nor engine stays behind.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except MeshError as error:
        typer.echo(error, err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
