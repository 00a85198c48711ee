"""What somebody did is found again: statements of every outcome, who was let in and who was not, what databases and dbt did."""

from __future__ import annotations

import getpass
import html
import re
import time
import urllib.parse
from typing import Any

import pytest
import requests

from tests.integration.stack import Stack, docker, until

# Questions of the threats "cross-domain" and "row and column leak", by hand: who asks what, of which tables, and what comes of it.
QUESTIONS = [
    ("marketing", "INSERT INTO sales.public.orders SELECT * FROM sales.public.orders", ["sales.public.orders"], "refused"),
    ("marketing", "CREATE TABLE hive.sales.trail_x AS SELECT 1 AS x", ["hive.sales.trail_x"], "refused"),
    ("emma", "DESCRIBE sales.public.orders", ["sales.public.orders"], "refused"),
    ("alex", "DELETE FROM sales.public.customers", ["sales.public.customers"], "refused"),
    ("alex", "SELECT count(*) FROM sales.public.customer_pii WHERE ssn = '000-00-0000'", ["sales.public.customer_pii"], "finished"),
    ("alex", "SELECT nothing FROM sales.public.customer_pii", ["sales.public.customer_pii"], "failed"),
]  # fmt: skip
WRONG = "wr0ng-and-never-to-be-seen"


@pytest.fixture(scope="module", autouse=True)
def _loaded(shared: Stack) -> None:
    """Tables to ask of, whichever tests ran before."""
    shared.dm("up", "--profile", "analytics", "--ram", "1536m")
    shared.dm("seed", "--set", "small")


def _trail(stack: Stack, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.json("audit", "queries", "--since", "5m", "--limit", "1000", *words)[
        "statements"
    ]
    return found


def test_every_question_is_written_down_within_ten_seconds(stack: Stack) -> None:
    """Who asked, of which tables, what came of it and how long it took: also of what was refused."""
    mark = f"-- trail {time.time_ns()}"
    for person, text, _, outcome in QUESTIONS:
        done = stack.dm("sql", "--as", person, f"{text} {mark}", code=0 if outcome == "finished" else 2)
        assert ("Access Denied" in done.stderr) == (outcome == "refused")

    def ended() -> list[dict[str, Any]]:
        return [s for s in _trail(stack) if mark in s["statement"] and s["outcome"] != "running"]

    until(lambda: len(ended()) == len(QUESTIONS), 10, "all are written down", every=1)
    assert [(s["person"], s["statement"], s["tables"], s["outcome"]) for s in ended()] == [
        (person, f"{text} {mark}", tables, outcome) for person, text, tables, outcome in QUESTIONS
    ]
    assert all(0 <= s["duration_ms"] < 60_000 and s["source"] == "dm" for s in ended())
    of_alex = _trail(stack, "--user", "alex")
    assert {s["person"] for s in of_alex} == {"alex"}
    assert len([s for s in of_alex if mark in s["statement"]]) == 3


def _at_the_engine(stack: Stack, port: int, trusted: str) -> None:
    """Five wrong passwords; the name of the last has a line's end in it."""
    for name in ("alex", "alex", "alex", "alex", "mike\nx"):
        said = requests.post(
            f"https://localhost:{port}/v1/statement", b"SELECT 1", auth=(name, WRONG), verify=trusted, timeout=20
        )
        assert said.status_code == 401


def _at_the_sign_in(port: int, tool: int, trusted: str, name: str, password: str) -> int:
    browser = requests.Session()
    browser.trust_env, browser.verify = False, trusted
    asked = {"client_id": "trino", "redirect_uri": f"https://localhost:{tool}/oauth2/callback", "response_type": "code"}
    page = browser.get(f"https://localhost:{port}/auth", params={**asked, "scope": "openid", "state": "s"}, timeout=20)
    form = urllib.parse.urljoin(page.url, html.unescape(re.findall(r'action="([^"]+)"', page.text)[0]))
    return browser.post(form, {"login": name, "password": password}, allow_redirects=False, timeout=20).status_code


def test_who_comes_in_and_who_does_not_is_in_one_list(stack: Stack) -> None:
    """The engine, the sign-in service and a database; never what was typed as a password."""
    secrets = stack.adapters.state.folder / "secrets"
    trusted, plan = str(secrets / "mesh-ca"), (stack.adapters.state.folder / "plan.env").read_text()
    tool, door = (int(re.findall(rf"(?m)^{name}=(\d+)$", plan)[0]) for name in ("TRINO_PORT", "SIGN_IN_PORT"))
    before = len(stack.json("audit", "access", "--since", "15m"))
    _at_the_engine(stack, tool, trusted)
    assert _at_the_sign_in(door, tool, trusted, "sarah", WRONG) == 401
    assert _at_the_sign_in(door, tool, trusted, "emma", (secrets / "emma-password").read_text()) == 303
    database = next(c.name for c in stack.containers().values() if c.service == "sales-db")
    docker(
        "exec", database, "sh", "-c", f"! PGPASSWORD={WRONG} psql -h $(hostname -i) -U mike -d sales_db -c 'SELECT 1'"
    )

    def seen() -> list[tuple[str, str, str]]:
        found = stack.json("audit", "access", "--since", "15m")
        return [(h["person"], h["service"], h["kind"]) for h in found[before:]]

    wanted = [
        *[("alex", "trino-coordinator", "ERROR")] * 4,
        ("mike?x", "trino-coordinator", "ERROR"),
        ("sarah", "sign-in", "ERROR"),
        ("emma", "sign-in", "INFO"),
        ("mike", "sales-db", "FATAL"),
    ]
    until(lambda: seen() == wanted, 10, "all are in the list", every=1)
    assert WRONG not in str(stack.json("audit", "access", "--since", "15m"))
    assert {h["person"] for h in stack.json("audit", "access", "--since", "15m", "--user", "emma")} == {"emma"}


@pytest.mark.row("S-SEC-70")
def test_each_command_shows_what_was_done_a_minute_before(stack: Stack) -> None:
    mark = f"trail_{time.time_ns()}"
    before = time.monotonic()
    stack.dm("dbt", "run", "--select", "stg_sales__orders", timeout=900)
    began = time.monotonic()
    assert stack.scalar(f"SELECT '{mark}'") == mark
    write = f"BEGIN; UPDATE public.orders SET quantity = 1 WHERE order_id < 0 /* {mark} */; ROLLBACK"
    stack.dm("shell", "sales-db", "psql", "-q", "-d", "sales_db", "-c", write)
    time.sleep(max(0.0, 60 - (time.monotonic() - began)))
    (asked,) = [s for s in _trail(stack, "--user", "admin") if s["statement"] == f"SELECT '{mark}'"]
    assert (asked["outcome"], asked["tables"]) == ("finished", [])
    written = [h for h in stack.json("audit", "postgres", "--since", "5m", "--user", "admin") if mark in h["text"]]
    assert [(h["service"], h["database"], "WRITE,UPDATE" in h["text"]) for h in written] == [
        ("sales-db", "sales_db", True)
    ]
    # On a shared stack others have run dbt a moment before.
    since = ("--since", f"{time.monotonic() - before:.0f}s")
    built = stack.json("audit", "dbt", *since, "--user", getpass.getuser())
    assert [(e["name"], e["kind"], e["outcome"]) for e in built] == [("stg_sales__orders", "model", "pass")]
    asked_by_dbt = [s for s in _trail(stack, "--user", "dbt", *since) if "stg_sales__orders" in s["statement"]]
    assert asked_by_dbt and {s["outcome"] for s in asked_by_dbt} == {"finished"}
    assert stack.json("audit", "dbt", "--since", "5m", "--user", "nobody-here") == []
