"""A verdict counts as long as nothing that it ran on is changed."""

from __future__ import annotations

from pathlib import Path

from datameesh_cli.usecases.mark_inputs import made_of, of_tests, ran_on
from tests.fakes.adapters import FakeEngine, fake_adapters


def test_a_fragment_changes_what_containers_are_made_of_and_a_page_does_not(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    before = made_of(adapters), ran_on(adapters), of_tests(adapters.repository)
    (tmp_path / "services" / "web" / "README.md").write_text("another page")
    assert (made_of(adapters), ran_on(adapters), of_tests(adapters.repository)) == before
    (tmp_path / "services" / "web" / "compose.yaml").write_text("services: {}\n")
    assert made_of(adapters) != before[0]
    assert ran_on(adapters) != before[1]
    assert of_tests(adapters.repository) != before[2]


def test_containers_are_what_they_were_made_of_at_the_last_start(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    started = {"made_of": made_of(adapters)}
    before = ran_on(adapters, started)
    (tmp_path / "services" / "web" / "compose.yaml").write_text("services: {}\n")
    assert ran_on(adapters, started) == before
    (tmp_path / "seed").mkdir()
    (tmp_path / "seed" / "people.yaml").write_text("x: 1\n")
    assert ran_on(adapters, started) != before, "the data is no container's"


def test_a_test_changes_the_verdicts_of_tests_alone(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    before = ran_on(adapters), of_tests(adapters.repository)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("")
    assert ran_on(adapters) == before[0]
    assert of_tests(adapters.repository) != before[1]
