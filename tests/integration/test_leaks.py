"""No generated secret stands in logs, containers, images, an export, in what `dm` prints and keeps, or in databases."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping

import pytest

from tests.integration.stack import ROOT, SMALLEST, Stack, docker

STEPS = (
    ("up", "--profile", "analytics", "--ram", SMALLEST),
    ("seed", "--set", "journey"),
    ("dbt", "build"),
    ("sql", "SELECT count(*) FROM sales.public.orders"),
    ("verify", "audit", "minio", "trino"),
    ("credentials", "no-such-secret"),
    ("sql", "SELCT 1"),
    ("audit", "queries", "--output", "json", "--limit", "1000"),
)
"""A run, with two errors in it; each with --verbose."""
_DATABASES = {
    "hive-metastore-db": ("hive", ("metastore", "audit")),
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
    """The generated values by name. Files that are made of people's passwords hold these, and are secrets themselves."""
    values = {name: stack.adapters.state.secret(name) for name in stack.adapters.state.secret_names()}
    return {name: value for name, value in values.items() if re.fullmatch(r"[A-Za-z0-9]{16,64}", value)}


def _places(stack: Stack) -> Iterator[tuple[str, str]]:
    """Everything that is looked through beside what was printed: where, and the text."""
    ids = docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={stack.project}").split()
    assert len(ids) >= 7
    for one in ids:
        both = subprocess.run(["docker", "logs", one], capture_output=True, text=True, errors="replace", timeout=60)
        yield f"log of {one}", both.stdout + both.stderr
        yield f"container {one}", docker("inspect", one)
    for image in sorted({c.image_id for c in stack.containers().values()}):
        yield f"image {image}", docker("inspect", image)
        yield f"history of {image}", docker("history", "--no-trunc", image)
    kept = stack.adapters.state.folder
    for path in kept.rglob("*"):
        if path.is_file() and "secrets" not in path.relative_to(kept).parts:
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
