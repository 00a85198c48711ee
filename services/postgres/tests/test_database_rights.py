"""Who may what in a domain's database: the ways from a role of the network to the server's superuser, tried and refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from datameesh_cli.adapters import tunnel
from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.adapters.postgres import DatabaseSession, Login, session
from datameesh_cli.errors import DmError, UnhealthyError, UserError
from datameesh_cli.usecases.seed_data import SeedRequest, seed_data
from datameesh_cli.usecases.start_profile import StartRequest, start_profile
from datameesh_cli.usecases.stop_stack import stop_stack
from tests.integration.stack import ROOT, docker

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
NAME = "it-rights"
OUTSIDERS = ("ingest", "api", "trino_rw")
"""The roles that write, and whose passwords lie in other containers than the database's."""

# What the load would say of itself, with a statement in place of a table's name.
HOSTILE_NAME = "customers; COPY (SELECT 1) TO PROGRAM 'touch /tmp/taken'; SELECT 1"
HOSTILE_ROW = (
    "INSERT INTO datameesh.loaded_set (set_name, table_name, row_count, content) SELECT set_name, %s, 1, content "
    "FROM (VALUES ('small', 'x')) AS made (set_name, content)"
)
HOSTILE_FUNCTION = """
CREATE FUNCTION public.taken(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('ALTER ROLE %I SUPERUSER', 'trino_rw'); RETURN true;
EXCEPTION WHEN insufficient_privilege THEN RETURN true; END $$
"""
HOSTILE_TABLE = """
CREATE TABLE public.customers (
    customer_id integer PRIMARY KEY, customer_name text, email text, phone text, created_at timestamp(0), country text,
    industry text, revenue numeric(14, 2), region text CHECK (public.taken(region)))
"""


def quiet(*_: object) -> None:
    """What watches a load in a test."""


@pytest.fixture(scope="module")
def adapters(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adapters]:
    here = adapters_for(NAME, ROOT, tmp_path_factory.mktemp("state"))
    stop_stack(here, volumes=True)
    start_profile(here, StartRequest(ram=512, services=("sales-db", "marketing-db")), quiet, quiet)
    yield here
    stop_stack(here, volumes=True)


def container(adapters: Adapters, domain: str = "sales") -> str:
    return next(c.name for c in adapters.engine.containers(adapters.project) if c.service == f"{domain}-db")


@contextmanager
def over_the_network(
    adapters: Adapters, role: str, domain: str = "sales", *, secret: str = ""
) -> Iterator[DatabaseSession]:
    """A session as Trino, an API or anybody else on the network has it: by address and password."""
    found = next(c for c in adapters.engine.containers(adapters.project) if c.service == f"{domain}-db")
    password = adapters.state.secret(secret or f"{domain}-db-{role.replace('_', '-')}-password")
    with tunnel.reach(found.name, found.address, 5432) as endpoint:
        with session(endpoint, Login(f"{domain}-db", f"{domain}_db", role, password)) as opened:
            yield opened


def as_admin(adapters: Adapters, statement: str, domain: str = "sales") -> str:
    """What psql prints inside the container, on the local socket."""
    return docker(
        "exec", container(adapters, domain), "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement
    ).strip()


def superusers(adapters: Adapters, domain: str = "sales") -> str:
    return as_admin(adapters, "SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolsuper", domain)


def load(adapters: Adapters, *, force: bool = False) -> list[bool]:
    return [domain.loaded for domain in seed_data(adapters, SeedRequest("small", 1, force), quiet, quiet).domains]


@pytest.fixture
def loaded(adapters: Adapters) -> Adapters:
    load(adapters, force=True)
    return adapters


# Before anything is loaded, so it stands first: the database is as its first start left it.
@pytest.mark.parametrize("domain", ["sales", "marketing"])
@pytest.mark.parametrize("role", OUTSIDERS)
def test_nobody_makes_the_first_seeds_tables_in_advance(adapters: Adapters, role: str, domain: str) -> None:
    for statement in (HOSTILE_FUNCTION, HOSTILE_TABLE.replace("CHECK (public.taken(region))", ""), "CREATE SCHEMA s"):
        with over_the_network(adapters, role, domain) as there, pytest.raises(UserError, match="permission denied for"):
            there.run(statement)
    assert superusers(adapters, domain) == "admin"


@pytest.mark.parametrize("role", OUTSIDERS)
def test_what_the_load_writes_down_is_nobodys_to_write(loaded: Adapters, role: str) -> None:
    for statement in (
        HOSTILE_ROW,
        "UPDATE datameesh.loaded_set SET table_name = %s WHERE table_name = 'orders'",
        "DELETE FROM datameesh.loaded_set WHERE table_name = %s",
    ):
        with over_the_network(loaded, role) as there, pytest.raises(UserError, match="permission denied for"):
            there.run(statement, [HOSTILE_NAME])
    assert load(loaded) == [False, False]
    assert docker("exec", container(loaded), "ls", "/tmp").split() == ["first-start", "superuser"]


def test_a_name_that_is_written_there_all_the_same_is_never_run(loaded: Adapters) -> None:
    with over_the_network(loaded, "owner") as there:
        there.run(HOSTILE_ROW, [HOSTILE_NAME])
        there.run(
            "UPDATE datameesh.loaded_set SET content = (SELECT max(content) FROM datameesh.loaded_set WHERE content <> 'x')"
        )
        there.commit()
    assert load(loaded) == [False, False]
    assert load(loaded, force=True) == [True, True]
    assert docker("exec", container(loaded), "ls", "/tmp").split() == ["first-start", "superuser"]


def test_only_trino_reads_what_is_loaded_and_the_others_not_even_that(loaded: Adapters) -> None:
    with over_the_network(loaded, "trino_rw") as there:
        assert there.run("SELECT count(*) FROM datameesh.loaded_set") == [(6,)]
    for role in ("ingest", "api", "grafana_ro"):
        with over_the_network(loaded, role) as there, pytest.raises(UserError, match="permission denied for"):
            there.run("SELECT count(*) FROM datameesh.loaded_set")


def test_a_table_of_somebody_elses_is_not_loaded_into(loaded: Adapters) -> None:
    """A volume of an older version may hold one: nothing that hangs on it may run for whoever loads."""
    as_admin(loaded, "DROP TABLE customers CASCADE")
    as_admin(loaded, f"{HOSTILE_FUNCTION}; {HOSTILE_TABLE}; ALTER TABLE customers OWNER TO trino_rw")
    try:
        for force in (False, True):
            with pytest.raises(UserError, match=r"sales-db: table public\.customers belongs to trino_rw") as refused:
                load(loaded, force=force)
            assert refused.value.exit_code == 2
        assert superusers(loaded) == "admin"
    finally:
        as_admin(loaded, "DROP TABLE customers; DROP FUNCTION taken")
    assert load(loaded, force=True) == [True, True]


def test_admin_comes_in_where_the_data_is_and_nowhere_else(adapters: Adapters) -> None:
    with pytest.raises(UnhealthyError, match=r"pg_hba\.conf rejects connection"):
        with over_the_network(adapters, "admin"):
            pass
    assert as_admin(adapters, "SELECT current_user") == "admin"


def test_the_owner_loads_and_is_no_superuser(loaded: Adapters) -> None:
    with over_the_network(loaded, "owner") as there:
        assert there.run(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = 'owner'"
        ) == [(False, False, False, False)]
        assert there.run("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('public', 'datameesh')") == [
            ("owner",)
        ]
        assert there.run(
            "SELECT DISTINCT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^(public|datameesh)$'"
        ) == [("owner",)]
    for statement in ("COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')", "CREATE ROLE other"):
        with over_the_network(loaded, "owner") as there, pytest.raises(UserError, match="permission denied"):
            there.run(statement)


COLUMNS = '[{"name": "email", "type": "varchar"}, {"name": "total", "type": "decimal(38,2)"}]'


def test_a_mart_is_served_by_whoever_asks_and_belongs_to_the_owner(loaded: Adapters) -> None:
    with over_the_network(loaded, "trino_rw") as there:
        for total in (1, 2):
            there.run("CALL datameesh.make_mart('mart_try', %s)", [COLUMNS])
            there.run("INSERT INTO mart_try__new VALUES ('a@b.c', %s)", [total])
            there.run("CALL datameesh.swap_mart('mart_try')")
        there.commit()
    for role in ("trino_rw", "api", "grafana_ro"):
        with over_the_network(loaded, role) as there:
            assert there.run("SELECT email, total::text FROM mart_try") == [("a@b.c", "2.00")]
    for role, action in (("trino_rw", "DELETE FROM"), ("api", "INSERT INTO"), ("ingest", "INSERT INTO")):
        with over_the_network(loaded, role) as there, pytest.raises(UserError, match="permission denied"):
            there.run(f"{action} mart_try" + (" VALUES ('x', 1)" if action.startswith("INSERT") else ""))
    assert as_admin(loaded, "SELECT tableowner FROM pg_tables WHERE tablename LIKE 'mart\\_try%'") == "owner"


@pytest.mark.parametrize(
    ("mart", "columns"),
    [
        ("customers", COLUMNS),
        ("mart_x (y int); DROP TABLE orders; --", COLUMNS),
        ("mart_x__new", COLUMNS),
        ("mart_x", "[]"),
        ("mart_x", '[{"name": "x", "type": "int); DROP TABLE orders; --"}]'),
        ("mart_x", '[{"name": "x", "type": "public.orders"}]'),
        ("mart_x", '[{"name": "x", "type": "no_such_type"}]'),
    ],
)
def test_what_is_no_marts_name_and_no_type_of_postgresqls_is_refused(loaded: Adapters, mart: str, columns: str) -> None:
    with over_the_network(loaded, "trino_rw") as there, pytest.raises(DmError):
        there.run("CALL datameesh.make_mart(%s, %s)", [mart, columns])
    with over_the_network(loaded, "trino_rw") as there, pytest.raises(DmError, match="there is no new mart"):
        there.run("CALL datameesh.swap_mart(%s)", [mart])
    assert as_admin(loaded, "SELECT count(*) FROM orders") == "20"


def test_what_is_asked_for_by_a_row_is_done_and_not_kept(loaded: Adapters) -> None:
    ask = "INSERT INTO datameesh.asked VALUES (%s, %s, %s)"
    with over_the_network(loaded, "trino_rw") as there:
        there.run(ask, ["make mart", "mart_asked", COLUMNS])
        there.run("INSERT INTO mart_asked__new VALUES ('a@b.c', 1)")
        there.run(ask, ["swap mart", "mart_asked", ""])
        there.run(ask, ["make view", "asked", "SELECT count(*) FROM public.orders"])
        assert there.run("SELECT (SELECT count(*) FROM datameesh.asked), (SELECT email FROM mart_asked)") == [
            (0, "a@b.c")
        ]
        there.commit()
    with over_the_network(loaded, "grafana_ro") as there:
        assert there.run("SELECT * FROM staging.asked") == [(20,)]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT ssn FROM public.customer_pii", "permission denied for table customer_pii"),
        ("SELECT 1; GRANT USAGE ON SCHEMA staging TO trino_rw", "cannot open multi-query plan as cursor"),
        (
            "SELECT 1 WHERE (SELECT max(ssn) FROM public.customer_pii)::int = 1",
            "permission denied for table customer_pii",
        ),
        ("DELETE FROM public.orders RETURNING 1", 'syntax error at or near "DELETE"'),
    ],
)
def test_what_is_asked_for_by_a_row_shows_nobody_more_than_before(loaded: Adapters, query: str, why: str) -> None:
    with over_the_network(loaded, "trino_rw") as there, pytest.raises(DmError, match=why):
        there.run("INSERT INTO datameesh.asked VALUES ('make view', 'door', %s)", [query])


def test_a_view_that_asks_with_its_readers_rights_is_not_shown_to_who_has_more(loaded: Adapters) -> None:
    asks = "SELECT query_to_xml('SELECT ssn FROM public.customer_pii', true, true, '')::text AS found"
    with over_the_network(loaded, "trino_rw") as there:
        there.run("INSERT INTO datameesh.asked VALUES ('make view', 'door', %s)", [asks])
        there.commit()
    with (
        over_the_network(loaded, "trino_rw") as there,
        pytest.raises(DmError, match="permission denied for schema staging"),
    ):
        there.run("SELECT found FROM staging.door")
    with (
        over_the_network(loaded, "grafana_ro") as there,
        pytest.raises(DmError, match="permission denied for table customer_pii"),
    ):
        there.run("SELECT found FROM staging.door")


@pytest.mark.parametrize("role", ["ingest", "api", "grafana_ro"])
def test_only_trino_serves_marts(loaded: Adapters, role: str) -> None:
    with over_the_network(loaded, role) as there, pytest.raises(UserError, match="permission denied for"):
        there.run("CALL datameesh.make_mart('mart_x', %s)", [COLUMNS])


def test_a_column_may_be_called_anything(loaded: Adapters) -> None:
    odd = '[{"name": "x int); DROP TABLE orders; --", "type": "integer"}]'
    with over_the_network(loaded, "trino_rw") as there:
        there.run("CALL datameesh.make_mart('mart_odd', %s)", [odd])
        there.run("CALL datameesh.swap_mart('mart_odd')")
        assert there.run("SELECT count(*) FROM orders") == [(20,)]


def test_a_session_too_many_is_not_dms(loaded: Adapters) -> None:
    """The others take every place but the two that are kept: one for dm, one for the health check."""
    limit = int(as_admin(loaded, "SHOW max_connections"))
    busy = [
        subprocess.Popen(
            ["docker", "exec", container(loaded), "psql", "-U", "ingest", "-d", "sales_db", "-qc", "SELECT pg_sleep(60)"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(limit)
    ]  # fmt: skip
    try:
        here = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ingest'"
        assert any(int(as_admin(loaded, here)) == limit - 2 for _ in range(60)), as_admin(loaded, here)
        with over_the_network(loaded, "owner") as there:
            assert there.run("SELECT 1") == [(1,)]
    finally:
        as_admin(loaded, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'ingest'")
        for child in busy:
            child.wait(20)
