"""`dm seed`: load a data set into every domain's database, and its share into the lake.

The domains' loads are prepared side by side in open transactions and committed one right after the other, so a failure in
either leaves both as they were. Between the two commits lie only milliseconds, but two servers are two servers: should one die
just there, the domains hold different sets. Each says in datameesh.loaded_set what it holds, so `dm seed --list` shows it, and
the next `dm seed` loads whichever domain differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.seed.dataset import Dataset
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.usecases.find_changes import LoadedTable, changes, hold, loaded_tables, own_tables
from datameesh_cli.usecases.load_domain import Load, LoadProgress, Watch, load_domain
from datameesh_cli.usecases.open_target import ChosenCluster, Opened, open_place, secret_of
from datameesh_cli.usecases.read_datasets import DeclaredData, read_datasets
from datameesh_cli.usecases.seed_lake import SeededLake, seed_lake

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.postgres import DatabaseSession

DEFAULT_SET = "small"
_PORT = 5432


@dataclass(frozen=True, slots=True)
class SeedRequest:
    """What the user asked of `seed`."""

    set_name: str = DEFAULT_SET
    scale: int = 1
    force: bool = False
    lake: bool = True


@dataclass(frozen=True, slots=True)
class SeededDomain:
    """One domain: its tables with their rows and seconds, whether they were loaded now, and rows changed since an older load."""

    domain: str
    database: str
    way: str
    loaded: bool
    tables: tuple[LoadProgress, ...]
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seeded:
    """A set that is loaded: in the domains, in the lake (None where no lake runs), and the seconds it took."""

    set_name: str
    scale: int
    domains: tuple[SeededDomain, ...]
    lake: SeededLake | None
    seconds: float


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A set that can be loaded."""

    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """Which sets there are, what each domain holds now, and the rows of each table over all domains."""

    sets: tuple[KnownSet, ...]
    domains: dict[str, tuple[LoadedTable, ...]]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Open:
    """A domain's database with an open transaction, and the way that leads there."""

    dataset: Dataset
    session: DatabaseSession
    way: str


def seed_data(
    adapters: Adapters, request: SeedRequest, watch: Watch, report: Report, cluster: ChosenCluster | None = None
) -> Seeded:
    """Given a request, load the set where it is not loaded yet: under Compose, or on the cluster that is given.

    `watch` hears of rows sent, `report` gets a line per step. Nothing is changed when the declarations or a row are refused, or
    rows would be lost that no load brought and `force` is not given (UserError), or a database fails before the commit
    (UnhealthyError).
    """
    began = adapters.clock.now()
    declared = read_datasets(adapters.repository)
    people = plan(declared.people, request.set_name, request.scale)
    content = declared.content(request.set_name, request.scale)
    load = Load(request.set_name, request.scale, content, people, request.force)
    with adapters.state.locked("seed"):
        opened = open_place(adapters, cluster)
        with _databases(adapters, declared, opened) as databases:
            held = [loaded_tables(database.session) for database in databases]
            fresh = [d for d, tables in zip(databases, held, strict=True) if request.force or not _holds(tables, load)]
            _prepare(fresh, request)
            domains = [
                _loaded(adapters, database, declared, load, watch)
                if database in fresh
                else _as_it_was(database, tables)
                for database, tables in zip(databases, held, strict=True)
            ]
            for database in fresh:
                database.session.commit()
            sessions = {database.dataset.domain: database.session for database in databases}
            lake = seed_lake(adapters, opened, declared, sessions, load, report) if request.lake else None
    return Seeded(request.set_name, request.scale, tuple(domains), lake, adapters.clock.now() - began)


def list_sets(adapters: Adapters, cluster: ChosenCluster | None = None) -> Holdings:
    """Return the sets that can be loaded, and what each running domain holds, under Compose or on the cluster that is given."""
    declared = read_datasets(adapters.repository)
    sets = tuple(KnownSet(declaration.name, declaration.about) for declaration in declared.people.sets)
    try:
        with _databases(adapters, declared, open_place(adapters, cluster)) as databases:
            held = {database.dataset.domain: loaded_tables(database.session) for database in databases}
    except UnhealthyError:
        held = {}
    return Holdings(sets, held, {table.table: table.rows for tables in held.values() for table in tables})


@contextmanager
def _databases(adapters: Adapters, declared: DeclaredData, there: Opened) -> Iterator[tuple[Open, ...]]:
    """Open a transaction in each domain's database. Raise UnhealthyError if one does not run, with the plan's reason."""
    place, left_out = there.target, there.planned.plan.left_out
    running = place.running
    with ExitStack() as stack:
        opened = []
        for dataset in declared.datasets:
            at = dataset.database
            if at.service not in running:
                raise _absent(at.service, left_out.get(at.service, ""))
            endpoint = stack.enter_context(place.reach(at.service, _PORT))
            login = adapters.databases.Login(at.service, at.name, at.login, secret_of(adapters, there, at.password))
            opened.append(Open(dataset, stack.enter_context(adapters.databases.session(endpoint, login)), endpoint.way))
        yield tuple(opened)


def _absent(service: str, why: str) -> UnhealthyError:
    if why:
        return UnhealthyError(
            f"{service} does not run here: {why}", "dm seed loads databases of the stack; fill others by hand"
        )
    return UnhealthyError(f"{service} is not running", "start it: dm up --profile core")


def _holds(tables: tuple[LoadedTable, ...], load: Load) -> bool:
    return bool(tables) and {table.content for table in tables} == {load.content}


def _prepare(fresh: Sequence[Open], request: SeedRequest) -> None:
    """Keep everybody else from the tables that are to be replaced. Raise UserError if that would lose rows of theirs."""
    lost = []
    for database in fresh:
        tables = own_tables(database.session, database.dataset)
        hold(database.session, tables)
        if not request.force:
            found = changes(database.session, loaded_tables(database.session), tables)
            lost += [f"{database.dataset.domain}.{change}" for change in found]
    if lost:
        scale = f" --scale {request.scale}" if request.scale != 1 else ""
        raise UserError(
            f"loading set {request.set_name} would lose what was changed since the last load: {', '.join(lost)}",
            f"keep it somewhere else first, or lose it: dm seed --set {request.set_name}{scale} --force",
        )


def _loaded(adapters: Adapters, database: Open, declared: DeclaredData, load: Load, watch: Watch) -> SeededDomain:
    dataset = database.dataset
    done = load_domain(adapters.clock, database.session, declared, dataset, load, watch)
    return SeededDomain(dataset.domain, dataset.database.name, database.way, True, done)


def _as_it_was(database: Open, held: tuple[LoadedTable, ...]) -> SeededDomain:
    """A domain that holds the set already, with what has changed in it since."""
    dataset = database.dataset
    found = changes(database.session, held, own_tables(database.session, dataset))
    tables = tuple(LoadProgress(dataset.domain, t.table, t.rows, 0, done=True) for t in held)
    return SeededDomain(dataset.domain, dataset.database.name, database.way, False, tables, tuple(map(str, found)))
