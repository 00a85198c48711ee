"""Every service folder is complete, and every service is started the careful way. The rules stand in docs/service-folder.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.check import checks_from
from datameesh_cli.usecases.count_rows import count_rows
from datameesh_cli.usecases.read_checks import read_checks
from tests.contract.repo import (
    ROOT,
    VARIABLE,
    compose_services,
    folders,
    fragments,
    label,
    read,
    resolved,
    services_parameters,
    started,
)

SERVICES = services_parameters()
FORBIDDEN = {
    *(
        "build",
        "cap_add",
        "container_name",
        "devices",
        "env_file",
        "ipc",
        "links",
        "mem_limit",
        "mem_reservation",
        "network_mode",
    ),
    *("pid", "post_start", "pre_stop", "privileged", "userns_mode"),
}
PORT = re.compile(r"\$\{DM_BIND:-127\.0\.0\.1\}:\$\{[A-Z0-9_]+_PORT:-\d+\}:\d+")
SAID_ONCE = {"cap_drop", "security_opt", "logging", "restart", "read_only", "labels"}
NOFILE_CEILING = 20000
"""The hard limit of engines started without systemd; a larger number keeps the container from starting there."""


@pytest.mark.parametrize("folder", folders(), ids=lambda p: p.name)
def test_every_folder_is_complete(folder: Path) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]+", folder.name)
    assert (folder / "README.md").is_file(), f"{label(folder)} has no README.md"
    if (folder / "compose.yaml").is_file():
        assert (folder / "smoke.yaml").is_file(), f"{label(folder)} has no smoke.yaml"
    else:
        assert (folder / "Dockerfile").is_file(), f"{label(folder)} is neither a service nor a building block"


@pytest.mark.parametrize(**SERVICES)
def test_the_limit_has_the_one_spelling_and_a_default_that_does(path: Path, name: str, body: dict[str, Any]) -> None:
    limit = body["deploy"]["resources"]["limits"]["memory"]
    match = re.fullmatch(rf"\$\{{{_prefix(name)}_LIMIT:-(\d+)\}}M", str(limit))
    assert match, f"{name}: memory is {limit!r}"
    ram = body["x-datameesh"]["ram"]
    assert ram["min"] <= int(match[1])
    assert set(started(name)["deploy"]["resources"]) == {"limits"}
    assert not (set(body) | set(started(name))) & FORBIDDEN


@pytest.mark.parametrize(**SERVICES)
def test_the_need_for_memory_was_measured(path: Path, name: str, body: dict[str, Any]) -> None:
    measured = str(body["x-datameesh"]["ram"].get("measured", ""))
    assert re.search(r"\d", measured), f"{name}: `measured` says {measured!r}; what was run, what was seen?"
    assert not re.search(r"TODO|MEASURED|TBD", measured)


@pytest.mark.parametrize(**SERVICES)
def test_the_health_check_is_cheap_and_in_exec_form(path: Path, name: str, body: dict[str, Any]) -> None:
    if body["x-datameesh"].get("kind") == "job":
        return
    check = started(name)["healthcheck"]
    assert check["test"][:3] == ["CMD", "sh", "-c"]
    assert len(check["test"]) == 4
    assert not re.search(r"\bjava\b", check["test"][3]), (
        f"{name}: a JVM started by the check lives in the service's memory limit"
    )
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)
    assert "start_interval" not in check


@pytest.mark.parametrize(**SERVICES)
def test_a_service_comes_back_and_a_job_does_not(path: Path, name: str, body: dict[str, Any]) -> None:
    job = body["x-datameesh"].get("kind") == "job"
    assert started(name).get("restart") == ("no" if job else "unless-stopped")


@pytest.mark.parametrize(**SERVICES)
def test_logs_are_rotated_and_files_are_counted(path: Path, name: str, body: dict[str, Any]) -> None:
    logging = started(name)["logging"]
    assert logging["driver"] == "json-file"
    assert {"max-size", "max-file"} <= set(logging["options"])
    nofile = started(name)["ulimits"]["nofile"]
    assert 0 < nofile["soft"] <= nofile["hard"] <= NOFILE_CEILING


@pytest.mark.parametrize(**SERVICES)
def test_processes_are_limited_to_what_was_seen_and_some_more(path: Path, name: str, body: dict[str, Any]) -> None:
    """A fork bomb stays in its container; a limit that is too small ends a JVM or refuses a connection."""
    own = re.split(r"(?m)^  (?=[a-z][a-z0-9-]*:$)", path.read_text())
    text = next(part for part in own if part.startswith(f"{name}:"))
    found = re.search(r"(?m)^ +# processes: (\d+) seen with ", text)
    assert found, (
        f"{name}: write `# processes: N seen with ...`, and `pids: M` beside the limit of memory if 128 is too few"
    )
    assert 3 * int(found[1]) <= started(name)["deploy"]["resources"]["limits"]["pids"] <= 2048


@pytest.mark.parametrize(**SERVICES)
def test_privileges_are_dropped(path: Path, name: str, body: dict[str, Any]) -> None:
    privileges = started(name)
    assert privileges["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in privileges["security_opt"]
    if "user" in privileges:
        assert re.fullmatch(r"[1-9]\d*(:\d+)?", str(privileges["user"]))
    if privileges.get("read_only") is not True:
        assert "read_only: false  #" in path.read_text(), f"{name}: say in a comment why its root is not read_only"


@pytest.mark.parametrize(**SERVICES)
def test_a_fragment_says_only_what_is_its_own(path: Path, name: str, body: dict[str, Any]) -> None:
    """What every service has stands in compose/hardened.yaml, what follows from its folder in compose/services.yaml."""
    assert body.get("extends") == {"file": "../../compose/services.yaml", "service": name}
    again = {key for key in SAID_ONCE & set(body) if key != "read_only" or body[key]}
    assert again == set(), f"{name}: {again} stands in compose/ already"
    assert f"{name}.{body['x-datameesh']['namespace']}.svc" not in str(body.get("networks")), "its own name is an alias"
    assert not {"networks", "secrets", "configs"} & set(read(path)), "these follow from `secrets:` and `files:`"


@pytest.mark.parametrize(**SERVICES)
def test_there_is_one_profile_and_it_exists(path: Path, name: str, body: dict[str, Any]) -> None:
    own = body["x-datameesh"]
    job = own.get("kind") == "job"
    profiles = started(name)["profiles"]
    assert len(profiles) == 1
    if job:
        assert profiles == ["job"]
    profile = own["profile"] if job else profiles[0]
    assert (ROOT / "profiles" / f"{profile}.yaml").is_file()
    assert read(ROOT / "profiles" / f"{profile}.yaml")["name"] == profile


@pytest.mark.parametrize(**SERVICES)
def test_its_cluster_name_is_an_alias_on_the_one_network(path: Path, name: str, body: dict[str, Any]) -> None:
    networks = started(name)["networks"]
    assert list(networks) == ["mesh"]
    if body["x-datameesh"].get("kind") == "job":
        return
    namespace = body["x-datameesh"]["namespace"]
    assert f"{name}.{namespace}.svc.cluster.local" in networks["mesh"]["aliases"]


@pytest.mark.parametrize(**SERVICES)
def test_ports_can_be_moved_and_are_bound_to_this_machine(path: Path, name: str, body: dict[str, Any]) -> None:
    inside = set()
    for port in body.get("ports", []):
        assert PORT.fullmatch(str(port)), f"{name}: {port}"
        inside.add(str(port).rsplit(":", 1)[1])
    assert inside <= {str(port) for port in body.get("expose", [])}, f"{name}: expose every listener"


@pytest.mark.row("S-IMG-02")
@pytest.mark.parametrize(**SERVICES)
def test_images_are_pinned(path: Path, name: str, body: dict[str, Any]) -> None:
    match = re.fullmatch(r"\$\{[A-Z0-9_]+_IMAGE:-(\S+):([^}:]+)\}", body["image"])
    assert match, f"{name}: {body['image']}"
    assert match[2] != "latest"
    folder = ROOT / "services" / match[1].removeprefix("datameesh/")
    if match[1].startswith("datameesh/"):
        assert f'org.opencontainers.image.version="{match[2]}"' in (folder / "Dockerfile").read_text()
    else:
        assert "@sha256:" in body["image"]


@pytest.mark.parametrize(**SERVICES)
def test_nothing_secret_is_in_the_environment(path: Path, name: str, body: dict[str, Any]) -> None:
    environment = body.get("environment") or {}
    pairs = environment.items() if isinstance(environment, dict) else (entry.split("=", 1) for entry in environment)
    for key, value in pairs:
        if re.search(r"PASSWORD|SECRET|TOKEN|(?<!_ACCESS)_KEY$|PRIVATE", str(key)):
            assert str(key).endswith(("_FILE", "__FILE")) or not str(value), f"{name}: {key} must come as a secret file"


@pytest.mark.parametrize(**SERVICES)
def test_nothing_of_the_host_is_mounted(path: Path, name: str, body: dict[str, Any]) -> None:
    for volume in body.get("volumes", []):
        source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
        assert re.fullmatch(r"[a-z0-9-]+", source), f"{name}: {volume}"
        assert not (isinstance(volume, dict) and "subpath" in str(volume))


def test_secrets_and_configs_are_files(tmp_path: Path) -> None:
    """Secrets lie in the state folder of the stack, configs in the checkout."""
    env_file = tmp_path / "plan.env"
    env_file.write_text(f"DM_SECRETS={tmp_path}/secrets\n")
    model = resolved(("*",), env_file)
    assert {name: s["file"] for name, s in model["secrets"].items()} == {
        name: f"{tmp_path}/secrets/{name}" for name in model["secrets"]
    }
    for name, config in model["configs"].items():
        assert set(config) == {"name", "file"}, f"{name}: inline content cannot enter a read-only container"
        assert Path(config["file"]).is_relative_to(ROOT / "services")
        assert Path(config["file"]).is_file(), f"{name}: {config['file']} does not exist"


def test_a_secret_of_the_default_stack_lies_in_its_state_folder() -> None:
    folder = ROOT / ".dm" / "datameesh" / "secrets"
    secrets = resolved()["secrets"]
    assert {name: s["file"] for name, s in secrets.items()} == {name: str(folder / name) for name in secrets}


@pytest.mark.parametrize("kind", ["secrets", "configs", "volumes"])
def test_what_is_declared_is_used_and_what_is_used_is_declared(kind: str) -> None:
    declared = [name for path in (*fragments(), ROOT / "compose" / "files.yaml") for name in read(path).get(kind) or {}]
    used = {entry["source"] for body in resolved()["services"].values() for entry in body.get(kind, [])}
    assert sorted(declared) == sorted(used)


@pytest.mark.parametrize("path", fragments(), ids=lambda p: p.parent.name)
def test_names_hold_no_underscore(path: Path) -> None:
    data = read(path)
    for kind in ("services", "volumes", "secrets", "configs", "networks"):
        for name in data.get(kind) or {}:
            assert "_" not in name, f"{kind}: {name}"


@pytest.mark.parametrize("path", fragments(), ids=lambda p: p.parent.name)
def test_every_variable_has_a_default_and_somebody_who_sets_it(path: Path) -> None:
    """A variable that the planner does not set would keep its default for ever: a misspelled one is found here."""
    planned = {variable for _, name, body in compose_services() for variable in _planned(name, body["x-datameesh"])}
    readme = path.parent / "README.md"
    told = readme.read_text() if readme.exists() else ""
    for variable, rest in VARIABLE.findall(path.read_text()):
        assert rest.startswith(":-") and len(rest) > 2, f"{label(path)}: ${{{variable}}} has no default"
        ours = variable in planned | {"DM_BIND", "DM_SECRETS"} or variable.endswith(("_IMAGE", "_PORT"))
        assert ours or f"`{variable}" in told, (
            f"{variable}: nobody sets it; if it is the user's, the README tells of it"
        )


@pytest.mark.parametrize(**SERVICES)
def test_every_number_that_is_planned_is_used(path: Path, name: str, body: dict[str, Any]) -> None:
    everything = "".join(p.read_text() for p in fragments())
    for variable in _planned(name, body["x-datameesh"]):
        assert f"${{{variable}:-" in everything, f"{name}: {variable} is planned and used nowhere"


def test_the_defaults_are_a_plan_for_four_gigabytes() -> None:
    total = 0
    for path in fragments():
        text = path.read_text()
        for name, body in read(path)["services"].items():
            own = body["x-datameesh"]
            if (own.get("profile") or body["profiles"][0]) in ("core", "analytics"):
                default = re.search(rf"{_prefix(name)}_LIMIT:-(\d+)", text)
                assert default
                total += int(default[1]) * _replicas(body)
    assert total <= 4096


def test_no_service_waits_for_one_of_a_profile_that_may_not_run() -> None:
    model = Repository(ROOT).model()
    for service in model.services:
        there = {s.name for s in model.services if s.profile in model.closure([service.profile])}
        assert set(service.depends_on) <= there, f"{service.name} waits for something outside its profile"


def test_every_check_parses_and_speaks_of_what_exists() -> None:
    """Checks and tests name rows that the matrix has, and of a row with halves the half that they assert."""
    adapters = adapters_for()
    assert read_checks(adapters, adapters.repository.model())
    assert count_rows(adapters).covered > 200


@pytest.mark.parametrize("folder", [p.parent for p in fragments()], ids=lambda p: p.name)
def test_every_service_has_a_check_of_its_own(folder: Path) -> None:
    file = folder / "smoke.yaml"
    assert checks_from(read(file), label(file))


def _prefix(name: str) -> str:
    return name.upper().replace("-", "_")


def _planned(name: str, own: dict[str, Any]) -> set[str]:
    """The variables that the planner sets for a service."""
    leave_out = own.get("leave-out")
    suffixes = [
        "LIMIT",
        *(["HEAP"] if own.get("heap") else []),
        *own.get("settings", {}),
        *(["REPLICAS"] if leave_out else []),
    ]
    return {f"{_prefix(name)}_{suffix}" for suffix in suffixes} | set((leave_out or {}).get("set", {}))


def _replicas(body: dict[str, Any]) -> int:
    match = re.fullmatch(r"(?:\$\{\w+:-)?(\d+)\}?", str(body["deploy"].get("replicas", 1)))
    assert match
    return int(match[1])
