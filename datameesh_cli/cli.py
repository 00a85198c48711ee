"""The `dm` command: how it finds its commands, and the one place that catches errors and exits."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from datameesh_cli import __version__
from datameesh_cli.errors import DmError, Stopped

_USAGE_ERROR: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""The base of typer's own complaints. Typer carries its own copy of click and does not export this class."""

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class LazyGroup(TyperGroup):
    """The commands of a package, known by name: one is imported only to run it."""

    package = "datameesh_cli.commands"

    @property
    def sections(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the commands by heading."""
        named: Mapping[str, tuple[str, ...]] = importlib.import_module(self.package).COMMANDS
        return named

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for names in self.sections.values() for name in names]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for title, names in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, _first_line(self._module(name))) for name in names])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        aliases = getattr(importlib.import_module(self.package), "ALIASES", {})
        if cmd_name not in aliases and cmd_name not in self.list_commands(ctx):
            return None
        return _command(cmd_name, self._module(aliases.get(cmd_name, cmd_name)))

    def _module(self, name: str) -> str:
        return f"{self.package}.{name.replace('-', '_')}"

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


def _first_line(module: str) -> str:
    """The first line of a module's docstring. It is read, not imported: `dm --help` shall cost no more than importing typer."""
    found: Any = importlib.util.find_spec(module)
    text: str = found.loader.get_source(module)
    return text.split('"""')[1].splitlines()[0]


def _command(name: str, path: str) -> Any:
    """The command, or the group of commands, that is in a module."""
    module: Any = importlib.import_module(path)
    command: Any
    if hasattr(module, "COMMANDS"):
        command = LazyGroup(help=module.__doc__, no_args_is_help=True, rich_markup_mode=None)
        command.package = path
    else:
        one = getattr(module, "app", None) or typer.Typer(add_completion=False, rich_markup_mode=None)
        if not hasattr(module, "app"):
            one.command(help=module.__doc__, context_settings=getattr(module, "SETTINGS", None))(module.command)
        command = typer.main.get_command(one)
    command.name = name
    return command


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
    verbose: bool = typer.Option(False, "--verbose", help="Print each program that is started, on standard error."),
    _version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    """DataMeesh: a data mesh on one laptop.

    First time: dm demo. Day by day: dm up --profile analytics, dm sql "SELECT ...", dm down.
    """
    ctx.obj = name
    if verbose:
        from datameesh_cli.adapters.started_programs import show_commands

        show_commands(lambda line: typer.echo(f"+ {line}", err=True))


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
    misplaced = type(wrong).__name__ == "NoSuchOption" and wrong.option_name in ("--name", "--verbose")
    _say(
        " ".join(wrong.format_message().replace("Value error, ", "").split()),
        f"it stands before the command: dm {wrong.option_name} ..."
        if misplaced
        else f"see: {ctx.command_path if ctx else 'dm'} --help",
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
