"""Files and programs are reached through two doors only, where every refusal of the system becomes one line and exit code 3."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.contract.repo import ROOT, label

PACKAGE = ROOT / "datameesh_cli"
DOORS = {
    "adapters/files.py": {"files"},
    "adapters/shared_folder.py": {"files"},
    "adapters/lock.py": {"files"},
    "adapters/process.py": {"programs"},
}
"""Which module may touch what."""

MODULES = {"files": {"shutil", "tempfile", "fcntl"}, "programs": {"subprocess", "pty", "multiprocessing"}}
METHODS = {
    *("open", "read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "rmdir", "unlink", "chmod", "lchmod"),
    *("touch", "rename", "symlink_to", "hardlink_to", "readlink", "iterdir", "glob", "rglob", "samefile", "owner"),
    *("exists", "is_file", "is_dir", "is_symlink", "is_mount", "is_socket", "is_fifo", "is_block_device", "lstat"),
}
HARMLESS = {
    *(
        "environ",
        "getenv",
        "getuid",
        "geteuid",
        "getgid",
        "getpid",
        "cpu_count",
        "sysconf",
        "major",
        "minor",
        "pathsep",
    ),
    *("get_terminal_size", "sep", "name", "uname", "path"),
}
"""What of `os` asks neither a file nor a program."""


def raw_calls(text: str, may: set[str]) -> list[str]:
    """Given a module's text and what it may touch, return each raw call of a file or a program in it."""
    found = []
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "os":
                found += [f"{node.lineno}: os.{a.name}" for a in node.names if "files" not in may | _os(a.name)]
        for kind, modules in MODULES.items():
            if kind not in may:
                found += [name for name in names if name.split(".")[0] in modules]
        if isinstance(node, ast.Attribute) and not may and ast.unparse(node.value) == "os":
            found += [f"{node.lineno}: os.{node.attr}"] if node.attr not in HARMLESS else []
        if isinstance(node, ast.Call) and "files" not in may and (name := _file_call(node)):
            found.append(f"{node.lineno}: {name}")
    return found


def _os(name: str) -> set[str]:
    return {"files"} if name in HARMLESS else set()


def _file_call(call: ast.Call) -> str:
    """The name of a call that touches a file; "" for any other."""
    if isinstance(call.func, ast.Name):
        return "open" if call.func.id == "open" else ""
    if not isinstance(call.func, ast.Attribute):
        return ""
    name = call.func.attr
    receiver = ast.unparse(call.func.value)
    if receiver in ("os", "files", "shared_folder") or receiver.split(".")[-1] == "repository":
        return ""  # seen above, or through a door: the repository reads through it
    if name == "open" and any(k.arg == "fileobj" for k in call.keywords):
        return ""  # an archive in memory, or in a stream that came through the door
    if name in ("replace", "stat") and not call.keywords:
        # A path is replaced by one other; a text's `replace` takes two. An object store's `stat` takes a bucket and a key.
        return name if len(call.args) == (1 if name == "replace" else 0) else ""
    return name if name in METHODS else ""


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=label)
def test_nobody_else_touches_a_file_or_starts_a_program(path: Path) -> None:
    may = DOORS.get(str(path.relative_to(PACKAGE)), set())
    assert raw_calls(path.read_text(encoding="utf-8"), may) == []


def test_every_door_is_there() -> None:
    assert {str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py")} >= set(DOORS)


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from shutil import rmtree",
        "import tempfile",
        "import os\nos.execvp('x', [])",
        "import os\nos.replace('a', 'b')",
        "from os import unlink",
        "open('x')",
        "path.read_text()",
        "path.open('ab')",
        "path.mkdir(parents=True)",
        "part.replace(path)",
        "path.exists()",
        "path.stat().st_size",
        "(a / b).write_text(t)",
        "import os\nclass C:\n    x = os.remove",
        "tarfile.open(file)",
    ],
)
def test_a_raw_call_is_seen(text: str) -> None:
    assert raw_calls(text, set())


@pytest.mark.parametrize(
    "text",
    [
        "'a'.replace('a', 'b')",
        "import os\nos.environ['X']",
        "from os import environ",
        "store.stat(bucket, key)",
        "at.replace(microsecond=0)",
        "tarfile.open(fileobj=stream)",
        "files.read(path)",
        "files.is_file(path)",
        "outside.repository.read_text(path)",
        "path.resolve()",
    ],
)
def test_what_touches_no_file_is_let_through(text: str) -> None:
    assert raw_calls(text, set()) == []


def run_time_adapters(text: str) -> list[str]:
    """Given a module's text, return what it imports of the adapters when it runs; what only the type checker reads is none."""
    tree = ast.parse(text)
    for node in [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]:
        node.body = [ast.Pass()]
    imported = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    names = [f"{getattr(n, 'module', '')}.{a.name}".lstrip(".") for n in imported for a in n.names]
    return [name for name in names if name.startswith("datameesh_cli.adapters")]


@pytest.mark.parametrize(
    "path", sorted(p for folder in ("usecases", "render") for p in (PACKAGE / folder).glob("*.py")), ids=label
)
def test_use_cases_have_their_adapters_from_their_argument_and_render_needs_none(path: Path) -> None:
    assert run_time_adapters(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "from datameesh_cli.adapters import clock",
        "import datameesh_cli.adapters.files",
        "from datameesh_cli import adapters",
    ],
)
def test_an_imported_adapter_is_seen(line: str) -> None:
    assert run_time_adapters(f"def f():\n    {line}")
    assert not run_time_adapters(f"if TYPE_CHECKING:\n    {line}")


def docker_calls(text: str) -> list[str]:
    """Given a module's text, return each place that begins a command with the docker program, or looks for it."""
    found = []
    for node in ast.walk(ast.parse(text)):
        first = node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
        called = node.args if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] == "process" else []
        for word in [*first[:1], *called[:1]]:
            if isinstance(word, ast.Constant) and word.value == "docker":
                found.append(f"{word.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=label)
def test_docker_has_one_door(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert docker_calls(text) == []
    if path.name != "docker.py":
        assert "python_on_whales" not in text.replace("from python_on_whales import DockerClient", "")


@pytest.mark.parametrize("text", ['run(["docker", "ps"])', 'process.find("docker")', 'x = ("docker", *more)'])
def test_a_call_of_docker_is_seen(text: str) -> None:
    assert docker_calls(text)


def test_every_use_case_has_a_unit_test() -> None:
    named = {path.stem for path in (PACKAGE / "usecases").glob("[a-z]*.py")}
    assert (
        sorted(named - {p.stem.removeprefix("test_") for p in (ROOT / "tests/unit/usecases").glob("test_*.py")}) == []
    )
