"""The `dm` command: which commands there are, and the one place that catches errors and exits.

A command's module is imported only when it is called, so that `dm --help` costs little more than importing typer.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from datameesh_cli import __version__
from datameesh_cli.errors import DmError, Stopped

COMMANDS = {
    "demo": "The whole story on one machine: set up, start, seed, query across domains, build the marts.",
    "up": "Start profiles within a memory budget and wait until they work.",
    "down": "Stop the stack; data stays unless --volumes, which asks.",
    "restart": "Stop and start services.",
    "status": "What runs, how well, and within which limits.",
    "plan": "Print the memory plan for a budget.",
    "urls": "Where everything is, and what one can do there.",
    "credentials": "The generated logins of this stack.",
    "logs": "Print or follow the logs of services.",
    "sql": "Run SQL across the domains through Trino.",
    "shell": "A shell inside a service's container.",
    "seed": "Load a data set into the domains and the lake.",
    "dbt": "Run dbt as a job: build, test, docs.",
    "verify": "Run every check against the running stack.",
    "k8s-export": "Turn the Compose model into Kubernetes manifests that were checked.",
    "parity": "Whether the stack on a cluster shows the same as the one under Compose.",
    "doctor": "What this machine lacks, and how to get it.",
    "images": "Build, list, save and load the images.",
    "why": "What a service is for, what it needs, what is wrong with it.",
    "test": "Run the project's own tests.",
    "rows": "Which facts of the matrix are covered and passed.",
    "version": "The version of DataMeesh.",
}
_USAGE_ERROR: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""The base of typer's own complaints. Typer carries its own copy of click and does not export this class."""

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if _asks_for_help_only():
            return TyperCommand(cmd_name, short_help=COMMANDS[cmd_name])
        module = importlib.import_module(f"datameesh_cli.commands.{cmd_name.replace('-', '_')}")
        command: Any = typer.main.get_command(module.app)
        command.name = cmd_name
        command.short_help = COMMANDS[cmd_name]
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Typer would swallow these two on their way to `main`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            raise typer.Abort from stopped
        except BrokenPipeError:
            # Whoever read our output has seen enough (`dm logs | head`).
            _forget_output()
            return 0


def _asks_for_help_only() -> bool:
    return sys.argv[1:] in ([], ["-h"], ["--help"])


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings=_SETTINGS,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"DataMeesh {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    name: str = typer.Option(
        os.environ.get("DM_NAME", "datameesh"),
        "--name",
        help="Which stack: another name is a second stack beside the first.",
    ),
    _version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    """DataMeesh: a data mesh on one laptop.

    First time: dm demo. Day by day: dm up --profile analytics, dm sql "SELECT ...", dm down.
    """
    ctx.obj = name


def main() -> None:
    """Run the command line.

    Exit codes: 0 well, 1 a bug, 2 the user's input, 3 the host, 4 an unhealthy stack, 128 and its number for a signal (130 Ctrl-C).
    """
    command: Any = typer.main.get_command(app)
    try:
        code = command.main(standalone_mode=False, prog_name="dm")
        sys.stdout.flush()
    except DmError as error:
        _say(error.message, error.hint)
        sys.exit(error.exit_code)
    except _USAGE_ERROR as wrong:
        _explain_usage(wrong)
        sys.exit(2)
    except (typer.Abort, KeyboardInterrupt) as stopped:
        number = _signal_of(stopped)
        by = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        _say(f"stopped by {by}", "what was done stays valid; run the same command again to go on")
        sys.exit(128 + number)
    except OSError as refused:
        # Programs and files have their adapters; what is left is our own output (a full disk behind `dm urls > file`).
        _forget_output()
        _say(f"the output could not be written: {refused.strerror or refused}", "see where the output goes")
        sys.exit(3)
    sys.exit(code if isinstance(code, int) else 0)


def _explain_usage(wrong: Any) -> None:
    ctx: Any = getattr(wrong, "ctx", None)
    if type(wrong).__name__ == "NoArgsIsHelpError":
        typer.echo(ctx.get_help(), err=True)
        return
    _say(
        " ".join(wrong.format_message().replace("Value error, ", "").split()),
        f"see: {ctx.command_path if ctx else 'dm'} --help",
    )


def _signal_of(stopped: BaseException) -> int:
    """The number of the signal behind an interruption: typer hands its own exception on, ours is the cause of it."""
    cause: BaseException | None = stopped
    while cause is not None:
        if isinstance(cause, Stopped):
            return cause.number
        cause = cause.__cause__ or cause.__context__
    return signal.SIGINT


def _forget_output() -> None:
    from datameesh_cli.adapters.files import forget_output

    forget_output()


def _say(message: str, hint: str) -> None:
    # A terminal that was closed takes no more lines, and that is no second failure.
    with contextlib.suppress(OSError):
        typer.echo(f"error: {message}", err=True)
        if hint:
            typer.echo(f"hint: {hint}", err=True)
