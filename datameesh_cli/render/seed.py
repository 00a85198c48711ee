"""What `dm seed` did, and what is loaded."""

from __future__ import annotations

from datameesh_cli.render.live import LiveView
from datameesh_cli.render.output import print_line, print_table, report
from datameesh_cli.usecases.load_domain import LoadProgress
from datameesh_cli.usecases.seed_data import Holdings, Seeded


class SeedProgress(LiveView):
    """The live view of a load: on a terminal one line that counts; elsewhere one line per table that took its time."""

    _LONG = 1.0

    def show(self, progress: LoadProgress) -> None:
        """Given how far a table is, show it."""
        if not self.draw(_line(progress)) and progress.done and progress.seconds >= self._LONG:
            report(_line(progress))


def print_seeded(seeded: Seeded) -> None:
    """Given what is loaded now, print each table's rows and speed, the lake's share, and what to do next."""
    name = _name(seeded.set_name, seeded.scale)
    if any(domain.loaded for domain in seeded.domains):
        rows = [
            (
                d.domain,
                t.table,
                f"{t.rows:,}",
                f"{t.seconds:.2f}" if d.loaded else "",
                _speed(t) if d.loaded else "as it was",
            )
            for d in seeded.domains
            for t in d.tables
        ]
        right = ["rows", "seconds", "rows/s"]
        print_table(["domain", "table", "rows", "seconds", "rows/s"], rows, right=right)
    else:
        print_line(f"set {name} is loaded already; --force loads it again")
    for domain in seeded.domains:
        for change in domain.changed:
            print_line(f"{domain.domain}: changed since: {change}; --force brings the set's rows back")
    if seeded.lake is None:
        print_line("lake: left as it is (it does not run, or --no-lake)")
    elif seeded.lake.loaded:
        files = len(seeded.lake.objects)
        print_line(f"lake: {files} raw files, {seeded.lake.statements} statements, {seeded.lake.seconds:.1f} s")
    else:
        print_line("lake: holds this set already")
    following = "dm sql @journey, dm dbt build" if seeded.lake else "dm up --profile analytics"
    print_line(f"set {name} in {seeded.seconds:.1f} s. Next: {following}")


def print_holdings(holdings: Holdings) -> None:
    """Given the sets and what is loaded, print both."""
    print_table(["set", "about"], [(known.name, known.about) for known in holdings.sets])
    if not holdings.domains:
        print_line("the databases do not run: dm up")
        return
    rows = [
        (domain, table.table, f"{table.rows:,}", _name(table.set_name, table.scale))
        for domain, tables in holdings.domains.items()
        for table in tables
    ]
    if rows:
        print_table(["domain", "table", "rows", "of set"], rows, right=["rows"])
    if len({(table.content) for tables in holdings.domains.values() for table in tables}) > 1:
        print_line("the domains hold different sets: run dm seed --set <name> again")
    if not rows:
        print_line("nothing is loaded: dm seed")


def _name(set_name: str, scale: int) -> str:
    return set_name if scale == 1 else f"{set_name} x {scale}"


def _speed(progress: LoadProgress) -> str:
    return f"{progress.rows / progress.seconds:,.0f}" if progress.seconds > 0 and progress.rows else ""


def _line(progress: LoadProgress) -> str:
    return f"  {progress.domain}.{progress.table:<14} {progress.rows:>11,} rows  {_speed(progress):>9} rows/s"
