"""No generated secret stands in logs, containers, images, an export, in what `dm` prints and keeps, or in databases."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping

import pytest

from datameesh_cli.usecases.derive_secrets import HASHES
from tests.integration.stack import ROOT, SMALLEST, Stack, docker

pytestmark = pytest.mark.timeout(1800)
"""The first test waits for the whole run."""
STEPS = (
    ("up", "--profile", "analytics", "--ram", SMALLEST),
    ("seed", "--set", "journey"),
    ("dbt", "build"),
    ("sql", "SELECT count(*) FROM sales.public.orders"),
    ("verify", "audit", "minio", "sign-in"),
    ("credentials", "no-such-secret"),
    ("sql", "SELCT 1"),
    ("sql", "--as", "alex", "DELETE FROM sales.public.orders"),
    ("user", "passwd", "sarah"),
    ("sql", "--as", "sarah", "SELECT count(*) FROM sales.public.orders"),
    ("audit", "queries", "--output", "json", "--limit", "1000"),
    ("audit", "access", "--output", "json"),
    ("audit", "postgres", "--output", "json"),
    ("status",),
)
"""A run, with errors in it and a password that is changed; each with --verbose."""
_HASH = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
_KEY = re.compile(r"PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)")
_DATABASES = {
    "hive-metastore-db": ("hive", ("metastore", "audit", "sign_in")),
    "sales-db": ("admin", ("sales_db", "sales_analytics")),
}


@pytest.fixture(scope="module")
def said(shared: Stack, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What a whole run printed, and what its export wrote, by where."""
    texts = {}
    for step in STEPS:
        done = subprocess.run(shared.command("--verbose", *step), cwd=ROOT, capture_output=True, text=True, timeout=900)
        texts[f"dm {' '.join(step)}"] = done.stdout + done.stderr
    folder = tmp_path_factory.mktemp("export") / "k8s"
    done = subprocess.run(
        [*shared.command("--verbose"), "k8s", "export", "--ram", SMALLEST, "--out", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    texts["dm k8s export"] = done.stdout + done.stderr
    files = {f"export {path.relative_to(folder)}": path for path in folder.rglob("*") if path.is_file()}
    assert len(files) > 20
    return texts | {where: path.read_text(errors="replace") for where, path in files.items()}


def _secrets(stack: Stack) -> dict[str, str]:
    """The generated values by name: passwords, and of files that are made of more than those, hashes and lines of private keys."""
    values = {name: stack.adapters.state.secret(name) for name in stack.adapters.state.secret_names()}
    plain = {name: value for name, value in values.items() if re.fullmatch(r"[A-Za-z0-9]{16,64}", value)}
    parts = {
        f"{name}, part {number}": part
        for name, value in values.items()
        for number, part in enumerate(
            [*_HASH.findall(value), *(line for key in _KEY.findall(value) for line in key.split())]
        )
    }
    return plain | parts


def _places(stack: Stack) -> Iterator[tuple[str, str]]:
    """Everything that is looked through beside what was printed: where, and the text."""
    ids = docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={stack.project}").split()
    assert len(ids) >= 7
    for one in ids:
        both = subprocess.run(["docker", "logs", one], capture_output=True, text=True, errors="replace", timeout=60)
        yield f"log of {one}", both.stdout + both.stderr
        yield f"container {one}", docker("inspect", one)
        if docker("inspect", "--format", "{{.State.Running}}", one).strip() == "true":
            yield f"programs of {one}", docker("top", one, "-eo", "pid,args")
    for image in sorted({c.image_id for c in stack.containers().values()}):
        yield f"image {image}", docker("inspect", image)
        yield f"history of {image}", docker("history", "--no-trunc", image)
    kept = stack.adapters.state.folder
    for path in kept.rglob("*"):
        if path == kept / HASHES:
            assert path.stat().st_mode & 0o777 == 0o600
        elif path.is_file() and "secrets" not in path.relative_to(kept).parts:
            yield f"file {path.relative_to(kept)}", path.read_text(errors="replace")
    for service, (user, databases) in _DATABASES.items():
        name = next(c.name for c in stack.containers().values() if c.service == service)
        for database in databases:
            yield f"database {database}", docker("exec", name, "pg_dump", "-U", user, "-d", database)


def _leaks(secrets: Mapping[str, str], places: Iterator[tuple[str, str]]) -> list[str]:
    return [f"{name} in {where}" for where, text in places for name, value in secrets.items() if value in text]


def test_no_secret_is_in_what_dm_prints_or_exports(shared: Stack, said: Mapping[str, str]) -> None:
    assert "error: " in said["dm sql SELCT 1"]
    assert any(text.startswith("+ ") or "\n+ " in text for text in said.values()), "--verbose shows programs"
    assert _leaks(_secrets(shared), iter(said.items())) == []


def test_no_secret_is_in_logs_containers_images_files_and_databases(shared: Stack, said: Mapping[str, str]) -> None:
    secrets = _secrets(shared)
    assert len(secrets) >= 15
    assert {"trino-passwords, part 0", "trino-certificate, part 1", "sign-in-people, part 0"} <= set(secrets)
    assert _leaks(secrets, _places(shared)) == []


def test_a_variable_with_a_secret_is_noticed(shared: Stack, said: Mapping[str, str]) -> None:
    """The search itself: a container of the stack with a secret in its environment, another that prints one."""
    name, value = sorted(_secrets(shared).items())[0]
    label = f"com.docker.compose.project={shared.project}"
    run = ("run", "--detach", "--network", "none", "--label", label, "--env")
    leaky = docker(*run, f"LEAK={value}", "datameesh/base:13", "sleep", "300").strip()
    loud = docker(*run, "A=B", "datameesh/base:13", "sh", "-c", f"echo {value[:8]}$0; sleep 300", value[8:]).strip()
    try:
        found = _leaks({name: value}, _places(shared))
        assert f"{name} in container {leaky[:12]}" in found
        assert f"{name} in log of {loud[:12]}" in found
    finally:
        docker("rm", "-f", leaky, loud)
