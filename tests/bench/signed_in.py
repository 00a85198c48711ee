"""What TLS, passwords and rules cost the query engine: one statement and its memory, with and without. Prints one JSON object.

    ./dm --name bench up --profile analytics --ram 4g && ./dm --name bench seed --set journey
    .venv/bin/python tests/bench/signed_in.py --name bench

Beside the coordinator, in its container, two more are started from its files: one as it is, one without TLS, PASSWORD, groups and
rules. Each is alone (no worker), both have the same heap, and they are asked in turn. The container gets the memory for it.

| key | what is compared |
|---|---|
| seconds | medians of the journey query, each in a session of its own as `dm sql` asks it; `ratio` is the median of the pairs |
| memory | MiB of each process that no file backs, a minute after the last statement; `added` is the difference |
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.errors import DmError
from datameesh_cli.usecases.open_target import trino_of
from datameesh_cli.usecases.plan_memory import plan_memory

ROOT = Path(__file__).parents[2]
QUERY = (ROOT / "services/trino/queries/journey.sql").read_text().strip().rstrip(";")
HEAP = 640
WARM_UP = 20
PORTS = {"signed": (18080, 18443), "plain": (28080, 28443)}
"""Of each: plain HTTP, TLS."""
START = r"""
set -eu
home=/tmp/bench-$1
rm -rf $home; mkdir -p $home
cp -r /etc/trino $home/etc
cd $home/etc
if [ $1 = plain ]; then
    rm access-control.properties password-authenticator.properties group-provider.properties
    sed -i '/^http-server.https/d; /authentication/d; /^oauth2/d' config.properties
fi
sed -i "s/=8080/=$2/; s/:8080/:$2/; s/=8443/=$3/; s#/etc/trino#$home/etc#" config.properties
sed "s#/etc/trino#$home/etc#g; s#/tmp/trino#$home/run#g" start-trino > start
export TRINO_INCLUDE_COORDINATOR=true TRINO_HEAP=$4
(sh start > $home/log 2>&1 & echo $! > $home/pid)
"""


def docker(*args: str) -> str:
    """Run the docker command and return what it prints."""
    return subprocess.run(["docker", *args], check=True, capture_output=True, text=True).stdout


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def started(container: str, kind: str, trino: Trino) -> None:
    """Start one of the two and wait until it answers."""
    docker("exec", container, "sh", "-c", START, "sh", kind, *map(str, PORTS[kind]), str(HEAP))
    deadline = time.monotonic() + 300
    while True:
        try:
            assert len(trino.query(QUERY).rows) == 4
            return
        except DmError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def memory(container: str, kind: str) -> float:
    """The MiB of a process that no file backs."""
    found = docker("exec", container, "sh", "-c", f"cat /proc/$(cat /tmp/bench-{kind}/pid)/status")
    return round(int(re.findall(r"RssAnon:\s+(\d+)", found)[0]) / 1024, 1)


def compare(container: str, asked: dict[str, Trino], pairs: int) -> dict[str, object]:
    """Start both, ask them in turn, and return the figures."""
    for kind, trino in asked.items():
        started(container, kind, trino)
    taken: dict[str, list[float]] = {kind: [] for kind in asked}
    for turn in range(WARM_UP + pairs):
        for kind in sorted(asked, reverse=turn % 2 == 0):
            seconds = timed(lambda kind=kind: asked[kind].query(QUERY))  # type: ignore[misc]
            if turn >= WARM_UP:
                taken[kind].append(seconds)
    middle = {kind: round(statistics.median(each), 3) for kind, each in taken.items()}
    ratio = statistics.median(s / p for s, p in zip(taken["signed"], taken["plain"], strict=True))
    time.sleep(60)
    used = {kind: memory(container, kind) for kind in asked}
    return {
        "seconds": middle | {"ratio": round(ratio, 3), "fastest": {k: round(min(v), 3) for k, v in taken.items()}},
        "memory": used | {"added": round(used["signed"] - used["plain"], 1)},
    }


def main() -> None:
    """Compare both in the running stack and print the JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="bench")
    parser.add_argument("--pairs", type=int, default=60)
    asked = parser.parse_args()
    adapters = adapters_for(asked.name)
    served = trino_of(adapters, plan_memory(adapters, (), None))
    found = next(c for c in adapters.engine.containers(adapters.project) if c.service == "trino-coordinator")
    limit = docker("inspect", "--format", "{{.HostConfig.Memory}}", found.name).strip()
    docker("update", "--memory", "4g", "--memory-swap", "4g", found.name)
    signed = Trino(found.address, PORTS["signed"][1], served.trust, served.password_of)
    try:
        both = {"signed": signed, "plain": Trino(found.address, PORTS["plain"][0])}
        print(json.dumps(compare(found.name, both, asked.pairs), indent=2))
    finally:
        for kind in PORTS:
            docker(
                "exec", found.name, "sh", "-c", f"kill $(cat /tmp/bench-{kind}/pid) && rm -r /tmp/bench-{kind} || true"
            )
        time.sleep(10)
        docker("update", "--memory", limit, "--memory-swap", limit, found.name)


if __name__ == "__main__":
    main()
