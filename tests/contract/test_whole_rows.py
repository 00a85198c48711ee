"""What rows with two halves want of Compose, asserted in full; of Kubernetes: tests/integration/test_k8s_whole_rows.py."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.repo import ROOT, resolved, services_parameters
from tests.contract.test_compose_model import EVERYTHING, PROFILES

SERVICES = services_parameters()


@pytest.mark.row("S-INFRA-02/C")
@pytest.mark.parametrize("profiles", [*[(p,) for p in PROFILES], EVERYTHING], ids="+".join)
def test_compose_accepts_the_model_of_every_profile(profiles: tuple[str, ...]) -> None:
    flags = [flag for profile in profiles for flag in ("--profile", profile)]
    command = ["docker", "compose", "-f", str(ROOT / "compose" / "compose.yaml"), *flags, "config", "-q"]
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "DOCKER_CONFIG")}
    done = subprocess.run(command, capture_output=True, text=True, env=clean, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.row("S-OPS-34/C")
@pytest.mark.parametrize(**SERVICES)
def test_every_service_has_a_limit(path: Any, name: str, body: dict[str, Any]) -> None:
    limits = resolved(EVERYTHING)["services"][name]["deploy"]["resources"]["limits"]
    assert int(limits["memory"]) >= 16 * 2**20
    assert re.fullmatch(r"\$\{[A-Z0-9_]+_LIMIT:-\d+\}M", body["deploy"]["resources"]["limits"]["memory"])


@pytest.mark.row("S-OPS-37/C")
@pytest.mark.parametrize(**SERVICES)
def test_every_long_running_service_has_a_health_check_and_no_job_has(
    path: Any, name: str, body: dict[str, Any]
) -> None:
    check = resolved(EVERYTHING)["services"][name].get("healthcheck") or {}
    if body["x-datameesh"].get("kind") == "job":
        assert not check
        return
    assert check["test"][0] == "CMD"
    assert not check.get("disable")
    assert (check["timeout"], check["retries"] > 0) in (("5s", True), ("10s", True))


@pytest.mark.row("S-SEC-63/C")
@pytest.mark.parametrize(**SERVICES)
def test_every_password_comes_from_a_secret_of_compose(path: Any, name: str, body: dict[str, Any]) -> None:
    """Every file below /run/secrets that a container is told of, by a variable or in a file that it runs, is mounted as one."""
    model = resolved(EVERYTHING)
    service = model["services"][name]
    mounted = {secret["source"] for secret in service.get("secrets") or ()}
    told = " ".join(str(value) for value in (service.get("environment") or {}).values())
    for config in service.get("configs") or ():
        told += Path(model["configs"][config["source"]]["file"]).read_text(encoding="utf-8")
    assert set(re.findall(r"/run/secrets/([a-z0-9-]+)", told)) <= mounted
    for secret in mounted:
        assert model["secrets"][secret]["file"].endswith(f"/secrets/{secret}")


@pytest.mark.row("S-IMG-02")
def test_the_store_is_built_from_one_exact_commit() -> None:
    """The tag is the day of that commit; `go.sum` has its hash, and no other version of it is asked for."""
    folder = ROOT / "services" / "minio"
    required = re.findall(r"github\.com/minio/minio (v\S+)", (folder / "go.mod").read_text())
    assert required == ["v0.0.0-20260212201848-7aac2a2c5b7c"]
    assert f"github.com/minio/minio {required[0]} h1:" in (folder / "go.sum").read_text()
    images = {name: service["image"] for name, service in resolved(EVERYTHING)["services"].items()}
    assert images["minio"] == "datameesh/minio:2026-02-12"
    assert [image for image in images.values() if image.endswith(":latest") or ":" not in image] == []
