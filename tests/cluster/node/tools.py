"""What is built and unpacked, and the folder that it goes to."""

from __future__ import annotations

import hashlib
import os
import platform
import pwd
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parents[1] / "go"

KUBERNETES = "1.33.13"
_VERSION = "k8s.io/component-base/version"
# Without these the API server calls itself v0.0.0-master, and clients that compare versions go wrong.
_LDFLAGS = f"-X {_VERSION}.gitVersion=v{KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=33"


@dataclass(frozen=True, slots=True)
class Tool:
    """One binary: `package` is built inside the pinned module `go/<module>`."""

    name: str
    module: str
    package: str
    ldflags: str = ""


def _kubernetes(name: str) -> Tool:
    return Tool(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _LDFLAGS)


# The longest first: what it compiles is what the others share.
TOOLS = (
    _kubernetes("kube-apiserver"),
    _kubernetes("kubectl"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubelet"),
    _kubernetes("kube-proxy"),
    Tool("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    Tool("kube-router", "kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"),
    Tool("coredns", "coredns", "github.com/coredns/coredns"),
    Tool("metrics-server", "metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server"),
    Tool("local-path-provisioner", "local-path-provisioner", "github.com/rancher/local-path-provisioner"),
    Tool("kube-score", "kube-score", "github.com/zegl/kube-score/cmd/kube-score"),
)

# In the version of the host's own release: its archive keeps no other. Unpacked, never installed.
PACKAGES = (
    "containerd",
    "runc",
    "containernetworking-plugins",
    "ipset",
    "libipset13",
    "libmnl0",
    "busybox-static",
)


def cache_key() -> str:
    """Changes when a pinned module, a way of building or the machine's architecture does."""
    digest = hashlib.sha256(repr((TOOLS, PACKAGES, platform.machine())).encode())
    for path in sorted(MODULES.glob("*/go.*")):
        digest.update(str(path.relative_to(MODULES)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _home() -> str:
    """Of the one who built, also when sudo starts the node."""
    user = os.environ.get("SUDO_USER")
    return pwd.getpwnam(user).pw_dir if user and os.geteuid() == 0 else str(Path.home())


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder of the built tools."""

    folder: Path

    @classmethod
    def default(cls) -> Cache:
        base = os.environ.get("XDG_CACHE_HOME") or f"{_home()}/.cache"
        return cls(Path(base) / "datameesh" / "cluster" / cache_key())

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def debian(self) -> Path:
        return self.folder / "debian"

    def missing(self) -> list[str]:
        """Names of what is not there."""
        tools = [tool.name for tool in TOOLS if not (self.bin / tool.name).exists()]
        return tools + ([] if (self.debian / "packages.txt").exists() else ["Debian packages"])
