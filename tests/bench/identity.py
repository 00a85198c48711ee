"""What one identity costs a stack that runs: sign-in, audit and TLS. Prints one JSON object.

    ./dm dev bench identity --name datameesh --statements 100

Memory is all that the programs of the two containers have resident, with the pages of the programs themselves, and for TLS the
live objects of its classes in the query engine (a histogram after a collection of garbage). `cpu_ms` is the processor's time for
a statement: what the collector takes, what the listener's threads take in the query engine, and the whole of the engine, to
compare with.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.usecases.open_target import open_compose, trino_of

MIB = 2**20
TLS = re.compile(
    r"^ *\d+: +\d+ +(\d+) +\S*(?:sun\.security\.|javax\.net\.ssl|com\.sun\.crypto|java\.security\.|jetty\.\S*[sS]sl)"
)
STATEMENT = "SELECT 'what one identity costs'"


def main() -> None:
    """Measure and print the figures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--name", default="datameesh", help="the stack")
    options.add_argument("--statements", type=int, default=100)
    given = options.parse_args()
    adapters = adapters_for(given.name)
    named = {c.service: c.name for c in adapters.engine.containers(adapters.project)}
    memory = {service: _resident(named[service]) for service in ("sign-in", "audit")}
    memory["tls"] = round(_tls(named["trino-coordinator"]) / MIB, 1)
    print(
        json.dumps(
            {
                "idle_mib": memory,
                "idle_mib_together": round(sum(memory.values()), 1),
                "cpu_ms": _processor(adapters, named["audit"], named["trino-coordinator"], given.statements),
            }
        )
    )


def _resident(container: str) -> float:
    """MiB of all programs in it, but for the one that asks."""
    lines = _inside(container, "sh", "-c", "grep -hE '^(Name|VmRSS):' /proc/[0-9]*/status")
    words = [line.split()[1] for line in lines]
    pairs = [pair for pair in zip(words[::2], words[1::2], strict=True) if pair[0] != "grep"]
    return round(sum(int(kib) for _, kib in pairs) / 1024, 1)


def _tls(engine: str) -> int:
    """Bytes of the live objects of TLS and of what it is made of."""
    return sum(
        int(found[1]) for line in _inside(engine, "jcmd", "1", "GC.class_histogram") if (found := TLS.match(line))
    )


def _processor(adapters: Adapters, collector: str, engine: str, statements: int) -> dict[str, float]:
    """Milliseconds of the processor for each of so many statements."""
    trino = trino_of(adapters, open_compose(adapters).planned)
    trino.query(STATEMENT)

    def taken() -> dict[str, float]:
        return {"collector": _cpu(collector), "listener": _listener(engine), "engine": _cpu(engine)}

    before = taken()
    for _ in range(statements):
        trino.query(STATEMENT)
    # The last of them are written down a second later.
    time.sleep(3)
    return {name: round((now - before[name]) / statements, 2) for name, now in taken().items()}


def _listener(engine: str) -> float:
    """Milliseconds that the threads which tell the collector have had of the processor."""
    threads = "\n".join(_inside(engine, "jcmd", "1", "Thread.print"))
    return sum(float(ms) for ms in re.findall(r'(?m)^"[^"]*http-event-listener[^"]*".*? cpu=([\d.]+)ms', threads))


def _cpu(container: str) -> int:
    """Milliseconds that its program has had of the processor, in steps of 10."""
    after_the_name = _inside(container, "cat", "/proc/1/stat")[0].rsplit(")", 1)[1].split()
    return 10 * (int(after_the_name[11]) + int(after_the_name[12]))


def _inside(container: str, *words: str) -> list[str]:
    done = subprocess.run(
        ["docker", "exec", container, *words], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()
