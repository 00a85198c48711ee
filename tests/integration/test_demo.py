"""`dm demo` on built images: what it shows, what it says at its end, that a second run leaves all as it is, and a failure."""

from __future__ import annotations

import json
import re
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from datameesh_cli.core.stack import stack_ports
from tests.integration.stack import SMALLEST, Stack, fresh_stack

pytestmark = pytest.mark.timeout(1200)

# The journey's four rows, as the specification gives them: source, campaign, leads, converted, rate, days, revenue, mean revenue.
JOURNEY = [
    ["Google Ads", "Spring Sale 2024", 1250, 458, 36.64, 7.2, 2340500, 5110.26],
    ["Facebook", "Black Friday", 890, 312, 35.06, 5.8, 1890300, 6058.65],
    ["Email", "Spring Sale 2024", 2100, 520, 24.76, 12.4, 1650800, 3174.62],
    ["LinkedIn", "B2B Campaign", 340, 89, 26.18, 15.2, 890400, 10004.49],
]


@pytest.fixture(scope="module")
def fresh(built: None) -> Iterator[Stack]:
    """A stack of its own name, with nothing in it before and nothing left of it afterwards."""
    with fresh_stack("-demo") as stack:
        yield stack


@pytest.fixture(scope="module")
def shown(fresh: Stack) -> Any:
    """The first run, as the program that reads it sees it."""
    return fresh.json("demo", "--yes", "--ram", SMALLEST)


def test_the_demo_answers_with_the_four_rows(shown: Any) -> None:
    rows = [[v if isinstance(v, str) and not _number(v) else float(v) for v in row] for row in shown["answer"]["rows"]]
    assert rows == [[float(v) if isinstance(v, int) else v for v in row] for row in JOURNEY]
    assert 0 < shown["answered"] < shown["seconds"]


WHO_SEES_WHAT = [
    "admin sees: alice@example.com, 123-45-6789, 555-0123",
    "alex sees: al***@example.com, ***-**-6789, ***-0123",
    "marketing_team is refused: Access Denied: Cannot insert into table sales.public.orders",
]


def test_admin_sees_the_row_alex_the_masks_and_the_marketing_team_writes_no_orders(shown: Any) -> None:
    assert [(told["person"], told["row"] or told["refused"]) for told in shown["told"]] == [
        ("admin", ["alice@example.com", "123-45-6789", "555-0123"]),
        ("alex", ["al***@example.com", "***-**-6789", "***-0123"]),
        ("marketing_team", "Access Denied: Cannot insert into table sales.public.orders"),
    ]


def test_the_marts_are_built_and_their_tests_pass(shown: Any) -> None:
    counts = [
        (kind, part[kind]["passed"], part[kind]["failed"])
        for part in (shown["seed_models"], shown["other_models"])
        for kind in ("models", "tests")
    ]
    assert counts == [("models", 8, 0), ("tests", 12, 0), ("models", 2, 0), ("tests", 5, 0)]


def test_both_domains_and_the_lake_are_loaded(shown: Any) -> None:
    rows = {(d["domain"], t["table"]): t["rows"] for d in shown["seeded"]["domains"] for t in d["tables"]}
    assert rows[("marketing", "leads")] == 4580
    assert rows[("sales", "customers")] == 1379
    assert all(d["loaded"] for d in shown["seeded"]["domains"])
    assert shown["seeded"]["lake"]["loaded"] is True


def test_every_address_that_it_names_answers(fresh: Stack, shown: Any) -> None:
    urls = {place["title"]: place["url"] for place in shown["places"]}
    assert set(urls) == {"Lake console", "Sign-in", "Trino"}
    trusting = ssl.create_default_context(cafile=str(fresh.adapters.state.secrets / "mesh-ca"))
    for url in urls.values():
        with urllib.request.urlopen(url, timeout=30, context=trusting) as page:
            assert page.status == 200, url


def test_a_second_run_leaves_all_as_it_is_and_ends_with_what_to_do(fresh: Stack, shown: Any) -> None:
    """As a person sees it: the steps on standard error, the result on standard output."""
    before = fresh.ids()
    started = {name: c.started_at for name, c in fresh.containers().items()}
    done = fresh.dm("demo", "--ram", SMALLEST)  # nothing is missing, so it needs no --yes
    assert fresh.ids() == before
    assert {name: c.started_at for name, c in fresh.containers().items()} == started
    steps = re.findall(r"(?m)^\[(\d)\] (.+)$", done.stderr)
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    assert "Google Ads, Spring Sale 2024: 458 of 1,250 leads became customers, revenue 2,340,500" in done.stderr
    # The answer is there before the lake is looked at and before dbt runs.
    assert done.stderr.index("458 of 1,250") < done.stderr.index("into the lake") < done.stderr.index("PASS=20")
    for cells in (("Google Ads", "1,250", "458", "36.64", "2,340,500"), ("LinkedIn", "340", "89", "26.18", "890,400")):
        assert re.search(
            r"\s+".join([cells[0], r".*?", *map(re.escape, cells[1:4]), r"[\d.]+", re.escape(cells[4])]), done.stdout
        )
    assert [line for line in done.stdout.splitlines() if " sees: " in line or " is refused: " in line] == WHO_SEES_WHAT
    assert all(line in done.stderr for line in WHO_SEES_WHAT)
    assert "models PASS=8 ERROR=0, tests PASS=12 ERROR=0" in done.stdout
    assert "models PASS=2 ERROR=0, tests PASS=5 ERROR=0" in done.stdout
    _, _, advice = done.stdout.partition("What to try next:\n")
    numbered = [line for line in advice.splitlines() if line]
    assert [line.split(".")[0].strip() for line in numbered] == ["1", "2", "3", "4", "5", "6", "7"]
    for command in ("sql", "dbt build", "verify", "down"):
        assert f"`./dm --name {fresh.name} {command}" in advice
    assert shown["places"][0]["url"] in advice
    assert shown["places"][1]["url"] in advice
    assert shown["places"][2]["url"] in advice
    question = re.search(r'sql "([^"]+)"', advice)
    assert question
    answer = fresh.dm("sql", question[1], "-o", "csv").stdout.splitlines()[1:]
    assert sum(int(line.split(",")[1]) for line in answer) == 1379, "every customer is in a region"


def test_a_taken_port_ends_the_demo_with_one_line(fresh: Stack, shown: Any) -> None:
    """In the middle: the machine has everything, the stack is down, and another program listens where Trino would."""
    fresh.dm("down")
    services = fresh.adapters.repository.model().services
    offset = json.loads((fresh.adapters.state.folder / "ports.json").read_text())["offset"]
    port = next(p.host for p in stack_ports(services, offset, {}) if p.variable == "TRINO_PORT")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = fresh.dm("demo", "--yes", "--ram", SMALLEST, code=3)
    errors = [line for line in done.stderr.splitlines() if line.startswith(("error:", "hint:"))]
    assert len(errors) == 2
    assert re.match(rf"error: port {port} \(for trino-coordinator\) is taken by python", errors[0])
    assert "TRINO_PORT=" in errors[1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert fresh.containers() == {}


def _number(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", text))
