"""The conversation of `dm sql` without a statement: lines until a semicolon, results, and Ctrl-C that ends a statement only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from datameesh_cli.core.sql_text import split
from datameesh_cli.errors import DmError
from datameesh_cli.usecases.run_sql import NamedQuery, Script, named_queries, named_script, run_script

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.trino import Running, TrinoSession


class Screen(Protocol):
    """What the person sees."""

    def show(self, running: Running, elapsed: Callable[[], float]) -> None:
        """A statement's result."""

    def queries(self, queries: Sequence[NamedQuery]) -> None:
        """The named queries."""

    def help(self) -> None:
        """The short commands."""

    def refused(self, error: DmError) -> None:
        """What went wrong; the conversation goes on."""

    def ended(self, *, typing: bool) -> None:
        """Ctrl-C ended the statement, or what was being typed."""


def converse(adapters: Adapters, session: TrinoSession, screen: Screen, history: Path) -> None:
    """Given a session with the SQL engine, run what is typed until the person leaves. An error is shown and ends nothing."""
    text = ""
    with adapters.lines.line_editor(history):
        while True:
            try:
                line = adapters.lines.read_line("   ...> " if text else f"{session.place or 'sql'}> ")
                if line is None or (not text and line.strip() in ("\\q", "quit", "exit")):
                    return
                text = _take(adapters, session, text, line, screen)
            except DmError as refused:
                text = ""
                screen.refused(refused)
            except KeyboardInterrupt:
                screen.ended(typing=bool(text))
                text = ""


def _take(adapters: Adapters, session: TrinoSession, text: str, line: str, screen: Screen) -> str:
    """Given what stands before and a new line, run every finished statement; return what is still open."""
    if not text and line.strip().startswith(("\\", "@")):
        _command(adapters, session, line.strip(), screen)
        return ""
    found = split(f"{text}\n{line}" if text else line)
    if found.statements:
        run_script(adapters, session, Script(found.statements), screen.show)
    return found.rest.text if found.rest else ""


def _command(adapters: Adapters, session: TrinoSession, line: str, screen: Screen) -> None:
    word, _, rest = line.partition(" ")
    if word.startswith("@"):
        run_script(adapters, session, named_script(adapters, line[1:].rstrip("; ")), screen.show)
    elif word == "\\l":
        screen.queries(named_queries(adapters))
    elif word == "\\d":
        name = rest.strip().rstrip(";")
        statement = f"DESCRIBE {name}" if name else "SHOW TABLES" if "." in session.place else "SHOW CATALOGS"
        run_script(adapters, session, Script(split(statement).all), screen.show)
    else:
        screen.help()
