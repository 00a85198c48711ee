"""`dm demo` as text: the steps as they go, and the end that is worth a picture."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.build_output import BuildState
from datameesh_cli.core.dbt_results import Summary
from datameesh_cli.core.health import ServiceState
from datameesh_cli.core.memory import format_mib
from datameesh_cli.core.stack import DEFAULT_NAME
from datameesh_cli.render.images import BuildProgress, clock_time
from datameesh_cli.render.output import print_line, print_table, report
from datameesh_cli.render.seed import SeedProgress
from datameesh_cli.render.stack import StartProgress, print_places
from datameesh_cli.usecases.build_images import Built
from datameesh_cli.usecases.load_domain import LoadProgress
from datameesh_cli.usecases.run_demo import Demo, ToldTo
from datameesh_cli.usecases.show_status import Address

if TYPE_CHECKING:
    from datameesh_cli.adapters.trino import QueryResult


class DemoProgress:
    """Tells the steps on standard error; each step's own live view is that of its command."""

    def __init__(self) -> None:
        self._number = 0
        self._live: Any = None

    def step(self, title: str) -> None:
        """Given a step's title, close the last step's view and announce it."""
        self._close()
        self._number += 1
        report(f"\n[{self._number}] {title}")

    def report(self, line: str) -> None:
        """Print one line about the step."""
        self._close()
        report(f"  {line.strip()}")

    def building(self, state: BuildState) -> None:
        """Show what is being built."""
        self._builds().watch(state)

    def built(self, image: Built) -> None:
        """Show that an image is ready."""
        self._builds().done(image)

    def states(self, states: Sequence[ServiceState], elapsed: float) -> None:
        """Show the services' states."""
        if not isinstance(self._live, StartProgress):
            self._open(StartProgress())
        self._live.show(states, elapsed)

    def rows(self, progress: LoadProgress) -> None:
        """Show how far a table is."""
        if not isinstance(self._live, SeedProgress):
            self._open(SeedProgress())
        self._live.show(progress)

    def answered(self, answer: QueryResult, seconds: float) -> None:
        """Print the answer as soon as it is there, a line a row; the table comes at the end."""
        for row in (dict(zip((c.name for c in answer.columns), map(_shown, row), strict=True)) for row in answer.rows):
            self.report(
                f"{row['lead_source']}, {row['campaign_name']}: {row['converted_customers']} of {row['total_leads']} leads "
                f"became customers, revenue {row['total_revenue']}"
            )
        self.report(f"one query over two databases, {seconds:.2f} s")

    def told(self, told: ToldTo) -> None:
        """Print who was told what."""
        self.report(told_line(told))

    def dbt(self, line: str) -> None:
        """Print what dbt built or tested, not its chatter."""
        if " OK " in line or " PASS " in line or "ERROR" in line or "FAIL" in line:
            self.report(line)

    def __enter__(self) -> DemoProgress:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self._close()

    def _builds(self) -> BuildProgress:
        if not isinstance(self._live, BuildProgress):
            self._open(BuildProgress())
        view: BuildProgress = self._live
        return view

    def _open(self, view: Any) -> None:
        self._close()
        self._live = view

    def _close(self) -> None:
        if self._live:
            self._live.close()
            self._live = None


def print_demo(demo: Demo, name: str) -> None:
    """Given what the demo showed and the stack's name, print the answer, dbt's counts, where everything is, and what to try."""
    columns = [c.name.replace("_", " ") for c in demo.answer.columns]
    rows = [[_shown(value) for value in row] for row in demo.answer.rows]
    print_line()
    print_table(columns, rows, title="The customer journey, across sales and marketing", right=columns[2:])
    print_line(f"one query over two databases, {demo.answer_seconds:.2f} s; ask it again: dm sql @journey")
    print_line()
    for told in demo.told:
        print_line(told_line(told))
    print_line()
    _print_dbt("dbt, the seed's own models", demo.seed_models)
    _print_dbt("dbt, everything else", demo.other_models)
    print_line()
    print_places(demo.places)
    plan = demo.started.planned.plan
    print_line(
        f"{len(demo.started.states)} services within {format_mib(plan.total)}; the answer after {clock_time(demo.answered)}, "
        f"everything after {clock_time(demo.seconds)}"
    )
    print_line("\nWhat to try next:")
    for number, line in enumerate(next_steps(demo.places, name), 1):
        print_line(f"  {number}. {line}")


def told_line(told: ToldTo) -> str:
    """Given what a statement told a person, return it as one line."""
    if told.refused:
        return f"{told.person} is refused: {told.refused}"
    return f"{told.person} sees: {', '.join(map(_shown, told.row))}"


def next_steps(places: Sequence[Address], name: str) -> tuple[str, ...]:
    """Given where everything is and the stack's name, return what a person may do now, one line each, ready to be copied."""
    dm = "./dm" if name == DEFAULT_NAME else f"./dm --name {name}"
    open_ = [
        f"open {p.url} in a browser"
        + (f" and log in as {p.user}" if p.user else "")
        + (f" with the password that `{dm} credentials {p.secret}` prints" if p.secret else ", without a password")
        + f": {p.can[0]}"
        for p in sorted(places, key=lambda p: p.title, reverse=True)
    ]
    return (
        f'ask something yourself: `{dm} sql "SELECT region, count(*), sum(revenue) FROM sales.public.customers GROUP BY 1"`, '
        f"or `{dm} sql` alone to type one question after the other; ready-made ones: `{dm} sql --list`",
        *open_,
        f"change a model in dbt/models/marts/ and build it again: `{dm} dbt build`",
        f"let every part prove that it works: `{dm} verify`",
        f"stop: `{dm} down` (the data stays; `{dm} up` goes on with it)",
    )


def _shown(value: Any) -> str:
    """Numbers with their thousands marked, and without cents where there are none: 2,340,500."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return f"{value:,}".removesuffix(".00")
    return "" if value is None else str(value)


def _print_dbt(title: str, summary: Summary) -> None:
    models, tests = summary.models, summary.tests
    print_line(
        f"{title}: models PASS={models.passed} ERROR={models.failed}, tests PASS={tests.passed} ERROR={tests.failed} "
        f"({summary.seconds:.1f} s)"
    )
