"""The conversation of `dm sql` without a statement: lines until a semicolon, results, and Ctrl-C that ends a statement only."""

from __future__ import annotations

from pathlib import Path

from datameesh_cli.adapters.line_editor import line_editor, read_line
from datameesh_cli.adapters.outside import Outside
from datameesh_cli.adapters.trino import Session
from datameesh_cli.core.sql_text import split
from datameesh_cli.errors import DmError
from datameesh_cli.render.output import say
from datameesh_cli.render.sql import SqlOutput, print_queries, run_script
from datameesh_cli.usecases.run_sql import Script, named_queries, named_script

HELP = """A statement ends with ';' and may span lines. Ctrl-C ends the running statement, Ctrl-D or \\q the session.
  \\d          the tables here (USE catalog.schema; changes where that is), or the catalogs
  \\d NAME     the columns of a table
  \\l          the named queries; @NAME runs one
  \\?          this help"""


def converse(outside: Outside, session: Session, output: SqlOutput, max_rows: int, history: Path) -> None:
    """Given a session with Trino, run what is typed until the person leaves. An error is printed and ends nothing."""
    say("DataMeesh SQL through Trino. \\? for help, \\q to leave.")
    text = ""
    with line_editor(history):
        while True:
            try:
                line = read_line("   ...> " if text else f"{session.place or 'sql'}> ")
                if line is None or (not text and line.strip() in ("\\q", "quit", "exit")):
                    return
                text = _take(outside, session, text, line, output, max_rows)
            except DmError as refused:
                text = ""
                say(f"error: {refused.message}" + (f"\nhint: {refused.hint}" if refused.hint else ""))
            except KeyboardInterrupt:
                say("\nthe statement was ended" if not text else "")
                text = ""


def _take(outside: Outside, session: Session, text: str, line: str, output: SqlOutput, max_rows: int) -> str:
    """Given what stands before and a new line, run every finished statement; return what is still open."""
    if not text and line.strip().startswith(("\\", "@")):
        _command(outside, session, line.strip(), output, max_rows)
        return ""
    found = split(f"{text}\n{line}" if text else line)
    if found.statements:
        # Cleared first: after Ctrl-C or an error the person starts with an empty line.
        run_script(session, Script(found.statements), output, max_rows)
    return found.rest.text if found.rest else ""


def _command(outside: Outside, session: Session, line: str, output: SqlOutput, max_rows: int) -> None:
    word, _, rest = line.partition(" ")
    if word.startswith("@"):
        run_script(session, named_script(outside, line[1:].rstrip("; ")), output, max_rows)
    elif word == "\\l":
        print_queries(named_queries(outside))
    elif word == "\\d":
        name = rest.strip().rstrip(";")
        statement = f"DESCRIBE {name}" if name else "SHOW TABLES" if "." in session.place else "SHOW CATALOGS"
        run_script(session, Script(split(statement).all), output, max_rows)
    else:
        say(HELP)
