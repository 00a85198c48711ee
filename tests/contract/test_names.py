"""core, usecases and adapters ask for roles: no name of a service or a domain stands in them.

The rule, read from the code's own syntax tree, so comments, docstrings and imports are nobody's business:

1. A name that is only ours (a Compose service, a domain, a domain's catalog and database, a published port's variable) stands
   nowhere, in no text and in no identifier.
2. A folder of services/ that is called after a program or library which the package drives (`TOOLS`) may be named in the texts of
   the files that wrap it, and nowhere else. An adapter and its class are called after what they wrap, so identifiers are free.
3. `base` and `build` are English words and images that others are built from, no services: they are not looked for. `audit` is a
   schema of the trail's database, which the statements that read it name, `sign-in` is what people do.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.roles import DOMAIN_DATABASE, all_providing
from datameesh_cli.usecases.read_datasets import read_databases
from tests.contract.repo import ROOT, label

PACKAGE = ROOT / "datameesh_cli"
FILES = sorted(path for layer in ("core", "usecases", "adapters") for path in (PACKAGE / layer).rglob("*.py"))
ENGLISH = {"audit", "base", "build", "sign-in"}
TOOLS = {
    # The tool and its project, the folder dbt/ of the checkout; `dm dbt` is a command of ours.
    "dbt": "core/dbt_project core/dbt_results core/reach_of_change adapters/dbt_files adapters/repository "
    "usecases/run_dbt usecases/run_demo usecases/mark_inputs usecases/refresh_checkout",
    # The program whose draft of an export core/k8s repairs; its image is no service.
    "kompose": "core/k8s/passes/adopt core/k8s/rules core/k8s/passes/volumes core/diagnosis adapters/kompose adapters/host_facts "
    "adapters/adapters usecases/export_kubernetes",
    # Sets the rules of the network; its image is no service.
    "net-rules": "adapters/net_rules",
    # Seals the secrets of an export; its image is no service.
    "kubeseal": "adapters/sealing",
    "minio": "",
    "postgres": "adapters/postgres adapters/adapters",
    "trino": "adapters/trino adapters/adapters core/dbt_results",
}
"""By name: the files that wrap it."""


def _ours() -> set[str]:
    model = Repository(ROOT).model()
    databases = read_databases(Repository(ROOT))
    catalogs = [
        path.stem
        for service in all_providing(model.services, DOMAIN_DATABASE)
        for path in (ROOT / "services" / service.folder / "catalog").glob("*.properties")
    ]
    names = {s.name for s in model.services} | {p.parent.name for p in (ROOT / "services").glob("*/Dockerfile")}
    names |= (
        {p.parent.name for p in (ROOT / "services").glob("*/compose.yaml")} - set(TOOLS)
        | set(databases)
        | set(catalogs)
    )
    names |= {d.name for d in databases.values()} | {p.variable for s in model.services for p in s.ports}
    return names - ENGLISH - set(TOOLS)


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    pages = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pages:
            yield node.lineno, node.value


def _identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str) and not isinstance(node, ast.alias):
                yield getattr(node, "lineno", 0), name


def _named(text: str, names: set[str]) -> list[str]:
    found = re.compile(rf"(?<![\w-])({'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})(?![\w-])", re.I)
    return found.findall(text.replace("dm dbt", "dm"))


def _complaints(file: str, source: str, ours: set[str]) -> list[str]:
    tree = ast.parse(source)
    tools = {tool for tool, wrappers in TOOLS.items() if file not in wrappers.split()}
    wrong = [f"{file}:{line}: {name}" for line, text in _texts(tree) for name in _named(text, ours | tools)]
    spelt = {name.lower().replace("-", "_"): name for name in ours}
    for line, identifier in _identifiers(tree):
        words = f"_{identifier.lower()}_"
        wrong += [f"{file}:{line}: {identifier}" for spelling in spelt if f"_{spelling}_" in words]
    return wrong


@pytest.mark.parametrize("path", FILES, ids=label)
def test_no_service_and_no_domain_is_named(path: Path) -> None:
    file = path.relative_to(PACKAGE).with_suffix("").as_posix()
    assert _complaints(file, path.read_text(), _ours()) == [], "ask for its role: core/roles.py"


@pytest.mark.parametrize(
    "line",
    [
        'running = "trino-coordinator" in target.running',
        'hint = "see: dm logs minio"',
        'key = f"raw/sales/{table}"',
        "sales_db = 1",
        "marketing = sessions[0]",
        'port = ports["TRINO_PORT"]',
        'message = "Trino does not run"',
        'place = ("sales_analytics", "marts")',
    ],
)
def test_a_name_is_noticed(line: str) -> None:
    assert _complaints("usecases/x", line, _ours()) != []


@pytest.mark.parametrize(
    "line",
    [
        '"""Of sales-db and Trino."""',
        "from datameesh_cli.adapters.trino import Trino  # of sales-db",
        "engine = Trino(host, 8080)",
        'hint = "run: dm dbt build"',
        'text = "wholesales, a salesman and the base of a build"',
    ],
)
def test_what_is_no_name_is_left_alone(line: str) -> None:
    assert _complaints("usecases/x", line, _ours()) == []


def test_every_exception_is_still_needed() -> None:
    """A file that no longer names its tool loses the right to."""
    for tool, wrappers in TOOLS.items():
        for file in wrappers.split():
            texts = [text for _, text in _texts(ast.parse((PACKAGE / f"{file}.py").read_text()))]
            assert any(_named(text, {tool}) for text in texts), f"{file} names {tool} no more: take it out of TOOLS"
