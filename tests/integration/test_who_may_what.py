"""What decides in SQL, changed on a running stack: mode, regions of a person, a role that a session brings, a node's secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from datameesh_cli.adapters import http
from datameesh_cli.usecases.open_target import trino_of
from datameesh_cli.usecases.plan_memory import plan_memory
from tests.integration.stack import SMALLEST, Stack, docker, until

pytestmark = pytest.mark.timeout(900)

REREAD = 5
"""Seconds after which the engine looks at its rules again: services/trino/coordinator/access-control.properties."""
SSN = "SELECT ssn FROM sales.public.customer_pii WHERE customer_id = 1"
RAW, MASKED = "123-45-6789", "***-**-6789"
COUNTS = "SELECT (SELECT count(*) FROM sales.public.customers), (SELECT count(*) FROM sales.public.orders)"
ROLE = "SELECT * FROM TABLE(sales.system.query(query => 'SELECT current_user::text AS role'))"


@pytest.fixture
def governed(shared: Stack) -> Iterator[Stack]:
    """The shared stack with set small, where roles decide; nothing was restarted when the test is over."""
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    shared.dm("seed", "--set", "small")
    until(
        lambda: asked(shared, "alex", SSN) == [[MASKED]],
        REREAD + 1,
        "the test before has left mode academic",
        every=0.3,
    )
    before = {name: str(c.started_at) for name, c in shared.containers().items()}
    yield shared
    shared.dm("security", "mode", "governed")
    assert {name: str(c.started_at) for name, c in shared.containers().items()} == before


def asked(stack: Stack, who: str, statement: str, *, user: str = "", extra: dict[str, str] | None = None) -> Any:
    """What is answered to `who`, who signs in with the own password, perhaps for another user and with extra credentials: rows, or
    the refusal as text."""
    from trino import auth, dbapi
    from trino.exceptions import Error, HttpError

    engine = trino_of(stack.adapters, plan_memory(stack.adapters, (), None))
    client: Any = dbapi
    with client.connect(
        host=engine.host,
        port=engine.port,
        user=user or who,
        auth=auth.BasicAuthentication(who, stack.adapters.state.secret(f"{who}-password")),
        http_scheme="https",
        http_session=http.session(engine.trust),
        extra_credential=list((extra or {}).items()),
    ) as connection:
        try:
            return connection.cursor().execute(statement).fetchall()
        except (Error, HttpError) as refused:
            return str(refused)


def own_role(stack: Stack, who: str, **changed: str) -> dict[str, str]:
    """The extra credentials by which somebody reaches the sales database with the own name there."""
    return {"sales_user": who, "sales_password": stack.adapters.state.secret(f"{who}-password")} | changed


def changes_within(seconds: float, ask: Callable[[], Any], before: Any, after: Any) -> None:
    """Ask until the answer changes: nothing that is asked that many seconds after now is answered as before."""
    changed = time.monotonic()
    while True:
        begun = time.monotonic() - changed
        answer = ask()
        if answer == after:
            print(f"asked after {begun:.1f} s, it was so")
            return
        assert answer == before
        assert begun < seconds, f"asked after {begun:.1f} s, still {answer}"
        time.sleep(0.3)


@pytest.mark.row("S-SEC-40", "S-SEC-41", "S-SEC-47")
def test_the_mode_is_in_force_when_the_engine_has_read_its_rules_again(governed: Stack) -> None:
    coordinator = next(c.name for c in governed.containers().values() if c.service == "trino-coordinator")
    told = docker("exec", coordinator, "cat", "/etc/trino/access-control.properties")
    assert {"access-control.name=file", f"security.refresh-period={REREAD}s"} <= set(told.splitlines())
    write = "UPDATE marketing.public.leads SET first_name = 'Alice' WHERE lead_id = 101"

    assert asked(governed, "alex", SSN) == [[MASKED]]
    assert "Access Denied" in asked(governed, "sales_team", write)
    done = governed.dm("security", "mode", "academic")
    assert "every person may read and write everything" in done.stderr
    changes_within(REREAD + 1, lambda: asked(governed, "alex", SSN), [[MASKED]], [[RAW]])
    assert asked(governed, "sales_team", write) == [[1]]

    governed.dm("security", "mode", "governed")
    changes_within(REREAD + 1, lambda: asked(governed, "alex", SSN), [[RAW]], [[MASKED]])
    assert "Access Denied" in asked(governed, "sales_team", write)


def test_with_the_password_of_alex_nobody_is_admin_but_in_mode_academic(governed: Stack) -> None:
    """S-SEC-52 but for the container of alex: there are no notebooks yet."""
    who = "SELECT current_user"
    listed = "SELECT DISTINCT user FROM system.runtime.queries WHERE query LIKE 'SELECT DISTINCT user FROM%'"
    refused = "Access Denied: User alex cannot impersonate user admin"
    assert asked(governed, "alex", who) == [["alex"]]
    assert asked(governed, "alex", listed) == [["alex"]]
    assert refused in asked(governed, "alex", who, user="admin")
    governed.dm("security", "mode", "academic")
    deadline = time.monotonic() + 60
    while (answer := asked(governed, "alex", who, user="admin")) != [["admin"]]:
        assert refused in answer
        assert time.monotonic() < deadline, "not within 60 s"


@pytest.mark.row("S-PAT-RLS-03", "S-PAT-RLS-04")
def test_a_region_more_is_seen_by_the_next_statement_and_without_any_nobody_sees_a_row(governed: Stack) -> None:
    database = next(c.name for c in governed.containers().values() if c.service == "sales-db")

    def psql(statement: str) -> None:
        docker("exec", database, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-U", "owner", "-c", statement)

    assert asked(governed, "emea_user", COUNTS) == [[6, 9]]
    try:
        psql("INSERT INTO security.user_regions VALUES ('emea_user', 'AMER')")
        assert asked(governed, "emea_user", COUNTS) == [[11, 15]]
        psql("DELETE FROM security.user_regions WHERE user_name = 'emea_user'")
        assert asked(governed, "emea_user", COUNTS) == [[0, 0]]
    finally:
        psql("DELETE FROM security.user_regions WHERE user_name = 'emea_user'")
        psql("INSERT INTO security.user_regions VALUES ('emea_user', 'EMEA')")
    assert asked(governed, "emea_user", COUNTS) == [[6, 9]]
    assert asked(governed, "admin", COUNTS) == [[15, 20]]


@pytest.mark.row("S-SEC-26")
def test_a_session_that_brings_a_role_is_that_role_in_the_database(governed: Stack) -> None:
    """In mode academic two people ask for it; in governed only admin may, and they see it by what they read."""
    assert "Access Denied" in asked(governed, "mike", ROLE, extra=own_role(governed, "mike"))
    view = "SELECT count(*) FROM sales.security.customer_pii"
    assert "permission denied for view" in asked(governed, "mike", view)
    assert asked(governed, "mike", view, extra=own_role(governed, "mike")) == [[15]]
    assert asked(governed, "emea_user", COUNTS, extra=own_role(governed, "emea_user")) == [[6, 9]]

    governed.dm("security", "mode", "academic")
    changes_within(REREAD + 1, lambda: asked(governed, "alex", SSN), [[MASKED]], [[RAW]])
    assert asked(governed, "mike", ROLE, extra=own_role(governed, "mike")) == [["mike"]]
    assert asked(governed, "emea_user", ROLE, extra=own_role(governed, "emea_user")) == [["emea_user"]]
    assert asked(governed, "mike", ROLE) == [["trino_rw"]]
    wrong = asked(governed, "mike", ROLE, extra=own_role(governed, "mike", sales_password="wrong"))
    assert 'password authentication failed for user "mike"' in wrong
    assert "authentication failed" in asked(governed, "mike", ROLE, extra={"sales_user": "owner"})
    # The mode reaches the database, too: what the person's own role may read there.
    changes_within(
        60, lambda: asked(governed, "emea_user", COUNTS, extra=own_role(governed, "emea_user")), [[6, 9]], [[15, 20]]
    )
    assert asked(governed, "mike", SSN, extra=own_role(governed, "mike")) == [[RAW]]


def test_a_node_that_does_not_know_the_secret_is_none(governed: Stack) -> None:
    """It signs its announcement as the engine's nodes do, and says all that they say, so that nothing but the secret is wrong."""
    coordinator = next(c.name for c in governed.containers().values() if c.service == "trino-coordinator")
    properties = {"node_version": "476", "coordinator": "false", "http": "http://10.255.255.1:8080"}
    service = {
        "id": "6f1d5d1e-0000-4000-8000-000000000001",
        "type": "trino",
        "pool": "general",
        "properties": properties,
    }

    def announce(secret: str, node: str, services: list[dict[str, Any]]) -> str:
        body = {
            "environment": "datameesh",
            "nodeId": node,
            "pool": "general",
            "location": f"/{node}",
            "services": services,
        }
        signed = f"X-Trino-Internal-Bearer: {_signed(secret, node)}"
        ask = [
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-X",
            "PUT",
            "-H",
            "Content-Type: application/json",
        ]
        at = f"http://localhost:8080/v1/announcement/{node}"
        return docker("exec", coordinator, *ask, "-H", signed, "-d", json.dumps(body), at)

    nodes = "SELECT count(*), count_if(node_id LIKE 'intruder%') FROM system.runtime.nodes"
    assert announce("a-secret-that-is-wrong", "intruder", [service]) == "401"
    time.sleep(2)  # the engine looks at what was announced four times a second
    assert asked(governed, "admin", nodes) == [[1, 0]]
    # The same announcement with the secret is taken. It offers nothing, so that no statement is sent there.
    assert announce(governed.adapters.state.secret("trino-internal-secret"), "intruder-known", []) == "202"


def _signed(secret: str, node: str) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    said = ".".join(
        part(json.dumps(each).encode()) for each in ({"alg": "HS256"}, {"sub": node, "exp": int(time.time()) + 300})
    )
    mac = hmac.new(hashlib.sha256(secret.encode()).digest(), said.encode(), hashlib.sha256)
    return f"{said}.{part(mac.digest())}"
