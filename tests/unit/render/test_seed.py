"""What `dm seed` says."""

from __future__ import annotations

import pytest

from datameesh_cli.render.seed import SeedProgress, print_holdings, print_seeded
from datameesh_cli.usecases.find_changes import LoadedTable
from datameesh_cli.usecases.load_domain import LoadProgress
from datameesh_cli.usecases.seed_data import Holdings, KnownSet, Seeded, SeededDomain
from datameesh_cli.usecases.seed_lake import SeededLake

ORDERS = LoadProgress("sales", "orders", 2_000_000, 4.0, done=True)
LAKE = SeededLake(True, {"raw/sales/orders.csv": 20}, 28, 3.21)


def seeded(*, loaded: bool, lake: SeededLake | None = LAKE, changed: tuple[str, ...] = ()) -> Seeded:
    domain = SeededDomain("sales", "sales_db", "direct", loaded, (ORDERS,), changed)
    return Seeded("small", 7, (domain,), lake, 8.9)


def test_a_load_shows_rows_and_speed(capsys: pytest.CaptureFixture[str]) -> None:
    print_seeded(seeded(loaded=True))
    out = capsys.readouterr().out
    assert "2,000,000" in out
    assert "500,000" in out
    assert "lake: 1 raw files, 28 statements, 3.2 s" in out
    assert "set small x 7 in 8.9 s. Next: dm sql @journey" in out


def test_nothing_done_is_said_with_what_changed_since(capsys: pytest.CaptureFixture[str]) -> None:
    print_seeded(seeded(loaded=False, lake=None, changed=("orders has 21 rows, the set has 20",)))
    out = capsys.readouterr().out
    assert "set small x 7 is loaded already; --force loads it again" in out
    assert "sales: changed since: orders has 21 rows, the set has 20" in out
    assert "lake: left as it is" in out
    assert "dm up --profile analytics" in out


def test_progress_in_a_file_is_one_line_for_each_table_that_took_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    with SeedProgress() as progress:
        progress.show(LoadProgress("sales", "orders", 1_000_000, 2.0))
        progress.show(LoadProgress("sales", "products", 10, 0.01, done=True))
        progress.show(ORDERS)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "sales.orders" in lines[0]
    assert "500,000 rows/s" in lines[0]


def test_progress_on_a_terminal_is_one_line_that_goes_when_the_load_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with SeedProgress() as progress:
        progress.show(LoadProgress("sales", "orders", 1_000_000, 2.0))
        progress.show(ORDERS)
    shown = capsys.readouterr().err
    assert "2,000,000 rows" in shown
    assert shown.endswith("\x1b[2K"), "the line is wiped away"


def held(content: str) -> tuple[LoadedTable, ...]:
    return (LoadedTable("journey", "leads", 4580, 1, content),)


def test_holdings_show_the_sets_and_that_domains_differ(capsys: pytest.CaptureFixture[str]) -> None:
    sets = (KnownSet("journey", "the question"),)
    print_holdings(Holdings(sets, {"marketing": held("a"), "sales": held("b")}, {"leads": 4580}))
    out = capsys.readouterr().out
    assert "the question" in out
    assert "4,580" in out
    assert "the domains hold different sets" in out


@pytest.mark.parametrize(
    ("domains", "said"), [({}, "do not run: dm up"), ({"sales": ()}, "nothing is loaded: dm seed")]
)
def test_holdings_say_what_to_do_where_there_is_nothing(
    domains: dict[str, tuple[LoadedTable, ...]], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_holdings(Holdings((KnownSet("small", "x"),), domains, {}))
    assert said in capsys.readouterr().out
