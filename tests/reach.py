"""Who reaches whom, tried from inside: what the matrix of a Compose stack and that of a cluster share."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping

from datameesh_cli.core.model import Service

Entry = tuple[str, str]
"""(who, where to): an open connection, such as ("trino-worker", "sales-db:5432")."""

BASH = """
for to in "$@"; do
  (timeout 2 bash -c "exec 3<>/dev/tcp/${to%%:*}/${to##*:}" 2> /dev/null && echo "$to") &
done
wait
"""
"""Tries to connect to each of its arguments, all at once, and prints those that answer."""

TABLE = {
    "audit": "hive-metastore-db:5432",
    "dbt": "trino-coordinator:8443",
    "hive-metastore": "hive-metastore-db:5432 minio:9000",
    "hive-metastore-db": "",
    "marketing-db": "",
    "minio": "",
    "sales-api-db": "",
    "sales-db": "",
    "sign-in": "hive-metastore-db:5432",
    "trino-coordinator": "audit:8095 hive-metastore:9083 marketing-db:5432 minio:9000 sales-db:5432 sign-in:5556 trino-worker:8080",
    "trino-worker": "hive-metastore:9083 marketing-db:5432 minio:9000 sales-db:5432 trino-coordinator:8080",
}
_SALES_API, _MARKETING_API = "sales-api-db:5432 sales-db:5432 sign-in:5556", "marketing-db:5432 sign-in:5556"
ON_COMPOSE = TABLE | {
    "marketing-api": "marketing-api-1:5000 marketing-api-2:5000",
    "marketing-api-1": _MARKETING_API,
    "marketing-api-2": _MARKETING_API,
    "sales-api": "sales-api-1:5000 sales-api-2:5000",
    "sales-api-1": _SALES_API,
    "sales-api-2": _SALES_API,
}
ON_A_CLUSTER = TABLE | {"marketing-api": _MARKETING_API, "sales-api": _SALES_API}
"""Who opens what, by hand: a new edge between two of these is a decision, and stands here as well."""


def by_hand(table: Mapping[str, str], running: Iterable[str]) -> set[Entry]:
    """What a table has of what runs."""
    there = set(running)
    return {(who, to) for who, row in table.items() for to in row.split() if to.partition(":")[0] in there}


def of_the_table(table: Mapping[str, str], entries: Iterable[Entry]) -> set[Entry]:
    """Those of which a table speaks: without strangers, the outside, and other copies of the same service."""
    pairs = ((who, to, to.partition(":")[0]) for who, to in entries)
    return {(who, to) for who, to, whom in pairs if who in table and whom in table and who != whom}


def declared(services: Iterable[Service]) -> set[Entry]:
    """What the folders declare between these services, written down without the code that makes rules of it."""
    everyone = list(services)
    running = {s.name for s in everyone}
    return {(s.name, f"{e.service}:{e.port}") for s in everyone for e in s.consumes if e.service in running}


def ten_others(who: Iterable[str], places: Iterable[str], wanted: set[Entry]) -> set[Entry]:
    """Ten connections that nobody declared, others each time; what was drawn is printed."""
    everyone, seed = list(places), time.time_ns() % 100000
    others = {(one, to) for one in who for to in everyone if to.partition(":")[0] != one} - wanted
    chosen = set(random.Random(seed).sample(sorted(others), 10))
    print(f"seed {seed}: {sorted(chosen)}")
    return chosen


def between_domains(entries: Iterable[Entry], services: Iterable[Service]) -> set[Entry]:
    """Those that lead from one domain into another."""
    home = {s.name: s.namespace for s in services if s.namespace.endswith("-domain")}
    pairs = ((who, to, to.partition(":")[0]) for who, to in entries)
    return {(who, to) for who, to, whom in pairs if who in home and whom in home and home[who] != home[whom]}
