"""The one Compose model: valid with and without `dm`, for every profile, with ports that never collide. Needs the docker
command with its Compose plugin, and no engine."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.ram_plan import plan_ram, plan_variables
from datameesh_cli.usecases.refresh_checkout import sources
from tests.contract.repo import ROOT, label, resolved

PROFILES = sorted(p.stem for p in (ROOT / "profiles").glob("*.yaml"))
EVERYTHING = (*PROFILES, "job")
MODEL = Repository(ROOT).model()
BUDGETS = [None, "smallest", 3072, 8192]


def _env_file(folder: Path, profiles: tuple[str, ...], budget: int) -> Path:
    services = MODEL.of_profiles([p for p in profiles if p != "job"])
    path = folder / f"{'-'.join(profiles)}-{budget}.env"
    path.write_text("".join(f"{k}={v}\n" for k, v in plan_variables(plan_ram(services, budget), services).items()))
    return path


def _smallest(profiles: tuple[str, ...]) -> int:
    services = MODEL.of_profiles([p for p in profiles if p != "job"])
    return sum(s.ram.min * s.replicas for s in services if not s.leave_out)


def test_compose_and_dbt_say_what_the_folders_say() -> None:
    made = Repository(ROOT).composed() | sources(Repository(ROOT))
    stale = [label(path) for path, text in made.items() if path.read_text() != text]
    assert stale == [], "run any ./dm up, or ./dm k8s-export, and commit what it made of them"


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_alone_is_valid_without_dm(profile: str) -> None:
    services = resolved((profile,))["services"]
    assert set(services) == {s.name for s in MODEL.services if s.profile == profile and s.kind == "service"}


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("profiles", [*[(p,) for p in PROFILES], tuple(EVERYTHING)], ids=lambda p: "+".join(p))
def test_the_limits_that_compose_sets_are_those_of_the_plan_in_mib(
    profiles: tuple[str, ...], budget: Any, tmp_path: Path
) -> None:
    closure = (*MODEL.closure([p for p in profiles if p != "job"]), *(["job"] if "job" in profiles else []))
    if budget is None:
        model = resolved(closure)
        expected = {}
    else:
        mib = max(_smallest(closure), 0 if budget == "smallest" else budget)
        env_file = _env_file(tmp_path, closure, mib)
        model = resolved(closure, env_file)
        variables = dict(line.split("=") for line in env_file.read_text().splitlines())
        expected = {s.name: variables.get(f"{s.env_prefix}_LIMIT") for s in MODEL.services}
    assert model["services"]
    for name, service in model["services"].items():
        limit = int(service["deploy"]["resources"]["limits"]["memory"])
        assert limit % 2**20 == 0
        if expected.get(name):
            assert limit == int(str(expected[name])) * 2**20
        replicas = service["deploy"].get("replicas", 1)
        assert replicas >= 0


@pytest.mark.row("S-PORT-15")
def test_no_two_services_share_a_host_port() -> None:
    published = [
        (p["published"], name) for name, s in resolved(EVERYTHING)["services"].items() for p in s.get("ports", [])
    ]
    assert published
    by_port: dict[str, list[str]] = {}
    for port, name in published:
        by_port.setdefault(port, []).append(name)
    assert {port: names for port, names in by_port.items() if len(names) > 1} == {}


@pytest.mark.row("S-PORT-14/C", "S-SEC-11")
def test_published_ports_begin_with_30_or_are_that_of_datahub() -> None:
    for name, service in resolved(EVERYTHING)["services"].items():
        for port in service.get("ports", []):
            assert 30000 <= int(port["published"]) <= 30999 or port["published"] == "9002", name
            assert port["host_ip"] == "127.0.0.1", name


def test_no_database_is_published() -> None:
    for name, service in resolved(EVERYTHING)["services"].items():
        assert 5432 not in [port["target"] for port in service.get("ports", [])], name


def test_what_runs_once_is_waited_for_in_every_combination_of_profiles() -> None:
    """`docker compose up --wait` ends in 1 when a container finished with 0, unless a running service waits for that."""
    for size in range(1, len(PROFILES) + 1):
        for names in itertools.combinations(PROFILES, size):
            services = resolved(MODEL.closure(names))["services"]
            adopted = {
                dependency
                for s in services.values()
                for dependency, rule in (s.get("depends_on") or {}).items()
                if rule["condition"] == "service_completed_successfully"
            }
            once = {name for name, s in services.items() if s.get("restart", "no") in ("no", "on-failure")}
            assert once <= adopted, f"profiles {names}: nobody waits for {once - adopted}"


def test_every_alias_is_there_once() -> None:
    seen: dict[str, str] = {}
    for name, service in resolved(EVERYTHING)["services"].items():
        for alias in (service["networks"]["mesh"] or {}).get("aliases", []):
            assert seen.setdefault(alias, name) == name, f"{alias} belongs to {seen[alias]} and {name}"
            assert alias == name or alias not in resolved(EVERYTHING)["services"]


def test_the_project_and_its_network_are_ours() -> None:
    model = resolved(EVERYTHING)
    assert model["name"] == "datameesh"
    assert set(model["networks"]) == {"mesh"}


def test_every_mounted_file_exists() -> None:
    for name, config in (resolved(EVERYTHING).get("configs") or {}).items():
        assert Path(config["file"]).is_file(), name


@pytest.mark.row("S-NS-01/C")
def test_every_container_is_labelled_with_the_namespace_of_its_service() -> None:
    services = resolved(EVERYTHING)["services"]
    said = {name: service["labels"]["datameesh.namespace"] for name, service in services.items()}
    assert said == {s.name: s.namespace for s in MODEL.services}


def test_a_fragment_of_twenty_lines_is_a_whole_service(tmp_path: Path) -> None:
    """The one that docs/service-folder.md shows: a folder is added, and its service starts as carefully as the others do."""
    page = (ROOT / "docs" / "service-folder.md").read_text()
    (text,) = (part for part in re.findall(r"(?s)```yaml\n(.*?)```", page) if "service: sales-api}" in part)
    assert len(text.splitlines()) < 30
    for folder in ("compose", "profiles", "services"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    config = tmp_path / "services" / "sales-api" / "config"
    config.mkdir(parents=True)
    (config / "app.ini").write_text("a = 1\n")
    (config.parent / "compose.yaml").write_text(text)
    assert Repository(tmp_path).refresh_compose()
    model = resolved(("core",), root=tmp_path)
    api, like = model["services"]["sales-api"], model["services"]["sales-db"]
    same = ("read_only", "cap_drop", "security_opt", "logging", "restart", "ulimits")
    assert [api[key] for key in same] == [like[key] for key in same]
    assert api["deploy"]["resources"]["limits"]["pids"] == 128
    assert api["healthcheck"]["retries"] == 30
    assert api["labels"] == {"datameesh.namespace": "sales-domain"}
    assert api["networks"]["mesh"]["aliases"] == ["sales-api.sales-domain.svc.cluster.local"]
    assert api["configs"] == [{"source": "sales-api-app", "target": "/etc/sales-api/app.ini"}]
    assert Path(model["configs"]["sales-api-app"]["file"]) == config / "app.ini"
