"""The code keeps its own rules: one way of imports, a pure core, small files, small functions, types and lint."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.repo import ROOT, label

PACKAGE = ROOT / "datameesh_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = sorted((PACKAGE / "core").rglob("*.py"))
LAYERS = {"adapters", "commands", "core", "render", "usecases"}
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "__import__"}
IMPURE_METHODS = {
    *(
        "read_text",
        "write_text",
        "read_bytes",
        "write_bytes",
        "mkdir",
        "unlink",
        "iterdir",
        "glob",
        "rglob",
        "exists",
        "is_file",
        "is_dir",
    ),
    *("stat", "now", "today", "utcnow", "getenv", "monotonic"),
}
IMPURE_MODULES = {
    *(
        "os",
        "sys",
        "io",
        "time",
        "pathlib",
        "shutil",
        "subprocess",
        "socket",
        "tempfile",
        "random",
        "secrets",
        "threading",
        "asyncio",
    ),
    *("logging", "urllib", "http", "sqlite3", "importlib"),
}
FINDS_ITS_OWN = {
    "datameesh_cli/core/checks/__init__.py": {"importlib"},
    "datameesh_cli/core/k8s/pipeline.py": {"importlib"},
}
"""The listing of the kinds of check imports the files of its own folder, so that no other line names them."""
NO_DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(_tree(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def test_there_is_code_to_look_at() -> None:
    assert len(MODULES) > 20
    assert len(CORE) > 5
    assert {p.parent.name for p in MODULES} >= LAYERS


@pytest.mark.parametrize("path", CORE, ids=label)
def test_core_touches_nothing_outside(path: Path) -> None:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE_CALLS, f"{label(path)}:{node.lineno} calls {node.func.id}()"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in IMPURE_METHODS, f"{label(path)}:{node.lineno} calls .{node.func.attr}()"
        imported: list[str] = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [node.module or ""]
        for name in imported:
            assert name.split(".")[0] not in IMPURE_MODULES - FINDS_ITS_OWN.get(label(path), set()), (
                f"{label(path)} imports {name}"
            )


@pytest.mark.parametrize("path", CORE, ids=label)
def test_values_of_core_are_frozen(path: Path) -> None:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ClassDef):
            for decorator in node.decorator_list:
                text = ast.unparse(decorator)
                if "dataclass" in text:
                    assert "frozen=True" in text, f"{label(path)}: {node.name}"
                    assert "slots=True" in text, f"{label(path)}: {node.name}"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_files_functions_and_parameter_lists_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    assert path.stem not in NO_DRAWERS
    for function in _functions(path):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        assert length <= 50, f"{label(path)}: {function.name} has {length} lines"
        if "commands" not in path.parts and path.name != "cli.py":
            args = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            own = [a for a in args if a.arg not in ("self", "cls")]
            assert len(own) <= 6, f"{label(path)}: {function.name} has {len(own)} parameters"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_every_module_and_public_function_says_what_it_is_for(path: Path) -> None:
    tree = _tree(path)
    assert ast.get_docstring(tree), label(path)
    for node in tree.body:
        said_above = (
            "commands" in path.parts and getattr(node, "name", "") == "command"
        )  # its help is the module's docstring
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_") and not said_above:
            assert ast.get_docstring(node), f"{label(path)}: {node.name}"


@pytest.mark.parametrize("module", ["subprocess", "yaml", "psycopg2", "minio", "trino", "typer", "rich"])
def test_each_outside_library_has_its_place(module: str) -> None:
    places = set()
    for path in MODULES:
        for node in ast.walk(_tree(path)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if module in {name.split(".")[0] for name in names}:
                places.add(path)
    assert places, f"nobody imports {module}"
    if module in ("typer", "rich"):
        assert {p.relative_to(PACKAGE).parts[0] for p in places} <= {"commands", "render", "cli.py"}
    else:
        assert len(places) == 1, sorted(label(p) for p in places)
        assert next(iter(places)).parent.name == "adapters"


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--no-cache", "--check", "."],
        ["mypy", "--no-incremental"],
    ],
    ids=["lint", "format", "types"],
)
def test_lint_format_and_types(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_imports_go_one_way() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "0 broken" in done.stdout
