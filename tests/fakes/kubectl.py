"""`kubectl` as a program of the test, which prints what a real one printed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes.cluster import Json, a_node, an_export

# What the program is asked lies in `asked`, a line a call; `answer` is (standard output, standard error, exit code).
PROGRAM = """\
#!{python} -SE
import json, pathlib, sys
home = pathlib.Path({home!r})
args = sys.argv[1:]
with (home / "asked").open("a") as asked:
    asked.write(json.dumps([args, sys.stdin.read() if "-f" in args else ""]) + "\\n")
for words, (out, err, code) in json.loads((home / "answers").read_text()):
    if all(word in args for word in words):
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(code)
sys.exit("nobody told me what to say to " + " ".join(args))
"""
NODES = json.dumps({"items": [a_node(InternalIP="10.111.0.2")]})
Answers = list[tuple[list[str], tuple[str, str, int]]]


class Kubectl:
    """The answers that the program gives, and what it was asked. `objects` are what the cluster holds."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, objects: Sequence[Json] = ()) -> None:
        self.home = home
        self.objects = list(objects) or an_export()
        program = home / "kubectl"
        program.write_text(PROGRAM.format(python=sys.executable, home=str(home)))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
        self.says()

    def says(self, *answers: tuple[list[str], tuple[str, str, int]]) -> None:
        common: Answers = [
            (["get", "nodes"], (NODES, "", 0)),
            (["--all-namespaces"], (json.dumps({"items": self.objects}), "", 0)),
        ]
        (self.home / "answers").write_text(json.dumps([*answers, *common]))

    @property
    def asked(self) -> list[tuple[list[str], str]]:
        return [tuple(json.loads(line)) for line in (self.home / "asked").read_text().splitlines()]
