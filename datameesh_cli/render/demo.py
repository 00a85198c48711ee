"""`dm demo` as text: the steps as they go, and the end that is worth a picture."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from datameesh_cli.core.dbt_results import Summary
from datameesh_cli.core.health import ServiceState
from datameesh_cli.core.memory import format_mib
from datameesh_cli.render.output import print_line, print_table, say
from datameesh_cli.render.seed import SeedProgress
from datameesh_cli.render.stack import Progress as StartProgress
from datameesh_cli.render.stack import print_places
from datameesh_cli.usecases.load_domain import Progress
from datameesh_cli.usecases.run_demo import Demo


class DemoProgress:
    """Tells the steps on standard error; each step's own live view is that of its command."""

    def __init__(self) -> None:
        self._number = 0
        self._live: Any = None

    def step(self, title: str) -> None:
        """Given a step's title, close the last step's view and announce it."""
        self._close()
        self._number += 1
        say(f"\n[{self._number}] {title}")

    def say(self, line: str) -> None:
        """Print one line about the step."""
        say(f"  {line.strip()}")

    def states(self, states: Sequence[ServiceState], elapsed: float) -> None:
        """Show the services' states."""
        if not isinstance(self._live, StartProgress):
            self._open(StartProgress())
        self._live.show(states, elapsed)

    def rows(self, progress: Progress) -> None:
        """Show how far a table is."""
        if not isinstance(self._live, SeedProgress):
            self._open(SeedProgress())
        self._live.show(progress)

    def dbt(self, line: str) -> None:
        """Print what dbt built or tested, not its chatter."""
        if " OK " in line or " PASS " in line or "ERROR" in line or "FAIL" in line:
            self.say(line)

    def __enter__(self) -> DemoProgress:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self._close()

    def _open(self, view: Any) -> None:
        self._close()
        self._live = view
        view.__enter__()

    def _close(self) -> None:
        if self._live:
            self._live.__exit__(None, None, None)
            self._live = None


def print_demo(demo: Demo) -> None:
    """Given what the demo showed, print the answer, dbt's counts and where everything is."""
    columns = [c.name.replace("_", " ") for c in demo.answer.columns]
    rows = [[_shown(value) for value in row] for row in demo.answer.rows]
    print_line()
    print_table(columns, rows, title="The customer journey, across sales and marketing", right=columns[2:])
    print_line(f"one query over two databases, {demo.answer_seconds:.2f} s; ask it again: dm sql @journey")
    _print_dbt("dbt, the seed's own models", demo.seed_models)
    _print_dbt("dbt, everything else", demo.other_models)
    print_line()
    print_places(demo.places)
    plan = demo.started.planned.plan
    print_line(
        f"{len(demo.started.states)} services within {format_mib(plan.total)}; everything in {demo.seconds:.0f} s. "
        "Next: dm sql, dm verify, dm down"
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
