"""Where the docker command looks for its engine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from datameesh_cli.adapters.docker_endpoint import endpoint, own_compose
from datameesh_cli.core.machine import Endpoint
from datameesh_cli.errors import DmError

OURS = Endpoint("unix:///var/run/docker.sock", "")


def home_with(tmp_path: Path, current: str, *contexts: tuple[str, str]) -> Path:
    folder = tmp_path / ".docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"currentContext": current, "auths": {}}))
    for name, address in contexts:
        meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
        meta.mkdir(parents=True)
        (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": address}}}))
    return tmp_path


def test_a_machine_without_any_configuration_asks_its_own_engine(tmp_path: Path) -> None:
    assert endpoint({}, tmp_path) == OURS
    assert endpoint({"DOCKER_HOST": ""}, home_with(tmp_path, "default")) == OURS


def test_docker_host_wins_over_every_context(tmp_path: Path) -> None:
    home = home_with(tmp_path, "far", ("far", "ssh://ana@far.example.org"))
    env = {"DOCKER_HOST": "tcp://near.example.org:2376", "DOCKER_CONTEXT": "far"}
    assert endpoint(env, home) == Endpoint("tcp://near.example.org:2376", "DOCKER_HOST")


def test_a_context_is_followed(tmp_path: Path) -> None:
    home = home_with(tmp_path, "far", ("far", "ssh://ana@far.example.org"), ("other", "tcp://10.0.0.9:2375"))
    assert endpoint({}, home) == Endpoint("ssh://ana@far.example.org", "the docker context far")
    assert endpoint({"DOCKER_CONTEXT": "other"}, home) == Endpoint("tcp://10.0.0.9:2375", "DOCKER_CONTEXT other")
    assert endpoint({"DOCKER_CONTEXT": "default"}, home) == OURS
    assert endpoint({"DOCKER_CONTEXT": "gone"}, home) == Endpoint("", "DOCKER_CONTEXT gone")


def test_docker_config_moves_the_folder(tmp_path: Path) -> None:
    home = home_with(tmp_path, "far", ("far", "ssh://ana@far.example.org"))
    env = {"DOCKER_CONFIG": str(home / ".docker")}
    assert endpoint(env, Path("/nowhere")) == Endpoint("ssh://ana@far.example.org", "the docker context far")


@pytest.mark.parametrize("text", ["{", "[1]", "null", '{"currentContext": null}', "\xff\xfe"])
def test_a_configuration_that_is_none_is_one_line_or_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(text, encoding="latin-1")
    try:
        assert endpoint({}, tmp_path) == OURS
    except DmError as refused:
        assert "config.json " in refused.message


def test_a_plugin_of_the_users_own_is_seen_even_when_it_leads_nowhere(tmp_path: Path) -> None:
    assert own_compose({}, tmp_path) == ""
    plugin = tmp_path / ".docker" / "cli-plugins" / "docker-compose"
    plugin.parent.mkdir(parents=True)
    plugin.symlink_to("/Applications/Docker.app/gone")
    assert own_compose({}, tmp_path) == str(plugin)


@pytest.mark.parametrize(
    ("address", "ours", "remote"),
    [
        ("unix:///var/run/docker.sock", True, False),
        ("unix:///run/docker.sock", True, False),
        ("unix:///run/user/1000/docker.sock", False, False),
        ("tcp://localhost:2375", False, False),
        ("tcp://127.0.0.1:2375", False, False),
        ("tcp://localhost.example.org:2375", False, True),
        ("tcp://10.1.2.3:2376", False, True),
        ("ssh://ana@far.example.org", False, True),
        ("ssh://localhost@far.example.org", False, True),
        ("npipe:////./pipe/docker_engine", False, False),
        ("", False, False),
    ],
)
def test_what_is_ours_and_what_is_far(address: str, ours: bool, remote: bool) -> None:
    found = Endpoint(address, "DOCKER_HOST")
    assert (found.ours, found.remote) == (ours, remote)
