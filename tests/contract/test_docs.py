"""The pages say what is there: links lead somewhere, commands exist, nothing that exists is left out."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.commands import ALIASES
from datameesh_cli.commands import COMMANDS as SECTIONS
from tests.contract.repo import ROOT, fragments, label, markdown, tracked

PAGES = pytest.mark.parametrize("page", markdown(), ids=label)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
COMMANDS = [name for names in SECTIONS.values() for name in names]
GROUPS = {
    name: [n for names in importlib.import_module(f"datameesh_cli.commands.{name}").COMMANDS.values() for n in names]
    for name in SECTIONS["Groups"]
}
README = ROOT / "README.md"


def _without_code(text: str) -> str:
    return CODE.sub("", text)


def _code(text: str) -> str:
    return "\n".join(CODE.findall(text))


@PAGES
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)", _without_code(page.read_text())):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        file = target.split("#")[0]
        assert (page.parent / file).exists(), f"{label(page)}: {target}"


@PAGES
def test_every_command_that_is_shown_exists(page: Path) -> None:
    shown = re.findall(
        r"(?:^|[\s`(|;&])(?:\./)?dm (?:--name \S+ )?([a-z][a-z0-9-]*)\b(?: ([a-z][a-z-]*))?",
        _code(page.read_text()),
    )
    for name, inner in shown:
        assert name in COMMANDS or name in ALIASES, f"{label(page)} shows `dm {name}`"
        assert name not in GROUPS or inner in GROUPS[name], f"{label(page)} shows `dm {name} {inner}`"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_tells_of_every_command(command: str) -> None:
    assert re.search(rf"\bdm (?:--name \S+ )?{command}\b|`{command}\b", README.read_text()), (
        f"README.md says nothing of `dm {command}`"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "profiles").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_readme_tells_of_every_profile(path: Path) -> None:
    assert f"`{path.stem}`" in README.read_text()


@pytest.mark.parametrize("service", [s.name for s in Repository(ROOT).model().services])
def test_every_service_is_told_of(service: str) -> None:
    folder = Repository(ROOT).model().service(service).folder
    assert service in README.read_text() or service in (ROOT / "services" / folder / "README.md").read_text()


@pytest.mark.parametrize("path", fragments(), ids=lambda p: p.parent.name)
def test_the_page_of_a_service_begins_with_what_it_is(path: Path) -> None:
    summary = Repository(ROOT).summary(path.parent.name)
    assert len(summary) > 20, "`dm why` shows the first paragraph of the README"


def test_folders_with_something_to_explain_explain_it() -> None:
    tops = sorted(
        {
            p.relative_to(ROOT).parts[0]
            for p in tracked()
            if len(p.relative_to(ROOT).parts) > 1 and not p.parts[-1].startswith(".")
        }
    )
    for top in tops:
        if not top.startswith(".") and top not in ("datameesh_cli", "profiles"):
            assert (ROOT / top / "README.md").is_file() or top == "services", f"{top}/ has no README.md"


def test_the_walks_name_what_is_there() -> None:
    """`core/ram_plan.py`: `plan_ram` in docs/architecture.md is a function, or a class, of that file."""
    text = " ".join((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split())
    named = re.findall(r"`([a-z0-9_/]+\.py)`: `(\w+)`", text)
    assert len(named) >= 12, "the walks are there"
    gone = [
        f"{file}: {name}"
        for file, name in named
        if not re.search(
            rf"^ *(?:def|class) {name}\b", (ROOT / "datameesh_cli" / file).read_text(encoding="utf-8"), re.M
        )
    ]
    assert gone == []
    paths = re.findall(r"`((?:services|seed|dbt|tests|compose|core|adapters|render|commands)/[\w./-]+)`", text)
    missing = [p for p in paths if not (ROOT / p).exists() and not (ROOT / "datameesh_cli" / p).exists()]
    assert missing == []
