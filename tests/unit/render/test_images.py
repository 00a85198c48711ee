"""render/images and render/demo: what a person sees while images are built, and what to do at the end."""

from __future__ import annotations

import pytest

from datameesh_cli.core.build_output import Building, BuildState
from datameesh_cli.render.demo import next_steps
from datameesh_cli.render.images import BuildProgress, clock_time
from datameesh_cli.usecases.build_images import Built
from datameesh_cli.usecases.show_status import Address


def at(seconds: float, left: int = 4) -> BuildState:
    """Two builds after so many seconds."""
    running = (
        Building("minio", seconds, "compiling crypto/tls"),
        Building("trino-server", 3, "fetching trino-server-476.tar.gz"),
    )
    return BuildState(running, left, 8, seconds)


def test_without_a_terminal_there_is_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with BuildProgress() as progress:
        for second in range(125):
            progress.watch(at(second, left=4 if second < 100 else 1))
        progress.done(Built("datameesh/minio:1", True, 124.6, 180))
        progress.watch(BuildState((), 0, 8, 125))
    lines = capsys.readouterr().err.splitlines()
    builds = "minio compiling crypto/tls; trino-server fetching trino-server-476.tar.gz"
    assert lines[0] == f"  10 s, 4 of 8 images left: {builds}"
    assert lines[6] == f"  1 min 10 s, 4 of 8 images left: {builds}"
    assert lines[11] == f"  2 min 00 s, 1 image left: {builds}"
    assert lines[12:] == ["  datameesh/minio:1                built in 2 min 05 s (180 MiB)"]


def test_on_a_terminal_each_build_has_its_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with BuildProgress() as progress:
        progress.watch(at(62))
    shown = capsys.readouterr().err
    assert "minio            1 min 02 s  compiling crypto/tls" in shown
    assert "1 min 02 s, 4 of 8 images left" in shown


def test_seconds_are_said_as_people_say_them() -> None:
    assert [clock_time(s) for s in (0.4, 59.4, 59.6, 125.0, 3600)] == [
        "0 s",
        "59 s",
        "1 min 00 s",
        "2 min 05 s",
        "60 min 00 s",
    ]


PLACES = (
    Address("Lake console", "http://localhost:1/", "mike", "mike-password", ("browse buckets", "upload"), "minio"),
    Address("Trino", "http://localhost:2/ui/", "admin", None, ("run federated SQL", "watch queries"), "trino"),
)


def test_the_next_steps_can_be_copied_and_name_the_stack() -> None:
    steps = next_steps(PLACES, "datameesh")
    assert "`./dm sql" in steps[0]
    assert (
        steps[1]
        == "open http://localhost:2/ui/ in a browser and log in as admin, without a password: run federated SQL"
    )
    assert steps[2] == (
        "open http://localhost:1/ in a browser and log in as mike with the password that "
        "`./dm credentials mike-password` prints: browse buckets"
    )
    assert all("./dm --name other " in step for step in next_steps(PLACES, "other") if "`./dm" in step)
