"""kompose gets the model and nothing else: no file, no network, no rights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import kompose

MODEL: dict[str, Any] = {
    "name": "datameesh",
    "services": {"web": {"image": "web:1", "labels": {"kompose.controller.type": "daemonset"}, "configs": [{"source": "site"}]}},
    "volumes": {"data": {"name": "x_data", "labels": {"kompose.volume.size": "5Gi"}}},
    "configs": {"site": {"name": "x_site", "file": "/srv/checkout/site.html"}},
    "secrets": {"pw": {"name": "x_pw", "file": "/srv/checkout/.dm/datameesh/secrets/pw"}},
}  # fmt: skip


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that keeps what it is called with, and answers with one object."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/call\ncat > {tmp_path}/stdin\necho "kind: Pod"\n')
    program.chmod(0o755)
    return tmp_path


def test_kompose_runs_alone_without_rights_and_within_a_limit(docker: Path) -> None:
    draft = kompose.convert("kompose:1", MODEL, ["core", "job"])
    assert draft.objects == ({"kind": "Pod"},)
    before, _, after = (docker / "call").read_text().partition(" kompose:1 ")
    assert after.split() == [
        *("convert", "--profile", "core", "--profile", "job", "--secrets-as-files"),
        *("--with-kompose-annotation=false", "-f", "-", "--stdout"),
    ]
    for said in ("--network none", "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges"):
        assert said in before
    for said in ("--memory 256m", "--pids-limit 64"):
        assert said in before
    assert not {"--volume", "-v", "--mount", "--user", "--env", "-e", "--env-file"} & set(before.split())


def test_kompose_gets_no_path_of_the_machine_and_no_label_that_steers_it(docker: Path) -> None:
    kompose.convert("kompose:1", MODEL, ["core"])
    text = (docker / "stdin").read_text()
    assert "/srv/checkout" not in text
    sent = json.loads(text)
    assert sent["configs"] == {"site": {"name": "x_site", "file": "/dev/null"}}
    assert sent["secrets"] == {"pw": {"name": "x_pw", "file": "/dev/null"}}
    assert sent["services"] == {"web": {"image": "web:1", "configs": [{"source": "site"}]}}
    assert sent["volumes"] == MODEL["volumes"], "the size of a claim is a label"
