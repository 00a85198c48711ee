"""The processes of the node: command lines and configuration files, values only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cluster.node.layout import (
    DNS_SERVICE,
    INSIDE,
    INSIDE_TOOLS,
    NODE,
    POD_RANGE,
    SANDBOX_IMAGE,
    SERVICE_RANGE,
    Place,
    State,
)

BIN = INSIDE_TOOLS / "bin"
DEBIAN = INSIDE_TOOLS / "debian"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
_TLS = INSIDE / "tls"
_CONFIG = INSIDE / "config"


def _kubeconfig(client: str) -> str:
    return f"--kubeconfig={_CONFIG}/{client}.kubeconfig"


def _etcd() -> list[str]:
    # Loopback of the node's own network namespace: neither the host nor a pod sees it. No fsync: nothing outlives `down`.
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return [
        str(BIN / "etcd"),
        f"--name={NODE}",
        f"--data-dir={INSIDE}/etcd",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={NODE}={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _apiserver(place: Place) -> list[str]:
    return [
        str(BIN / "kube-apiserver"),
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={place.node_address}",
        "--secure-port=6443",
        f"--tls-cert-file={_TLS}/apiserver.crt",
        f"--tls-private-key-file={_TLS}/apiserver.key",
        f"--client-ca-file={_TLS}/ca.crt",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={_TLS}/accounts.pub",
        f"--service-account-signing-key-file={_TLS}/accounts.key",
        # Otherwise logs and exec look up the node's name.
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={_TLS}/ca.crt",
        f"--kubelet-client-certificate={_TLS}/apiserver-kubelet.crt",
        f"--kubelet-client-key={_TLS}/apiserver-kubelet.key",
        f"--requestheader-client-ca-file={_TLS}/front-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={_TLS}/front.crt",
        f"--proxy-client-key-file={_TLS}/front.key",
        "--profiling=false",
    ]


def _controller_manager() -> list[str]:
    return [
        str(BIN / "kube-controller-manager"),
        _kubeconfig("controller-manager"),
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--root-ca-file={_TLS}/ca.crt",
        f"--service-account-private-key-file={_TLS}/accounts.key",
        f"--cluster-signing-cert-file={_TLS}/ca.crt",
        f"--cluster-signing-key-file={_TLS}/ca.key",
        # An autoscaler is judged within a test's patience: upstream waits 15 s between looks and five minutes for a new pod's CPU.
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--horizontal-pod-autoscaler-cpu-initialization-period=15s",
        "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
        "--profiling=false",
    ]


def _kube_router() -> list[str]:
    # The policy firewall alone: routes are the link's own, services are kube-proxy's (and need IPVS in kube-router).
    return [
        str(BIN / "kube-router"),
        _kubeconfig("router"),
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        "--run-loadbalancer=false",
        f"--hostname-override={NODE}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--service-node-port-range=30000-32767",
        "--iptables-sync-period=30s",
        "--health-port=0",
        "--metrics-port=0",
    ]


def components(place: Place) -> list[dict[str, Any]]:
    """name and argv of every process, in the order of their start; each is started again when it ends."""
    scheduler = [
        str(BIN / "kube-scheduler"),
        _kubeconfig("scheduler"),
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ]
    kubelet = [
        str(BIN / "kubelet"),
        f"--config={_CONFIG}/kubelet.json",
        _kubeconfig("kubelet"),
        f"--hostname-override={NODE}",
        f"--node-ip={place.node_address}",
    ]
    argv = {
        "etcd": _etcd(),
        "kube-apiserver": _apiserver(place),
        "containerd": [str(DEBIAN / "usr/bin/containerd"), "--config", str(_CONFIG / "containerd.toml")],
        "kube-controller-manager": _controller_manager(),
        "kube-scheduler": scheduler,
        "kubelet": kubelet,
        "kube-proxy": [str(BIN / "kube-proxy"), f"--config={_CONFIG}/proxy.json", f"--hostname-override={NODE}"],
        "kube-router": _kube_router(),
    }
    return [{"name": name, "argv": words} for name, words in argv.items()]


def _containerd() -> str:
    return f"""version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
# The kernel's limit for negative scores cannot be had on every machine; without this line such a one starts no sandbox at all.
oom_score = 0
[grpc]
address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{SANDBOX_IMAGE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{DEBIAN}/usr/lib/cni"
conf_dir = "{INSIDE}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{DEBIAN}/usr/sbin/runc"
SystemdCgroup = false
"""


def _network() -> dict[str, Any]:
    # A link for each pod instead of a bridge: everything is routed, so policies see it without the kernel's bridge filter.
    # No masquerading: a pod reaches pods, services and the node, and nothing beyond.
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni-addresses",
                    "ranges": [[{"subnet": POD_RANGE}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }


def _kubelet(place: Place) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"x509": {"clientCAFile": str(_TLS / "ca.crt")}, "anonymous": {"enabled": False}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(_TLS / "kubelet-serving.crt"),
        "tlsPrivateKeyFile": str(_TLS / "kubelet-serving.key"),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{place.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "resolvConf": str(_CONFIG / "resolv.conf"),
        "podLogsDir": str(INSIDE / "pods"),
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        # The disk is the host's: what else fills it is no reason to evict a pod, and a loaded image cannot be pulled again.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "maxPods": 100,
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "10s",
        # Negative scores need a capability that a machine may lack (see containerd's).
        "oomScoreAdj": 0,
    }


def _proxy() -> dict[str, Any]:
    untouched = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": f"{_CONFIG}/proxy.kubeconfig"},
        "mode": "iptables",
        "clusterCIDR": POD_RANGE,
        "conntrack": untouched,
        "iptables": {"localhostNodePorts": False, "minSyncPeriod": "0s"},
        "oomScoreAdj": 0,
    }


def write(state: State) -> None:
    """All configuration files below the state folder."""
    config = state.folder / "config"
    files: dict[Path, str] = {
        config / "containerd.toml": _containerd(),
        config / "kubelet.json": json.dumps(_kubelet(state.place), indent=1),
        config / "proxy.json": json.dumps(_proxy(), indent=1),
        config / "resolv.conf": "# no name server: names outside of the cluster are not resolved\n",
        state.folder / "cni" / "10-pods.conflist": json.dumps(_network(), indent=1),
        state.components: json.dumps(components(state.place), indent=1),
    }
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
