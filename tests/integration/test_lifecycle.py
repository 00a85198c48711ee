"""Up, up again, down; two at once; Ctrl-C anywhere; a second stack beside the first; the same model without `dm`."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from testcontainers.compose import DockerCompose

from tests.integration.stack import ENGINE, ROOT, SMALLEST, Stack, docker, until

CORE = ("up", "--profile", "core", "--ram", "512m")


def _nothing_left(stack: Stack) -> None:
    assert stack.ids() == {}
    left = ENGINE.networks(stack.project)
    if left and ENGINE.attached(left) == ():
        # Engine 20.10 sometimes counts a container that is gone, and then nobody can remove the network.
        refused = subprocess.run(["docker", "network", "rm", *left], capture_output=True, text=True)
        assert "has active endpoints" in refused.stderr, f"{left} could be removed and was left"
        return
    assert left == ()


def test_up_twice_recreates_nothing(stack: Stack) -> None:
    before, started = stack.ids(), {c.name: c.started_at for c in stack.containers().values()}
    assert before
    began = time.monotonic()
    stack.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    stack.dm("up")
    assert stack.ids() == before
    assert {c.name: c.started_at for c in stack.containers().values()} == started
    assert time.monotonic() - began < 30


def test_what_runs_is_what_was_planned(stack: Stack) -> None:
    shares = {s["service"]: s for s in stack.json("plan")["shares"]}
    containers = stack.containers().values()
    assert {c.service for c in containers} == {
        name for name in shares if not shares[name]["why"].endswith("held for a job")
    }
    assert {c.service: c.limit for c in containers} == {c.service: shares[c.service]["limit"] for c in containers}
    assert stack.json("status")["healthy"]


def test_a_second_up_at_the_same_time_is_refused(stack: Stack) -> None:
    with stack.adapters.state.locked("up"):
        done = stack.dm("up", code=3)
    assert f"is working on stack '{stack.name}'" in done.stderr


def test_two_ups_at_once_end_in_one_stack(other: Stack) -> None:
    first = other.start(*CORE)
    until(lambda: _before_anything(other), 60, "the first has its lock", every=0.05)
    second = other.dm(*CORE, code=3)
    assert "'dm up' (process " in second.stderr
    out, err = first.communicate(timeout=180)
    assert first.returncode == 0, out + err
    other.until_healthy(10)


def test_down_leaves_no_container_and_no_network_but_the_data(other: Stack) -> None:
    other.dm(*CORE)
    _psql(other, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)")
    secrets = {name: other.adapters.state.secret(name) for name in other.adapters.state.secret_names()}
    assert secrets
    out = other.dm("down").stdout
    assert "data stays in" in out
    _nothing_left(other)
    other.dm(*CORE)
    assert _psql(other, "SELECT id FROM kept").strip() == "42"
    assert {name: other.adapters.state.secret(name) for name in secrets} == secrets
    other.dm("down", "--volumes", "--yes")
    _nothing_left(other)
    assert ENGINE.volumes(other.project) == ()
    assert other.adapters.state.secret_names() == ()
    assert "removed 0 containers" in other.dm("down").stdout


def test_the_secrets_stay_while_somebody_holds_a_volume_that_they_open(other: Stack) -> None:
    other.dm(*CORE)
    refused = subprocess.run(
        other.command("down", "--volumes"), cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert refused.returncode == 2
    assert len(other.ids()) == 7, "two databases; of each API the way in and a replica; the log's database"
    before = {name: other.adapters.state.secret(name) for name in other.adapters.state.secret_names()}
    volume = next(v for v in ENGINE.volumes(other.project) if "sales-db" in v)
    holder = docker("run", "-d", "-v", f"{volume}:/v", "--entrypoint", "sleep", "datameesh/base:13", "600").strip()
    try:
        assert (
            f"still there, with the secrets that open them: {volume}"
            in other.dm("down", "--volumes", "--yes", code=3).stderr
        )
    finally:
        docker("rm", "-f", holder)
    assert {name: other.adapters.state.secret(name) for name in before} == before
    other.dm("down", "--volumes", "--yes")
    assert ENGINE.volumes(other.project) == ()
    assert other.adapters.state.secret_names() == ()


def test_a_service_alone_starts_with_what_it_needs_and_goes_again(other: Stack) -> None:
    """The lake's catalog takes its database and the object store; neither domain, no Trino."""
    other.dm("up", "hive-metastore", "--ram", "512m")
    assert sorted(c.service for c in other.containers().values()) == ["hive-metastore", "hive-metastore-db", "minio"]
    status = other.json("status")
    assert status["healthy"]
    assert sum(s["limit"] for s in status["services"]) <= 512
    other.dm("up", "sales-db", "--ram", "640m")
    assert {c.service for c in other.containers().values()} == {
        "hive-metastore",
        "hive-metastore-db",
        "minio",
        "sales-db",
    }
    refused = other.dm("down", "hive-metastore-db", code=2).stderr
    assert "hive-metastore cannot start without hive-metastore-db" in refused
    warned = other.dm("up", "--without", "minio").stderr
    assert "hive-metastore will not reach minio" in warned
    assert "minio" not in {c.service for c in other.containers().values()}
    assert "removed hive-metastore, hive-metastore-db" in other.dm("down", "hive-metastore").stdout
    assert [c.service for c in other.containers().values()] == ["sales-db"]
    assert other.json("status")["healthy"]
    other.dm("down", "--volumes", "--yes")
    _nothing_left(other)


@pytest.mark.row("S-NS-09/C")
def test_down_of_a_namespace_takes_only_what_lives_there(other: Stack) -> None:
    other.dm(*CORE)
    before = other.ids()
    assert "removed 4 containers of namespace sales-domain" in other.dm("down", "--namespace", "sales-domain").stdout
    left = {name.removeprefix(f"{other.project}-") for name in other.ids()}
    assert left == {"marketing-db-1", "marketing-api-1", "marketing-api-1-1"}
    assert other.ids().items() <= before.items()
    refused = other.dm("down", "--namespace", "sales-domain", "--volumes", "--yes", code=2).stderr
    assert "--volumes means the data of every namespace" in refused
    other.dm("up")
    assert sorted(other.ids()) == sorted(before)
    assert other.ids().items() >= {(n, i) for n, i in before.items() if "marketing" in n}, "the others are as they were"
    other.dm("down", "--volumes", "--yes")


@pytest.mark.row("S-BUD-10", "S-BUD-11", "S-DB-08")
def test_with_memory_enough_the_databases_have_what_the_documents_give_them(other: Stack) -> None:
    other.dm("up", "--profile", "core", "--ram", "2g")
    other.dm("seed", "--set", "journey")
    databases = {c.service: c for c in other.containers().values() if c.service in ("sales-db", "marketing-db")}
    assert {name: c.limit * 2**20 for name, c in databases.items()} == {
        "sales-db": 268435456,
        "marketing-db": 134217728,
    }
    assert not any(c.oom_killed or c.restarts for c in databases.values())
    other.dm("down", "--volumes", "--yes")


def test_a_guest_on_the_network_is_named_when_the_stack_goes(other: Stack) -> None:
    other.dm(*CORE)
    guest = f"{other.project}-guest"
    network = f"{other.project}_mesh"
    docker(
        "run", "-d", "--rm", "--name", guest, "--network", network, "--entrypoint", "sleep", "datameesh/base:13", "300"
    )
    try:
        refused = other.dm("down", "--volumes", "--yes", code=4)
        assert f"its network stays, because {guest} is on it" in refused.stderr
        assert other.ids() == {}
        docker("network", "disconnect", network, guest)
        other.dm("down")
        _nothing_left(other)
    finally:
        docker("rm", "--force", guest)


def _before_anything(stack: Stack) -> bool:
    return "dm up" in (stack.adapters.state.folder / "lock").read_text()


def _first_container(stack: Stack) -> bool:
    return len(stack.ids()) >= 1


def _all_created(stack: Stack) -> bool:
    return len(stack.ids()) >= 2


def _all_running(stack: Stack) -> bool:
    containers = stack.containers().values()
    return len(containers) >= 2 and all(c.status == "running" for c in containers)


@pytest.mark.parametrize(
    "point", [_before_anything, _first_container, _all_created, _all_running], ids=lambda f: f.__name__.strip("_")
)
def test_ctrl_c_at_any_point_and_up_again_ends_healthy(other: Stack, point: Callable[[Stack], bool]) -> None:
    first = other.start(*CORE)
    until(lambda: point(other) or first.poll() is not None, 60, "the point is reached", every=0.05)
    first.send_signal(signal.SIGINT)
    _, err = first.communicate(timeout=60)
    # The last point may come when the stack is already healthy.
    assert first.returncode in ((130, 0) if point is _all_running else (130,)), err
    assert first.returncode == 0 or "stopped by Ctrl-C" in err
    other.dm(*CORE)
    other.until_healthy(5)
    other.dm("down")
    _nothing_left(other)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_leaves_no_compose_at_work_without_the_lock(other: Stack, number: signal.Signals) -> None:
    first = other.start(*CORE)
    until(lambda: _first_container(other) or first.poll() is not None, 60, "a container is created", every=0.05)
    first.send_signal(number)
    _, err = first.communicate(timeout=60)
    assert first.returncode == 128 + number, err
    assert f"stopped by {number.name}" in err
    assert _composes_of(other) == []
    before = other.ids()
    time.sleep(3)
    assert (other.ids(), _composes_of(other)) == (before, []), "somebody goes on"
    other.dm(*CORE)
    other.until_healthy(5)
    other.dm("down")
    _nothing_left(other)


def _composes_of(stack: Stack) -> list[str]:
    """The programs that work on the stack's project."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace").split("\0")
            if "compose" in words and stack.project in words:
                found.append(" ".join(words))
    return found


def test_ctrl_c_while_trino_starts_and_up_again_ends_healthy(shared: Stack) -> None:
    shared.dm("down")
    first = shared.start("up", "--profile", "analytics", "--ram", SMALLEST)
    until(
        lambda: any(c.service == "trino-coordinator" and c.status == "running" for c in shared.containers().values()),
        120,
        "Trino runs",
    )
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert first.returncode == 130
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    shared.until_healthy(5)


@pytest.mark.row("S-NS-01/C")
def test_every_container_says_which_namespace_it_stands_for(shared: Stack) -> None:
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    label = '{{index .Config.Labels "datameesh.namespace"}}'
    said = {c.service: docker("inspect", c.name, "--format", label).strip() for c in shared.containers().values()}
    assert said == {s.name: s.namespace for s in shared.adapters.repository.model().services if s.name in said}
    assert {name for name, namespace in said.items() if namespace == "data-platform"} >= {
        "trino-coordinator",
        "minio",
        "hive-metastore",
        "hive-metastore-db",
    }


def test_ctrl_c_of_a_change_and_up_again_ends_healthy(other: Stack) -> None:
    """Another budget recreates containers: the engine has them under a second name for a moment."""
    other.dm(*CORE)
    before = other.ids()
    first = other.start("up", "--ram", "700m")
    until(lambda: other.ids() != before or first.poll() is not None, 60, "a container is recreated", every=0.05)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    other.dm("up", "--ram", "700m")
    other.until_healthy(5)
    databases = ["marketing-db", "sales-api-db", "sales-db"]
    alike = [f"{domain}-api{which}" for domain in ("marketing", "sales") for which in ("", "-1", "-2")]
    assert sorted(c.service for c in other.containers().values()) == sorted(databases + alike)
    other.dm("down")
    _nothing_left(other)


def test_a_container_that_was_stopped_by_hand_is_started_again(other: Stack) -> None:
    other.dm(*CORE)
    name = next(c.name for c in other.containers().values() if c.service == "sales-db")
    docker("stop", name)
    assert other.dm("status", code=4).stderr.startswith("error: sales-db is exited")
    other.dm("up")
    other.until_healthy(5)


def test_a_service_that_cannot_start_is_named_with_its_last_error(other: Stack) -> None:
    """The database's volume belongs to somebody else: a fault that no restart heals."""
    other.dm(*CORE)
    other.dm("down")
    volume = next(v for v in ENGINE.volumes(other.project) if "sales-db" in v)
    docker(
        "run",
        "--rm",
        "--user",
        "0",
        "-v",
        f"{volume}:/v",
        "datameesh/base:13",
        "sh",
        "-c",
        "chown -R 1:1 /v && chmod -R 700 /v",
    )
    done = other.dm(*CORE, "--wait-timeout", "60", code=4)
    assert done.stderr.splitlines()[-2].startswith("error: sales-db is ")
    assert "its log says: " in done.stderr
    assert "hint: see: dm " in done.stderr
    why = other.dm("why", "sales-db").stdout
    assert "last error" in why


def test_a_second_stack_runs_beside_the_first(stack: Stack, other: Stack) -> None:
    other.dm(*CORE)
    assert not set(stack.ids()) & set(other.ids())
    ours = {p["url"] for p in stack.json("urls")}
    assert ours
    assert not ours & {p["url"] for p in other.json("urls")}
    assert stack.adapters.state.secret("sales-db-admin-password") != other.adapters.state.secret(
        "sales-db-admin-password"
    )
    other.dm("down", "--volumes", "--yes")
    stack.until_healthy(5)


def test_the_same_model_starts_without_dm(other: Stack, tmp_path: Path) -> None:
    """Through testcontainers: `docker compose up --wait` on the same file, with the plan's variables."""
    adapters = other.adapters
    other.dm("up", "--profile", "core", "--ram", "512m", "--dry-run")
    other.dm(*CORE)
    other.dm("down", "--volumes", "--yes")
    adapters.state.ensure_secrets(
        sorted({name for s in adapters.repository.model().of_profiles(["core"]) for name in s.secrets})
    )
    env = tmp_path / "compose.env"
    env.write_text(adapters.state.env_file.read_text() + f"COMPOSE_PROJECT_NAME={other.project}\n")
    compose = DockerCompose(ROOT / "compose", compose_file_name="compose.yaml", profiles=["core"], env_file=str(env))
    with compose:
        services = {c.Service for c in compose.get_containers()}
        in_core = {s.name for s in adapters.repository.model().of_profiles(["core"])}
        assert services == in_core - {"sales-api-2", "marketing-api-2"}, "the plan has one replica of each"
        out, _, code = compose.exec_in_container(["psql", "-qAtc", "SELECT current_database()"], "sales-db")
        assert (out.strip(), code) == ("sales_db", 0)
        assert {c.service for c in other.containers().values()} == services
    _nothing_left(other)


def _psql(stack: Stack, sql: str) -> str:
    command = stack.command("shell", "sales-db", "psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout
