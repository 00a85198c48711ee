"""`dm seed` against real databases of a stack of its own: what a load does, and what a load that fails leaves."""

from __future__ import annotations

import functools
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from datameesh_cli.adapters import postgres, tunnel
from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.adapters.postgres import PATIENCE, DatabaseSession, Login, Patience, session
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.usecases.load_domain import LoadProgress
from datameesh_cli.usecases.seed_data import SeedRequest, list_sets, seed_data
from datameesh_cli.usecases.start_profile import StartRequest, start_profile
from datameesh_cli.usecases.stop_stack import stop_stack

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
NAME = "it-seed"


def quiet(*_: object) -> None:
    """What watches a load in a test."""


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adapters]:
    here = adapters_for(NAME, ROOT, tmp_path_factory.mktemp("state"))
    stop_stack(here, volumes=True)
    start_profile(here, StartRequest(("core",), 512), quiet, quiet)
    yield here
    stop_stack(here, volumes=True)


@contextmanager
def database(
    adapters: Adapters, domain: str = "sales", *, direct: bool | None = None, patience: Patience = PATIENCE
) -> Iterator[DatabaseSession]:
    name = f"{domain}-db"
    container = next(c for c in adapters.engine.containers(adapters.project) if c.service == name)
    login = Login(name, f"{domain}_db", "owner", adapters.state.secret(f"{name}-owner-password"))
    with tunnel.reach(container.name, container.address, 5432, direct=direct) as endpoint:
        with session(endpoint, login, patience) as opened:
            yield opened


def load(adapters: Adapters, name: str = "small", *, force: bool = False) -> list[bool]:
    return [domain.loaded for domain in seed_data(adapters, SeedRequest(name, 1, force), quiet, quiet).domains]


def counts(adapters: Adapters) -> dict[str, int]:
    return list_sets(adapters).counts


SMALL = {"customers": 15, "products": 10, "orders": 20, "campaigns": 8, "leads": 15}


@pytest.mark.row("S-DATA-01")
def test_small_is_loaded_and_counted(adapters: Adapters) -> None:
    assert load(adapters, force=True) == [True, True]
    assert {name: n for name, n in counts(adapters).items() if name in SMALL} == SMALL
    with database(adapters) as sales:
        for table in ("customers", "products", "orders"):
            assert sales.run(f"SELECT count(*) FROM {table}") == [(SMALL[table],)]


@pytest.mark.row("S-DATA-14")
def test_a_second_load_changes_nothing(adapters: Adapters) -> None:
    load(adapters)
    with database(adapters) as sales:
        before = sales.run("SELECT xmin, * FROM orders ORDER BY order_id")
    assert load(adapters) == [False, False]
    with database(adapters) as sales:
        assert sales.run("SELECT xmin, * FROM orders ORDER BY order_id") == before


def test_rows_changed_since_are_reported_and_kept_until_forced(adapters: Adapters) -> None:
    load(adapters)
    with database(adapters) as sales:
        sales.run(
            "INSERT INTO orders (customer_id, total_amount, product_id, quantity, region) VALUES (1, 5, 1, 1, 'AMER')"
        )
        sales.commit()
    again = seed_data(adapters, SeedRequest("small"), quiet, quiet)
    changed = ("customers (1 changed or replaced)", "orders (1 added)")
    assert next(d for d in again.domains if d.domain == "sales").changed == changed
    assert load(adapters, force=True) == [True, True]
    with database(adapters) as sales:
        assert sales.run("SELECT count(*), max(order_id) FROM orders") == [(20, 20)]


ORDER = "INSERT INTO orders (customer_id, total_amount, product_id, quantity, region) VALUES (1, 5, 1, 1, 'AMER')"
CHANGES = [
    ("sales", ORDER, "sales.customers (1 changed or replaced), sales.orders (1 added)"),
    ("sales", "UPDATE products SET unit_price = 9999 WHERE product_id = 1", "sales.products (1 changed or replaced)"),
    ("sales", "DELETE FROM inventory WHERE product_id IN (3, 4)", "sales.inventory (2 removed)"),
    # As many rows as before: a count would not notice.
    (
        "sales",
        "DELETE FROM customer_pii WHERE customer_id = 2;"
        "INSERT INTO customer_pii VALUES (2, 'new@example.com', '900-00-0000', '1')",
        "sales.customer_pii (1 changed or replaced)",
    ),
    ("marketing", "UPDATE leads SET first_name = NULL WHERE lead_id = 101", "marketing.leads (1 changed or replaced)"),
]


def change(adapters: Adapters, domain: str, statement: str) -> None:
    with database(adapters, domain) as there:
        there.run(statement)
        there.commit()


@pytest.mark.parametrize(("domain", "statement", "lost"), CHANGES, ids=[lost for _, _, lost in CHANGES])
def test_what_somebody_changed_is_not_lost_unless_forced(
    adapters: Adapters, tmp_path: Path, domain: str, statement: str, lost: str
) -> None:
    load(adapters, force=True)
    change(adapters, domain, statement)
    held = list_sets(adapters).domains
    edited = spoiled(adapters, tmp_path, "people.yaml", "first_names:", "first_names:   # other words for the same")
    for here, request in (
        (adapters, SeedRequest("journey")),
        (adapters, SeedRequest("small", 3)),
        (edited, SeedRequest("small")),
    ):
        with pytest.raises(UserError, match=re.escape(f"since the last load: {lost}")) as refused:
            seed_data(here, request, quiet, quiet)
        assert refused.value.exit_code == 2
        scale = "" if request.scale == 1 else " --scale 3"
        assert str(refused.value.hint).endswith(f"dm seed --set {request.set_name}{scale} --force")
    assert list_sets(adapters).domains == held
    again = {d.domain: d.changed for d in seed_data(adapters, SeedRequest("small"), quiet, quiet).domains}
    assert ", ".join(f"{domain}.{change}" for change in again[domain]) == lost
    assert load(adapters, "journey", force=True) == [True, True]


def test_what_was_changed_and_changed_back_is_no_loss(adapters: Adapters) -> None:
    load(adapters, force=True)
    change(adapters, "sales", ORDER)
    change(adapters, "sales", "DELETE FROM orders WHERE order_id > 20")
    change(adapters, "marketing", "UPDATE leads SET first_name = upper(first_name)")
    change(adapters, "marketing", "UPDATE leads SET first_name = initcap(first_name)")
    assert [d.changed for d in seed_data(adapters, SeedRequest("small"), quiet, quiet).domains] == [(), ()]
    assert load(adapters, "journey") == [True, True]


def test_rows_that_no_load_brought_are_not_lost(adapters: Adapters) -> None:
    load(adapters, force=True)
    change(adapters, "marketing", "DROP TABLE datameesh.loaded_set")
    lost = "marketing.campaigns (8 added), marketing.leads (15 added), marketing.metrics (32 added)"
    with pytest.raises(UserError, match=re.escape(lost)):
        load(adapters)
    assert load(adapters, force=True) == [True, True]


def test_a_load_of_an_older_version_wrote_no_checksum_and_is_known_all_the_same(adapters: Adapters) -> None:
    load(adapters, force=True)
    for domain in ("sales", "marketing"):
        change(adapters, domain, "ALTER TABLE datameesh.loaded_set DROP COLUMN checksum")
    assert load(adapters, "journey") == [True, True]
    change(adapters, "sales", "ALTER TABLE datameesh.loaded_set DROP COLUMN checksum")
    change(adapters, "sales", "DELETE FROM orders WHERE order_id = 1")
    with pytest.raises(UserError, match=r"sales\.customers \(1 changed or replaced\), sales\.orders \(1 removed\)"):
        load(adapters)


@pytest.fixture
def paused(adapters: Adapters) -> Iterator[Callable[[], None]]:
    """Freezes the sales database when called: its kernel still answers, it does not. It goes on after the test."""
    name = next(c.name for c in adapters.engine.containers(adapters.project) if c.service == "sales-db")

    def freeze() -> None:
        # A freezer that meets a process amid its birth gives up, on a busy machine more than once.
        for _ in range(10):
            if subprocess.run(["docker", "pause", name], capture_output=True).returncode == 0:
                return
            time.sleep(1)
        raise AssertionError("the engine cannot pause the container")

    yield freeze
    subprocess.run(["docker", "unpause", name], capture_output=True)


def test_a_database_that_freezes_amid_a_load_is_given_up_and_nothing_was_changed(
    adapters: Adapters, paused: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(adapters, force=True)
    monkeypatch.setattr(postgres, "session", functools.partial(session, patience=Patience(silence=3)))
    began = 0.0

    def freeze(progress: LoadProgress) -> None:
        nonlocal began
        if progress.table == "events_big" and progress.rows > 100_000 and not began:
            began = time.monotonic()
            paused()

    with pytest.raises(UnhealthyError, match="sales-db stopped answering: nothing came for 3 s") as given_up:
        seed_data(adapters, SeedRequest("pushdown"), freeze, quiet)
    assert 3 <= time.monotonic() - began < 20
    assert "nothing was changed" in str(given_up.value.hint)
    monkeypatch.undo()
    subprocess.run(["docker", "unpause", f"{adapters.project}-sales-db-1"], capture_output=True)
    assert load(adapters) == [False, False]


def test_a_statement_that_takes_too_long_is_ended_by_the_server_or_by_us(
    adapters: Adapters, paused: Callable[[], None]
) -> None:
    with database(adapters, patience=Patience(statement=1, grace=2)) as slow:
        with pytest.raises(UnhealthyError, match="a statement was not done within 1 s and was ended"):
            slow.run("SELECT pg_sleep(30)")
    with database(adapters, patience=Patience(statement=1, grace=2)) as frozen:
        frozen.run("SELECT 1")
        paused()
        began = time.monotonic()
        with pytest.raises(UnhealthyError, match="sales-db stopped answering: nothing came for 3 s"):
            frozen.run("SELECT 1")
        assert 3 <= time.monotonic() - began < 15


def test_a_frozen_database_takes_no_login(adapters: Adapters, paused: Callable[[], None]) -> None:
    with database(adapters):
        pass
    paused()
    began = time.monotonic()
    with pytest.raises(UnhealthyError, match="timeout expired"):
        with database(adapters, patience=Patience(login=2)):
            pass
    assert time.monotonic() - began < 10


def test_who_holds_a_table_is_waited_for_but_not_for_ever(adapters: Adapters) -> None:
    load(adapters, force=True)
    with database(adapters) as other, database(adapters, patience=Patience(lock=1)) as waiting:
        other.run("LOCK TABLE orders")
        with pytest.raises(UnhealthyError, match="another session uses the tables and did not end within 1 s"):
            waiting.run("TRUNCATE orders")


def test_the_next_number_follows_the_loaded_rows(adapters: Adapters) -> None:
    load(adapters, force=True)
    with database(adapters) as sales, database(adapters, "marketing") as marketing:
        order = (
            "INSERT INTO orders (customer_id, total_amount, product_id, quantity, region) VALUES (1, 5, 1, 1, 'AMER')"
        )
        assert sales.run(f"{order} RETURNING order_id") == [(21,)]
        lead = "INSERT INTO leads (email, source, campaign_id) VALUES ('a@b.c', 'Direct', 3)"
        assert marketing.run(f"{lead} RETURNING lead_id, lead_source, campaign_name") == [
            (116, "Direct", "B2B Campaign")
        ]


@pytest.mark.row("S-COL-CUS-08")
def test_revenue_follows_the_orders_in_their_transaction(adapters: Adapters) -> None:
    load(adapters, force=True)
    with database(adapters) as sales:
        broken = (
            "SELECT count(*) FROM customers c WHERE revenue <> "
            "(SELECT coalesce(sum(total_amount), 0) FROM orders o WHERE o.customer_id = c.customer_id)"
        )
        assert sales.run(broken) == [(0,)]
        for change in (
            "INSERT INTO orders (customer_id, total_amount, product_id, quantity, region) "
            "SELECT customer_id, 7.5, 1, 1, region FROM customers, generate_series(1, 3)",
            "UPDATE orders SET customer_id = 16 - customer_id, total_amount = total_amount + 1 WHERE order_id % 2 = 0",
            "DELETE FROM orders WHERE order_id % 3 = 0",
        ):
            before = sales.run("SELECT sum(revenue) FROM customers")
            sales.run(change)
            assert sales.run(broken) == [(0,)]
            assert sales.run("SELECT sum(revenue) FROM customers") != before


@pytest.mark.row("S-DB-10")
def test_what_a_killed_session_did_is_gone_and_what_was_committed_stays(adapters: Adapters) -> None:
    load(adapters, force=True)
    order = "INSERT INTO orders (customer_id, total_amount, product_id, quantity, region) VALUES (2, 1, 1, 1, 'EMEA')"
    with database(adapters) as other:
        with database(adapters) as killed:
            killed.run(order)
            [(pid,)] = killed.run("SELECT pg_backend_pid()")
            other.run("SELECT pg_terminate_backend(%s)", [pid])
            with pytest.raises(UnhealthyError):
                killed.run("SELECT 1")
        assert other.run("SELECT count(*) FROM orders") == [(20,)]
        with database(adapters) as well:
            well.run(order)
            well.commit()
        other.commit()
        assert other.run("SELECT count(*) FROM orders") == [(21,)]


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "tunnel"])
def test_both_ways_lead_to_the_database(adapters: Adapters, direct: bool) -> None:
    load(adapters)
    with database(adapters, direct=direct) as sales:
        sales.run("CREATE TEMPORARY TABLE big (n integer, t text) ON COMMIT PRESERVE ROWS")
        sales.commit()
        sales.run("TRUNCATE big")
        chunks = (
            (b"".join(b"%d\t%s\n" % (i, b"x" * 90) for i in range(k, k + 1000)), 1000) for k in range(0, 50_000, 1000)
        )
        heard: list[int] = []
        assert sales.copy_in("big", ["n", "t"], chunks, heard.append) == 50_000 == heard[-1]
        assert sales.run("SELECT count(*), sum(n) FROM big") == [(50_000, 49_999 * 25_000)]


def test_a_relay_ends_when_the_server_ends_the_session_and_takes_nobody_along(adapters: Adapters) -> None:
    with database(adapters) as other:
        for _ in range(3):
            with database(adapters, direct=False) as tunnelled:
                [(pid,)] = tunnelled.run("SELECT pg_backend_pid()")
                other.run("SELECT pg_terminate_backend(%s)", [pid])
                with pytest.raises(UnhealthyError):
                    tunnelled.run("SELECT 1")
        # A tunnel that left an orphan behind would have made the server restart, and this session end.
        assert other.run("SELECT 1 FROM pg_sleep(1)") == [(1,)]


def spoiled(adapters: Adapters, folder: Path, file: str, before: str, after: str) -> Adapters:
    """The same stack, with a repository in which one file under seed/ was changed."""
    for name in ("seed", "services", "profiles", "compose"):
        shutil.copytree(ROOT / name, folder / name)
    path = folder / "seed" / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    return replace(adapters, repository=Repository(folder))


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("sales/dataset.yaml", "field: region}", "field: country}", "violates check constraint"),
        ("sales/dataset.yaml", "WHERE c.revenue <>", "WHERE c.revenue =", "1379 rows break it"),
        (
            "sales/dataset.yaml",
            "customer_id: {about: who ordered, field: customer}",
            "customer_id: {about: x, constant: 7777}",
            "foreign key",
        ),
        ("sales/dataset.yaml", "quantity_reserved:", "quantity_kept:", "the database has product_id"),
        ("sales/schema.sql", "CREATE TABLE", "CREATE TABEL", "syntax error"),
        ("people.yaml", "revenue: 2340500.00", "revenue: 23405.00.00", "revenue`: must be an amount"),
    ],
)
def test_a_load_that_is_refused_leaves_every_domain_as_it_was(
    adapters: Adapters, tmp_path: Path, file: str, before: str, after: str, said: str
) -> None:
    load(adapters, force=True)
    held = list_sets(adapters).domains
    with pytest.raises(UserError, match=re.escape(said)) as refused:
        load(spoiled(adapters, tmp_path, file, before, after), "journey")
    assert refused.value.exit_code == 2
    assert list_sets(adapters).domains == held
    with database(adapters) as sales, database(adapters, "marketing") as marketing:
        assert sales.run("SELECT count(*) FROM orders") == [(20,)]
        assert marketing.run("SELECT count(*) FROM leads") == [(15,)]
        assert sales.run("SELECT count(*) FROM pg_constraint WHERE contype = 'f'") == [(4,)]
        assert sales.run("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'") == [(0,)]


def test_a_table_of_somebody_else_is_not_emptied_along(adapters: Adapters) -> None:
    load(adapters)
    with database(adapters) as sales:
        sales.run("CREATE TABLE payments (order_id integer REFERENCES orders); INSERT INTO payments VALUES (1)")
        sales.commit()
    try:
        with pytest.raises(UserError, match=r'Table "payments" references "orders"'):
            load(adapters, force=True)
    finally:
        with database(adapters) as sales:
            assert sales.run("SELECT count(*) FROM payments") == [(1,)]
            sales.run("DROP TABLE payments")
            sales.commit()


_CHILD = """
import sys
from pathlib import Path
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.usecases.seed_data import SeedRequest, seed_data
adapters = adapters_for(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
seed_data(adapters, SeedRequest("small", 2000), lambda p: print(p.domain, p.table, p.rows, flush=True), print)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_load_leaves_every_domain_as_it_was(adapters: Adapters, how: signal.Signals) -> None:
    load(adapters, force=True)
    command = [sys.executable, "-c", _CHILD, NAME, str(ROOT), str(adapters.state.root)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout
    # By then marketing is loaded, uncommitted, and sales is on its way.
    assert any(line.startswith("sales ") for line in child.stdout)
    child.send_signal(how)
    child.communicate(timeout=60)
    assert child.returncode != 0
    assert load(adapters) == [False, False]
    assert {name: n for name, n in counts(adapters).items() if name in SMALL} == SMALL
    with database(adapters) as sales, database(adapters, "marketing") as marketing:
        assert sales.run("SELECT count(*) FROM customers") == [(15,)]
        assert marketing.run("SELECT count(*) FROM leads") == [(15,)]


def test_a_domain_that_differs_is_loaded_and_the_other_left_alone(adapters: Adapters) -> None:
    load(adapters, force=True)
    with database(adapters, "marketing") as marketing:
        marketing.run("UPDATE datameesh.loaded_set SET content = 'of another load'")
        marketing.commit()
    assert load(adapters) == [True, False]
    assert load(adapters) == [False, False]


_MODEL = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'no' ELSE 'yes' END
FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@pytest.mark.row("S-DATA-15")
def test_the_documented_data_model_is_the_one_in_the_databases(adapters: Adapters) -> None:
    load(adapters)
    text = (ROOT / "seed" / "README.md").read_text().split("## Data model")[1]
    documented = {}
    for section in text.split("\n### ")[1:]:
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in section.splitlines()
            if line.startswith("| ")
        ]
        documented[section.split("\n", 1)[0].strip()] = [tuple(row[:3]) for row in rows[1:]]
    there = {}
    for domain in ("sales", "marketing"):
        with database(adapters, domain) as opened:
            tables = opened.run(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            )
            for (table,) in tables:
                found = opened.run(_MODEL, [table])
                there[f"{domain}.public.{table}"] = [
                    (name, kind.replace(" without time zone", "").replace(",", ", "), null)
                    for name, kind, null in found
                ]
    assert documented == there
