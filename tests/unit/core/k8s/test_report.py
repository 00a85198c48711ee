"""Every Compose key has its fate, every change its Compose key, every file its place; what folders and targets declare is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datameesh_cli.core.declaration import PRIORITIES, Kubernetes, Metrics, Role, Scale
from datameesh_cli.core.k8s.difference import changes
from datameesh_cli.core.k8s.fidelity import KeyVerdict, conversion_report, keys, refuse_lost
from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.core.k8s.packaging import is_kustomization, layout
from datameesh_cli.core.k8s.passes.adopt import adopt
from datameesh_cli.core.k8s.passes.quotas import sums
from datameesh_cli.core.k8s.pipeline import PASSES, passes
from datameesh_cli.core.k8s.report import Stage, report_of
from datameesh_cli.core.k8s.rules import CONVERTED, DROPPED, REFUSED, REPAIRED, RULES, TOP_RULES, UNKNOWN
from datameesh_cli.core.k8s.source import Source, User
from datameesh_cli.core.k8s.target import External, Ingress, Target, target_from
from datameesh_cli.core.k8s.users import user_from, user_of_dockerfile
from datameesh_cli.core.k8s.waivers import WAIVED, unwaived
from datameesh_cli.core.schema import read
from datameesh_cli.errors import UserError
from tests.unit.core.k8s.example import BODIES, draft, example


def _all(source: Source) -> Objects:
    return passes(draft(source), source)


def test_every_key_of_the_example_has_a_fate_and_every_fate_a_reason() -> None:
    found = conversion_report(example())
    by_key = {(f.service, f.key): f for f in found}
    assert by_key["db", "healthcheck.test[]"].verdict == REPAIRED
    assert by_key["db", "image"].verdict == CONVERTED
    assert by_key["db", "volumes[].volume"].verdict == DROPPED
    assert {f.service for f in found} == {"db", "web", "nightly", "(model)"}
    for fate in found:
        assert fate.verdict == CONVERTED or fate.reason, fate


def test_the_passes_that_the_rules_name_exist() -> None:
    names = {p.name for p in PASSES} | {"export"}
    assert {rule.by for rule in (*RULES, *TOP_RULES)} <= names
    assert adopt in PASSES


def _of(body: dict[str, Any], service: str = "web") -> list[KeyVerdict]:
    """The fates of what a body says over the example."""
    said = {k.name for k in keys(body)}
    return [f for f in conversion_report(example(bodies={service: body})) if f.service == service and f.key in said]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"colour": "red"}, "colour"),
        ({"healthcheck": {"test": ["CMD", "x"]}, "gpus": "all"}, "gpus"),
        ({"deploy": {"resources": {"limits": {"memory": "1", "disk": 5}}}}, "deploy.resources.limits.disk"),
        ({"deploy": {"placement": {"constraints": ["a"]}}}, "deploy.placement.constraints[]"),
        ({"ports": [{"target": 1, "app_protocol": "http"}]}, "ports[].app_protocol"),
        ({"extra_hosts": ["a=1.2.3.4"]}, "extra_hosts[]"),
        ({"cap_add": ["NET_ADMIN"]}, "cap_add[]"),
        ({"privileged": True}, "privileged"),
        # Names that only begin as a known one does.
        ({"commandeer": "x"}, "commandeer"),
        ({"commandeer": ["x"]}, "commandeer[]"),
        ({"environments": {"A": "1"}}, "environments.A"),
        ({"volumes": [{"type": "volume", "source": "a", "volume": {"subpath": "x"}}]}, "volumes[].volume.subpath"),
        ({"volumes": [{"type": "bind", "bind": {"propagation": "shared"}}]}, "volumes[].bind.propagation"),
        ({"networks": {"mesh": {"ipv4_address": "10.0.0.5"}}}, "networks.mesh.ipv4_address"),
        ({"healthcheck": {"tests": ["CMD", "x"]}}, "healthcheck.tests[]"),
        ({"secrets": [{"source": "a", "uid": "5"}]}, "secrets[].uid"),
        ({"logging": {"drivers": "x"}}, "logging.drivers"),
        ({"environment": {"A": {"b": "1"}}}, "environment.A.b"),
    ],
)
def test_a_key_that_no_pass_knows_is_an_error_with_service_and_key(body: dict[str, Any], key: str) -> None:
    found = conversion_report(example(bodies={"web": body}))
    assert [(f.service, f.key) for f in found if f.verdict == UNKNOWN] == [("web", key)]
    with pytest.raises(UserError) as caught:
        refuse_lost(found)
    assert caught.value.message.startswith(f"service 'web': no pass knows the Compose key '{key}'")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"volumes": {"db-data": {"driver_opts": {"type": "nfs"}}}}, "volumes.db-data.driver_opts.type"),
        ({"volumes": {"db-data": {"external": True}}}, "volumes.db-data.external"),
        ({"networks": {"mesh": {"internal": True}}}, "networks.mesh.internal"),
        ({"networks": {"mesh": {"driver": "overlay"}}}, "networks.mesh.driver"),
        ({"configs": {"a": {"content": "x"}}}, "configs.a.content"),
        ({"secrets": {"a": {"environment": "X"}}}, "secrets.a.environment"),
    ],
)
def test_a_key_of_the_model_that_no_pass_knows_is_an_error(more: dict[str, Any], key: str) -> None:
    with pytest.raises(UserError, match="no pass knows the Compose key") as caught:
        refuse_lost(conversion_report(example(compose={"name": "datameesh", **more})))
    assert f"'{key}'" in caught.value.message


@pytest.mark.parametrize(
    ("service", "body", "says"),
    [
        ("web", {"ports": [{"target": 53, "protocol": "udp"}]}, "ports[].protocol is 'udp', and an export knows only tcp"),
        ("web", {"expose": ["53/udp"]}, "expose[] is '53/udp', and an export knows only a port"),
        ("web", {"restart": "on-failure"}, "restart is 'on-failure', and an export knows only always or unless-stopped"),
        ("web", {"restart": "no"}, "restart is 'no', and an export knows only always or unless-stopped"),
        ("nightly", {"restart": "on-failure"}, "restart is 'on-failure', and an export knows only no"),
        ("web", {"security_opt": ["seccomp=unconfined"]}, "security_opt[] is 'seccomp=unconfined'"),
        ("web", {"volumes": [{"type": "npipe"}]}, "volumes[].type is 'npipe', and an export knows only volume or bind"),
        (
            "web",
            {"depends_on": {"db": {"condition": "service_completed_successfully"}}},
            "depends_on.db.condition is 'service_completed_successfully', and an export knows only service_healthy or",
        ),
    ],
)  # fmt: skip
def test_a_value_that_an_export_cannot_say_is_refused(service: str, body: dict[str, Any], says: str) -> None:
    found = _of(body, service)
    assert REFUSED in {f.verdict for f in found}
    with pytest.raises(UserError) as caught:
        refuse_lost(found)
    assert caught.value.message.startswith(f"service '{service}': {says}")
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_what_becomes_of_a_key_depends_on_its_service() -> None:
    check = {"test": ["CMD", "x"], "interval": "5s"}
    assert {f.verdict for f in _of({"healthcheck": check}, "db")} == {REPAIRED}
    assert {f.verdict for f in _of({"healthcheck": check}, "nightly")} == {DROPPED}
    assert {f.verdict for f in _of({"healthcheck": {"test": ["NONE"]}}, "db")} == {DROPPED}
    (replicas,) = _of({"deploy": {"replicas": 2}})
    assert (replicas.verdict, replicas.reason) == (DROPPED, "the autoscaler says how many")
    volumes = [
        {"type": "volume", "source": "a", "target": "/a", "read_only": True},
        {"type": "bind", "source": "b", "target": "/b", "read_only": True},
    ]
    found = {(f.key, f.verdict) for f in _of({"volumes": volumes}, "db")}
    assert {("volumes[].read_only", CONVERTED), ("volumes[].read_only", DROPPED)} <= found


def test_keys_of_lists_share_a_path_and_null_says_nothing() -> None:
    found = keys({"a": [{"b": 1}, {"b": 2}], "c": None, "d": {}, "e": [], "f": {"g.h": 1}})
    assert sorted({(k.name, k.leaf) for k in found}) == [
        ("a[]", False), ("a[].b", True), ("d", True), ("e", True), ("f", False), ("f.g.h", True),
    ]  # fmt: skip


def _limits(web: int) -> Source:
    limit = {"deploy": {"replicas": 2, "resources": {"limits": {"memory": str(web * 2**20)}}}}
    return example(bodies={"web": limit})


def test_a_change_of_memory_is_told_as_limits_and_quotas_by_their_compose_key() -> None:
    found = list(changes(_all(_limits(64)), _all(_limits(80)), _limits(80)))
    assert {(c.kind, c.path.rsplit(".", 1)[-1]) for c in found} == {
        ("Deployment", "memory"),
        ("LimitRange", "memory"),
        ("ResourceQuota", "memory"),
    }
    deployment = next(c for c in found if c.kind == "Deployment")
    assert (deployment.before, deployment.after) == ("64Mi", "80Mi")
    assert deployment.key == "services.web.deploy.resources.limits.memory"


@pytest.mark.parametrize(
    ("body", "path", "key"),
    [
        ({"environment": {"DB_HOST": "db", "DB_PORT": "5432"}}, "env[DB_HOST]", "services.web.environment.DB_HOST"),
        ({"image": "datameesh/web:2"}, "image", "services.web.image"),
        ({"command": ["serve"]}, "args", "services.web.command"),
        ({"stop_grace_period": "20s"}, "terminationGrace", "services.web.stop_grace_period"),
        ({"read_only": True}, "readOnlyRootFilesystem", "services.web.user, read_only, cap_drop, security_opt"),
    ],
)
def test_each_change_names_its_compose_key(body: dict[str, Any], path: str, key: str) -> None:
    after = example(bodies={"web": body})
    found = [c for c in changes(_all(example()), _all(after), after) if path in c.path]
    assert found
    assert {c.key for c in found} <= {key, "services.web.image"}


def test_a_service_that_comes_or_goes_is_one_change_for_each_object() -> None:
    whole, less = example(), example(*(p.service for p in example().parts if p.name != "nightly"))
    gone = [c for c in changes(_all(whole), _all(less), less) if c.after == "removed"]
    assert ("Job", "data-platform/nightly") in {(c.kind, c.name) for c in gone}
    assert next(c for c in gone if c.kind == "Job").key.startswith("services.nightly (not in the model")
    assert not list(changes(_all(whole), _all(whole), whole))


def test_the_folder_has_a_kustomization_for_each_namespace_and_what_binds_comes_first() -> None:
    files = layout(_all(example()))
    assert {"kustomization.yaml", "cluster/namespaces.yaml", "cluster/priorities.yaml", "sales-domain/db.yaml"} <= set(
        files
    )
    (top,) = files["kustomization.yaml"]
    assert top["resources"] == ["cluster", "data-platform", "sales-domain"]
    (own,) = files["data-platform/kustomization.yaml"]
    assert own["resources"][:4] == ["quota.yaml", "policies.yaml", "configs.yaml", "aliases.yaml"]
    listed = {
        f"{f.split('/')[0]}/{name}" for f, d in files.items() if f.count("/") for name in d[0].get("resources", ())
    }
    assert listed == {f for f in files if f.count("/") and not f.endswith("kustomization.yaml")}
    kinds = [o["kind"] for o in files["data-platform/web.yaml"]]
    assert kinds.index("ServiceAccount") < kinds.index("Deployment") < kinds.index("HorizontalPodAutoscaler")
    assert sum(len(d) for d in files.values() if not is_kustomization(d[0])) == len(_all(example()))


def test_the_sums_are_those_of_the_pods_and_are_written_out() -> None:
    by_name = {s.namespace: s for s in sums(example())}
    platform = by_name["data-platform"]
    assert platform.arithmetic == "nightly 96 (job) + web 64 x 4 (with one more while rolling)"
    assert (platform.memory, platform.node_ports, platform.claims) == (96 + 64 * 4, 2, 0)
    assert (by_name["sales-domain"].storage, by_name["sales-domain"].claims) == (5120, 1)


def test_the_report_is_json_without_a_time() -> None:
    source = example()
    made = report_of(
        source, {"profiles": ["core"]}, conversion_report(source), sums(source), [Stage("schema", "passed", "all")]
    )
    assert json.loads(json.dumps(made)) == made
    assert made["secrets expected"] == {"db-password": ["sales-domain"]}
    assert made["edges"] == ["nightly -> web:5000", "web -> db:5432"]


def test_what_a_folder_declares_is_read() -> None:
    data = {
        "kind": "StatefulSet",
        "priority": "query",
        "scale": {"min": 1, "max": 2, "cpu": 1500},
        "grace": 60,
        "metrics": {"port": 8080},
        "roles": [{"resources": ["pods"], "verbs": ["get"]}],
    }
    assert read(Kubernetes, data, "f") == Kubernetes(
        "StatefulSet",
        "query",
        Scale(1, 2, 1500),
        60,
        Metrics(8080, "/metrics"),
        (Role(("pods",), ("get",)),),
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "`kubernetes` must be a mapping"),
        ({"colour": 1}, "`kubernetes` has no key 'colour'"),
        ({"kind": "DaemonSet"}, "`kubernetes.kind` 'DaemonSet' is unknown"),
        ({"priority": "high"}, "`kubernetes.priority` 'high' is unknown"),
        ({"scale": {"min": 2, "max": 1, "cpu": 1}}, "`kubernetes.scale`: min 2 is above max 1"),
        ({"scale": {"min": 1, "max": 1}}, "`kubernetes.scale.cpu` is missing"),
        ({"scale": {"min": 1, "max": 2, "cpu": 5, "disk": 1}}, "`kubernetes.scale` has no key 'disk'"),
        ({"grace": "60s"}, "`kubernetes.grace` must be a whole number, it is '60s'"),
        ({"metrics": {"path": "/m"}}, "`kubernetes.metrics.port` is missing"),
        ({"roles": {"a": 1}}, "`kubernetes.roles` must be a list"),
        ({"roles": [{"resources": "pods", "verbs": ["get"]}]}, "`kubernetes.roles[0].resources` must be a list"),
    ],
)
def test_a_wrong_declaration_is_one_line_with_its_place(data: Any, says: str) -> None:
    with pytest.raises(UserError) as caught:
        read(Kubernetes, data, "services/x/compose.yaml, service 'x'", "kubernetes")
    assert caught.value.message.startswith("services/x/compose.yaml, service 'x': ")
    assert says in caught.value.message
    assert caught.value.hint


def test_a_target_is_read_and_a_wrong_one_refused() -> None:
    data = {
        "says": "x",
        "storage-class": "fast",
        "registry": "reg",
        "pull-secret": "s",
        "service-monitors": True,
        "ingress": {"host": "mesh.example.org", "class": "nginx"},
        "scale": {"w": {"min": 1, "max": 2, "cpu": 5}},
        "external": {"db": {"host": "db.example.org"}, "store": {"host": "s3.example.org", "port": 443}},
        "configs": {"site": "aws/site.xml"},
        "pod-network": "10.244.0.0/16",
    }
    target = target_from("aws", data, "f")
    assert (target.storage_class, target.service_monitors, target.external) == (
        "fast",
        True,
        {"db": External("db.example.org"), "store": External("s3.example.org", 443)},
    )
    assert (target.ingress, target.configs) == (Ingress("mesh.example.org", "nginx"), {"site": "aws/site.xml"})
    assert target.pod_network == "10.244.0.0/16"
    assert target_from("kind", None, "f") == Target(name="kind")
    wrong: list[tuple[Any, str]] = [
        ({"colour": 1}, "there is no key 'colour'"),
        ({"external": {"db": {"port": 1}}}, "`external.db.host` is missing"),
        ({"external": {"db": "db.example.org"}}, "`external.db` must be a mapping, it is 'db.example.org'"),
        ({"external": {"db": {"host": "a.b:443"}}}, "`external.db.host` cannot be 'a.b:443'"),
        ({"external": {"db": {"host": "a.b", "ports": 1}}}, "`external.db` has no key 'ports'"),
        *(
            (
                {"external": {"db": {"host": "a.b", "port": p}}},
                f"`external.db.port` must be a whole number from 1 to 65535, it is {p!r}",
            )
            for p in (0, 65536, "443", True, 4.5)
        ),
        ({"registry": 5}, "`registry` must be a text"),
        ({"ingress": {"host": "-"}}, "`ingress.host` cannot be '-'"),
        ({"scale": []}, "`scale` must be a mapping"),
        ({"pod-network": "10.244.0.0/8"}, "'10.244.0.0/8' is no range of addresses"),
    ]
    for broken, says in wrong:
        with pytest.raises(UserError) as caught:
            target_from("x", broken, "k8s-export/targets/x.yaml")
        assert says in caught.value.message, broken
        assert caught.value.message.startswith("k8s-export/targets/x.yaml: ")
        assert caught.value.hint


DOCKERFILES = {
    "datameesh/base:1": "FROM scratch\nUSER 0:0\n",
    "datameesh/plain:1": "FROM datameesh/base:1 AS build\nFROM datameesh/base:1\nRUN x\nUSER 999:998\n",
    "datameesh/stages:1": "FROM --platform=x datameesh/base:1 AS run\nUSER 1000\nFROM run AS train\nUSER 0\nFROM run\nCOPY a b\n",
    "datameesh/child:1": "FROM datameesh/stages:1\n",
    "datameesh/none:1": "FROM elsewhere:1\n",
}


@pytest.mark.parametrize(
    ("image", "user"),
    [("plain", "999:998"), ("stages", "1000"), ("child", "1000"), ("base", "0:0"), ("none", ""), ("unknown", None)],
)
def test_the_user_of_an_image_is_that_of_its_last_stage(image: str, user: str | None) -> None:
    assert user_of_dockerfile(f"datameesh/{image}:1", DOCKERFILES) == user


def test_a_user_is_a_number_and_not_root() -> None:
    assert user_from("999:998", "db", "x") == User(999, 998)
    assert user_from("10902", "dbt", "x") == User(10902, 10902)
    for text, says in (
        ("0", "runs as root"),
        ("0:0", "runs as root"),
        ("nginx", "runs as 'nginx'"),
        ("", "says no user"),
    ):
        with pytest.raises(UserError) as caught:
            user_from(text, "web", "nginx:1")
        assert "service 'web'" in caught.value.message
        assert says in caught.value.message


def test_waivers_are_by_name_and_all_else_rejects() -> None:
    problems, waived = unwaived([(next(iter(WAIVED)), "a"), ("label-values", "b: not valid")])
    assert problems == ["label-values: b: not valid"]
    assert waived == [next(iter(WAIVED))]
    assert all(len(reason) > 20 for reason in WAIVED.values())


def test_priorities_go_from_data_to_jobs() -> None:
    order = ["storage", "query", "serving", "notebooks", "jobs"]
    assert sorted(PRIORITIES, key=lambda n: -PRIORITIES[n]) == order
    assert BODIES


def test_the_audit_policy_names_our_namespaces_and_has_no_secret_s_content_written_down() -> None:
    files = layout(_all(example()))
    (policy,) = files.pop("audit-policy.yaml")
    assert (policy["apiVersion"], policy["kind"]) == ("audit.k8s.io/v1", "Policy")
    rules = policy["rules"]
    about = [r for r in rules if any("secrets" in group["resources"] for group in r.get("resources", ()))]
    assert [r["level"] for r in about] == ["Metadata"]
    assert about[0]["namespaces"] == ["data-platform", "sales-domain"]
    # The first rule that fits decides, so nothing before it may have whole requests written down.
    assert {r["level"] for r in rules[: rules.index(about[0])]} == {"None"}
    inside = next(r for r in rules if any("pods/exec" in group["resources"] for group in r.get("resources", ())))
    assert inside["level"] == "Request"
    assert rules[-1] == {"level": "None"}
    assert "audit-policy.yaml" not in str(files), "nothing applies it"
