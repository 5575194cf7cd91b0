"""``mesh``: finds the verbs in this package, runs one, and turns errors into one line.

A verb is a module of this package with a callable ``command`` (a Typer function) or, for a group of verbs,
a ``typer.Typer``. Its docstring is its help. Verbs are imported when they are asked for, so that a quick one
does not pay for the imports of a heavy one.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
from typing import Any

import typer
from typer.core import TyperGroup

import mesh.cli
from mesh.kernel.errors import MeshError

NOT_A_VERB = {"main"}
CHATTY = ("clickhouse_connect",)
"""Libraries that write to the terminal what they raise anyway."""


def verbs() -> list[str]:
    """The names of all verbs, as they are typed."""
    modules = (module.name for module in pkgutil.iter_modules(mesh.cli.__path__))
    return sorted(name.replace("_", "-") for name in modules if name not in NOT_A_VERB and name[0] != "_")


def load(verb: str) -> Any:
    """The Typer command of one verb."""
    entry = importlib.import_module(f"mesh.cli.{verb.replace('-', '_')}").command
    if isinstance(entry, typer.Typer):
        group: Any = typer.main.get_group(entry)
        group.name = verb
        return group
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name=verb)(entry)
    return typer.main.get_command(single)


class Verbs(TyperGroup):
    """A group whose commands are the modules of this package."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every verb, in alphabetical order."""
        return verbs()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None when there is no such verb."""
        if cmd_name not in verbs():
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = load(cmd_name)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does, but near names are looked for among all verbs, loaded or not."""
        if args and args[0] not in verbs():
            for verb in verbs():
                self.get_command(ctx, verb)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def mesh_command() -> None:
    """The retail data mesh: start it, feed it, ask it, prove it."""


def main(argv: list[str] | None = None) -> None:
    """Entry point of the ``mesh`` command.

    Exit codes: 0 done, 1 the answer is no (a check failed), 2 a person's error, 130 interrupted.
    """
    for library in CHATTY:
        logging.getLogger(library).addHandler(logging.NullHandler())
    try:
        app(argv)
    except MeshError as error:
        typer.echo(error, err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as error:
        if str(error) != "Query interrupted":  # what DuckDB makes of Ctrl-C
            raise
        sys.exit(130)


if __name__ == "__main__":
    main()
