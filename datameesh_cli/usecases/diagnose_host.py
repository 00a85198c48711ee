"""`dm doctor`: look, name what is missing, and with `--fix` install it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.diagnosis import diagnose
from datameesh_cli.core.images import old_images
from datameesh_cli.core.machine import Finding
from datameesh_cli.errors import HostError
from datameesh_cli.usecases.build_images import base_days

if TYPE_CHECKING:
    from datameesh_cli.adapters.outside import Outside

Say = Callable[[str], None]


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


def diagnose_host(outside: Outside, *, fix: bool, say: Say) -> Diagnosed:
    """Look at the machine; with `fix`, do what can be done, one step after the other, telling each through `say`.

    Never touches what is there and works. Looking raises nothing. Raise HostError if a step fails; what is done stays done.
    """
    done: list[str] = []
    while True:
        facts = outside.look(
            lambda: {i.name: i.reference for i in outside.image_folders.read_images(outside.repository.root)},
            lambda: old_images(base_days(outside), outside.clock.utc()),
        )
        findings = diagnose(facts)
        todo = next((f for f in findings if f.step and f.step not in done), None)
        if not fix or todo is None:
            return Diagnosed(findings, tuple(done))
        say(f"{todo.name}: {todo.fix} ...")
        began = outside.clock.now()
        outside.repair(todo.step, facts.distribution, outside.state.root / "engine.log")
        done.append(todo.step)
        say(f"{todo.name}: done in {outside.clock.now() - began:.0f} s")


def prepare_host(outside: Outside, *, install: bool, say: Say) -> Diagnosed:
    """Return if the machine has all that is needed, installing it if `install`. Raise HostError, a fix per finding, if not."""
    diagnosed = diagnose_host(outside, fix=install, say=say)
    if diagnosed.missing:
        what = "; ".join(f"{f.name}: {f.seen} -> {f.fix}" for f in diagnosed.missing)
        automatic = all(f.step for f in diagnosed.missing) and not install
        raise HostError(
            f"this machine lacks {what}",
            "let dm do it: add --yes" if automatic else "do that, then run the command again",
        )
    say(", ".join(f"{f.name} {f.seen}" for f in diagnosed.findings[:4]))
    return diagnosed
