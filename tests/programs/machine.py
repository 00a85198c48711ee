"""Run by test_files_refused.py in a mount namespace of its own: makes a folder as the condition says, and tries everything on it.

Prints JSON: for each case what came of it, ["done"], ["refused", exit code, message, hint] or ["traceback", its end].
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datameesh_cli
from datameesh_cli.adapters import export_folder, image_bundle, process
from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.adapters.dbt_files import DbtFiles
from datameesh_cli.adapters.line_editor import line_editor
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.adapters.state import State
from datameesh_cli.errors import DmError
from datameesh_cli.usecases.build_images import Told, build_images
from datameesh_cli.usecases.count_rows import count_rows
from datameesh_cli.usecases.plan_memory import running_plan
from datameesh_cli.usecases.run_sql import file_script

ANOTHER = 65534


def _adapters(root: Path) -> Adapters:
    return adapters_for(root=root)


def cases(root: Path) -> dict[str, Callable[[], Any]]:
    """Everything that writes, locks or reads below a checkout, by what a user would call it."""
    adapters, state = _adapters(root), State(root / ".dm", "datameesh")
    dbt = DbtFiles(root / "dbt", state.folder)

    def lock() -> None:
        with state.locked("up"):
            pass

    def staged() -> None:
        with dbt.staged():
            pass

    def history() -> None:
        with line_editor(state.folder / "history"):
            pass

    def save() -> None:
        image_bundle.save(["x:1"], root / ".dm" / "bundle.tar")

    return {
        "lock": lock,
        "write": lambda: state.write("plan.json", "x" * 20000),
        "read": lambda: running_plan(adapters),
        "remove": lambda: state.remove("plan.env"),
        "ports": lambda: State(root / ".dm", "other").keep_port_offset(),
        "make secrets": lambda: state.ensure_secrets(["new-one", *map(str, range(8))]),
        "read a secret": lambda: state.secret("kept"),
        "list secrets": lambda: state.secret_names(),
        "forget secrets": state.forget_secrets,
        "keep an export's secrets": lambda: state.of_export("far").keep_secrets({str(n): "x" for n in range(9)}),
        "dbt's folder": dbt.prepare,
        "dbt's project": staged,
        "dbt's results": lambda: dbt.remember({"x": "y" * 20000}),
        "dbt's artifact": lambda: dbt.artifact("manifest.json"),
        "engine's log": lambda: process.spawn(["true"], root / ".dm" / "engine.log"),
        "export": lambda: export_folder.replace(root / ".dm" / "export", {"export-report.json": "x" * 20000}),
        "bundle": save,
        "history": history,
        "include list": lambda: Repository(root / ".dm" / "checkout").refresh_compose(),
        "a user's file": lambda: file_script(adapters, root / ".dm" / "query.sql"),
        "rows": lambda: count_rows(adapters),
        "build error": lambda: build_images(adapters, ["broken"], Told(lambda _: None, lambda _: None)),
    }


def prepare(root: Path, condition: str) -> None:
    """Mount a small disk at `root/.dm`, put there what a used stack has, and bring it into the condition."""
    dm = root / ".dm"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", str(dm)], check=True)
    state = State(dm, "datameesh")
    state.ensure_secrets(["kept"])
    state.write("plan.json", json.dumps({"profiles": ["core"], "budget": 700}))
    state.write("plan.env", "A=1\n")
    (dm / "query.sql").write_text("SELECT 1")
    (dm / "rows-pytest.json").write_text("{}")
    (dm / "checkout" / "compose").mkdir(parents=True)
    (dm / "checkout" / "compose" / "compose.yaml").write_text("include:\n  - old\n\nservices: {}\n")
    (dm / "checkout" / "services" / "a").mkdir(parents=True)
    (dm / "checkout" / "services" / "a" / "compose.yaml").write_text("services: {}\n")
    if condition == "read-only":
        subprocess.run(["mount", "-o", "remount,ro", str(dm)], check=True)
    elif condition == "full":
        fill(dm)
    elif condition == "of root":
        for module in pkgutil.walk_packages(datameesh_cli.__path__, "datameesh_cli."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        for name in ("pwd", "readline", "yaml", "encodings.idna"):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        root.chmod(0o755)
        os.setgroups([])
        os.setresgid(ANOTHER, ANOTHER, ANOTHER)
        os.setresuid(ANOTHER, ANOTHER, ANOTHER)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # readable in /proc again, as any process of a user


def fill(dm: Path) -> None:
    """Leave no page free."""
    with contextlib.suppress(OSError), (dm / f"ballast-{time.monotonic_ns()}").open("wb", buffering=0) as ballast:
        while ballast.write(b"x" * 4096):
            pass


def outcome(case: Callable[[], Any]) -> list[Any]:
    """Try a case."""
    try:
        case()
    except DmError as refused:
        return ["refused", refused.exit_code, refused.message, refused.hint]
    except BaseException:
        return ["traceback", traceback.format_exc()[-1500:]]
    return ["done"]


def main(root: Path, condition: str) -> None:
    """Bring the folder into its condition and print what comes of each case."""
    found = cases(root)
    prepare(root, condition)
    outcomes = {}
    for name, case in found.items():
        if condition == "full":
            fill(root / ".dm")
        outcomes[name] = outcome(case)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
