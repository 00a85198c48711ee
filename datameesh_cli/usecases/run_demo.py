"""`dm demo`: from whatever the machine has to a federated answer and tested marts, each step the same as its own command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from datameesh_cli.core.build_output import BuildState
from datameesh_cli.core.dbt_results import Summary
from datameesh_cli.core.health import ServiceState
from datameesh_cli.errors import SqlError, UnhealthyError
from datameesh_cli.usecases.build_images import Built, Told
from datameesh_cli.usecases.derive_secrets import read_people
from datameesh_cli.usecases.diagnose_host import prepare_host
from datameesh_cli.usecases.load_domain import LoadProgress
from datameesh_cli.usecases.open_target import trino_of
from datameesh_cli.usecases.run_dbt import require_success, run_dbt
from datameesh_cli.usecases.run_sql import named_queries, named_script
from datameesh_cli.usecases.seed_data import Seeded, SeedRequest, seed_data
from datameesh_cli.usecases.show_status import Address, list_places
from datameesh_cli.usecases.start_profile import Started, StartRequest, start_profile

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.trino import QueryResult, Trino

DATA_SET = "journey"
SEED_TAG = ("build", "--select", "tag:seed")
THE_REST = ("build", "--exclude", "tag:seed")
_ASKING = re.compile(r"(?m)^-- dm demo asks as: (.+)$")
"""Said at the head of a named query."""


class ProgressReporter(Protocol):
    """Who tells the user what goes on. Each method may be called any number of times, in the order of the work."""

    def step(self, title: str) -> None:
        """A step begins."""

    def report(self, line: str) -> None:
        """One line about the step."""

    def building(self, state: BuildState) -> None:
        """How far the builds of missing images are."""

    def built(self, image: Built) -> None:
        """An image is ready."""

    def states(self, states: Sequence[ServiceState], elapsed: float) -> None:
        """The services' states while the stack starts."""

    def rows(self, progress: LoadProgress) -> None:
        """How far a table's load is."""

    def answered(self, answer: QueryResult, seconds: float) -> None:
        """The answer is there, after so many seconds of asking."""

    def told(self, told: ToldTo) -> None:
        """Somebody was told something, or refused."""

    def dbt(self, line: str) -> None:
        """A line of dbt's own output."""


@dataclass(frozen=True, slots=True)
class ToldTo:
    """What one statement told one person: its first row, or with what words it was refused."""

    person: str
    statement: str
    row: tuple[Any, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo showed: the stack, the data, the answer and how many seconds after the beginning it was there, what people
    were told, dbt's two summaries, and where everything is.
    """

    started: Started
    seeded: Seeded
    statement: str
    answer: QueryResult
    answer_seconds: float
    answered: float
    told: tuple[ToldTo, ...]
    seed_models: Summary
    other_models: Summary
    places: tuple[Address, ...]
    seconds: float


def run_demo(adapters: Adapters, ram: int | None, *, yes: bool, timeout: float, narrator: ProgressReporter) -> Demo:
    """Set up what the machine lacks (only with `yes`), start analytics, seed the journey, ask across domains, build the marts.

    `ram` in MiB (None: the engine's memory less a reserve), `timeout` in seconds for the start. Every step leaves alone what is
    done already. Raise what the steps raise; HostError, with one fix per finding, if something is missing and `yes` is not given.
    """
    began = adapters.clock.now()
    narrator.step("What this machine has")
    prepare_host(adapters, install=yes, report=narrator.report)
    narrator.step("Start core and analytics")
    request = StartRequest(("analytics",), ram, timeout)
    told = Told(narrator.building, narrator.built)
    started = start_profile(adapters, request, narrator.states, narrator.report, told)
    narrator.step(f"Load the data set '{DATA_SET}' into both domains")
    domains = seed_data(adapters, SeedRequest(DATA_SET, lake=False), narrator.rows, narrator.report)
    narrator.step("Ask both domains one question: which campaigns turn leads into customers?")
    [statement] = named_script(adapters, DATA_SET).statements
    asked = adapters.clock.now()
    trino = trino_of(adapters, started.planned)
    answer = trino.query(statement.text)
    answer_seconds = adapters.clock.now() - asked
    answered = adapters.clock.now() - began
    narrator.answered(answer, answer_seconds)
    narrator.step("Ask as several people: who sees what, and who may write?")
    told_to = _ask_as_people(adapters, trino, narrator)
    # Only now: the answers need nothing of the lake.
    narrator.step(f"Load the data set '{DATA_SET}' into the lake")
    lake = seed_data(adapters, SeedRequest(DATA_SET), narrator.rows, narrator.report)
    seeded = replace(domains, lake=lake.lake, seconds=domains.seconds + lake.seconds)
    narrator.step("Build and test the marts with dbt")
    seed_models = _build(adapters, SEED_TAG, narrator)
    other_models = _build(adapters, THE_REST, narrator)
    places = list_places(adapters)
    return Demo(
        started=started,
        seeded=seeded,
        statement=statement.text,
        answer=answer,
        answer_seconds=answer_seconds,
        answered=answered,
        told=told_to,
        seed_models=seed_models,
        other_models=other_models,
        places=places,
        seconds=adapters.clock.now() - began,
    )


def _ask_as_people(adapters: Adapters, trino: Trino, narrator: ProgressReporter) -> tuple[ToldTo, ...]:
    """Ask each named query that says so as the people whom it names; who was removed from the stack is left out."""
    people = read_people(adapters)
    known = people.accounts if people else ()
    found = []
    for query in named_queries(adapters):
        asking = _ASKING.search(adapters.repository.read_text(adapters.repository.root / query.file))
        script = named_script(adapters, query.name)
        for person in re.findall(r"[\w-]+", asking[1]) if asking else ():
            if person in known:
                found.append(_ask_as(trino, person, script.statements[0].text))
                narrator.told(found[-1])
    return tuple(found)


def _ask_as(trino: Trino, person: str, statement: str) -> ToldTo:
    try:
        answer = trino.query(statement, user=person)
    except SqlError as refused:
        return ToldTo(person, statement, refused=refused.message)
    return ToldTo(person, statement, row=answer.rows[0] if answer.rows else ())


def _build(adapters: Adapters, arguments: Sequence[str], narrator: ProgressReporter) -> Summary:
    run = run_dbt(adapters, arguments, narrator.dbt)
    require_success(run)
    if run.summary is None:
        raise UnhealthyError("dbt ended without a result", "see: dm dbt build")
    return run.summary
