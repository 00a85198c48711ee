"""Names, addresses and folders of the node.

The node is a set of namespaces (network, mounts, processes) of its own. Inside, the state folder is `/run/node` and the
tools are `/run/tools`, wherever they lie outside, so every configuration file reads the same on every machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

NODE = "node"
LINK = "dmnode0"  # the host's end of the link to the node
HOST_ADDRESS = "10.111.0.1"
NODE_ADDRESS = "10.111.0.2"
POD_RANGE = "10.112.0.0/24"
SERVICE_RANGE = "10.113.0.0/24"
API_SERVICE = "10.113.0.1"
DNS_SERVICE = "10.113.0.10"  # also in manifests/dns.yaml
CGROUP = "datameesh-cluster"
SANDBOX_IMAGE = "node.local/busybox:1"

INSIDE = Path("/run/node")
INSIDE_TOOLS = Path("/run/tools")
API = f"https://{NODE_ADDRESS}:6443"

_MARK = "this folder belongs to tests/cluster/cluster; `cluster down` removes it\n"


@dataclass(frozen=True, slots=True)
class State:
    """The state folder: everything that a running node writes."""

    folder: Path

    @classmethod
    def default(cls) -> State:
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return cls(Path(base) / "datameesh" / "cluster")

    @property
    def mark(self) -> Path:
        return self.folder / "datameesh-cluster"

    @property
    def tls(self) -> Path:
        return self.folder / "tls"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def pids(self) -> Path:
        return self.folder / "pids"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def components(self) -> Path:
        return self.folder / "components.json"

    def make(self) -> None:
        """The empty folders, 0700: they hold keys."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.mark.write_text(_MARK, encoding="utf-8")
        for name in ("tls", "logs", "pids", "config", "cni", "lib", "pods", "volumes"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        # Processes of other users inside pods walk through these.
        for name in ("lib", "volumes"):
            (self.folder / name).chmod(0o755)

    def ours(self) -> bool:
        """Whether the folder was made here: nothing else is ever removed."""
        return self.mark.exists()
