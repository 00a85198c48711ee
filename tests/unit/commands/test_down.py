"""`dm down --volumes`: nothing is lost before somebody said so."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from datameesh_cli import cli
from datameesh_cli.commands import down
from tests.contract.repo import ROOT
from tests.fakes.adapters import FakeCompose, FakeEngine, fake_adapters
from tests.fakes.values import a_container


class Terminal(io.StringIO):
    """Somebody at the keyboard, who types these lines."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine((a_container("db"),))


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> FakeCompose:
    """The Compose of a stack with data and a secret, which `dm down` is about."""
    adapters, compose = fake_adapters(tmp_path, engine)
    adapters.state.ensure_secrets(["db-password"])
    monkeypatch.setattr(down, "adapters_for", lambda _: adapters)
    return compose


def _dm(monkeypatch: pytest.MonkeyPatch, *args: str, typed: str | None = None) -> int:
    monkeypatch.setattr(sys, "argv", ["dm", "down", *args])
    monkeypatch.setattr(sys, "stdin", io.StringIO() if typed is None else Terminal(typed))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def _secrets(tmp_path: Path) -> list[str]:
    return [p.name for p in (tmp_path / ".dm/datameesh/secrets").iterdir()]


def test_nobody_to_ask_is_refused_in_one_line_and_nothing_is_removed(
    compose: FakeCompose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _dm(monkeypatch, "--volumes") == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "error: --volumes removes the data of stack 'datameesh' for good, and nobody is here to be asked",
        "hint: if that is meant: dm down --volumes --yes",
    ]
    assert compose.calls == []
    assert _secrets(tmp_path) == ["db-password"]


def test_as_a_program_it_is_refused_before_the_engine_is_asked(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text('#!/bin/sh\ntouch "$0.was-asked"\n')
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "datameesh_cli", "--name", "nobody-s", "down", "--volumes"],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
    assert not (tmp_path / "docker.was-asked").exists()


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_who_says_no_keeps_everything(
    compose: FakeCompose,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    typed: str,
) -> None:
    assert _dm(monkeypatch, "--volumes", typed=typed) == 2
    said = capsys.readouterr()
    assert "datameesh_db-data" in said.err, "what would go is named"
    assert "error: nothing was removed" in said.err
    assert said.out == ""
    assert compose.calls == []
    assert _secrets(tmp_path) == ["db-password"]


@pytest.mark.parametrize(("args", "typed"), [(["--volumes"], "y\n"), (["--volumes", "--yes"], None)])
def test_who_says_yes_gets_it(
    compose: FakeCompose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, args: list[str], typed: str | None
) -> None:
    assert _dm(monkeypatch, *args, typed=typed) == 0
    assert compose.calls == [("down", True)]
    assert _secrets(tmp_path) == []


def test_without_volumes_nobody_is_asked(compose: FakeCompose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _dm(monkeypatch) == 0
    assert compose.calls == [("down", False)]
    assert _secrets(tmp_path) == ["db-password"]


def test_data_that_did_not_go_is_named_with_who_to_look_for(
    compose: FakeCompose, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.used_elsewhere = ["datameesh_db-data"]
    assert _dm(monkeypatch, "--volumes", "--yes") == 3
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "error: still there, with the secrets that open them: datameesh_db-data"
    assert said[1].startswith("hint: another container uses them: docker ps -a --filter volume=datameesh_db-data")
