"""`dm doctor`: look, name what is missing, and with `--fix` install it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.diagnosis import diagnose
from datameesh_cli.core.images import old_images
from datameesh_cli.core.machine import Finding
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import HostError
from datameesh_cli.usecases.build_images import base_days

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What was found, and what `--fix` did."""

    findings: tuple[Finding, ...]
    done: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Finding, ...]:
        """The findings without which nothing starts."""
        return tuple(f for f in self.findings if f.verdict == "missing")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that are advice."""
        return tuple(f for f in self.findings if f.verdict == "warn")


def diagnose_host(adapters: Adapters, *, fix: bool, report: Report) -> Diagnosed:
    """Look at the machine; with `fix`, do what can be done, one step after the other, telling each through `report`.

    Never touches what is there and works. Looking raises nothing. Raise HostError if a step fails; what is done stays done.
    """
    done: list[str] = []
    while True:
        facts = adapters.look(
            lambda: {i.name: i.reference for i in adapters.image_folders.read_images(adapters.repository.root)},
            lambda: old_images(base_days(adapters), adapters.clock.utc()),
        )
        findings = diagnose(facts)
        todo = next((f for f in findings if f.step and f.step not in done), None)
        if not fix or todo is None:
            return Diagnosed(findings, tuple(done))
        report(f"{todo.name}: {todo.fix} ...")
        began = adapters.clock.now()
        adapters.repair(todo.step, facts.distribution, adapters.state.root / "engine.log")
        done.append(todo.step)
        report(f"{todo.name}: done in {adapters.clock.now() - began:.0f} s")


def prepare_host(adapters: Adapters, *, install: bool, report: Report) -> Diagnosed:
    """Return if the machine has all that is needed, installing it if `install`. Raise HostError, a fix per finding, if not."""
    diagnosed = diagnose_host(adapters, fix=install, report=report)
    if diagnosed.missing:
        what = "; ".join(f"{f.name}: {f.seen} -> {f.fix}" for f in diagnosed.missing)
        automatic = all(f.step for f in diagnosed.missing) and not install
        raise HostError(
            f"this machine lacks {what}",
            "let dm do it: add --yes" if automatic else "do that, then run the command again",
        )
    report(", ".join(f"{f.name} {f.seen}" for f in diagnosed.findings[:4]))
    return diagnosed
