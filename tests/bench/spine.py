"""The spine's figures as ratios against a reference of the same run. Prints one JSON object.

    .venv/bin/python tests/bench/spine.py --runs 3            # own stack `bench`, removed at the end

| key | what is compared |
|---|---|
| help | `dm --help` against `python -c "import typer"`, medians of 15 |
| up | `dm up` until healthy against `docker compose up --wait` of the same model, volumes already seeded |
| first_answer | seconds from the start of `dm up` to the first right journey answer, tuned against Trino's documented flags |
| warm_journey | median of 20 runs through the Trino client after 20 to warm up, seconds, against Trino's documented flags |
| idle | MiB of each service 60 s after the start, in the smallest plan |
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.errors import DmError
from datameesh_cli.usecases.open_target import trino_of
from datameesh_cli.usecases.plan_memory import plan_memory

ROOT = Path(__file__).parents[2]
NAME = "bench"
QUERY = (ROOT / "services/trino/queries/journey.sql").read_text().strip().rstrip(";")
RIGHT = [("Google Ads", 1250), ("Facebook", 890), ("Email", 2100), ("LinkedIn", 340)]


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def dm(*args: str, **env: str) -> None:
    """Run a command of the bench stack; its failure ends the bench."""
    command = [sys.executable, "-m", "datameesh_cli", "--name", NAME, *args]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | env, capture_output=True)


def help_ratio() -> dict[str, float]:
    """`dm --help` and `import typer` in turn."""
    runs: dict[str, list[float]] = {"dm": [], "typer": []}
    helped = [sys.executable, "-m", "datameesh_cli", "--help"]
    for _ in range(15):
        runs["typer"].append(timed(lambda: subprocess.run([sys.executable, "-c", "import typer"], check=True)))
        runs["dm"].append(timed(lambda: subprocess.run(helped, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)))
    ours, reference = statistics.median(runs["dm"]), statistics.median(runs["typer"])
    return {"dm_help": round(ours, 3), "import_typer": round(reference, 3), "ratio": round(ours / reference, 2)}


def raw_up(adapters: Adapters) -> None:
    """What `dm up` does, without dm."""
    profiles = ["--profile", "core", "--profile", "analytics"]
    base = [
        "docker",
        "compose",
        "-f",
        str(adapters.compose.file),
        "-p",
        adapters.project,
        "--env-file",
        str(adapters.state.env_file),
    ]
    subprocess.run([*base, *profiles, "up", "-d", "--wait"], check=True, capture_output=True)


def first_answer(trino: Trino, **env: str) -> float:
    """Seconds from the start of `dm up` to the first right answer."""
    began = time.monotonic()
    command = [sys.executable, "-m", "datameesh_cli", "--name", NAME, "up", "--ram", "4g"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        while True:
            try:
                rows = trino.query(QUERY).rows
                if [(r[0], r[2]) for r in rows] == RIGHT:
                    return time.monotonic() - began
            except DmError:
                time.sleep(0.1)


def main() -> None:
    """Run everything and print the JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    adapters = adapters_for(NAME)
    try:
        dm("up", "--profile", "analytics", "--ram", "4g")
        dm("seed", "--set", "journey")
        trino = trino_of(adapters, plan_memory(adapters, (), None))
        result: dict[str, object] = {"help": help_ratio()}
        ups: dict[str, list[float]] = {"dm": [], "raw": [], "tuned": [], "documented": []}
        env_file = adapters.state.env_file.read_text()
        for _ in range(runs):
            dm("down")
            adapters.state.env_file.write_text(env_file)
            ups["raw"].append(timed(lambda: raw_up(adapters)))
            dm("down")
            ups["dm"].append(timed(lambda: dm("up", "--ram", "4g")))
            for flags in ("tuned", "documented"):
                dm("down")
                ups[flags].append(first_answer(trino, TRINO_JVM=flags))
        middle = {k: round(statistics.median(v), 2) for k, v in ups.items()}
        result["up"] = {"dm": middle["dm"], "raw": middle["raw"], "ratio": round(middle["dm"] / middle["raw"], 3)}
        result["first_answer"] = {
            "tuned": middle["tuned"],
            "documented": middle["documented"],
            "ratio": round(middle["tuned"] / middle["documented"], 2),
        }
        result["all_runs"] = ups
        warm: dict[str, list[float]] = {}
        for flags in ("tuned", "documented"):
            dm("down")
            dm("up", "--ram", "4g", TRINO_JVM=flags)
            warm[flags] = [timed(lambda: trino.query(QUERY)) for _ in range(40)][20:]
        seconds = {flags: round(statistics.median(times), 3) for flags, times in warm.items()}
        result["warm_journey"] = seconds | {"ratio": round(seconds["tuned"] / seconds["documented"], 2)}
        dm("down")
        dm("up", "--ram", "1536m")
        time.sleep(60)
        used = adapters.engine.memory_used(adapters.project)
        result["idle"] = used | {"sum": sum(used.values())}
        print(json.dumps(result, indent=2))
    finally:
        dm("down", "--volumes", "--yes")


if __name__ == "__main__":
    main()
