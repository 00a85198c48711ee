"""Rights in a domain's database reach a volume that is there already, once, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.volume import FRESH, MIGRATIONS, OURS, Volume, a_volume

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
RAN = [
    "001-roles.sql",
    "002-owner.sql",
    "003-serving.sql",
    "004-people.sql",
    "005-academic.sql",
    "006-asked.sql",
    "007-api.sql",
    "sales-db-001-staging.sql",
    "sales-db-002-security.sql",
    "sales-db-003-views.sql",
    "sales-db-004-api.sql",
]


@pytest.fixture
def volume(built: None, tmp_path: Path) -> Iterator[Volume]:
    with a_volume(tmp_path / "secrets") as made:
        yield made


@pytest.fixture
def old(volume: Volume) -> Volume:
    """A volume as it was before, stopped."""
    before = Path(__file__).with_name("volume_before_owner.sql")
    volume.start({before: "/docker-entrypoint-initdb.d/init.sql"}, domain="")
    # As it was: the ways in that are closed below.
    assert volume.sql("CREATE TABLE customers (x integer); DROP TABLE customers; SELECT 'made'", "trino_rw") == "made"
    row = "INSERT INTO datameesh.loaded_set VALUES ('a', 'b', 1, now(), 1, 'c')"
    assert volume.sql(f"BEGIN; {row}; ROLLBACK; SELECT 'written'", "api") == "written"
    volume.stop()
    return volume


STATE = """
SELECT (SELECT count(*) || ' ' || sum(total_amount) FROM orders), (SELECT email FROM mart_customer_journey), (SELECT x FROM mine)
"""


def test_an_old_volume_has_the_new_rights_and_all_its_data(old: Volume) -> None:
    log = old.start(OURS)
    assert [line.rsplit(" ", 1)[1] for line in log.splitlines() if "running " in line][: len(RAN)] == RAN
    assert old.sql(STATE) == "21 4921.00|a@b.c|42"
    assert old.sql("SELECT string_agg(file, ' ' ORDER BY file) FROM migrations.applied").split() == RAN

    assert "permission denied for schema public" in old.refused("CREATE TABLE public.customers (x integer)", "trino_rw")
    for role in ("ingest", "api", "trino_rw"):
        assert "permission denied" in old.refused("INSERT INTO datameesh.loaded_set VALUES ('a', 'b', 1)", role)
    assert (
        old.sql(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename IN ('orders', 'mart_customer_journey', 'loaded_set')"
        )
        == "owner"
    )
    assert old.sql("SELECT rolname FROM pg_roles WHERE rolsuper") == "admin"
    assert old.sql("SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'add_revenue'") == "owner"
    # What was theirs stays theirs, and what could be a trap is where nobody looks, and belongs to nobody who matters.
    assert (
        old.sql("SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE tableowner = 'trino_rw'")
        == "mart_trap mine"
    )
    assert old.sql("SELECT pronamespace::regnamespace FROM pg_proc WHERE proname = 'trap'") == "set_aside"
    assert "routine trap(text) in schema public is not the owner's" in log.lower()
    # People read what the owner has, and not what may be a trap.
    reads = "SELECT has_table_privilege('people_all_rows', '{}', 'SELECT')"
    assert [old.sql(reads.format(table)) for table in ("orders", "mart_customer_journey", "mart_trap")] == [
        "t",
        "t",
        "f",
    ]
    # And the rights are of use: rows come in, marts are served.
    assert old.sql("INSERT INTO orders (total_amount) VALUES (1) RETURNING order_id", "api") == "22"
    columns = """'[{"name": "email", "type": "varchar"}]'"""
    old.sql(
        f"CALL datameesh.make_mart('mart_customer_journey', {columns}); CALL datameesh.swap_mart('mart_customer_journey')",
        "trino_rw",
    )
    assert old.sql("SELECT count(*) FROM mart_customer_journey", "grafana_ro") == "0"


def test_a_second_start_runs_nothing(old: Volume) -> None:
    old.start(OURS)
    assert old.sql(STATE) == "21 4921.00|a@b.c|42"
    when = old.sql("SELECT max(at) FROM migrations.applied")
    old.stop()
    log = old.start(OURS)
    assert "running" not in log
    assert log.count("starting PostgreSQL") == 1, "it was started alone as well, where there was nothing to do"
    assert old.sql("SELECT max(at) FROM migrations.applied") == when


def test_a_new_migration_reaches_a_volume_alone(old: Volume, tmp_path: Path) -> None:
    old.start(OURS)
    old.stop()
    more = tmp_path / "more.sql"
    more.write_text("CREATE TABLE more (x integer);\n")
    log = old.start(OURS | {more: f"{MIGRATIONS}/sales_db/sales-db-999-more.sql"})
    assert [line.rsplit(" ", 1)[1] for line in log.splitlines() if "running " in line] == ["sales-db-999-more.sql"]
    assert old.sql("SELECT count(*) FROM more") == "0"


def test_a_migration_that_fails_stops_the_start_and_leaves_everything_as_it_was(old: Volume, tmp_path: Path) -> None:
    bad = tmp_path / "bad.sql"
    bad.write_text("CREATE TABLE half (x integer);\nDELETE FROM orders;\nSELECT 1 / 0;\n")
    log = old.start(OURS | {bad: f"{MIGRATIONS}/sales_db/sales-db-999-bad.sql"})
    assert not old.running
    assert old.exit_code == 1
    assert f"{MIGRATIONS}/sales_db/sales-db-999-bad.sql:3: ERROR:  division by zero" in log
    assert "start-postgres: a migration of sales_db failed" in log
    assert "the database is as it was" in log
    # Not even those that went well before it.
    old.start({}, domain="")
    assert old.sql(STATE) == "21 4921.00|a@b.c|42"
    assert old.sql("SELECT to_regclass('half') IS NULL AND to_regclass('migrations.applied') IS NULL") == "t"
    assert old.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'owner'") == "0"
    old.stop()
    old.start(OURS)
    assert old.sql("SELECT count(*) FROM migrations.applied") == str(len(RAN))


def test_a_secret_that_is_missing_stops_the_start(old: Volume) -> None:
    (old.secrets / "sales-db-owner-password").write_text("")
    log = old.start(OURS)
    assert not old.running
    assert "/run/secrets/sales-db-owner-password is missing or empty" in log


def test_a_new_volume_gets_the_same_rights(volume: Volume) -> None:
    volume.start(FRESH)
    assert volume.sql("SELECT string_agg(file, ' ' ORDER BY file) FROM migrations.applied").split() == RAN
    assert volume.sql(
        "SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^(pg_|information)'"
    ) == ("api datameesh migrations public security staging statistics")
    volume.stop()
    assert "running" not in volume.start(OURS)
