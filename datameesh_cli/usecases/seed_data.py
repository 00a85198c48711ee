"""`dm seed`: load a data set into every domain's database, and its share into the lake.

The domains' loads are prepared side by side in open transactions and committed one right after the other, so a failure in
either leaves both as they were. Between the two commits lie only milliseconds, but two servers are two servers: should one die
just there, the domains hold different sets. Each says in datameesh.loaded_set what it holds, so `dm seed --list` shows it, and
the next `dm seed` loads whichever domain differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from datameesh_cli.adapters import clock
from datameesh_cli.adapters.outside import Outside
from datameesh_cli.adapters.postgres import Login, Session, session
from datameesh_cli.core.seed.dataset import Dataset
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.load_domain import Load, LoadedTable, Progress, Watch, load_domain, loaded_tables
from datameesh_cli.usecases.open_target import Cluster, Opened, open_place, secret_of
from datameesh_cli.usecases.read_datasets import Declared, read_datasets
from datameesh_cli.usecases.seed_lake import SeededLake, seed_lake

DEFAULT_SET = "small"
_PORT = 5432

Say = Callable[[str], None]


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
    tables: tuple[Progress, ...]
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
    session: Session
    way: str


def seed_data(outside: Outside, request: SeedRequest, watch: Watch, say: Say, cluster: Cluster | None = None) -> Seeded:
    """Given a request, load the set where it is not loaded yet: under Compose, or on the cluster that is given.

    `watch` hears of rows sent, `say` gets a line per step. Nothing is changed when the declarations or a row are refused
    (UserError), or a database fails before the commit (UnhealthyError).
    """
    began = clock.now()
    declared = read_datasets(outside.repository)
    people = plan(declared.people, request.set_name, request.scale)
    load = Load(request.set_name, request.scale, declared.content(request.set_name, request.scale), people)
    with outside.state.locked("seed"):
        opened = open_place(outside, cluster)
        with _databases(outside, declared, opened) as databases:
            domains = []
            fresh = []
            for database in databases:
                held = loaded_tables(database.session)
                if held and not request.force and {table.content for table in held} == {load.content}:
                    domains.append(_as_it_was(database, held))
                    continue
                done = load_domain(database.session, declared, database.dataset, load, watch)
                domains.append(
                    SeededDomain(database.dataset.domain, database.dataset.database.name, database.way, True, done)
                )
                fresh.append(database)
            for database in fresh:
                database.session.commit()
            sessions = {database.dataset.domain: database.session for database in databases}
            lake = seed_lake(opened, declared, sessions, load, request.force, say) if request.lake else None
    return Seeded(request.set_name, request.scale, tuple(domains), lake, clock.now() - began)


def list_sets(outside: Outside, cluster: Cluster | None = None) -> Holdings:
    """Return the sets that can be loaded, and what each running domain holds, under Compose or on the cluster that is given."""
    declared = read_datasets(outside.repository)
    sets = tuple(KnownSet(declaration.name, declaration.about) for declaration in declared.people.sets)
    try:
        with _databases(outside, declared, open_place(outside, cluster)) as databases:
            held = {database.dataset.domain: loaded_tables(database.session) for database in databases}
    except UnhealthyError:
        held = {}
    return Holdings(sets, held, {table.table: table.rows for tables in held.values() for table in tables})


@contextmanager
def _databases(outside: Outside, declared: Declared, there: Opened) -> Iterator[tuple[Open, ...]]:
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
            login = Login(at.service, at.name, at.login, secret_of(outside, there, at.password))
            opened.append(Open(dataset, stack.enter_context(session(endpoint, login)), endpoint.way))
        yield tuple(opened)


def _absent(service: str, why: str) -> UnhealthyError:
    if why:
        return UnhealthyError(
            f"{service} does not run here: {why}", "dm seed loads databases of the stack; fill others by hand"
        )
    return UnhealthyError(f"{service} is not running", "start it: dm up --profile core")


def _as_it_was(database: Open, held: tuple[LoadedTable, ...]) -> SeededDomain:
    """A domain that holds the set already, with what has changed in it since."""
    changed = []
    for table in held:
        [(now,)] = database.session.run(f"SELECT count(*) FROM {table.table}")
        if now != table.rows:
            changed.append(f"{table.table} has {now} rows, the set has {table.rows}")
    tables = tuple(Progress(database.dataset.domain, t.table, t.rows, 0, done=True) for t in held)
    dataset = database.dataset
    return SeededDomain(dataset.domain, dataset.database.name, database.way, False, tables, tuple(changed))
