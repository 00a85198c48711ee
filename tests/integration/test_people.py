"""People of a running stack: who comes gets in everywhere within a minute, who goes gets in nowhere, and nothing restarts."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.integration.doors import Doors
from tests.integration.stack import SMALLEST, Stack

pytestmark = pytest.mark.timeout(900)

WITHIN = 60
"""Seconds in which a change of people or mode is in force."""


@pytest.fixture
def running(shared: Stack) -> Iterator[Stack]:
    """The shared stack with data; nobody of a test stays in it."""
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    shared.dm("seed", "--set", "small")
    before = started(shared)
    yield shared
    for person in shared.json("user", "list"):
        if person["name"] in ("dana", "erik"):
            shared.dm("user", "remove", person["name"])
    assert started(shared) == before, "no container was restarted"


def started(stack: Stack) -> dict[str, str]:
    """When each container was started."""
    return {name: str(c.started_at) for name, c in stack.containers().items()}


def doors(stack: Stack, name: str) -> Doors:
    """A person of the stack, with the password that is in force."""
    return Doors(stack, name, stack.adapters.state.secret(f"{name}-password"))


def soon(answers: dict[str, Callable[[], object]], wanted: dict[str, str]) -> dict[str, float]:
    """Ask until every answer begins as wanted; return the seconds that each took. Each is asked until it is so, and no longer."""
    began, taken = time.monotonic(), dict[str, float]()
    while len(taken) < len(wanted):
        for tool, begins in wanted.items():
            said = "" if tool in taken else str(answers[tool]())
            if tool not in taken and said.startswith(begins):
                taken[tool] = round(time.monotonic() - began, 1)
            assert time.monotonic() - began < WITHIN, f"{tool} after {WITHIN} s: {said}"
        time.sleep(0.5)
    return taken


def four(who: Doors) -> dict[str, Callable[[], object]]:
    """The four tools, each asked for what a data scientist may do, or an analyst of some regions."""
    return {
        "sql": who.sql,
        "lake": lambda: who.lake(write="dana"),
        "database": who.database,
        "sign-in": who.sign_in,
    }


def test_who_comes_gets_in_everywhere_within_a_minute_and_who_goes_nowhere(running: Stack) -> None:
    """dana, a data scientist, has no login of the databases; erik, who sees the rows of EMEA, has one, and no files."""
    running.dm("user", "add", "dana", "--role", "data-scientist")
    running.dm("user", "add", "erik", "--role", "analyst", "--group", "regions", "--region", "EMEA")
    dana, erik = doors(running, "dana"), doors(running, "erik")
    print("dana in:", soon(four(dana), {"sql": "dana", "lake": "wrote", "sign-in": "signed in"}))
    print("erik in:", soon(four(erik), {"sql": "erik", "database": "erik", "sign-in": "signed in"}))
    assert "refused: " in dana.database()
    assert "refused: " in erik.lake()
    assert dana.sql("CREATE TABLE hive.default.of_dana AS SELECT 1 AS x") is not None
    assert dana.sql("DROP TABLE hive.default.of_dana") is None
    assert "Access Denied" in dana.sql("DELETE FROM sales.public.orders WHERE false")
    assert dana.sql("SELECT ssn FROM sales.public.customer_pii WHERE customer_id = 1") == "***-**-6789"

    running.dm("user", "remove", "dana")
    running.dm("user", "remove", "erik")
    refused = dict.fromkeys(("sql", "lake", "database", "sign-in"), "refused:")
    print("dana out:", soon(four(dana), refused))
    print("erik out:", soon(four(erik), refused))


@pytest.mark.row("S-PAT-RLS-05")
def test_a_person_sees_as_many_rows_through_the_engine_as_in_the_database(running: Stack) -> None:
    """emea_user of the file, and somebody who comes for another region; mike is in no region's group."""
    running.dm("user", "add", "erik", "--role", "analyst", "--group", "regions", "--region", "APAC")
    soon(four(doors(running, "erik")), {"sql": "erik", "database": "erik"})
    counts = {}
    for name in ("emea_user", "erik", "mike"):
        who = doors(running, name)
        both = "SELECT (SELECT count(*) FROM {0}customers), (SELECT count(*) FROM {0}orders)"
        told = tuple(int(n) for n in who.database(both.format("")).split("|"))
        assert tuple(who.sql(both.format("sales.public."))) == told, name
        counts[name] = told
    assert 0 < counts["emea_user"][0] < counts["mike"][0]
    assert counts["erik"] != counts["emea_user"]


RAW = "SELECT ssn FROM {0}customer_pii WHERE customer_id = 1"
WRITE = "DELETE FROM {0}leads WHERE lead_id < 0"


@pytest.mark.row("S-SEC-51")
def test_mode_academic_opens_every_tool_within_a_minute_and_the_way_back_shuts_them(running: Stack) -> None:
    """alex has no login of the databases otherwise, emea_user sees one region; neither writes a domain or reads raw files there."""
    alex, emea = doors(running, "alex"), doors(running, "emea_user")

    def shut() -> dict[str, Callable[[], object]]:
        return {
            "sql": lambda: alex.sql(WRITE.format("marketing.public.")),
            "lake": lambda: alex.lake("datalake/raw/sales/.check/", write="alex"),
            "database": lambda: alex.database(RAW.format("")),
            "rows": lambda: emea.database("SELECT count(DISTINCT region) FROM customers"),
            "files": lambda: emea.lake("datalake/raw/"),
        }

    governed = {
        "sql": "refused: Access Denied",
        "lake": "refused:",
        "database": "refused:",
        "rows": "1",
        "files": "refused:",
    }
    academic = {"sql": "0", "lake": "wrote", "database": "123-45-6789", "rows": "3", "files": "listed"}
    soon(shut(), governed)
    try:
        warned = running.dm("security", "mode", "academic").stderr
        assert "every person may read and write everything" in warned
        assert "every person may read and write everything" in _all(running.dm("status"))
        assert "every person may read and write everything" in _all(
            running.dm("up", "--profile", "analytics", "--ram", SMALLEST)
        )
        print("academic:", soon(shut(), academic))
        assert alex.sql(RAW.format("sales.public.")) == "123-45-6789"
        assert alex.database(WRITE.format(""), "marketing-db", "marketing_db") == ""
        assert alex.database("CREATE TABLE public.mine (x integer)").startswith("refused:")
        running.dm("user", "add", "dana", "--role", "analyst")
        print("dana in:", soon(four(doors(running, "dana")), {"sql": "dana", "lake": "wrote", "database": "dana"}))
    finally:
        running.dm("security", "mode", "governed")
    assert "every person" not in _all(running.dm("status"))
    print("governed:", soon(shut(), governed))
    assert alex.sql(RAW.format("sales.public.")) == "***-**-6789"
    assert "refused:" in doors(running, "dana").database()


def _all(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stdout + done.stderr).split())


# Who comes into which database, by hand: the domains' two, the analytics database beside the first, what keeps the servers.
LOGINS = {
    "sales-db/sales_db": {"mike", "emea_user"},
    "sales-db/sales_analytics": set[str](),
    "sales-db/postgres": set[str](),
    "marketing-db/marketing_db": {"mike", "emea_user"},
    "hive-metastore-db/metastore": set[str](),
}


def test_nobody_else_comes_into_a_database_with_the_own_password(running: Stack) -> None:
    names = [p["name"] for p in running.json("user", "list")] + ["dbt", "healthcheck"]
    assert len(names) == 12
    for place, wanted in LOGINS.items():
        service, database = place.split("/")
        said = {name: doors(running, name).database("SELECT current_user", service, database) for name in names}
        assert {name for name, answer in said.items() if not answer.startswith("refused:")} == wanted, place
        assert all(said[name] == name for name in wanted)
