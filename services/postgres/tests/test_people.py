"""People in a domain's database: who comes in, what each sees, what the log keeps. Every refusal is tried over the network."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.stack import ROOT, docker
from tests.integration.volume import FRESH, Volume, a_volume

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

PEOPLE = """\
admin\tadmin\t\tpassword-of-admin
mike\tengineer\t\tpassword-of-mike
root2\tadmin,regions\t\tpassword-of-root2
emea_user\tanalyst,regions\tEMEA\tpassword-of-emea-user
nowhere\tregions\t\tpassword-of-nowhere
"""
"""What the maker of the secret writes: alex, a data scientist, may not log in here, so no line names him."""

# Three customers of EMEA, two of AMER, one of APAC; each with as many orders as its number says.
ROWS = """
INSERT INTO products VALUES (1, 'Laptop', 'Hardware', 10);
INSERT INTO customers (customer_id, customer_name, email, country, industry, region)
    SELECT n, 'c' || n, CASE n WHEN 1 THEN 'alice@example.com' ELSE 'c' || n || '@example.com' END, 'x', 'y',
           (ARRAY['EMEA', 'EMEA', 'EMEA', 'AMER', 'AMER', 'APAC'])[n] FROM generate_series(1, 6) AS n;
INSERT INTO customer_pii
    SELECT customer_id, email, CASE customer_id WHEN 1 THEN '123-45-6789' ELSE '900-00-0000' END, '555-0123' FROM customers;
INSERT INTO orders (customer_id, total_amount, product_id, quantity, region)
    SELECT customer_id, 1, 1, 1, region FROM customers, generate_series(1, customer_id);
"""


def write(volume: Volume, text: str) -> None:
    """Change the secret in its place, as `dm` does."""
    (volume.secrets / "sales-db-people").write_text(text)


def soon(seen: Callable[[], bool]) -> bool:
    """Whether it is so within the ten seconds that a change may take."""
    deadline = time.monotonic() + 10
    while not seen():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def enters(volume: Volume, person: str, password: str = "", statement: str = "SELECT current_user") -> str:
    """What psql answers this person over TCP; a refusal begins with `psql:` or `ERROR:`."""
    command = [
        "docker",
        "exec",
        "-e",
        f"PGPASSWORD={password or 'password-of-' + person.replace('_', '-')}",
        volume.name,
    ]
    command += ["psql", "-w", "-h", "127.0.0.1", "-d", "sales_db", "-U", person, "-qAtX", "-c", statement]
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip()


@pytest.fixture(scope="module")
def running(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume]:
    """A server with tables, rows and people; a test that changes something puts it back."""
    with a_volume(tmp_path_factory.mktemp("people") / "secrets") as volume:
        write(volume, PEOPLE)
        volume.start(FRESH)
        schema = (ROOT / "seed" / "sales" / "schema.sql").read_text()
        command = ["docker", "exec", "-i", volume.name, "psql", "-qX1", "-v", "ON_ERROR_STOP=1", "-U", "owner"]
        for _ in range(2):  # every statement may be run again
            subprocess.run(command, input=schema, text=True, check=True)
        subprocess.run(command, input=ROWS, text=True, check=True)
        assert soon(lambda: enters(volume, "mike") == "mike")
        yield volume


@pytest.fixture
def people(running: Volume) -> Iterator[Volume]:
    """The same, whose file of people a test may change."""
    yield running
    write(running, PEOPLE)
    assert soon(lambda: enters(running, "mike") == "mike" and enters(running, "dana").startswith("psql:"))


@pytest.mark.row("S-SEC-10")
def test_who_may_not_use_databases_does_not_come_in(running: Volume) -> None:
    assert enters(running, "mike") == "mike"
    assert 'password authentication failed for user "alex"' in enters(running, "alex")


@pytest.mark.row("S-SEC-25")
def test_nobody_comes_in_without_a_password_and_all_are_kept_as_scram(running: Volume) -> None:
    for person in ("mike", "emea_user", "owner", "trino_rw"):
        bare = ["docker", "exec", running.name, "psql", "-w", "-h", "127.0.0.1", "-U", person, "-c", "SELECT 1"]
        assert "no password supplied" in subprocess.run(bare, capture_output=True, text=True).stderr
        assert "password authentication failed" in enters(running, person, "another")
    assert running.sql("SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE type = 'host'").split() == [
        "reject",
        "scram-sha-256",
    ]
    assert (
        running.sql("SELECT count(*) FROM pg_authid WHERE rolcanlogin AND rolpassword NOT LIKE 'SCRAM-SHA-256$%'")
        == "0"
    )
    assert (
        running.sql("SELECT split_part(split_part(rolpassword, '$', 2), ':', 1) FROM pg_authid WHERE rolname = 'mike'")
        == "4096"
    )


def test_nobody_is_more_than_a_reader_and_none_becomes_somebody_else(running: Volume) -> None:
    assert (
        running.sql("SELECT rolname FROM pg_roles WHERE rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb")
        == "admin"
    )
    assert (
        running.sql("SELECT rolname FROM pg_roles WHERE pg_has_role(rolname, 'owner', 'MEMBER') AND rolname <> 'owner'")
        == "admin"
    )
    for role in ("people", "people_all_rows", "group_analyst", "owner", "trino_rw", "mike"):
        assert "permission denied to set role" in enters(running, "emea_user", statement=f"SET ROLE {role}")
    for statement in (
        "INSERT INTO orders (customer_id, total_amount, product_id, quantity, region) VALUES (1, 1, 1, 1, 'EMEA')",
        "UPDATE customers SET region = 'EMEA'",
        "DELETE FROM orders",
        "TRUNCATE orders",
        "INSERT INTO security.user_regions VALUES ('emea_user', 'APAC')",
        "CREATE TABLE public.mine (x integer)",
        "CREATE TEMPORARY TABLE mine (x integer)",
        "SELECT pg_read_file('/run/secrets/sales-db-people')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT * FROM datameesh.listed_regions",
        "SELECT rolpassword FROM pg_authid",
        "CALL security.guard()",
    ):
        assert "permission denied" in enters(running, "emea_user", statement=statement), statement
    for person in ("mike", "emea_user"):
        assert "not have CONNECT" in enters(running, person, statement="\\c sales_analytics")


COUNTS = "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM orders)"


@pytest.mark.row("S-SEC-45")
@pytest.mark.row("S-PAT-RLS-05")
def test_each_sees_the_rows_of_his_regions(running: Volume) -> None:
    """Six customers with 21 orders; of EMEA three with 1 + 2 + 3. The counts through Trino stand in its own checks."""
    assert enters(running, "emea_user", statement=COUNTS) == "3|6"
    assert enters(running, "nowhere", statement=COUNTS) == "0|0"
    assert enters(running, "mike", statement=COUNTS) == "6|21"
    assert enters(running, "root2", statement=COUNTS) == "6|21"
    for role in ("trino_rw", "grafana_ro", "owner"):
        assert running.sql(COUNTS, role) == "6|21", role
    # The API says for whom it asks, and without a word it is nobody.
    asked = "SET api.person = '{}'; SET api.rows = '{}'; " + COUNTS
    assert running.sql(COUNTS, "api") == "0|0"
    assert running.sql(asked.format("emea_user", "some"), "api") == "3|6"
    assert running.sql(asked.format("nowhere", "some"), "api") == "0|0"
    assert running.sql(asked.format("mike", "all"), "api") == "6|21"
    guarded = (
        "SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class WHERE relname IN ('customers', 'orders')"
    )
    assert running.sql(guarded) == "t"
    for around in (
        "SELECT count(*) FROM orders WHERE region = 'AMER'",
        "SELECT count(*) FROM customers WHERE region = 'APAC'",
    ):
        assert enters(running, "emea_user", statement=around) == "0"


def test_trino_plans_with_statistics_and_people_are_shown_none(running: Volume) -> None:
    running.sql("ANALYZE orders")
    figures = "SELECT count(*) FROM pg_stats WHERE tablename = 'orders' AND n_distinct IS NOT NULL"
    assert running.sql(figures, "trino_rw") == "8"
    assert enters(running, "emea_user", statement=figures) == "0"
    assert "permission denied" in enters(running, "emea_user", statement="SELECT * FROM statistics.pg_stats")


@pytest.mark.row("S-PAT-RLS-04")
def test_a_new_row_gives_access_at_the_next_query(running: Volume) -> None:
    running.sql("INSERT INTO security.user_regions VALUES ('emea_user', 'APAC')", "owner")
    assert enters(running, "emea_user", statement=COUNTS) == "4|12"
    assert (
        running.sql("SELECT string_agg(region, ' ' ORDER BY region) FROM security.user_regions", "trino_rw")
        == "APAC EMEA"
    )
    running.sql("DELETE FROM security.user_regions WHERE region = 'APAC'", "owner")
    assert enters(running, "emea_user", statement=COUNTS) == "3|6"


def test_an_application_without_a_policy_sees_nothing_and_the_owner_only_by_one(running: Volume) -> None:
    running.sql("CREATE ROLE reporting LOGIN; GRANT CONNECT ON DATABASE sales_db TO reporting")
    running.sql("GRANT USAGE ON SCHEMA public TO reporting; GRANT SELECT ON customers, orders TO reporting")
    try:
        assert running.sql(COUNTS, "reporting") == "0|0"
        policy = "SELECT string_agg(DISTINCT polname, ' ') FROM pg_policy WHERE 'owner'::regrole = ANY (polroles)"
        assert running.sql(policy) == "programs"
        assert (
            running.sql(f"BEGIN; DROP POLICY programs ON customers; DROP POLICY programs ON orders; {COUNTS}", "owner")
            == "0|0"
        )
    finally:
        running.sql("DROP OWNED BY reporting; DROP ROLE reporting")


@pytest.mark.parametrize("owner", ["admin", "owner"])
def test_a_view_shows_no_more_than_its_reader_may_see(running: Volume, owner: str) -> None:
    running.sql("CREATE VIEW all_customers AS SELECT * FROM customers", owner)
    running.sql("GRANT SELECT ON all_customers TO people", owner)
    try:
        assert enters(running, "emea_user", statement="SELECT count(*) FROM all_customers") == "3"
        running.sql("ALTER VIEW all_customers SET (security_invoker = false)", owner)
        assert enters(running, "emea_user", statement="SELECT count(*) FROM all_customers") == "3"
    finally:
        running.sql("DROP VIEW all_customers", owner)


def test_what_is_personal_is_masked_and_the_table_itself_is_for_admins(running: Volume) -> None:
    masked = "SELECT email, ssn, phone FROM security.customer_pii WHERE customer_id = 1"
    for person in ("mike", "emea_user", "root2"):
        assert enters(running, person, statement=masked) == "al***@example.com|***-**-6789|***-0123"
    assert enters(running, "emea_user", statement="SELECT count(*) FROM security.customer_pii") == "3"
    assert enters(running, "nowhere", statement="SELECT count(*) FROM security.customer_pii") == "0"
    assert enters(running, "mike", statement="SELECT count(*) FROM security.customer_pii") == "6"
    raw = "SELECT ssn FROM customer_pii WHERE customer_id = 1"
    for person in ("mike", "emea_user", "nowhere"):
        assert "permission denied for table customer_pii" in enters(running, person, statement=raw)
    assert enters(running, "root2", statement=raw) == "123-45-6789"
    for around in (
        "SELECT count(*) FROM security.customer_pii WHERE ssn = '123-45-6789'",
        "SELECT count(*) FROM security.customer_pii WHERE email LIKE 'alice%'",
        "SELECT count(*) FROM security.customer_pii WHERE ssn LIKE '%45%' GROUP BY ssn UNION ALL SELECT 0 LIMIT 1",
        "SELECT count(*) FROM pg_stats WHERE tablename = 'customer_pii'",
    ):
        assert enters(running, "mike", statement=around) == "0", around
    assert "123-45" not in enters(running, "mike", statement=f"EXPLAIN (ANALYZE, VERBOSE) {masked}")


def test_a_change_of_the_file_is_in_force_within_ten_seconds(people: Volume) -> None:
    asleep = subprocess.Popen(
        ["docker", "exec", "-e", "PGPASSWORD=password-of-mike", people.name, "psql",
         "-h", "127.0.0.1", "-U", "mike", "-c", "SELECT pg_sleep(60)"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert soon(lambda: people.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'mike'") == "1")
    changed = PEOPLE.replace("mike\tengineer\t\tpassword-of-mike\n", "dana\tengineer\t\tpassword-of-dana\n")
    write(
        people, changed.replace("password-of-nowhere", "password-of-somewhere").replace("analyst,regions", "engineer")
    )
    assert soon(lambda: enters(people, "dana") == "dana")
    assert asleep.wait(10) != 0
    assert "terminating connection due to administrator command" in (asleep.stderr.read() if asleep.stderr else "")
    assert 'password authentication failed for user "mike"' in enters(people, "mike")
    assert "password authentication failed" in enters(people, "nowhere")
    assert enters(people, "nowhere", "password-of-somewhere") == "nowhere"
    assert enters(people, "emea_user", statement=COUNTS) == "6|21"
    assert people.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'mike'") == "0"


def test_who_was_given_something_by_name_is_shut_out_all_the_same(people: Volume) -> None:
    write(people, PEOPLE + "dana\tengineer\t\tpassword-of-dana\n")
    assert soon(lambda: enters(people, "dana") == "dana")
    people.sql("GRANT SELECT ON products TO dana", "owner")
    write(people, PEOPLE)
    assert soon(lambda: "password authentication failed" in enters(people, "dana"))
    assert people.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'dana'") == "f"
    people.sql("REVOKE SELECT ON products FROM dana", "owner")


ACADEMIC = "".join(f"{line}\teverything\n" for line in PEOPLE.splitlines()) + (
    "alex\tdata-scientist\t\tpassword-of-alex\teverything\n"
)
"""What the maker writes in mode academic: everybody, with a fifth field."""


def test_in_mode_academic_everybody_reads_and_changes_everything_and_back_nobody(people: Volume) -> None:
    raw = "SELECT ssn FROM customer_pii WHERE customer_id = 1"
    changes = (
        "WITH new AS (INSERT INTO orders (customer_id, total_amount, product_id, quantity, region) VALUES (6, 1, 1, 1, 'APAC') "
        "RETURNING order_id) SELECT count(*) FROM new",
        "WITH old AS (DELETE FROM orders WHERE quantity = 1 AND order_id > 21 RETURNING 1) SELECT count(*) FROM old",
        "WITH new AS (UPDATE customers SET country = 'y' WHERE region = 'AMER' RETURNING 1) SELECT count(*) FROM new",
    )
    kept = (
        "INSERT INTO security.user_regions VALUES ('emea_user', 'APAC')",
        "CREATE TABLE public.mine (x integer)",
        "GRANT SELECT ON customer_pii TO emea_user",
        "ALTER TABLE customers DISABLE ROW LEVEL SECURITY",
        "SET ROLE people_academic",
        "TRUNCATE orders",
        "SELECT pg_read_file('/run/secrets/sales-db-people')",
    )

    def governed() -> None:
        assert "password authentication failed" in enters(people, "alex")
        assert enters(people, "emea_user", statement=COUNTS) == "3|6"
        assert "permission denied" in enters(people, "emea_user", statement=raw)
        for statement in changes:
            assert "permission denied" in enters(people, "emea_user", statement=statement)
            assert "permission denied" in enters(people, "mike", statement=statement)

    governed()
    write(people, ACADEMIC)
    assert soon(lambda: enters(people, "alex") == "alex")
    for person in ("alex", "emea_user"):
        assert enters(people, person, statement=COUNTS) == "6|21"
        assert enters(people, person, statement=raw) == "123-45-6789"
        assert [enters(people, person, statement=statement) for statement in changes] == ["1", "1", "2"]
        for statement in kept:
            refused = ("ERROR:", "WARNING:  no privileges were granted")
            assert enters(people, person, statement=statement).startswith(refused), statement
    in_analytics = [
        "docker",
        "exec",
        "-e",
        "PGPASSWORD=password-of-alex",
        people.name,
        "psql",
        "-h",
        "127.0.0.1",
        "-U",
        "alex",
    ]
    done = subprocess.run(
        [*in_analytics, "-d", "sales_analytics", "-qAtc", "SELECT current_user"], capture_output=True, text=True
    )
    assert done.stdout.strip() == "alex", done.stderr

    write(people, PEOPLE)
    assert soon(lambda: "permission denied" in enters(people, "mike", statement=raw))
    assert soon(lambda: enters(people, "alex").startswith("psql:"))
    governed()
    assert people.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'alex'") == "0"
    granted = "SELECT count(*) FROM pg_auth_members WHERE roleid = 'people_academic'::regrole"
    assert people.sql(granted) == "0"


def test_a_line_that_is_wrong_is_refused_alone_and_its_person_stays_as_he_was(people: Volume) -> None:
    before = len(people.log())
    wrong = PEOPLE.replace("mike\tengineer\t\tpassword-of-mike", "mike\tengineer\tpassword-of-mike")
    write(
        people,
        wrong
        + "owner\tengineer\t\tx\npg_x\tengineer\t\tx\ndana\tengineer\t\tpassword-of-dana\ndana\tadmin\t\ty\nzoe\t\t\t\n",
    )
    assert soon(lambda: enters(people, "dana") == "dana")
    assert enters(people, "mike") == "mike"
    assert (
        people.sql(
            "SELECT pg_has_role('dana', 'people_unmasked', 'MEMBER'), pg_has_role('mike', 'people_all_rows', 'MEMBER')"
        )
        == "f|t"
    )
    assert people.sql("SELECT count(*) FROM pg_roles WHERE rolname IN ('zoe', 'pg_x')") == "0"
    refused = [line.split("people: ")[1] for line in people.log()[before:].splitlines() if "is refused" in line]
    assert refused == [
        "line 2 is refused: it has 3 fields instead of 4",
        "line 6 is refused: a role of the server has that name",
        "line 7 is refused: nobody can be called that",
        "line 9 is refused: a line above names the same person",
        "line 10 is refused: it has no password",
    ]
    assert enters(people, "owner", "x").startswith("psql:")


def test_regions_come_and_go_with_the_file_and_what_was_added_by_hand_stays(people: Volume) -> None:
    listed = "SELECT string_agg(region, ' ' ORDER BY region) FROM security.user_regions WHERE user_name = 'emea_user'"
    people.sql("INSERT INTO security.user_regions VALUES ('emea_user', 'APAC')", "owner")
    write(people, PEOPLE.replace("EMEA", "AMER,EMEA"))
    assert soon(lambda: people.sql(listed) == "AMER APAC EMEA")
    write(people, PEOPLE.replace("EMEA", "AMER"))
    assert soon(lambda: people.sql(listed) == "AMER APAC")
    write(people, PEOPLE)
    assert soon(lambda: people.sql(listed) == "APAC EMEA")
    people.sql("DELETE FROM security.user_regions WHERE user_name = 'emea_user'", "owner")
    write(people, PEOPLE + "dana\tengineer\t\tpassword-of-dana\n")
    assert soon(lambda: enters(people, "dana") == "dana")
    assert people.sql(listed) == "", "a region that was taken away by hand came back"
    people.sql("INSERT INTO security.user_regions VALUES ('emea_user', 'EMEA')", "owner")


def test_a_password_is_changed_from_its_secret_and_the_old_one_is_refused(people: Volume) -> None:
    """And no statement fails for it: a session that is open goes on."""
    secret = people.secrets / "sales-db-trino-rw-password"
    old = secret.read_text()
    assert enters(people, "trino_rw", old) == "trino_rw"
    going_on = subprocess.Popen(
        ["docker", "exec", "-e", f"PGPASSWORD={old}", people.name, "psql", "-h", "127.0.0.1", "-U", "trino_rw", "-qAtc",
         "SELECT 'went on' FROM pg_sleep(12)"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert soon(lambda: people.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'trino_rw'") == "1")
    try:
        secret.write_text("")
        assert soon(lambda: "secret sales-db-trino-rw-password is empty: role trino_rw keeps" in people.log())
        assert enters(people, "trino_rw", old) == "trino_rw"
        secret.write_text("another-one-of-a-test\n")
        assert soon(lambda: enters(people, "trino_rw", "another-one-of-a-test") == "trino_rw")
        assert "password authentication failed" in enters(people, "trino_rw", old)
        assert going_on.communicate(timeout=30)[0].strip() == "went on"
    finally:
        secret.write_text(old)
    assert soon(lambda: enters(people, "trino_rw", old) == "trino_rw")


def test_what_is_written_granted_and_read_of_personal_data_is_in_the_log(running: Volume) -> None:
    before = len(running.log())
    enters(running, "root2", statement="SELECT ssn FROM customer_pii")
    enters(running, "mike", statement="SELECT ssn FROM security.customer_pii")
    enters(running, "mike", statement="SELECT 'nothing of note' FROM customers")
    running.sql("BEGIN; DELETE FROM orders; ROLLBACK", "trino_rw")
    running.sql("BEGIN; CREATE ROLE auditee PASSWORD 'password-of-auditee'; ROLLBACK")
    running.sql("BEGIN; DROP POLICY programs ON orders; ROLLBACK", "owner")
    seen = [line for line in running.log()[before:].splitlines() if "AUDIT:" in line]
    for who, what in (
        ("root2@sales_db", "OBJECT,1,1,READ,SELECT,TABLE,public.customer_pii"),
        ("mike@sales_db", "OBJECT,1,1,READ,SELECT,TABLE,public.customer_pii"),
        ("trino_rw@sales_db", "WRITE,DELETE,"),
        ("admin@sales_db", "ROLE,CREATE ROLE,"),
        ("owner@sales_db", "DDL,DROP POLICY,"),
    ):
        assert any(who in line and what in line for line in seen), (who, what, seen)
    assert not any("nothing of note" in line for line in seen)


def test_a_volume_of_before_gets_rules_and_masks_without_a_load(built: None, tmp_path: Path) -> None:
    """Its tables were loaded before there were any: the migration alone puts them on."""
    before = {
        file: place
        for file, place in FRESH.items()
        if file.name not in ("sales-db-002-security.sql", "sales-db-004-api.sql")
    }
    schema = (ROOT / "seed" / "sales" / "schema.sql").read_text().replace("CALL security.guard();", "")
    with a_volume(tmp_path / "secrets") as volume:
        volume.start(before)
        load = ["docker", "exec", "-i", volume.name, "psql", "-qX1", "-v", "ON_ERROR_STOP=1", "-U", "owner"]
        subprocess.run(load, input=schema + ROWS, text=True, check=True)
        volume.stop()
        write(volume, PEOPLE)
        volume.start(FRESH)
        assert soon(lambda: enters(volume, "emea_user", statement=COUNTS) == "3|6")
        assert enters(volume, "mike", statement=COUNTS) == "6|21"
        assert "permission denied" in enters(volume, "mike", statement="SELECT ssn FROM customer_pii")
        assert enters(volume, "mike", statement="SELECT ssn FROM security.customer_pii LIMIT 1") == "***-**-6789"


def test_nobodys_password_is_in_the_log(people: Volume) -> None:
    """Not when somebody is made, not of a line that is wrong, and not of what was tried above."""
    write(people, PEOPLE + "dana\tengineer\t\tpassword-of-dana\nzoe\tpassword-of-zoe\n")
    assert soon(lambda: "line 7 is refused" in people.log() and enters(people, "dana") == "dana")
    log = people.log()
    assert "people: dana is made" in log
    assert "password-of" not in log
    assert "-of-a-test" not in log
    assert "SCRAM-SHA-256$" not in log


def test_it_stops_as_before_and_comes_back_after_a_kill(people: Volume) -> None:
    states = docker("exec", people.name, "sh", "-c", "cat /proc/[0-9]*/stat | cut -d' ' -f3").split()
    assert "Z" not in states
    docker("kill", "--signal", "KILL", people.name)
    people.start(FRESH)
    assert soon(lambda: enters(people, "mike") == "mike")
    for signal in ("INT", "TERM"):
        docker("kill", "--signal", signal, people.name)
        assert soon(lambda: not people.running)
        assert people.exit_code == 0
        assert "database system is shut down" in people.log()
        people.start(FRESH)
