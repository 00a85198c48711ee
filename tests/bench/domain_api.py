"""What a list of a domain's API costs beside the bare framework: requests a second of both. Prints one JSON object.

    ./dm --name bench up --profile core --ram 1g && ./dm --name bench seed
    .venv/bin/python tests/bench/domain_api.py --name bench

In the container of one replica a second server is started: the same Flask under the same waitress with as many threads, which
answers the constant that the list answers. Both are asked in turn, at the container's own address, over connections that stay open.

| key | what it is |
|---|---|
| bare, listed | requests a second: medians of the rounds |
| ratio | the median of listed / bare of each pair |
"""

from __future__ import annotations

import argparse
import base64
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from datameesh_cli.adapters.adapters import adapters_for

BARE = """
import logging, sys
from flask import Flask, Response
from waitress import serve
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
body = sys.stdin.buffer.read()
app = Flask("bare")
app.get("/")(lambda: Response(body, 200, mimetype="application/json"))
serve(app, host="0.0.0.0", port=5001, threads=3, ident="")
"""


def requests_a_second(address: tuple[str, int], path: str, header: str, seconds: float, connections: int) -> float:
    """Ask over so many connections for so long, and return how many answers came a second. Each must be a 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: api\r\n{header}\r\n".encode()
    until, counts = time.monotonic() + seconds, [0] * connections

    def ask(n: int) -> None:
        with socket.create_connection(address, timeout=10) as wire:
            while time.monotonic() < until:
                wire.sendall(request)
                got = wire.recv(65536)
                head, _, body = got.partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                while len(body) < length:
                    body += wire.recv(65536)
                counts[n] += 1

    workers = [threading.Thread(target=ask, args=(n,)) for n in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--name", default="datameesh")
    asked.add_argument("--replica", default="sales-api-1")
    asked.add_argument("--path", default="/customers")
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--seconds", type=float, default=3)
    asked.add_argument("--connections", type=int, default=3)
    options = asked.parse_args()
    adapters = adapters_for(options.name)
    container = next(c for c in adapters.engine.containers(adapters.project) if c.service == options.replica)
    key = base64.b64encode(f"admin:{adapters.state.secret('admin-password')}".encode()).decode()
    header = f"Authorization: Basic {key}\r\n"
    show = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    inspect = ["docker", "inspect", "--format", show, container.name]
    address = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.strip()
    listed, bare = (address, 5000), (address, 5001)
    body = subprocess.run(
        ["curl", "-sf", "-H", header.strip(), f"http://{address}:5000{options.path}"], check=True, capture_output=True
    ).stdout
    server = subprocess.Popen(["docker", "exec", "-i", container.name, "python3", "-c", BARE], stdin=subprocess.PIPE)
    assert server.stdin
    server.stdin.write(body)
    server.stdin.close()
    time.sleep(3)
    try:
        pairs = []
        for number in range(options.rounds + 1):
            pair = [
                requests_a_second(where, path, header, options.seconds, options.connections)
                for where, path in ((bare, "/"), (listed, options.path))
            ]
            pairs += [pair] if number else []  # the first warms up
    finally:
        subprocess.run(["docker", "exec", container.name, "python3", "-c", _STOP], check=False)
    result = {
        "bare": round(statistics.median(p[0] for p in pairs)),
        "listed": round(statistics.median(p[1] for p in pairs)),
        "ratio": round(statistics.median(p[1] / p[0] for p in pairs), 3),
        "bytes": len(body),
    }
    print(json.dumps(result))


_STOP = """
import os, signal
for name in filter(str.isdigit, os.listdir("/proc")):
    words = open(f"/proc/{name}/cmdline").read().split(chr(0))
    if "port=5001" in " ".join(words) and int(name) != os.getpid():
        os.kill(int(name), signal.SIGKILL)
"""

if __name__ == "__main__":
    main()
