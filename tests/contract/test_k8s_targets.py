"""What the targets change: the files they put in place of ours, and what they take from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.adapters.state import State
from datameesh_cli.core.k8s.graph import graph_problems
from datameesh_cli.core.k8s.objects import Objects, container, is_workload, service_of
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.source import File, Source
from datameesh_cli.usecases.derive_secrets import PROVIDERS
from datameesh_cli.usecases.read_source import Read, TargetRequest, read_source
from tests.contract.repo import ROOT
from tests.unit.core.k8s.example import draft
from tests.unit.core.test_providers import SAID

FOLDER = ROOT / "k8s-export" / "targets"
AWS = "aws"
S3 = "s3.eu-west-1.amazonaws.com"
MAY_DIFFER = {
    *("s3.endpoint", "s3.region", "s3.path-style-access", "s3.aws-access-key"),
    *("fs.s3a.endpoint", "fs.s3a.endpoint.region", "fs.s3a.path.style.access", "fs.s3a.connection.ssl.enabled"),
    *("fs.s3a.access.key", "metastore.warehouse.dir"),
}
"""Where the lake is, and who may enter it. The secret key comes from the same variable."""


@cache
def _read(target: str, ram: int = 6144) -> Read:
    return read_source(adapters_for(), ("analytics",), ram, TargetRequest(target))


def _made(source: Source) -> Objects:
    return passes(draft(source), source)


def _settings(path: Path) -> Mapping[str, str]:
    """The keys of a .properties file or of Hadoop's XML, with their values."""
    text = path.read_text()
    if path.suffix == ".xml":
        found = re.findall(r"<property>\s*<name>(.*?)</name>\s*<value>(.*?)</value>\s*</property>", text, re.DOTALL)
        assert len(found) == text.count("<property>"), path
    else:
        found = [line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")]
    assert len(dict(found)) == len(found) > 5, path
    return dict(found)


def _replaced() -> list[tuple[str, str, str]]:
    targets = {t: _read(t).source.target for t in sorted(p.stem for p in FOLDER.glob("*.yaml"))}
    return [(t, config, file) for t, target in targets.items() for config, file in target.configs.items()]


@pytest.mark.parametrize(("target", "config", "file"), _replaced())
def test_a_file_in_place_of_ours_differs_where_it_must_and_nowhere_else(target: str, config: str, file: str) -> None:
    ours = _settings(Path(_read(target).model["configs"][config]["file"]))
    theirs = _settings(FOLDER / file)
    assert set(theirs) == set(ours)
    assert {key for key in ours if ours[key] != theirs[key]} <= MAY_DIFFER
    assert "minio" not in str(theirs)


def test_an_export_lets_the_sign_in_service_out_to_what_was_put_behind_it(tmp_path: Path) -> None:
    """The secret that opens the provider stands in no object: it comes with the Secret of that name."""
    adapters = replace(adapters_for(), state=State(tmp_path, "other"))
    kept = {"auth-ldap": {"said": SAID, "secret": "s3cret-of-the-directory"}}
    adapters.state.write_private(PROVIDERS, json.dumps(kept))
    objects = _made(read_source(adapters, ("analytics",), 6144, TargetRequest()).source)
    before = {o["metadata"]["name"] for o in _made(_read("kind").source) if o["kind"] == "NetworkPolicy"}
    fresh = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "NetworkPolicy"}
    (name,) = set(fresh) - before
    assert name == "sign-in-to-outside-ldap-mycompany-com-636"
    assert fresh[name]["egress"] == [
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 636, "protocol": "TCP"}]}
    ]
    assert graph_problems(objects) == []
    assert "s3cret-of-the-directory" not in str(objects)


@pytest.mark.row("S-SEC-60/K")
def test_with_ways_in_by_name_each_has_tls_and_people_are_sent_to_no_other() -> None:
    """The issuer in every token and setting, and where each tool's client is sent back to."""
    source = read_source(adapters_for(), ("analytics",), 6144, TargetRequest(ingress_host="mesh.example.org")).source
    objects = _made(source)
    hosts = {rule["host"]: o["spec"]["tls"] for o in objects if o["kind"] == "Ingress" for rule in o["spec"]["rules"]}
    assert {*hosts} >= {f"{name}.mesh.example.org" for name in ("sign-in", "trino", "lake-console")}
    assert [tls[0]["hosts"] for tls in hosts.values()] == [[host] for host in hosts]
    said = {service_of(o): {e["name"]: e["value"] for e in container(o).get("env", ())} for o in _workloads(objects)}
    issuers = {name: env["SIGN_IN_ISSUER"] for name, env in said.items() if "SIGN_IN_ISSUER" in env}
    assert set(issuers) == {"sign-in", "trino-coordinator", "sales-api", "marketing-api"}
    assert set(issuers.values()) == {"https://sign-in.mesh.example.org"}
    assert "://localhost" not in str(said)
    assert graph_problems(objects) == []
    backs = [b for path in ROOT.glob("services/*/sign-in/*.yaml") for b in _redirects(path)]
    assert backs == ["${TRINO_URL}/oauth2/callback"]
    assert said["sign-in"]["TRINO_URL"] == said["trino-coordinator"]["TRINO_URL"] == "https://trino.mesh.example.org"


def _workloads(objects: Objects) -> Objects:
    return tuple(o for o in objects if is_workload(o))


def _redirects(path: Path) -> list[str]:
    """Where the tool of a client's file is sent back to; nowhere for what has no address of its own."""
    return list(yaml.safe_load(path.read_text()).get("redirectURIs", ()))


def test_every_file_beside_a_target_is_used_by_one() -> None:
    there = {str(p.relative_to(FOLDER)) for p in FOLDER.glob("*/*")}
    assert there == {file for _, _, file in _replaced()}


def test_the_files_of_aws_say_what_amazon_s3_needs() -> None:
    """By the names of Trino's native S3 file system (476) and of Hadoop's S3A (3.3)."""
    for name in ("hive", "lake"):
        settings = _settings(FOLDER / "aws" / f"{name}.properties")
        assert (settings["s3.endpoint"], settings["s3.region"]) == (f"https://{S3}", S3.split(".")[1])
        assert (settings["s3.path-style-access"], settings["s3.aws-secret-key"]) == (
            "false",
            "${ENV:TRINO_LAKE_PASSWORD}",
        )
    site = _settings(FOLDER / "aws" / "metastore-site.xml")
    assert (site["fs.s3a.endpoint"], site["fs.s3a.endpoint.region"]) == (f"https://{S3}", S3.split(".")[1])
    assert (site["fs.s3a.path.style.access"], site["fs.s3a.connection.ssl.enabled"]) == ("false", "true")
    assert (site["fs.s3a.access.key"], settings["s3.aws-access-key"]) == ("EXAMPLE", "EXAMPLE")
    assert site["fs.s3a.secret.key"] == "${env.S3_SECRET_KEY}"


@pytest.mark.parametrize("ram", [1536, 6144])
def test_aws_has_nothing_of_ours_that_keeps_data(ram: int) -> None:
    objects = _made(_read(AWS, ram).source)
    workloads = {service_of(o) for o in objects if is_workload(o)}
    assert workloads == {"audit", "trino-coordinator", "hive-metastore", "dbt", "sign-in"} | (
        {"trino-worker", "sales-api", "marketing-api"} if ram > 3072 else set()
    )
    assert "volumeClaimTemplates" not in str(objects)
    named = {(o["kind"], o["metadata"]["name"]): o for o in objects if service_of(o) in ("", "minio")}
    assert [kind for kind, name in named if name.startswith("minio")] == ["Service"]
    assert named["Service", "minio"]["spec"] == {"type": "ExternalName", "externalName": S3}
    quotas = {o["metadata"]["namespace"]: o["spec"]["hard"] for o in objects if o["kind"] == "ResourceQuota"}
    assert {(q["persistentvolumeclaims"], q["requests.storage"]) for q in quotas.values()} == {("0", "0Mi")}
    ways_in = {namespace: q["services.nodeports"] for namespace, q in quotas.items()}
    apis = {"sales-domain": "1", "marketing-domain": "1"} if ram > 3072 else {}
    assert ways_in == {"data-platform": "2"} | apis, "Trino's and the sign-in's; the store's two are gone with it"


def test_the_lake_s_clients_may_leave_the_cluster_on_the_port_of_s3_and_nobody_comes_in() -> None:
    policies = {o["metadata"]["name"]: o["spec"] for o in _made(_read(AWS).source) if o["kind"] == "NetworkPolicy"}
    edges = {name: spec for name, spec in policies.items() if "-to-minio-" in name}
    clients = ("hive-metastore", "trino-coordinator", "trino-worker")
    assert set(edges) == {f"{client}-to-minio-443-out" for client in clients}
    for client in clients:
        spec = edges[f"{client}-to-minio-443-out"]
        assert spec["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": client}
        (rule,) = spec["egress"]
        assert rule == {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    assert {n for n, spec in policies.items() if "ipBlock" in str(spec.get("ingress"))} == {
        "outside-to-marketing-api-5000",
        "outside-to-sales-api-5000",
        "outside-to-sign-in-5556",
        "outside-to-trino-coordinator-8443",
    }


def _with(config: str, before: str, after: str) -> Source:
    source = _read(AWS).source
    (file,) = source.files[config]
    assert before.encode() in file.data
    return replace(
        source, files={**source.files, config: (File("", file.data.replace(before.encode(), after.encode())),)}
    )


@pytest.mark.parametrize("config", ["trino-catalog-hive", "trino-catalog-lake", "hive-metastore-metastore-site"])
def test_a_host_that_aws_does_not_declare_is_rejected(config: str) -> None:
    assert graph_problems(_made(_read(AWS).source)) == []
    problems = graph_problems(_made(_with(config, S3, "s3.eu-north-1.amazonaws.com")))
    assert problems
    says = f"config {config} speaks of s3.eu-north-1.amazonaws.com:443: nothing is taken from there"
    assert all(says in problem for problem in problems), problems


def test_our_own_files_would_be_rejected_on_aws() -> None:
    source = _read(AWS).source
    ours = {name: _read("kind").source.files[name] for name in source.target.configs}
    problems = graph_problems(_made(replace(source, files={**source.files, **ours})))
    assert {p.split(": ")[1] for p in problems} == {
        f"config {name} speaks of minio.data-platform.svc.cluster.local:9000" for name in ours
    }
    assert all(p.endswith(f"leads to {S3}, and no policy lets it out to port 9000") for p in problems)
