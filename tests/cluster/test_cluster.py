"""What the exported manifests count on: each of these is a part of the cluster that could be missing or do nothing."""

from __future__ import annotations

import subprocess
import urllib.request
from typing import Any

import pytest

from tests.cluster.kube import BUSYBOX, RESTRICTED, Kube, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

BASE, POSTGRES = "datameesh/base:13", "datameesh/postgres:17"
SMALL = {"limits": {"memory": "64Mi", "cpu": "200m"}, "requests": {"memory": "64Mi", "cpu": "20m"}}


def pod(name: str, image: str, command: list[str] | None = None, **container: Any) -> dict[str, Any]:
    inner = {"name": "c", "image": image, "imagePullPolicy": "IfNotPresent", "resources": SMALL} | container
    if command:
        inner["command"] = command
    spec = {"containers": [inner], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def template(name: str, image: str, command: list[str] | None = None, **container: Any) -> dict[str, Any]:
    """The pod as a Deployment or StatefulSet holds it."""
    thing = pod(name, image, command, **container)
    return {"metadata": {"labels": thing["metadata"]["labels"]}, "spec": thing["spec"]}


def fetch(kube: Kube, client: str, host: str) -> str:
    """The body that a pod gets from port 80 of a host; empty when there is none. (The static busybox resolves no names.)

    Of a Service that was just made it is asked until it answers: its rules come a moment after its pod is ready.
    """
    script = f"exec 3<>/dev/tcp/{host}/80 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3"
    done = kube.run("exec", client, "--", "timeout", "2", "bash", "-c", script, check=False)
    return done.stdout.replace("\r\n", "\n").partition("\n\n")[2]


def web(name: str, content: str) -> dict[str, Any]:
    script = f"mkdir /tmp/w && echo {content} > /tmp/w/index.html && exec httpd -f -p 8080 -h /tmp/w"
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    return pod(name, BUSYBOX, ["sh", "-c", script], readinessProbe=probe)


def service(name: str, node_port: int | None = None) -> dict[str, Any]:
    port: dict[str, Any] = {"port": 80, "targetPort": 8080} | ({"nodePort": node_port} if node_port else {})
    spec = {"selector": {"app": name}, "type": "NodePort" if node_port else "ClusterIP", "ports": [port]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def policy(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def test_a_pod_of_an_engine_image_runs_is_probed_and_is_reached(kube: Kube) -> None:
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}
    kube.apply(pod("p", BASE, ["sh", "-c", "echo hello from $(hostname); exec sleep 600"], readinessProbe=probe))
    kube.run("wait", "--for=jsonpath={.status.containerStatuses[0].started}=true", "pod/p", "--timeout=60s")
    assert kube.get("pod", "p")["status"]["containerStatuses"][0]["ready"] is False
    assert kube.shell("p", "touch /tmp/ready && id -u").stdout == "0\n"
    kube.pod_ready("p")
    assert kube.run("logs", "p").stdout == "hello from p\n"


def test_a_failing_liveness_probe_restarts_the_container(kube: Kube) -> None:
    probe = {"exec": {"command": ["test", "-e", "/tmp/alive"]}, "periodSeconds": 1, "failureThreshold": 1}
    kube.apply(
        pod("p", BASE, ["sh", "-c", "touch /tmp/alive; sleep 4; rm /tmp/alive; exec sleep 600"], livenessProbe=probe)
    )
    assert until(lambda: (kube.get("pod", "p")["status"].get("containerStatuses") or [{}])[0].get("restartCount"), 60)


def test_a_container_over_its_memory_limit_is_ended(kube: Kube) -> None:
    kube.apply(pod("p", BASE, ["sh", "-c", "x=$(head -c 200000000 /dev/zero | tr '\\0' x)"]))

    def reason() -> Any:
        status = (kube.get("pod", "p")["status"].get("containerStatuses") or [{}])[0]
        ended = status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated") or {}
        return ended.get("reason")

    assert until(reason) == "OOMKilled"


def test_a_service_by_name_and_by_its_node_port_from_the_host(kube: Kube) -> None:
    kube.apply(web("web", "good-day"), service("web", 30888), pod("client", BASE, ["sleep", "600"]))
    kube.pod_ready("web")
    kube.pod_ready("client")
    for name in ("web", f"web.{kube.namespace}", f"web.{kube.namespace}.svc.cluster.local"):
        assert until(lambda name=name: fetch(kube, "client", name) == "good-day\n", 30), name
    assert until(lambda: _from_the_host(f"http://{kube.status['node_address']}:30888/") == "good-day\n", 30)


def _from_the_host(url: str) -> str:
    """The body, empty when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def test_an_alias_of_another_namespace_resolves_and_a_name_of_the_world_does_not(kube: Kube) -> None:
    external = {"type": "ExternalName", "externalName": "kube-dns.kube-system.svc.cluster.local"}
    kube.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "short"}, "spec": external})
    kube.apply(pod("client", BASE, ["sleep", "600"]))
    kube.pod_ready("client")
    found = until(lambda: kube.shell("client", "timeout 4 getent hosts short", check=False).stdout.split(), 30)
    assert found[:1] == ["10.113.0.10"]
    # 2 is getent's "not found"; a name server that does not answer would take longer than that.
    assert kube.shell("client", "timeout 4 getent hosts example.org", check=False).returncode == 2


def test_policies_deny_and_allow(kube: Kube) -> None:
    clients = [pod(name, BASE, ["sleep", "600"]) for name in ("friend", "stranger")]
    kube.apply(web("web", "ok"), service("web"), *clients)
    for name in ("web", "friend", "stranger"):
        kube.pod_ready(name)

    def reaches(name: str) -> bool:
        return fetch(kube, name, "web") == "ok\n"

    assert until(lambda: reaches("friend") and reaches("stranger"), 30)
    kube.apply(policy("deny", podSelector={}, policyTypes=["Ingress"]))
    assert until(lambda: not reaches("friend") and not reaches("stranger"), 60)
    friend = {"from": [{"podSelector": {"matchLabels": {"app": "friend"}}}], "ports": [{"port": 8080}]}
    kube.apply(policy("allow", podSelector={"matchLabels": {"app": "web"}}, policyTypes=["Ingress"], ingress=[friend]))
    assert until(lambda: reaches("friend"), 60)
    assert not reaches("stranger")
    # The way out, too: a pod that may speak with nobody does not even resolve names.
    kube.apply(policy("no-way-out", podSelector={"matchLabels": {"app": "friend"}}, policyTypes=["Egress"]))
    assert until(lambda: not reaches("friend"), 60)
    kube.run("delete", "networkpolicy", "--all")
    assert until(lambda: reaches("friend") and reaches("stranger"), 60)


def test_a_claim_without_a_class_is_bound_writable_for_the_group_and_outlives_its_pod(kube: Kube) -> None:
    kube.run("label", "namespace", kube.namespace, "pod-security.kubernetes.io/enforce=restricted")
    kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s"},
            "stringData": {"password": "only-for-this-test"},
        }
    )
    mounts = [
        {"name": "data", "mountPath": "/var/lib/postgresql/data"},
        {"name": "s", "mountPath": "/run/secrets/p"},
    ]
    inner = template("db", POSTGRES, securityContext=RESTRICTED, volumeMounts=mounts)
    inner["spec"]["containers"][0] |= {
        "env": [
            {"name": "POSTGRES_PASSWORD_FILE", "value": "/run/secrets/p/password"},
        ],
        "readinessProbe": {"exec": {"command": ["pg_isready", "-q"]}, "periodSeconds": 1},
        "resources": {"limits": {"memory": "192Mi"}, "requests": {"cpu": "50m"}},
    }
    inner["spec"] |= {"securityContext": {"fsGroup": 999}, "volumes": [{"name": "s", "secret": {"secretName": "s"}}]}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec = {
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}},
        "template": inner,
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }
    kube.apply({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec})
    kube.ready("statefulset", "db")
    assert kube.get("pvc", "data-db-0")["status"]["phase"] == "Bound"
    ask = 'psql -d postgres -Atc "$1"'  # the superuser is let in through the socket only

    def psql(statement: str) -> str:
        return kube.run("exec", "db-0", "--", "sh", "-c", ask, "sh", statement, check=False).stdout

    # The first time there is another server for a moment, which sets the folder up and listens on its socket only.
    assert until(lambda: psql("create table if not exists kept as select 42 as x") == "SELECT 1\n", 60)
    before = kube.get("pod", "db-0")["metadata"]["uid"]
    kube.run("delete", "pod", "db-0")
    assert until(lambda: kube.get("pod", "db-0")["metadata"]["uid"] != before)
    kube.ready("statefulset", "db")
    assert until(lambda: psql("select x from kept") == "42\n", 60)


def test_a_quota_refuses_what_goes_over_it(kube: Kube) -> None:
    quota = {"hard": {"limits.memory": "100Mi", "services.nodeports": "0"}}
    kube.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": quota})
    assert kube.refuses(pod("none", BUSYBOX, ["sleep", "600"], resources={}), "must specify limits.memory")
    kube.apply(pod("first", BUSYBOX, ["sleep", "600"]))
    assert "exceeded quota: q, requested: limits.memory=64Mi" in kube.refusal(pod("second", BUSYBOX, ["sleep", "600"]))
    assert "must specify limits.memory" in kube.refusal(pod("third", BUSYBOX, ["sleep", "600"], resources={}))
    assert "exceeded quota: q, requested: services.nodeports=1" in kube.refusal(service("first", 30889))


def test_pod_security_refuses_root_by_word_and_by_image(kube: Kube) -> None:
    kube.run("label", "namespace", kube.namespace, "pod-security.kubernetes.io/enforce=restricted")
    assert kube.refuses(pod("open", BASE, ["sleep", "600"]), 'violates PodSecurity "restricted')
    # A pod that promises not to be root is admitted; the kubelet finds that its image is.
    kube.apply(pod("promise", BASE, ["sleep", "600"], securityContext=RESTRICTED))

    def reason() -> Any:
        status = (kube.get("pod", "promise")["status"].get("containerStatuses") or [{}])[0]
        return status.get("state", {}).get("waiting", {}).get("reason") == "CreateContainerConfigError" and status

    status = until(reason)
    assert "image will run as root" in status["state"]["waiting"]["message"]
    assert "restartCount" in status and status["restartCount"] == 0


def test_an_autoscaler_sees_processor_use_and_acts(kube: Kube) -> None:
    inner = template("busy", BUSYBOX, ["sh", "-c", "while :; do :; done"])
    selector = {"matchLabels": {"app": "busy"}}
    deployment = {"replicas": 1, "selector": selector, "template": inner}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "busy"}
    scaler = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 2, "metrics": [metric]}
    kube.apply(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "busy"}, "spec": deployment},
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "busy"},
            "spec": scaler,
        },
    )
    kube.ready("deployment", "busy")
    assert until(lambda: kube.get("hpa", "busy")["status"].get("desiredReplicas") == 2, 120), kube.run(
        "describe", "hpa"
    ).stdout
    assert until(lambda: _average(kube.get("hpa", "busy")) > 50)
    kube.ready("deployment", "busy")


def _average(scaler: dict[str, Any]) -> int:
    (metric,) = scaler["status"].get("currentMetrics") or ({},)
    return int(metric.get("resource", {}).get("current", {}).get("averageUtilization") or 0)


def test_the_host_s_firewall_knows_nothing_of_the_cluster(cluster: Kube) -> None:
    for program in ("iptables-save", "ip6tables-save"):
        rules = subprocess.run([program], text=True, capture_output=True, check=True).stdout
        assert not [line for line in rules.splitlines() if "KUBE" in line or "CNI-" in line or "10.11" in line]
