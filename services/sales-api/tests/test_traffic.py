"""Two replicas behind one port, under load: one stops or is killed, the database goes and comes back; and what is written down."""

from __future__ import annotations

import base64
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.integration.apis import Apis
from tests.integration.load import Load, at_rate
from tests.integration.stack import docker, kill_from_outside, until

RATE, SECONDS = 200, 30


def _key(apis: Apis, user: str = "alex") -> dict[str, str]:
    word = f"{user}:{apis.secret(f'{user}-password').strip()}"
    return {"Authorization": "Basic " + base64.b64encode(word.encode()).decode()}


def _under_load(apis: Apis, api: str, path: str, change: Callable[[], object]) -> Load:
    """What came of a steady load, in the middle of which something is changed."""
    failed: list[BaseException] = []

    def later() -> None:
        time.sleep(3)
        try:
            change()
        except BaseException as error:
            failed.append(error)

    beside = threading.Thread(target=later)
    beside.start()
    load = at_rate(apis.port(f"{api}_API_PORT"), path, _key(apis), RATE, SECONDS)
    beside.join()
    assert not failed, failed
    return load


@pytest.mark.row("S-API-02/C")
@pytest.mark.parametrize("api", ["SALES", pytest.param("MARKETING", marks=pytest.mark.row("S-API-03"))])
def test_twenty_calls_show_two_replicas_and_one_that_is_killed_is_not_missed(apis: Apis, api: str) -> None:
    name = api.lower()
    seen = {apis.ask("/health", api=name).json()["replica"] for _ in range(20)}
    assert len(seen) == 2
    path = {"SALES": "/customers?limit=5", "MARKETING": "/leads?limit=5"}[api]
    load = at_rate(apis.port(f"{api}_API_PORT"), path, _key(apis), 50, 3)
    assert load.seen == {"200": 150}, load.others
    beside = threading.Timer(1.5, lambda: kill_from_outside(apis.container(f"{name}-api-1")))
    beside.start()
    load = at_rate(apis.port(f"{api}_API_PORT"), path, _key(apis), 100, 6)
    beside.join()
    assert load.seen == {"200": 600}, load.others
    until(lambda: {apis.ask("/health", api=name).json()["replica"] for _ in range(20)} == seen, 30, "both are back")


@pytest.mark.row("S-OPS-41", "S-OPS-30")
def test_a_rolling_restart_loses_no_request(apis: Apis) -> None:
    started = {n: c.started_at for n, c in apis.stack.containers().items() if re.search(r"sales-api-\d-1$", n)}
    load = _under_load(apis, "SALES", "/customers?limit=5", lambda: apis.stack.dm("restart", "sales-api"))
    assert load.seen == {"200": RATE * SECONDS}, load.others
    after = {n: c.started_at for n, c in apis.stack.containers().items() if n in started}
    assert len(after) == 2
    assert not set(after.values()) & set(started.values()), "both were started anew"


@pytest.mark.row("S-API-04", "S-BUD-12", "S-BUD-13", "S-BUD-14")
def test_while_the_database_restarts_there_is_a_503_that_says_when_and_nothing_hangs(apis: Apis) -> None:
    load = _under_load(apis, "SALES", "/orders?limit=5", lambda: docker("restart", apis.container("sales-db")))
    assert set(load.seen) <= {"200", "503"}, load.seen
    assert load.total == RATE * SECONDS
    assert load.seen["503"] > 0, "the database was away"
    assert all(re.fullmatch(r"[\d.]+ 503 \d+", line) for line in load.others), load.others[:5]
    assert load.seconds[-1] < 8, "nothing hangs"
    until(lambda: apis.ask("/orders?limit=1", "alex").status_code == 200, 10, "it answers again")
    # Nobody was started anew for it, and nobody ran out of memory.
    for service, limit in (
        ("sales-api-1", 128),
        ("sales-api-2", 128),
        ("marketing-api-1", 64),
        ("marketing-api-2", 64),
        ("sales-api-db", 128),
    ):
        found = docker("inspect", "--format", "{{.HostConfig.Memory}} {{.State.OOMKilled}}", apis.container(service))
        memory, killed = found.split()
        assert (int(memory), killed) == (limit * 2**20, "false")


@contextmanager
def _without(apis: Apis, service: str) -> Iterator[None]:
    container = apis.container(service)
    docker("stop", container)
    try:
        yield
    finally:
        docker("start", container)
        apis.stack.until_healthy()


@pytest.mark.row("S-API-09/C")
def test_without_its_database_it_is_up_and_not_ready(apis: Apis) -> None:
    with _without(apis, "sales-db"):
        began = time.monotonic()
        assert [apis.ask(path).status_code for path in ("/health", "/ready")] == [200, 503]
        refused = apis.ask("/customers", "alex")
        assert (refused.status_code, refused.headers["Content-Type"]) == (503, "application/problem+json")
        assert int(refused.headers["Retry-After"]) >= 1
        assert time.monotonic() - began < 12
        assert apis.ask("/leads?limit=1", "alex", api="marketing").status_code == 200, "the other domain goes on"
    until(lambda: apis.ask("/ready").status_code == 200, 10, "it is ready again")


@pytest.mark.row("S-DB-12")
def test_fifty_at_once_share_few_connections(apis: Apis) -> None:
    address, header = apis.port("SALES_API_PORT"), _key(apis)
    paths = [f"/orders?limit={n + 1}" for n in range(50)]
    loads: list[Load] = []
    clients = [
        threading.Thread(target=lambda path=path: loads.append(at_rate(address, path, header, 10, 3, threads=1)))
        for path in paths
    ]
    for client in clients:
        client.start()
    most = 0
    while any(client.is_alive() for client in clients):
        most = max(most, int(apis.psql("sales-db", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'api'")))
    assert {what for load in loads for what in load.seen} == {"200"}
    assert sum(load.total for load in loads) == 1500
    assert 0 < most <= 20


@pytest.mark.row("S-PATH-12")
def test_each_api_is_connected_to_its_own_databases_and_to_no_other(apis: Apis) -> None:
    who = "SELECT DISTINCT usename || ' ' || datname FROM pg_stat_activity WHERE usename = 'api' ORDER BY 1"
    assert apis.ask("/customers", "alex").status_code == 200
    assert apis.ask("/leads", "alex", api="marketing").status_code == 200
    until(lambda: apis.psql("sales-api-db", who) == "api sales_api_db", 5, "the log is written")
    assert apis.psql("sales-db", who) == "api sales_db"
    assert apis.psql("marketing-db", who) == "api marketing_db"
    names = "SELECT string_agg(DISTINCT application_name, ' ') FROM pg_stat_activity WHERE usename = 'api'"
    replicas = {
        docker("inspect", "--format", "{{.Config.Hostname}}", apis.container(f"{d}-api-{n}")).strip()
        for d in ("sales", "marketing")
        for n in (1, 2)
    }
    assert set(apis.psql("sales-db", names).split()) <= replicas
    reach = "exec 3<>/dev/tcp/$0/$1"
    for source, target, port in (
        ("sales-api-1", "marketing-db", 5432),
        ("sales-api-1", "marketing-api", 5000),
        ("marketing-api-1", "sales-db", 5432),
        ("marketing-api-1", "sales-api", 5000),
    ):
        done = subprocess.run(
            ["docker", "exec", apis.container(source), "timeout", "3", "bash", "-c", reach, target, str(port)],
            capture_output=True,
        )
        assert done.returncode != 0, f"{source} reaches {target}"


@pytest.mark.row("S-API-11", "S-DB-03", "S-TBL-08")
def test_ten_calls_are_ten_rows_with_what_came_of_them(apis: Apis) -> None:
    mark = time.time()
    for n in range(9):
        assert apis.ask(f"/products/{n + 1}", "alex").status_code == 200
    assert apis.ask("/products/4711", "alex").status_code == 404
    rows = (
        "SELECT method, path, endpoint, status, person, duration_ms > 0, client <> '', length(replica) FROM api_logs "
        f"WHERE ts >= to_timestamp({mark}) ORDER BY log_id"
    )
    until(lambda: len(apis.psql("sales-api-db", rows).splitlines()) == 10, 5, "ten rows")
    found = sorted(apis.psql("sales-api-db", rows).splitlines())
    wanted = [f"GET|/products/{n + 1}|/products/{{id}}|200|alex|t|t|12" for n in range(9)]
    assert found == sorted([*wanted, "GET|/products/4711|/products/{id}|404|alex|t|t|12"])


@pytest.mark.row("S-API-12", "S-TBL-09")
def test_the_figures_of_a_minute_are_those_of_its_rows(apis: Apis) -> None:
    for _ in range(30):
        apis.ask("/products?limit=1", "alex")
    minutes = """
        SELECT count(*), count(*) FILTER (WHERE m.request_count = l.requests AND m.error_count = l.errors
            AND m.p95_ms > 0 AND m.avg_ms > 0)
        FROM metrics m FULL JOIN (SELECT date_trunc('minute', ts) AS ts, endpoint, count(*) AS requests,
            count(*) FILTER (WHERE status >= 500) AS errors FROM api_logs GROUP BY 1, 2) l USING (ts, endpoint)"""

    def same() -> bool:
        every, right = apis.psql("sales-api-db", minutes).split("|")
        return int(every) > 0 and every == right

    until(same, 70, "the sums are those of the rows", every=2)


@pytest.mark.row("S-PVC-05/C")
def test_the_log_survives_a_restart_and_waits_while_its_database_is_away(apis: Apis) -> None:
    before = int(apis.psql("sales-api-db", "SELECT count(*) FROM api_logs"))
    with _without(apis, "sales-api-db"):
        for _ in range(20):
            assert apis.ask("/products/1", "alex").status_code == 200, "nobody waits for the log"
    until(
        lambda: int(apis.psql("sales-api-db", "SELECT count(*) FROM api_logs")) >= before + 20,
        20,
        "all rows came later",
    )


@pytest.mark.row("S-API-10/C")
def test_figures_for_prometheus_count_what_was_asked(apis: Apis) -> None:
    pages = [_metrics(apis, n) for n in (1, 2)]
    for _ in range(10):
        apis.ask("/customers/3", "alex")
    counted = [_metrics(apis, n) for n in (1, 2)]
    assert sum(counted) - sum(pages) == 10


def _metrics(apis: Apis, replica: int) -> int:
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:5000/metrics').read().decode())"
    page = docker("exec", apis.container(f"sales-api-{replica}"), "python3", "-c", ask)
    found = re.search(r'http_requests_total\{method="GET",endpoint="/customers/\{id\}",status="200"\} (\d+)', page)
    seconds = re.search(r'http_request_duration_seconds_count\{endpoint="/customers/\{id\}"\} (\d+)', page)
    assert (found is None) == (seconds is None)
    return int(found[1]) if found else 0
