"""Nothing of one machine, no registry and no secret is in the repository; every script at least parses."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from datameesh_cli.core.reach_of_change import reached_by
from tests.contract.repo import ROOT, label, texts, tracked

HOSTS = [
    *(
        r"deb\.debian",
        r"security\.debian",
        r"pypi\.org",
        r"pythonhosted",
        r"repo1?\.maven",
        r"proxy\.golang",
        r"sum\.golang",
    ),
    *(
        r"registry\.npmjs",
        r"registry\.yarnpkg",
        r"crates\.io",
        r"docker\.io/",
        r"ghcr\.io",
        r"quay\.io",
        r"registry\.k8s\.io",
    ),
]
MACHINE = [r"(?<![\w.])/(?:work|farm)/\w", r"/home/[a-z]+/", r"/Users/[A-Za-z]+/", r"(?<![\w=}\"])/root/"]
SECRETS = [
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\b(?:minioadmin|datamesh2024|admin123)\b",
    r"\b(?:[Pp]assword|[Ss]ecret|[Tt]oken|PASSWORD|SECRET|TOKEN)\b[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9+/]{24,}[\"']?\s*$",
]
OWN = Path(__file__)


def _hits(patterns: list[str]) -> list[str]:
    either = re.compile("|".join(patterns), re.MULTILINE)
    return [
        f"{label(path)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for path, text in texts()
        if path != OWN
        for match in either.finditer(text)
    ]


def test_no_registry_or_mirror_is_named() -> None:
    """What a machine uses comes from its own configuration, so the same checkout works everywhere."""
    assert _hits(HOSTS) == []


def test_no_path_of_a_machine_is_named() -> None:
    assert _hits(MACHINE) == []


def test_no_secret_is_committed() -> None:
    assert _hits(SECRETS) == []
    names = [label(p) for p in tracked()]
    assert not [
        n
        for n in names
        if n.startswith(".dm/")
        or n.endswith((".pem", ".key", ".p12", ".env"))
        or ("/secrets/" in n and not n.startswith("datameesh_cli/"))
    ]


def test_the_state_folder_and_the_environment_are_ignored() -> None:
    for name in (".dm/datameesh/secrets/x", ".venv/x", "k8s-export/out/x", "dbt/target/x"):
        assert (
            subprocess.run(["git", "-c", "safe.directory=*", "check-ignore", "-q", name], cwd=ROOT).returncode == 0
        ), name


def _scripts() -> list[tuple[Path, str]]:
    found = []
    for path, text in texts():
        shebang = re.match(r"#!\s*(?:/usr/bin/env\s+)?(?:/bin/|/usr/bin/)?(sh|bash|dash)\b", text)
        if shebang or path.suffix == ".sh":
            found.append((path, "bash" if shebang and shebang[1] == "bash" else "sh"))
    assert found
    return found


@pytest.mark.parametrize(("path", "shell"), _scripts(), ids=[label(p) for p, _ in _scripts()])
def test_shell_scripts_parse_and_can_be_run(path: Path, shell: str) -> None:
    done = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_launcher_and_ci_can_be_run() -> None:
    for name in ("dm", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, name


def test_no_large_file_is_committed() -> None:
    large = [f"{label(p)}: {p.stat().st_size // 1024} KiB" for p in tracked() if p.stat().st_size > 512 * 1024]
    assert large == []


def test_what_a_change_reaches_is_there() -> None:
    """`dm dev test --changed`: a target that was renamed would be left out in silence."""
    for path in tracked():
        targets = reached_by([label(path)], {})
        assert targets is None or all(list(ROOT.glob(target)) for target in targets), f"{label(path)}: {targets}"
    assert reached_by(["pyproject.toml"], {}) is None
    assert reached_by(["datameesh_cli/core/model.py"], {})
