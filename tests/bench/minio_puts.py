"""Parallel puts and gets against the running stack's object store. Prints one JSON object.

    python tests/bench/minio_puts.py --name datameesh --parallel 100 --mib 8

Objects go to the bucket backups (without versions) and are removed again. `restarts` and `killed` are what the engine says of
the container afterwards: a store that lost its memory in between would show there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.usecases.open_lake import lake_of

BUCKET, PREFIX = "backups", ".bench/"


def main() -> None:
    """Run both rounds and print the figures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--name", default="datameesh", help="the stack")
    options.add_argument("--parallel", type=int, default=100)
    options.add_argument("--mib", type=float, default=1)
    given = options.parse_args()
    adapters = adapters_for(given.name)
    store = lake_of(adapters)
    body = b"x" * int(given.mib * 2**20)
    keys = [f"{PREFIX}{n}" for n in range(given.parallel)]
    try:
        put = _timed(lambda key: store.put(BUCKET, key, body), keys)
        get = _timed(lambda key: _same(store.get(BUCKET, key), body), keys)
    finally:
        for key in keys:
            store.remove(BUCKET, key)
    container = next(c for c in adapters.engine.containers(adapters.project) if c.service == "minio")
    total = given.mib * given.parallel
    print(
        json.dumps(
            {
                "parallel": given.parallel,
                "mib": given.mib,
                "put_mib_per_s": round(total / put, 1),
                "get_mib_per_s": round(total / get, 1),
                "limit_mib": container.limit,
                "used_mib": adapters.engine.memory_used(adapters.project).get(container.name),
                "restarts": container.restarts,
                "killed": container.oom_killed,
            }
        )
    )


def _timed(work: Callable[[str], None], keys: Iterable[str]) -> float:
    keys = list(keys)
    began = time.monotonic()
    with ThreadPoolExecutor(len(keys)) as pool:
        list(pool.map(work, keys))
    return time.monotonic() - began


def _same(got: bytes, sent: bytes) -> None:
    if got != sent:
        raise SystemExit("an object came back different")


if __name__ == "__main__":
    main()
