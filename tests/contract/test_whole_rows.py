"""Rows of the matrix with several halves, each asserted in full: what Compose is given, and what Kubernetes gets of it.

Expected figures are counted from the objects or written here, never taken from the pass that made them.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.outside import outside
from datameesh_cli.core.k8s.objects import Object, mib, pod
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.usecases.read_source import read_source
from tests.contract.repo import ROOT, services_parameters
from tests.contract.test_compose_model import EVERYTHING, PROFILES, _resolved
from tests.contract.test_k8s_export import KIND, WHOLE, _kinds, _workloads
from tests.unit.core.k8s.example import draft

SERVICES = services_parameters()
LOCAL_PATH = "kubernetes.io/metadata.name"


@pytest.mark.row("S-INFRA-02")
@pytest.mark.parametrize("profiles", [*[(p,) for p in PROFILES], EVERYTHING], ids="+".join)
def test_compose_accepts_the_model_of_every_profile(profiles: tuple[str, ...]) -> None:
    flags = [flag for profile in profiles for flag in ("--profile", profile)]
    command = ["docker", "compose", "-f", str(ROOT / "compose" / "compose.yaml"), *flags, "config", "-q"]
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "DOCKER_CONFIG")}
    done = subprocess.run(command, capture_output=True, text=True, env=clean, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.row("S-OPS-34")
@pytest.mark.parametrize(**SERVICES)
def test_every_service_has_a_limit(path: Any, name: str, body: dict[str, Any]) -> None:
    limits = _resolved(EVERYTHING)["services"][name]["deploy"]["resources"]["limits"]
    assert int(limits["memory"]) >= 64 * 2**20
    assert re.fullmatch(r"\$\{[A-Z_]+_LIMIT:-\d+\}M", body["deploy"]["resources"]["limits"]["memory"])


@pytest.mark.row("S-OPS-37")
@pytest.mark.parametrize(**SERVICES)
def test_every_long_running_service_has_a_health_check_and_no_job_has(
    path: Any, name: str, body: dict[str, Any]
) -> None:
    check = _resolved(EVERYTHING)["services"][name].get("healthcheck") or {}
    if body["x-datameesh"].get("kind") == "job":
        assert not check
        return
    assert check["test"][0] == "CMD"
    assert not check.get("disable")
    assert (check["timeout"], check["retries"] > 0) in (("5s", True), ("10s", True))


@pytest.mark.row("S-SEC-63")
@pytest.mark.parametrize(**SERVICES)
def test_every_password_comes_from_a_secret_of_compose(path: Any, name: str, body: dict[str, Any]) -> None:
    """Every file below /run/secrets that a container is told of, by a variable or in a file that it runs, is mounted as one."""
    model = _resolved(EVERYTHING)
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
    images = {name: service["image"] for name, service in _resolved(EVERYTHING)["services"].items()}
    assert images["minio"] == "datameesh/minio:2026-02-12"
    assert [image for image in images.values() if image.endswith(":latest") or ":" not in image] == []


@pytest.mark.row("S-SEC-02", "S-SEC-03")
@pytest.mark.parametrize("domain", ["sales", "marketing"])
def test_a_domain_s_database_lets_the_platform_s_trino_in_by_namespace(domain: str) -> None:
    """And nobody else: all rules of the database's pods together name these two peers and this port."""
    rules = [
        rule
        for o in _kinds("NetworkPolicy")
        if o["metadata"]["namespace"] == f"{domain}-domain"
        and o["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == f"{domain}-db"
        for rule in o["spec"].get("ingress", ())
    ]
    peers = [
        (
            peer["namespaceSelector"]["matchLabels"][LOCAL_PATH],
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"],
        )
        for rule in rules
        for peer in rule["from"]
    ]
    assert sorted(peers) == [("data-platform", "trino-coordinator"), ("data-platform", "trino-worker")]
    assert {(port["port"], port["protocol"]) for rule in rules for port in rule["ports"]} == {(5432, "TCP")}


def _most_pods(o: Object) -> int:
    """How many pods of a workload there may be at once: what its autoscaler allows, and what it may have more while it rolls."""
    if o["kind"] == "Job":
        return 1
    scaled = [s["spec"]["maxReplicas"] for s in _kinds("HorizontalPodAutoscaler") if _scales(s, o)]
    most = scaled[0] if scaled else o["spec"]["replicas"]
    surge = o["spec"].get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", 0)
    return int(most) + int(surge)


def _scales(scaler: Object, o: Object) -> bool:
    aimed = scaler["spec"]["scaleTargetRef"]
    return (aimed["kind"], aimed["name"]) == (o["kind"], o["metadata"]["name"])


@pytest.mark.row("S-OPS-35")
def test_the_quota_of_each_namespace_holds_the_limits_of_its_pods_and_no_more() -> None:
    """Summed from the pods themselves. An init container counts where it wants more than the others together."""
    sums: dict[str, int] = {}
    for o in _workloads().values():
        spec = pod(o)
        own = sum(mib(c["resources"]["limits"]["memory"]) for c in spec["containers"])
        first = max((mib(c["resources"]["limits"]["memory"]) for c in spec.get("initContainers", ())), default=0)
        namespace = o["metadata"]["namespace"]
        sums[namespace] = sums.get(namespace, 0) + max(own, first) * _most_pods(o)
    quotas = [(o["metadata"]["namespace"], mib(o["spec"]["hard"]["limits.memory"])) for o in _kinds("ResourceQuota")]
    assert len(quotas) == len(sums) == 3
    assert dict(quotas) == sums


@pytest.mark.row("S-PVC-02")
@pytest.mark.parametrize(("variable", "size"), [(None, "10Gi"), ("20Gi", "20Gi")])
def test_the_store_s_claim_is_10_gi_or_what_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, size: str
) -> None:
    monkeypatch.delenv("MINIO_PVC_SIZE", raising=False)
    if variable:
        monkeypatch.setenv("MINIO_PVC_SIZE", variable)
    source = read_source(outside(), WHOLE, 6144, KIND).source
    (store,) = (
        o for o in passes(draft(source), source) if o["kind"] == "StatefulSet" and o["metadata"]["name"] == "minio"
    )
    (claim,) = store["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == size
    (container,) = pod(store)["containers"]
    mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
    assert mounts[claim["metadata"]["name"]] == "/data"
