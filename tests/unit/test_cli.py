"""The command line: which commands there are, what help costs, and how each kind of failure ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import typer

from datameesh_cli import __version__, cli
from datameesh_cli.errors import DmError, HostError, UnhealthyError, UserError

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "datameesh_cli" / "commands"


def _dm(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "datameesh_cli", *args],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | env,
        timeout=60,
    )


def _main(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dm", *args])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def _command_that_raises(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Put a command `urls` in place whose work ends in `error`."""
    module = types.ModuleType("datameesh_cli.commands.urls")
    app = typer.Typer(add_completion=False)

    @app.command()
    def urls() -> None:
        raise error

    module.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)


def _known(group: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every command and group below this one, by what is typed."""
    found = {}
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        found[(*path, name)] = command
        if hasattr(command, "list_commands"):
            found |= _known(command, (*path, name))
    return found


ROOT_GROUP: Any = typer.main.get_command(cli.app)
KNOWN = _known(ROOT_GROUP)


def test_every_command_has_a_module_and_every_module_is_a_command() -> None:
    files = [p.relative_to(FOLDER).with_suffix("") for p in FOLDER.rglob("*.py")]
    modules = {p.parent.parts if p.name == "__init__" else p.parts for p in files} - {()}
    own = {path for path in KNOWN if path[0] != "dbt"} | {("dbt",)}
    assert own == {tuple(part.replace("_", "-") for part in parts) for parts in modules}
    assert len(KNOWN) > 40


@pytest.mark.parametrize("path", KNOWN, ids=" ".join)
def test_every_command_says_what_it_does_and_shows_an_example(path: tuple[str, ...]) -> None:
    text = KNOWN[path].help
    assert len(text.split("\n")[0]) < 110
    example = re.search(r"^Example: (.+)$", text, re.MULTILINE)
    assert example
    assert f"dm {' '.join(path)}" in example[1]


@pytest.mark.parametrize(("alias", "means"), [("k8s-export", ("k8s", "export")), ("test", ("dev", "test"))])
def test_another_name_is_the_same_command(alias: str, means: tuple[str, ...]) -> None:
    assert ROOT_GROUP.get_command(None, alias).help == KNOWN[means].help
    assert alias not in ROOT_GROUP.list_commands(None), "a list shows each command once"


def test_which_stack_is_asked_with_the_same_words_everywhere() -> None:
    """`--target` is what an export is made for, and dbt's own option; which stack is meant is `--on`."""
    options = {path: {o for p in getattr(c, "params", ()) for o in p.opts} for path, c in KNOWN.items()}
    assert {path for path, names in options.items() if "--target" in names} == {("k8s", "export"), ("k8s", "apply")}
    on = {path for path, names in options.items() if "--on" in names}
    building = {("dbt", verb) for verb in ("build", "run", "test", "retry", "seed", "snapshot")}
    assert (
        on
        == {
            ("seed",),
            ("verify",),
            ("credentials",),
            ("audit", "queries"),
            ("audit", "postgres"),
            ("audit", "access"),
            ("secrets", "rotate"),
        }
        | building
    )
    assert all("--context" in options[path] for path in on)


def test_help_lists_every_command_with_its_first_line_in_order() -> None:
    shown = _dm("--help", COLUMNS="120").stdout
    names = ROOT_GROUP.list_commands(None)
    places = [shown.find(f"\n  {name} ") for name in names]
    assert -1 not in places
    assert places == sorted(places)
    for name in names:
        assert KNOWN[(name,)].help.split("\n")[0] in " ".join(shown.split())


def test_no_argument_is_a_question_for_help() -> None:
    done = _dm()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: dm")
    assert "\n  up " in done.stderr


def test_help_imports_no_command_and_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['dm', '--help']\nfrom datameesh_cli import cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print('MODULES', *sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    loaded = out.split("MODULES")[1].split()
    assert not [
        m
        for m in loaded
        if m.startswith(("datameesh_cli.commands.", "datameesh_cli.adapters", "datameesh_cli.usecases"))
    ]
    heavy = {"yaml", "requests", "trino", "psycopg2", "minio", "python_on_whales", "pydantic", "rich"}
    assert not heavy & set(loaded)


def test_version() -> None:
    assert _dm("--version").stdout.strip() == f"DataMeesh {__version__}"


@pytest.mark.parametrize(("kind", "code"), [(UserError, 2), (HostError, 3), (UnhealthyError, 4), (DmError, 1)])
def test_each_kind_of_error_is_two_lines_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: type[DmError], code: int
) -> None:
    _command_that_raises(monkeypatch, kind("what is wrong", "what to do"))
    assert _main(monkeypatch, "urls") == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", "error: what is wrong\nhint: what to do\n")


def test_an_error_without_a_hint_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _command_that_raises(monkeypatch, UserError("what is wrong"))
    assert _main(monkeypatch, "urls") == 2
    assert capsys.readouterr().err == "error: what is wrong\n"


def test_ctrl_c_ends_in_130_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _command_that_raises(monkeypatch, KeyboardInterrupt())
    assert _main(monkeypatch, "urls") == 130
    assert "run the same command again" in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    _command_that_raises(monkeypatch, ZeroDivisionError("a bug"))
    monkeypatch.setattr(sys, "argv", ["dm", "urls"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_a_bug_ends_in_1() -> None:
    code = (
        "import sys, types, typer\nfrom datameesh_cli import cli\n"
        "m = types.ModuleType('m'); m.app = typer.Typer()\n"
        "@m.app.command()\ndef urls(): raise ZeroDivisionError('a bug')\n"
        "sys.modules['datameesh_cli.commands.urls'] = m\nsys.argv = ['dm', 'urls']\ncli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError: a bug" in done.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nope"], "No such command 'nope'"),
        (["up", "--nope"], "No such option: --nope"),
        (["up", "--wait-timeout", "soon"], "Invalid value for '--wait-timeout': "),
        (["up", "--wait-timeout", "0"], "Invalid value for '--wait-timeout': "),
        (["plan", "--output", "xml"], "Invalid value for '--output' / '-o': 'xml' is not one of 'table', 'json'"),
        (["plan", "--ram"], "requires an argument"),
        (["status", "extra"], "unexpected extra argument"),
        (["--name"], "requires an argument"),
        (["shell"], "Missing argument 'service'"),
    ],
)
def test_a_usage_error_is_one_clear_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], args: list[str], says: str
) -> None:
    assert _main(monkeypatch, *args) == 2
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert says in lines[0]
    assert [line.split(":")[0] for line in lines] == ["error", "hint"]
    assert "--help" in lines[1]


@pytest.mark.parametrize("option", ["--name", "--verbose"])
def test_an_option_of_dm_itself_behind_the_command_is_told_where_it_belongs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert _main(monkeypatch, "status", option) == 2
    assert f"it stands before the command: dm {option}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["plan", "--ram", "12x"], 2, "'12x' is not a memory size"),
        (["plan", "--ram", ""], 2, "'' is not a memory size"),
        (["plan", "--ram=-1g"], 2, "'-1g' is not a memory size"),
        (["plan", "--profile", "nope", "--ram", "4g"], 2, "there is no profile 'nope'"),
        (["--name", "No Good", "plan", "--ram", "4g"], 2, "'No Good' can't be a stack's name"),
        (["up", "trino-cordinator", "--ram", "4g"], 2, "there is no service 'trino-cordinator'"),
        (["plan", "--without", "nope", "--ram", "4g"], 2, "there is no service 'nope'"),
        (["up", "--ram", "12x"], 2, "'12x' is not a memory size"),
        (["logs", "nope"], 2, "there is no service 'nope'"),
        (["shell", "nope"], 2, "there is no service 'nope'"),
        (["plan", "--ram", "1m"], 3, "these services need at least"),
    ],
)
def test_garbage_is_answered_before_anything_is_touched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], args: list[str], code: int, says: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    assert _main(monkeypatch, *args) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err.splitlines()[0]
    assert len(err.splitlines()) == 2


def test_a_closed_pipe_is_no_failure() -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"'{sys.executable}' -m datameesh_cli --help | true"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["plan", "--ram", "4g", "-o", "json"]])
def test_output_that_cannot_be_written_is_no_bug(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "datameesh_cli", *command], stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
    said = "error: the output could not be written: No space left on device\nhint: see where the output goes\n"
    assert (done.returncode, done.stderr) == (3, said)


def test_input_that_is_no_text_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "datameesh_cli", "sql"], input=b"SELECT '\xff\xfe'", capture_output=True, cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "0", "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, b"error: standard input is not UTF-8 text")
