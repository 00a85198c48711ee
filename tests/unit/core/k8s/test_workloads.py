"""What a pod is made of: kind, command, environment, claims, probes, resources, security."""

from __future__ import annotations

from typing import Any

import pytest

from datameesh_cli.core.declaration import Kubernetes, Scale
from datameesh_cli.core.k8s.objects import Object, container, pod, workload_of
from datameesh_cli.core.k8s.passes.adopt import adopt
from datameesh_cli.core.k8s.passes.controllers import seconds
from datameesh_cli.core.k8s.passes.probes import test_command as command_of
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.report import report_of
from datameesh_cli.core.k8s.source import Image
from datameesh_cli.core.k8s.target import Target
from datameesh_cli.errors import DmError, UserError
from tests.fakes.values import a_service
from tests.unit.core.k8s.example import BODIES, DB, NIGHTLY, WEB, draft, example, found, one_pass


def _made(name: str, *services: Any, **fields: Any) -> Object:
    source = example(*services, **fields)
    made = workload_of(passes(draft(source), source), name)
    assert made
    return made


def _plain(**fields: Any) -> Any:
    return a_service("plain", listens=(80,), **fields), {"plain": {**BODIES["nightly"], "restart": "unless-stopped"}}


def test_a_draft_without_a_service_or_with_another_image_is_a_bug() -> None:
    source = example()
    with pytest.raises(DmError, match="db is missing") as caught:
        adopt(tuple(o for o in draft(source) if o["metadata"]["name"] != "db"), source)
    assert caught.value.exit_code == 1
    with pytest.raises(DmError, match="is unknown"):
        adopt(draft(source), example(WEB, NIGHTLY))
    with pytest.raises(DmError, match="not one container of other"):
        adopt(draft(source), example(bodies={"db": {"image": "other"}}))


KEPT = {
    "entrypoint": ["run", "$(cost)"],
    "working_dir": "/srv",
    "tty": True,
    "stdin_open": True,
    "read_only": True,
    "group_add": ["44"],
    "deploy": {"replicas": 3, "resources": {"limits": {"memory": str(64 * 2**20)}}},
}


def test_what_kompose_converts_well_comes_from_its_draft() -> None:
    service, _ = _plain()
    source = example(service, bodies={"plain": {**BODIES["nightly"], "restart": "always", **KEPT}})
    made = workload_of(passes(draft(source), source), "plain")
    assert made
    own = container(made)
    assert (made["spec"]["replicas"], own["command"], own["workingDir"]) == (3, ["run", "$$(cost)"], "/srv")
    assert (own["tty"], own["stdin"], own["securityContext"]["readOnlyRootFilesystem"]) == (True, True, True)
    assert pod(made)["securityContext"]["supplementalGroups"] == [44]
    assert "hostname" not in pod(made)


@pytest.mark.parametrize("key", [*KEPT, "volumes"])
def test_a_draft_that_says_something_else_than_the_model_is_a_bug(key: str) -> None:
    """So nothing that kompose damages is exported, and nothing that it decides is made up by a pass."""
    service, _ = _plain()
    whole = {**BODIES["nightly"], "restart": "always", **KEPT}
    whole["volumes"] = [{"type": "volume", "source": "db-data", "target": "/data"}]
    less = {k: v for k, v in whole.items() if k != key} | (
        {"deploy": BODIES["nightly"]["deploy"]} if key == "deploy" else {}
    )
    name = "deploy.replicas" if key == "deploy" else key
    with pytest.raises(DmError, match=f"kompose's draft and the model differ: {name} of plain is ") as caught:
        adopt(draft(example(service, bodies={"plain": less})), example(service, bodies={"plain": whole}))
    assert caught.value.exit_code == 1


def test_what_keeps_data_is_a_stateful_set_a_job_a_suspended_job_the_rest_a_deployment() -> None:
    assert _made("db")["kind"] == "StatefulSet"
    job = _made("nightly")
    assert (job["kind"], job["spec"]["suspend"], pod(job)["restartPolicy"]) == ("Job", True, "Never")
    assert _made("web")["kind"] == "Deployment"
    service, bodies = _plain(kubernetes=Kubernetes(kind="StatefulSet"))
    assert _made("plain", service, bodies=bodies)["kind"] == "StatefulSet"


def test_a_deployment_with_a_volume_never_has_two_pods_at_once() -> None:
    service = a_service("db", listens=(5432,), kubernetes=Kubernetes(kind="Deployment"))
    source = example(service)
    objects = passes(draft(source), source)
    made = found(objects, "Deployment", "db")
    assert made["spec"]["strategy"] == {"type": "Recreate"}
    assert found(objects, "PersistentVolumeClaim", "db-data")["spec"]["resources"]["requests"]["storage"] == "5Gi"


@pytest.mark.parametrize(("text", "expected"), [("30s", 30), ("1m30s", 90), ("500ms", 1), ("1h", 3600), ("2m0s", 120)])
def test_durations_of_compose(text: str, expected: int) -> None:
    assert seconds(text) == expected


def test_the_time_to_stop_is_the_declared_one_then_that_of_compose_then_ten_seconds() -> None:
    assert pod(_made("db"))["terminationGracePeriodSeconds"] == 30
    assert pod(_made("web"))["terminationGracePeriodSeconds"] == 10
    service, bodies = _plain(kubernetes=Kubernetes(grace=120))
    assert pod(_made("plain", service, bodies=bodies))["terminationGracePeriodSeconds"] == 120


def test_text_reaches_the_container_word_for_word() -> None:
    """kompose makes `$()(hostname)` of the first and lower-cases the path of a secret."""
    assert container(_made("web"))["args"] == ["serve", "--greeting", "$$(hostname)"]
    env = {e["name"]: e["value"] for e in container(_made("db"))["env"]}
    assert env == {"PASSWORD_FILE": "/run/secrets/db-password", "PRICE": "$$(cost) in $USD"}


ID = "sha256:" + "a" * 64
MANIFEST = "sha256:" + "b" * 64


def _image(registry: str, *digests: str) -> tuple[str, dict[str, str] | None]:
    images = {"datameesh/web:1": Image(ID, digests)}
    source = example(target=Target(name="x", registry=registry), images=images)
    made = workload_of(passes(draft(source), source), "web")
    assert made
    assert report_of(source, {}, (), (), ())["images"][container(made)["image"]] == ID
    return container(made)["image"], made["spec"]["template"]["metadata"].get("annotations")


def test_a_pod_says_which_image_the_engine_had_under_its_name() -> None:
    text, annotations = _image("")
    assert text == "datameesh/web:1"
    assert annotations is not None
    assert annotations["datameesh.io/image-id"] == ID
    plain = _made("web")["spec"]["template"]["metadata"]["annotations"]
    assert "datameesh.io/image-id" not in plain, "an image that the engine has not is said by its name only"


def test_what_a_registry_has_is_pulled_by_its_digest_and_what_is_loaded_by_hand_by_its_tag() -> None:
    pushed = f"reg.example.org:5000/mesh/datameesh/web@{MANIFEST}"
    elsewhere = f"other.example.org/datameesh/web@{MANIFEST}"
    assert (
        _image("reg.example.org:5000/mesh", elsewhere, pushed)[0]
        == f"reg.example.org:5000/mesh/datameesh/web:1@{MANIFEST}"
    )
    assert _image("reg.example.org:5000/mesh", elsewhere)[0] == "reg.example.org:5000/mesh/datameesh/web:1"
    assert _image("", f"datameesh/web@{MANIFEST}")[0] == "datameesh/web:1"


def test_a_database_has_its_claim_once_and_of_the_declared_size() -> None:
    made = _made("db")
    (claim,) = made["spec"]["volumeClaimTemplates"]
    assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}
    assert "db-data" not in [v["name"] for v in pod(made)["volumes"]]
    assert {"name": "db-data", "mountPath": "/data"} in container(made)["volumeMounts"]
    classy = _made("db", target=Target(name="x", storage_class="fast"))
    assert classy["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "fast"


def test_a_volume_of_two_services_is_refused() -> None:
    other = a_service("other")
    with pytest.raises(UserError, match="volume 'db-data' is mounted by db and other") as caught:
        source = example(DB, other, bodies={"other": {**BODIES["db"], "networks": {}}})
        passes(draft(source), source)
    assert caught.value.hint


def test_what_is_in_memory_stays_in_memory() -> None:
    sizes = {v["name"]: v["emptyDir"]["sizeLimit"] for v in pod(_made("web"))["volumes"] if "emptyDir" in v}
    assert sizes == {"mem-tmp": "64Mi"}
    unsized = {v["name"]: v["emptyDir"] for v in pod(_made("db"))["volumes"] if "emptyDir" in v}
    assert unsized == {"mem-tmp": {"medium": "Memory", "sizeLimit": "128Mi"}}
    shared = _made("web", DB, WEB, bodies={"web": {"shm_size": str(32 * 2**20)}})
    assert {"name": "mem-dev-shm", "mountPath": "/dev/shm"} in container(shared)["volumeMounts"]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (["CMD", "sh", "-c", "a | b"], ["sh", "-c", "a | b"]),
        (["CMD-SHELL", "pg_isready -U x || exit 1"], ["sh", "-c", "pg_isready -U x || exit 1"]),
        ("a || b", ["sh", "-c", "a || b"]),
        (["NONE"], []),
        ([], []),
    ],
)
def test_a_health_check_keeps_its_shell(test: Any, expected: list[str]) -> None:
    assert command_of({"test": test}) == expected
    assert command_of({"test": test, "disable": True}) == []


def test_the_start_may_take_as_long_as_on_compose_and_liveness_is_gentler() -> None:
    own = container(_made("db"))
    assert own["startupProbe"]["failureThreshold"] * own["startupProbe"]["periodSeconds"] == 60 + 4 * 5
    assert own["readinessProbe"]["exec"] == own["startupProbe"]["exec"]
    assert own["readinessProbe"]["timeoutSeconds"] == 3
    assert own["livenessProbe"]["tcpSocket"] == {"port": 5432}
    assert own["livenessProbe"]["failureThreshold"] * own["livenessProbe"]["periodSeconds"] >= 120
    assert "readinessProbe" not in container(_made("nightly"))


def test_whoever_depends_on_something_waits_for_its_service() -> None:
    (waiter,) = pod(_made("web"))["initContainers"]
    assert waiter["image"] == container(_made("web"))["image"]
    assert "/dev/tcp/db.sales-domain.svc.cluster.local/5432" in waiter["command"][-1]
    assert waiter["resources"] == container(_made("web"))["resources"]
    assert "initContainers" not in pod(_made("web", WEB)), "what is not exported is not waited for"


def test_memory_is_requested_as_it_is_limited_and_cpu_weighs_as_on_compose() -> None:
    assert container(_made("db"))["resources"] == {
        "limits": {"memory": "128Mi"},
        "requests": {"cpu": "50m", "memory": "128Mi"},
    }
    assert container(_made("web"))["resources"]["requests"]["cpu"] == "25m"
    reserved = {
        "nightly": {"deploy": {"resources": {"limits": {"memory": "67108864"}, "reservations": {"cpus": "0.3"}}}}
    }
    assert container(_made("nightly", bodies=reserved))["resources"]["requests"]["cpu"] == "300m"


def test_every_pod_fits_pod_security_restricted() -> None:
    for name in ("db", "web", "nightly"):
        made = _made(name)
        spec = pod(made)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == 10001
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for own in [*spec["containers"], *spec.get("initContainers", ())]:
            assert own["securityContext"]["allowPrivilegeEscalation"] is False
            assert own["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container(_made("db"))["securityContext"]["readOnlyRootFilesystem"] is True
    assert container(_made("web"))["securityContext"]["readOnlyRootFilesystem"] is False


def test_a_role_is_there_only_where_it_is_declared_and_the_token_with_it() -> None:
    source = example()
    objects = passes(draft(source), source)
    roles = [o for o in objects if o["kind"] in ("Role", "RoleBinding")]
    assert {o["metadata"]["name"] for o in roles} == {"web"}
    assert found(objects, "Role", "web")["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    ]
    tokens = [w for w in objects if "serviceAccountToken" in str(w)]
    assert [o["metadata"]["name"] for o in tokens] == ["web"]


def test_what_is_scaled_leaves_its_replicas_to_the_autoscaler() -> None:
    source = example()
    objects = passes(draft(source), source)
    assert "replicas" not in found(objects, "Deployment", "web")["spec"]
    scaler = found(objects, "HorizontalPodAutoscaler", "web")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"], len(scaler["metrics"])) == (2, 3, 2)
    assert found(objects, "PodDisruptionBudget", "web")["spec"]["minAvailable"] == 1
    assert pod(found(objects, "Deployment", "web"))["affinity"]["podAntiAffinity"]
    alone = example(WEB, target=Target(name="x", scale={"web": Scale(1, 4, 500)}))
    objects = passes(draft(alone), alone)
    assert found(objects, "PodDisruptionBudget", "web")["spec"]["maxUnavailable"] == 1
    assert found(objects, "HorizontalPodAutoscaler", "web")["spec"]["maxReplicas"] == 4


def test_several_pods_without_an_autoscaler_keep_their_number() -> None:
    service, bodies = _plain()
    bodies["plain"]["deploy"] = {"replicas": 2, "resources": {"limits": {"memory": "67108864"}}}
    source = example(service, bodies=bodies)
    objects = passes(draft(source), source)
    made = found(objects, "Deployment", "plain")["spec"]
    assert (made["replicas"], made["strategy"]["rollingUpdate"]["maxSurge"]) == (2, 1)
    assert found(objects, "PodDisruptionBudget", "plain")


def test_images_come_from_the_registry_of_the_target() -> None:
    source = example(target=Target(name="x", registry="reg.example.org/mesh/", pull_secret="reg"))
    objects = passes(draft(source), source)
    assert container(found(objects, "StatefulSet", "db"))["image"] == "reg.example.org/mesh/datameesh/db:1"
    assert found(objects, "ServiceAccount", "db")["imagePullSecrets"] == [{"name": "reg"}]


def test_a_kind_that_metrics_are_declared_for_is_scraped() -> None:
    pods = found(one_pass("observability", example()), "Deployment", "web")["spec"]["template"]["metadata"]
    assert pods["annotations"]["prometheus.io/port"] == "5000"
    monitored = one_pass("observability", example(target=Target(name="x", service_monitors=True)))
    assert found(monitored, "ServiceMonitor", "web")["spec"]["endpoints"][0]["path"] == "/metrics"


@pytest.mark.parametrize("deploy", [None, {}, {"resources": {}}, {"resources": {"limits": {"cpus": "1"}}}])
def test_a_service_without_a_memory_limit_is_refused(deploy: Any) -> None:
    with pytest.raises(UserError, match="service 'nightly' has no memory limit") as caught:
        _made("nightly", bodies={"nightly": {"deploy": deploy}})
    assert caught.value.hint
