"""Breaks the repository on purpose, one change at a time, and says who notices. A table; exit code 1 if too many pass unseen.

    .venv/bin/python tests/mutations.py                 # all; own stack, removed at the end; 15 minutes on two cores
    .venv/bin/python tests/mutations.py --only "NULL"   # those whose name holds it

The changes are data: tests/mutations.yaml. They are made in copies, never in the checkout; what needs no stack is tried beside
what does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from datameesh_cli.adapters import yaml_text
from tests.integration.clone import copy_of, environment

LIST = ROOT / "tests" / "mutations.yaml"
WANTED = 38
"""So many have to be noticed; what is not has to be explained."""
_DBT_TEST = re.compile(r"\b(?:FAIL|ERROR)\b(?: \d+)? (?:in test )?([a-z][a-z0-9_]+)")


@dataclass(frozen=True)
class Mutation:
    """One change of the list."""

    name: str
    file: str
    find: str
    put: str
    pytest: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    build: str = ""
    restart: str = ""
    psql: dict[str, str] = field(default_factory=dict)
    explained: str = ""

    @property
    def cost(self) -> int:
        """What leaves the stack as it was comes first, what rebuilds marts last."""
        return 2 if self.build else 1 if self.restart else 0


@dataclass(frozen=True)
class Outcome:
    """Who noticed a mutation: names of tests and checks, none if nobody did."""

    mutation: Mutation
    by: tuple[str, ...]
    seconds: float


def mutations() -> list[Mutation]:
    """The list. Raise TypeError for an entry that says something unknown."""
    entries: list[dict[str, Any]] = yaml_text.load(LIST.read_text(encoding="utf-8"))["mutations"]
    return [Mutation(**{k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}) for entry in entries]


class Copy:
    """A copy of the checkout that changes are made in."""

    def __init__(self, folder: Path) -> None:
        self.root = copy_of(folder, tests=True)
        (self.root / ".venv").symlink_to((ROOT / ".venv").resolve())
        # Some tests ask git which files are the repository's.
        for words in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", "-c", "core.safecrlf=false", *words], cwd=self.root, check=True, capture_output=True)

    def run(self, *words: str, timeout: float = 1200) -> subprocess.CompletedProcess[str]:
        """Run Python with the copy's code."""
        argv = [sys.executable, *words]
        env = environment(self.root)
        return subprocess.run(argv, cwd=self.root, env=env, capture_output=True, text=True, timeout=timeout)

    @contextmanager
    def changed(self, mutation: Mutation) -> Iterator[None]:
        """Make the change, and take it back."""
        path = self.root / mutation.file
        before = path.read_text(encoding="utf-8")
        if before.count(mutation.find) != 1:
            raise SystemExit(f"{mutation.name}: {mutation.file} does not hold the text once; see tests/mutations.yaml")
        path.write_text(before.replace(mutation.find, mutation.put), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")

    def failing_tests(self, places: Sequence[str]) -> list[str]:
        """The tests that fail in these files and folders."""
        done = self.run("-m", "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", *places)
        failed = [line.split(" - ")[0].split(" ", 1)[1] for line in done.stdout.splitlines() if line.startswith(_BAD)]
        if done.returncode and not failed:
            raise SystemExit(f"pytest {' '.join(places)} ended in {done.returncode}:\n{done.stdout}{done.stderr}")
        return [name.removeprefix("tests/") for name in failed]


_BAD = ("FAILED ", "ERROR ")


class Running:
    """A stack of the copy with set `small` and its marts."""

    def __init__(self, copy: Copy) -> None:
        self.copy, self.name = copy, f"mut{os.getpid()}"
        self.stale = ""
        state = copy.root / ".dm" / self.name
        state.mkdir(mode=0o700, parents=True)
        (state / "ports.json").write_text(json.dumps({"offset": 20000 + os.getpid() % 10 * 1000}))

    def dm(self, *words: str, codes: Sequence[int] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run `dm` for this stack."""
        done = self.copy.run("-m", "datameesh_cli", "--name", self.name, *words)
        if done.returncode not in codes:
            raise SystemExit(f"dm {' '.join(words)} ended in {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def failing_checks(self, patterns: Sequence[str]) -> list[str]:
        """The checks that fail among those that these patterns choose."""
        told = json.loads(self.dm("verify", *patterns, "--output", "json", codes=(0, 4)).stdout)
        return [f"{r['file'].removesuffix('.yaml')}: {r['name']}" for r in told["results"] if r["result"] == "failed"]

    def built(self, select: str) -> list[str]:
        """Build what these models are, and what the last change left; return dbt's own tests that fail."""
        done = self.dm("dbt", "build", "--select", *{*self.stale.split(), *select.split()}, codes=(0, 4))
        self.stale = select
        return [f"dbt: {name}" for name in dict.fromkeys(_DBT_TEST.findall(done.stdout))] if done.returncode else []

    def psql(self, mutation: Mutation, what: str) -> None:
        """The effect of a change on a database that runs, or its undoing."""
        self.dm("shell", mutation.psql["service"], "psql", "-q", "-c", mutation.psql[what])

    def notices(self, mutation: Mutation) -> list[str]:
        """Who fails with this change."""
        with self.copy.changed(mutation):
            found = self.built(mutation.build) if mutation.build else []
            if mutation.restart:
                self.dm("restart", mutation.restart, codes=(0, 4))
            if mutation.psql:
                self.psql(mutation, "do")
            try:
                found += self.failing_checks(mutation.verify)
                # A new start is healthy a moment before it goes by all of its configuration.
                until = time.monotonic() + (30 if mutation.restart else 0)
                while not found and time.monotonic() < until:
                    found += self.failing_checks(mutation.verify)
            finally:
                if mutation.psql:
                    self.psql(mutation, "undo")
        if mutation.restart:
            self.dm("restart", mutation.restart)
        return found


def without_stack(copy: Copy, wanted: Sequence[Mutation]) -> list[Outcome]:
    """What tests alone have to notice."""
    if not wanted:
        return []
    places = sorted({place for m in wanted for place in m.pytest})
    if broken := copy.failing_tests(places):
        raise SystemExit(f"these fail without any change: {', '.join(broken)}")

    def notices(mutation: Mutation) -> list[str]:
        with copy.changed(mutation):
            return copy.failing_tests(mutation.pytest)

    return [_timed(mutation, notices) for mutation in wanted]


def with_stack(copy: Copy, wanted: Sequence[Mutation]) -> list[Outcome]:
    """What checks of a running stack have to notice."""
    if not wanted:
        return []
    stack = Running(copy)
    try:
        stack.dm("up", "--profile", "analytics", "--ram", "1536m", "--wait-timeout", "900")
        stack.dm("seed", "--set", "small")
        stack.dm("dbt", "build")
        if broken := stack.failing_checks(sorted({pattern for m in wanted for pattern in m.verify})):
            raise SystemExit(f"these fail without any change: {', '.join(broken)}")
        return [_timed(mutation, stack.notices) for mutation in sorted(wanted, key=lambda m: m.cost)]
    finally:
        stack.dm("down", "--volumes", "--yes")


def _timed(mutation: Mutation, notices: Callable[[Mutation], list[str]]) -> Outcome:
    began = time.monotonic()
    outcome = Outcome(mutation, tuple(notices(mutation)), time.monotonic() - began)
    print(f"{'noticed' if outcome.by else 'UNSEEN '} {mutation.name}", file=sys.stderr, flush=True)
    return outcome


def told(outcomes: Sequence[Outcome]) -> str:
    """The table, in Markdown."""
    lines = ["| what is broken | in | noticed by | seconds |", "|---|---|---|---|"]
    for each in outcomes:
        more = f" and {len(each.by) - 1} more" if len(each.by) > 1 else ""
        who = each.by[0] + more if each.by else f"NOBODY: {each.mutation.explained or 'not explained'}"
        lines.append(f"| {each.mutation.name} | `{each.mutation.file}` | {who} | {each.seconds:.0f} |")
    noticed = sum(bool(each.by) for each in outcomes)
    return "\n".join([*lines, "", f"{noticed} of {len(outcomes)} noticed"])


def main() -> int:
    """Try them, print the table."""
    # Asked to end, it still takes its stack down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a part of the names to try")
    asked = parser.parse_args()
    wanted = [m for m in mutations() if asked.only.lower() in m.name.lower()]
    folders = [Path(tempfile.mkdtemp(prefix="dm-mutations-")) for _ in range(2)]
    try:
        with ThreadPoolExecutor(2) as pool:
            fast = pool.submit(without_stack, Copy(folders[0]), [m for m in wanted if m.pytest])
            slow = pool.submit(with_stack, Copy(folders[1]), [m for m in wanted if m.verify])
            by_name = {each.mutation.name: each for each in (*fast.result(), *slow.result())}
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    outcomes = [by_name[m.name] for m in wanted]
    print(told(outcomes))
    unseen = [each for each in outcomes if not each.by]
    few = len(wanted) == len(mutations()) and len(outcomes) - len(unseen) < WANTED
    return 1 if few or any(not each.mutation.explained for each in unseen) else 0


if __name__ == "__main__":
    sys.exit(main())
