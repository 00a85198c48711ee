"""For each rule of core/k8s/rules.py what is changed in a small stack to show it: where in the fragment, and to what."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datameesh_cli.core.k8s.rules import Rule

GONE = object()


@dataclass(frozen=True)
class Case:
    """One change. `at` is a path in the fragment, or with `resolved` in what Compose makes of it, where the fragment cannot say it.

    `also`: patterns of keys that cannot but change with it. `refused`: the value is one that an export cannot say.
    """

    at: str
    to: Any
    also: tuple[str, ...] = ()
    resolved: bool = False
    refused: bool = False

    def applied(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A changed copy of the fragment, or of the resolved model."""
        result: dict[str, Any] = copy.deepcopy(dict(document))
        *way, last = (int(step) if step.isdecimal() else step for step in self.at.split("/"))
        holder: Any = result
        for step in way:
            holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
        if self.to is GONE:
            del holder[last]
        elif isinstance(last, int) and last == len(holder):
            holder.append(self.to)
        else:
            holder[last] = self.to
        return result


_CHECK = {"test": ["CMD", "check"], "interval": "5s", "timeout": "3s", "retries": 4, "start_period": "60s"}
_PLAIN = {
    "profiles": ["core"],
    "user": "1000:1001",
    "restart": "unless-stopped",
    "deploy": {"resources": {"limits": {"memory": "64M"}}},
    "networks": {"mesh": {}},
}
_DECLARED = {
    "namespace": "data-platform",
    "layer": "user access",
    "owner": "platform-team",
    "ram": {"min": 64, "want": 64},
}
_DB = _PLAIN | {
    "image": "db:1",
    "entrypoint": ["run", "$$HOME"],
    "command": ["serve", "$$HOME"],
    "environment": {"PASSWORD_FILE": "/run/secrets/db-password"},
    "working_dir": "/srv",
    "expose": ["5432"],
    "group_add": ["44"],
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "stop_grace_period": "30s",
    "deploy": {"replicas": 1, "resources": {"limits": {"memory": "128M"}}},
    "healthcheck": _CHECK,
    "networks": {"mesh": {"aliases": ["postgres"]}},
    "tmpfs": ["/tmp:size=1m"],
    "configs": [{"source": "db-init", "target": "/init/init.sql", "mode": 0o444}],
    "secrets": [{"source": "db-password", "target": "/run/secrets/db-password", "mode": 0o444}],
    "volumes": [
        {"type": "volume", "source": "db-data", "target": "/data"},
        {"type": "bind", "source": "./docs", "target": "/docs", "read_only": True, "bind": {"create_host_path": True}},
        {"type": "tmpfs", "target": "/scratch", "tmpfs": {"size": 1048576}},
        {"type": "tmpfs", "target": "/plain"},
    ],
    "logging": {"driver": "json-file", "options": {"max-size": "10m"}},
    "ulimits": {"nproc": 64, "nofile": {"soft": 16384, "hard": 16384}},
    "x-datameesh": _DECLARED | {"namespace": "sales-domain", "layer": "storage and metadata"},
}
_WEB = _PLAIN | {
    "image": "web:1",
    "expose": ["5000", "5009"],
    "ports": ["127.0.0.1:${WEB_PORT:-30081}:5001"],
    "cpu_shares": 512,
    "stop_grace_period": "30s",
    "depends_on": {"db": {"condition": "service_healthy"}},
    "deploy": {
        "replicas": 1,
        "resources": {"limits": {"memory": "64M", "cpus": "0.5"}, "reservations": {"cpus": "0.25"}},
    },
    "x-datameesh": _DECLARED
    | {"consumes": ["db:5432"], "kubernetes": {"grace": 60, "scale": {"min": 1, "max": 2, "cpu": 500}}},
}
_NIGHTLY = _PLAIN | {
    "image": "nightly:1",
    "profiles": ["job"],
    "restart": "no",
    "ports": ["127.0.0.1:${NIGHTLY_PORT:-30099}:7000"],
    "deploy": {"replicas": 1, "resources": {"limits": {"memory": "64M"}}},
    "healthcheck": _CHECK | {"disable": False},
    "x-datameesh": _DECLARED | {"kind": "job", "profile": "core", "layer": "transformation", "consumes": ["web:5000"]},
}
_QUIET = _PLAIN | {"image": "quiet:1", "x-datameesh": _DECLARED}

_ALL = {
    "services": {"db": _DB, "web": _WEB, "nightly": _NIGHTLY, "quiet": _QUIET},
    "networks": {"mesh": {}, "other": {}},
    "volumes": {name: {"labels": {"kompose.volume.size": "2Gi"}} for name in ("db-data", "db-more")},
    "configs": {"db-init": {"file": "init.sql"}, "db-more": {"file": "more.sql"}},
    "secrets": {"db-password": {"file": "none"}, "db-other": {"file": "none"}},
}
# No two services share a value: a change of one would be a change of the other.
FRAGMENT: dict[str, Any] = json.loads(json.dumps(_ALL))
FILES = {
    "init.sql": "SELECT 1;\n",
    "more.sql": "SELECT 2;\n",
    "none": "",
    "docs/a.html": "<p>\n",
    "pages/b.html": "<p>\n",
}


def rule_ids(rules: tuple[Rule, ...]) -> dict[str, Rule]:
    """Rules by pattern and verdict, numbered where two have both."""
    found: dict[str, Rule] = {}
    for rule in rules:
        name = f"{rule.pattern} {rule.verdict}"
        found[f"{name} 2" if name in found else name] = rule
    return found


def _db(at: str, to: Any, *also: str, **options: Any) -> Case:
    return Case(f"services/db/{at}", to, also, **options)


def _web(at: str, to: Any, *also: str, **options: Any) -> Case:
    return Case(f"services/web/{at}", to, also, **options)


def _job(at: str, to: Any, *also: str, **options: Any) -> Case:
    return Case(f"services/nightly/{at}", to, also, **options)


_WAIT = ("depends_on/*", "depends_on/*/condition", "depends_on/*/required")
_OTHER = {"other": {"aliases": ["postgres"]}}
_AS_VOLUME = {"type": "volume", "source": "db-more", "target": "/scratch"}
_NPIPE = {"type": "npipe", "source": "a", "target": "/scratch"}
_ENTRY = ("volumes/[]/source", "volumes/[]/tmpfs/size", "volumes/[]/volume", "volumes/[]/target")
_PIDS = {"deploy": {"resources": {"limits": {"memory": "64M", "pids": 50}}}, "pids_limit": 50}

CASES: dict[str, tuple[Case, ...]] = {
    "image converted": (_db("image", "db:2"),),
    "entrypoint/[] converted": (_db("entrypoint/1", "$$PATH"), _db("entrypoint", GONE)),
    "command/[] repaired": (_db("command/1", "$$PATH"), _db("command/0", "other")),
    "environment/* repaired": (_db("environment/PASSWORD_FILE", "/run/secrets/other"), _db("environment/MORE", "1")),
    "working_dir converted": (_db("working_dir", "/opt"),),
    "tty converted": (_db("tty", True),),
    "stdin_open converted": (_db("stdin_open", True),),
    "expose/[] converted": (_web("expose/1", "5010"), _web("expose/1", "5009/udp", refused=True)),
    "ports/[]/target repaired": (_web("ports/0", "127.0.0.1:${WEB_PORT:-30081}:5003"),),
    "ports/[]/published dropped": (_job("ports/0", "127.0.0.1:${NIGHTLY_PORT:-30098}:7000"),),
    "ports/[]/published repaired": (_web("ports/0", "127.0.0.1:${WEB_PORT:-30082}:5001"),),
    "ports/[]/protocol converted": (_web("ports/0", "127.0.0.1:${WEB_PORT:-30081}:5001/udp", refused=True),),
    "ports/[]/mode dropped": (_web("ports/0/mode", "host", resolved=True),),
    "ports/[]/host_ip dropped": (_web("ports/0", "127.0.0.2:${WEB_PORT:-30081}:5001"),),
    "networks/* dropped": (_db("networks", _OTHER, "networks/*/aliases/[]"),),
    "networks/*/aliases/[] repaired": (_db("networks/mesh/aliases/0", "pg"),),
    "configs/[]/source repaired": (_db("configs/0/source", "db-more"),),
    "configs/[]/target repaired": (_db("configs/0/target", "/init/other.sql"),),
    "configs/[]/mode dropped": (_db("configs/0/mode", 0o400),),
    "secrets/[]/source repaired": (_db("secrets/0/source", "db-other"),),
    "secrets/[]/target repaired": (_db("secrets/0/target", "/run/secrets/other"),),
    "secrets/[]/mode dropped": (_db("secrets/0/mode", 0o400),),
    "volumes/[]/type repaired": (_db("volumes/2", _AS_VOLUME, *_ENTRY), _db("volumes/2", _NPIPE, *_ENTRY, refused=True)),
    "volumes/[]/source repaired": (_db("volumes/1/source", "./pages"),),
    "volumes/[]/source converted": (_db("volumes/0/source", "db-more"),),
    "volumes/[]/target converted": (_db("volumes/0/target", "/more"),),
    "volumes/[]/target repaired": (_db("volumes/1/target", "/pages"), _db("volumes/2/target", "/more")),
    "volumes/[]/read_only converted": (_db("volumes/0/read_only", True),),
    "volumes/[]/read_only dropped": (_db("volumes/1/read_only", False), _db("volumes/2/read_only", True)),
    "volumes/[]/tmpfs dropped": (_db("volumes/3/tmpfs", {}, resolved=True),),
    "volumes/[]/tmpfs/size repaired": (_db("volumes/2/tmpfs/size", 5 * 1048576),),
    "volumes/[]/tmpfs/mode dropped": (_db("volumes/2/tmpfs/mode", 0o700),),
    "volumes/[]/volume dropped": (_db("volumes/0/volume", {}, resolved=True),),
    "volumes/[]/volume/nocopy dropped": (_db("volumes/0/volume", {"nocopy": True}, "volumes/[]/volume"),),
    "volumes/[]/bind dropped": (
        _db("volumes/1/bind", {}, "volumes/[]/bind/create_host_path", resolved=True),
    ),
    "volumes/[]/bind/create_host_path dropped": (_db("volumes/1/bind/create_host_path", False, resolved=True),),
    "tmpfs/[] repaired": (_db("tmpfs/0", "/tmp:size=5m"), _db("tmpfs/0", "/tmp/more:size=1m")),
    "shm_size repaired": (_db("shm_size", "64m"),),
    "healthcheck/disable dropped": (Case("services/quiet/healthcheck/disable", True),),
    "healthcheck/disable converted": (_db("healthcheck/disable", True),),
    "healthcheck/start_interval dropped": (_db("healthcheck/start_interval", "1s"),),
    "healthcheck/test/[] dropped": (_job("healthcheck/test/1", "other"),),
    "healthcheck/interval dropped": (_job("healthcheck/interval", "9s"),),
    "healthcheck/timeout dropped": (_job("healthcheck/timeout", "9s"),),
    "healthcheck/retries dropped": (_job("healthcheck/retries", 9),),
    "healthcheck/start_period dropped": (_job("healthcheck/start_period", "9s"),),
    "healthcheck/test/[] repaired": (_db("healthcheck/test/1", "other"), _db("healthcheck/test/0", "CMD-SHELL")),
    "healthcheck/interval repaired": (_db("healthcheck/interval", "9s"),),
    "healthcheck/timeout repaired": (_db("healthcheck/timeout", "9s"),),
    "healthcheck/retries repaired": (_db("healthcheck/retries", 9),),
    "healthcheck/start_period repaired": (_db("healthcheck/start_period", "90s"),),
    "depends_on/* repaired": (_web("depends_on", GONE, *_WAIT),),
    "depends_on/* dropped": (_web("depends_on/quiet", {"condition": "service_started"}, *_WAIT),),
    "depends_on/*/condition dropped": (
        _web("depends_on/db/condition", "service_started"),
        _web("depends_on/db/condition", "service_completed_successfully", refused=True),
    ),
    "depends_on/*/required dropped": (_web("depends_on/db/required", False),),
    "depends_on/*/restart dropped": (_web("depends_on/db/restart", True),),
    "deploy/replicas dropped": (_job("deploy/replicas", 2),),
    "deploy/replicas dropped 2": (_web("deploy/replicas", 2),),
    "deploy/replicas converted": (_db("deploy/replicas", 2),),
    "deploy/resources/limits/memory repaired": (_db("deploy/resources/limits/memory", "160M"),),
    "deploy/resources/limits/cpus dropped": (_web("deploy/resources/limits/cpus", "0.75"),),
    "deploy/resources/limits/pids dropped": (_db("deploy/resources/limits/pids", 50),),
    "pids_limit dropped": (Case("services/quiet", _QUIET | _PIDS, ("deploy/resources/limits/pids",)),),
    "deploy/resources/reservations/cpus converted": (_web("deploy/resources/reservations/cpus", "0.4"),),
    "deploy/resources/reservations/memory dropped": (_web("deploy/resources/reservations/memory", "10M"),),
    "cpu_shares dropped": (_web("cpu_shares", 256),),
    "cpu_shares repaired": (_db("cpu_shares", 256),),
    "deploy/placement dropped": (_db("deploy/placement", GONE, resolved=True),),
    "user converted": (_db("user", "1002:1001"),),
    "group_add/[] converted": (_db("group_add/0", "45"),),
    "read_only converted": (_db("read_only", False),),
    "cap_drop/[] dropped": (_db("cap_drop/0", "NET_RAW"),),
    "security_opt/[] dropped": (
        _db("security_opt/0", "no-new-privileges"),
        _db("security_opt/0", "seccomp=unconfined", refused=True),
    ),
    "restart dropped": (_job("restart", GONE), _job("restart", "on-failure", refused=True)),
    "restart dropped 2": (_db("restart", "always"), _db("restart", "on-failure", refused=True), _db("restart", "no", refused=True)),
    "stop_grace_period dropped": (_web("stop_grace_period", "50s"),),
    "stop_grace_period converted": (_db("stop_grace_period", "50s"),),
    "profiles/[] converted": (_web("profiles/0", "more"),),
    "hostname dropped": (_db("hostname", "zeus"),),
    "init dropped": (_db("init", True),),
    "logging/driver dropped": (_db("logging/driver", "local"),),
    "logging/options/* dropped": (_db("logging/options/max-size", "5m"), _db("logging/options/max-file", "2")),
    "ulimits/* dropped": (_db("ulimits/nproc", 32),),
    "ulimits/*/soft dropped": (_db("ulimits/nofile/soft", 1024),),
    "ulimits/*/hard dropped": (_db("ulimits/nofile/hard", 32768),),
    "stop_signal dropped": (_db("stop_signal", "SIGINT"),),
    "labels/* dropped": (
        _db("labels", {"kompose.controller.type": "daemonset"}),
        _db("labels", {"kompose.service.type": "loadbalancer"}),
    ),
    "pull_policy dropped": (_db("pull_policy", "always"),),
    "x-* dropped": (Case("x-more", {"a": {"b": 1}}, resolved=True),),
    "name dropped": (Case("name", "other", resolved=True),),
    "networks/*/name dropped": (Case("networks/mesh/name", "other", resolved=True),),
    "networks/*/ipam dropped": (Case("networks/mesh/ipam", GONE, resolved=True),),
    "volumes/*/name dropped": (Case("volumes/db-data/name", "other", resolved=True),),
    "volumes/*/labels/kompose.volume.size converted": (Case("volumes/db-data/labels/kompose.volume.size", "3Gi"),),
    "configs/*/name dropped": (Case("configs/db-init/name", "other", resolved=True),),
    "configs/*/file repaired": (Case("configs/db-init/file", "more.sql"),),
    "secrets/*/name dropped": (Case("secrets/db-password/name", "other", resolved=True),),
    "secrets/*/file dropped": (Case("secrets/db-password/file", "init.sql"),),
}  # fmt: skip
"""The rule's pattern and verdict, and what shows it."""
