"""`dm audit` as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datameesh_cli.core.log_trail import Happening
from datameesh_cli.core.trail import Statement, Trail
from datameesh_cli.render.output import print_line, print_table, report


def print_trail(trail: Trail) -> None:
    """Given a trail, print a line a statement, and what is missing."""
    if trail.statements:
        columns = ["at (UTC)", "person", "by", "outcome", "seconds", "read", "written", "tables", "statement"]
        print_table(columns, [_row(s) for s in trail.statements], right=["seconds", "read", "written"])
    else:
        print_line("no statement in this time")
    if trail.more:
        report("older ones are left out: --limit 1000, or a shorter --since")
    for gap in trail.gaps:
        report(
            f"{gap.missed} statements of {gap.day} have no row (engine {gap.engine}): asked while nobody collected, "
            "or given up before they began"
        )
    if trail.lost:
        report(f"{trail.lost} events reached the collector and were lost there")
    if not trail.collecting:
        report("the collector does not run: what is asked now is not written down")


def _row(s: Statement) -> tuple[object, ...]:
    by = " for ".join(filter(None, (s.signed_in_as, s.source)))
    seconds = None if s.duration_ms is None else f"{s.duration_ms / 1000:.2f}"
    text = " ".join(s.statement.split())
    said = f"{text[:80]}{'…' if len(text) > 80 else ''}" + (f" -- {' '.join(s.error.split())[:100]}" if s.error else "")
    return s.at, s.person, by, s.outcome, seconds, s.rows_read, s.rows_written, "\n".join(s.tables), said


def print_happenings(happenings: Sequence[Happening]) -> None:
    """Given lines of logs, print them as a table."""
    if not happenings:
        print_line("no line of a log in this time tells of anybody")
        return
    columns = ["at (UTC)", "person", "service", "database", "by", "kind", "what"]
    print_table(columns, [(h.at, h.person, h.service, h.database, h.source, h.kind, h.text[:160]) for h in happenings])


def print_dbt(entries: Sequence[Mapping[str, Any]]) -> None:
    """Given outcomes of models and tests, print them as a table."""
    if not entries:
        print_line("dbt did not run in this time")
        return
    names = ["at", "by", "kind", "name", "outcome", "seconds", "rows", "message"]
    print_table(names, [[e[name] for name in names] for e in entries], right=["seconds", "rows"])
