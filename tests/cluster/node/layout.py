"""Names, addresses and folders of the node.

The node is a set of namespaces (network, mounts, processes) of its own. Inside, the state folder is `/run/node` and the
tools are `/run/tools`, wherever they lie outside, so every configuration file reads the same on every machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

NODE = "node"
# Of pods and services; inside the node's own network, so every node has the same.
POD_RANGE = "10.112.0.0/24"
SERVICE_RANGE = "10.113.0.0/24"
API_SERVICE = "10.113.0.1"
DNS_SERVICE = "10.113.0.10"  # also in manifests/dns.yaml
SANDBOX_IMAGE = "node.local/busybox:1"

INSIDE = Path("/run/node")
INSIDE_TOOLS = Path("/run/tools")
PLACES = 16

_MARK = "this folder belongs to tests/cluster/cluster; `cluster down` removes it\n"


@dataclass(frozen=True, slots=True)
class Place:
    """What two clusters on one machine must not share; a number of up to `PLACES`."""

    number: int

    @property
    def link(self) -> str:
        """The host's end of the link to the node."""
        return f"dmnode{self.number}"

    @property
    def host_address(self) -> str:
        return f"10.111.0.{4 * self.number + 1}"

    @property
    def node_address(self) -> str:
        return f"10.111.0.{4 * self.number + 2}"

    @property
    def api(self) -> str:
        return f"https://{self.node_address}:6443"

    @property
    def cgroup(self) -> str:
        """The control group of all pods, in every hierarchy."""
        return "datameesh-cluster" + (f"-{self.number}" if self.number else "")


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

    @property
    def place(self) -> Place:
        path = self.folder / "place"
        return Place(int(path.read_text(encoding="utf-8")) if path.exists() else 0)

    def make(self, place: Place) -> None:
        """The empty folders, 0700: they hold keys."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.mark.write_text(_MARK, encoding="utf-8")
        (self.folder / "place").write_text(str(place.number), encoding="utf-8")
        for name in ("tls", "logs", "pids", "config", "cni", "lib", "pods", "volumes"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        # Processes of other users inside pods walk through these.
        for name in ("lib", "volumes"):
            (self.folder / name).chmod(0o755)

    def ours(self) -> bool:
        """Whether the folder was made here: nothing else is ever removed."""
        return self.mark.exists()
