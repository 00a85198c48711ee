"""`dm doctor` on machines that are only told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.core.machine import Facts
from datameesh_cli.errors import HostError
from datameesh_cli.usecases.diagnose_host import diagnose_host, prepare_host
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.unit.core.test_diagnosis import WELL


class Machine:
    """A machine without debootstrap and base image, on which a repair does what it says."""

    def __init__(self, *, repairs: bool = True) -> None:
        self.facts: Facts = replace(WELL, debootstrap=False, base=False)
        self.repairs = repairs
        self.done: list[str] = []

    def look(self, images: Callable[[], object], old: Callable[[], object]) -> Facts:
        images()
        return self.facts

    def repair(self, step: str, distribution: str, log: Path) -> None:
        self.done.append(step)
        if self.repairs:
            self.facts = replace(self.facts, debootstrap=True)


def _world(root: Path, machine: Machine) -> Adapters:
    adapters, _ = fake_adapters(root, FakeEngine())
    return replace(adapters, look=machine.look, repair=machine.repair)


def test_looking_changes_nothing(tmp_path: Path) -> None:
    machine = Machine()
    found = diagnose_host(_world(tmp_path, machine), fix=False, report=lambda _: None)
    assert machine.done == []
    assert "debootstrap" in [f.step for f in found.findings]
    assert {f.verdict for f in (*found.missing, *found.warnings)} <= {"missing", "warn"}


def test_a_step_is_done_once_and_told(tmp_path: Path) -> None:
    machine, said = Machine(), []
    found = diagnose_host(_world(tmp_path, machine), fix=True, report=said.append)
    assert machine.done == ["debootstrap"]
    assert found.done == ("debootstrap",)
    assert said[-1].endswith("done in 0 s")


def test_a_step_that_does_not_help_is_not_done_for_ever(tmp_path: Path) -> None:
    machine = Machine(repairs=False)
    diagnose_host(_world(tmp_path, machine), fix=True, report=lambda _: None)
    assert machine.done == ["debootstrap"]


def test_a_machine_that_lacks_something_is_refused_with_the_way_out(tmp_path: Path) -> None:
    machine = Machine()
    machine.facts = replace(machine.facts, compose="")
    with pytest.raises(HostError, match="this machine lacks") as refused:
        prepare_host(_world(tmp_path, machine), install=False, report=lambda _: None)
    assert refused.value.hint == "let dm do it: add --yes"
    assert machine.done == []


def test_a_machine_that_has_all_is_told_in_one_line(tmp_path: Path) -> None:
    machine, said = Machine(), []
    machine.facts = WELL
    assert not prepare_host(_world(tmp_path, machine), install=False, report=said.append).missing
    assert len(said) == 1
