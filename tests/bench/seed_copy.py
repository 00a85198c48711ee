"""Loading a million rows with `dm seed` against psql's \\copy of the same rows into the same table. Prints one JSON object.

    dm dev bench seed_copy --runs 5           # own stack, removed at the end

The runs alternate, because the machine's mood changes. `ratio` is rows/s of dm over rows/s of \\copy, medians; dm's time includes
making the rows, \\copy reads a file.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.core.seed.rows import copy_text
from datameesh_cli.usecases.read_datasets import read_datasets
from datameesh_cli.usecases.seed_data import SeedRequest, seed_data
from tests.integration.stack import fresh_stack

SET, TABLE, DOMAIN = "pushdown", "events_big", "sales"


def write_rows(adapters: Adapters, path: Path) -> int:
    """Write the table's rows as COPY text; return how many there are."""
    declared = read_datasets(adapters.repository)
    dataset = next(d for d in declared.datasets if d.domain == DOMAIN)
    table = next(t for t in dataset.tables if t.name == TABLE)
    rows = 0
    with path.open("wb") as file:
        for text, count in copy_text(dataset, table, plan(declared.people, SET), SET):
            file.write(text)
            rows += count
    path.chmod(0o644)
    return rows


def with_psql(adapters: Adapters, path: Path) -> float:
    """Load the file with psql from a container on the stack's network; return the seconds that psql says \\copy took."""
    container = next(c for c in adapters.engine.containers(adapters.project) if c.service == "sales-db")
    url = f"postgresql://owner:{adapters.state.secret('sales-db-owner-password')}@{container.address}/sales_db"
    steps = ["BEGIN", f"TRUNCATE {TABLE}", "\\timing on", f"\\copy {TABLE} FROM /rows.txt", "\\timing off", "COMMIT"]
    command = ["docker", "run", "--rm", "--network", adapters.engine.networks(adapters.project)[0]]
    # In the name of a service that may ask this database.
    command += ["--ip", adapters.compose.stand_in("trino-coordinator")]
    command += ["-v", f"{path}:/rows.txt:ro", "--entrypoint", "psql", container.image, url, "-X"]
    done = subprocess.run([*command, *(f"-c{s}" for s in steps)], capture_output=True, text=True, check=True)
    found = re.search(r"Time: ([\d.]+) ms", done.stdout)
    assert found, done
    return float(found[1]) / 1000


def with_dm(adapters: Adapters) -> tuple[float, float]:
    """Load the set as `dm seed --force` does; return the seconds of the big table, and of everything."""
    seeded = seed_data(adapters, SeedRequest(SET, 1, force=True, lake=False), lambda _: None, lambda _: None)
    table = next(t for d in seeded.domains for t in d.tables if t.table == TABLE)
    return table.seconds, seeded.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with fresh_stack("-bench") as stack:
        stack.dm("up", "--profile", "core", "--ram", "1g")
        print(json.dumps(measured(stack.adapters, runs)))


def measured(adapters: Adapters, runs: int) -> dict[str, object]:
    """Load the rows `runs` times each way, in turn; return the medians and all times."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.txt"
        Path(folder).chmod(0o755)
        rows = write_rows(adapters, path)
        with_dm(adapters)
        copied, seeded, whole = [], [], []
        for _ in range(runs):
            copied.append(with_psql(adapters, path))
            table, everything = with_dm(adapters)
            seeded.append(table)
            whole.append(everything)
    copy, dm = (statistics.median(times) for times in (copied, seeded))
    return {
        "bench": "seed_copy",
        "rows": rows,
        "copy_rows_per_second": round(rows / copy),
        "dm_rows_per_second": round(rows / dm),
        "ratio": round(copy / dm, 3),
        "dm_seed_seconds": round(statistics.median(whole), 2),
        "copy_seconds": [round(t, 2) for t in copied],
        "dm_seconds": [round(t, 2) for t in seeded],
    }


if __name__ == "__main__":
    main()
