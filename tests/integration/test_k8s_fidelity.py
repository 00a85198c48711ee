"""Every verdict of core/k8s/rules.py is true: each key is changed in a stack with one of everything, and the export is made again.

Through the real pipeline: fragment, `docker compose config`, kompose in its container, the passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import kompose, yaml_text
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.core.k8s.fidelity import conversion_report, keys, refuse_lost, rule_of
from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.rules import CONVERTED, DROPPED, RULES, TOP_RULES, Key, Rule
from datameesh_cli.core.k8s.source import Source
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.read_source import Read, TargetRequest, read_source
from tests.integration.fidelity_cases import CASES, FILES, FRAGMENT, Case, rule_ids

BY_ID = rule_ids(RULES) | rule_ids(TOP_RULES)


@dataclass(frozen=True, slots=True)
class Changing(Compose):
    """Compose, whose answer is changed where a fragment cannot say what is to be shown."""

    case: Case | None = None

    def resolve(self, *args: Any, **options: Any) -> dict[str, Any]:
        """The resolved model with the change in it."""
        resolved = Compose(self.file, self.project, self.env_file).resolve(*args, **options)
        return self.case.applied(resolved) if self.case else resolved


@dataclass(frozen=True)
class Mesh:
    """A checkout with one of everything, and kompose."""

    root: Path
    image: str

    def read(self, case: Case | None = None) -> Read:
        """The source of its export, with a change."""
        fragment = self.root / "services" / "all" / "compose.yaml"
        fragment.write_text(yaml_text.dump_all([FRAGMENT if not case or case.resolved else case.applied(FRAGMENT)]))
        adapters = adapters_for("fidelity", self.root)
        answers = Changing(adapters.compose.file, adapters.compose.project, adapters.compose.env_file, case)
        changed = replace(adapters, compose=answers) if case and case.resolved else adapters
        return read_source(changed, ("core",), 4096, TargetRequest())

    def export(self, read: Read) -> tuple[Objects, Objects]:
        """kompose's draft and the objects of the export."""
        draft = kompose.convert(self.image, read.model, read.profiles).objects
        return draft, passes(draft, read.source)


@dataclass(frozen=True)
class Made:
    """An export: what it was made of, kompose's draft, and the objects."""

    source: Source
    draft: Objects
    objects: Objects


@pytest.fixture(scope="module")
def mesh(exporter: str, tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    root = tmp_path_factory.mktemp("fidelity")
    for folder in ("compose", "profiles", "services/all/docs", "services/all/pages", "k8s-export/targets"):
        (root / folder).mkdir(parents=True)
    (root / "compose" / "compose.yaml").write_text("name: fidelity\ninclude:\n  - ../services/all/compose.yaml\n")
    for name in ("core", "more"):
        (root / "profiles" / f"{name}.yaml").write_text(f"name: {name}\nrequires: []\ndescription: d\n")
    (root / "k8s-export" / "targets" / "kind.yaml").write_text("says: one node\n")
    for name, text in FILES.items():
        (root / "services" / "all" / name).write_text(text)
    return Mesh(root, exporter)


@pytest.fixture(scope="module")
def base(mesh: Mesh) -> Made:
    read = mesh.read()
    refuse_lost(conversion_report(read.source))
    return Made(read.source, *mesh.export(read))


def _keys(source: Source) -> dict[tuple[str, ...], list[tuple[Key, str]]]:
    """Every key of a source, by service, name, value and the kind of its mount; the model's own have the service ""."""
    rest = {k: "" if k.startswith("x-") else v for k, v in source.compose.items() if k != "services"}
    bodies: dict[str, Mapping[str, Any]] = {"": rest} | {p.name: p.body for p in source.parts}
    found: dict[tuple[str, ...], list[tuple[Key, str]]] = {}
    for service, body in bodies.items():
        for key in keys(body):
            said = (service, key.name, repr(key.value), str(key.beside.get("type")))
            found.setdefault(said, []).append((key, service))
    return found


def _changed(before: Source, after: Source, rule: Rule) -> Iterator[tuple[Key, Rule | None]]:
    """The keys that one of them says more often than the other, each with its rule.

    Not the model's own where a service's are looked at: what no service uses is not in it.
    """
    for source, here, there in ((before, _keys(before), _keys(after)), (after, _keys(after), _keys(before))):
        for said, found in here.items():
            for key, service in found[len(there.get(said, ())) :]:
                if service or rule in TOP_RULES:
                    yield key, rule_of(key, source.part(service), source)


def test_every_rule_has_a_change_that_shows_it_and_every_change_a_rule() -> None:
    assert set(CASES) == set(BY_ID)


@pytest.mark.parametrize("name", sorted(BY_ID))
def test_a_verdict_is_true(mesh: Mesh, base: Made, name: str) -> None:
    rule = BY_ID[name]
    shown = [case for case in CASES[name] if not case.refused]
    # What has one value only cannot be changed: another one is refused.
    assert shown or rule.values.isalpha(), f"nothing shows '{name}'"
    for case in shown:
        read = mesh.read(case)
        refuse_lost(conversion_report(read.source))
        changed = list(_changed(base.source, read.source, rule))
        assert rule in [r for _, r in changed], f"{case.at} is not about '{name}': {[k.name for k, _ in changed]}"
        other = {k.name for k, r in changed if k.leaf and r is not None and r.pattern not in (rule.pattern, *case.also)}
        assert not other or rule.pattern == "profiles/[]", f"{case.at} also changes {sorted(other)}"
        draft, objects = mesh.export(read)
        if rule.verdict == DROPPED:
            assert objects == base.objects, f"'{name}' is not dropped: {case.at}"
        else:
            assert objects != base.objects, f"'{name}' is not {rule.verdict}: nothing changes with {case.at}"
        if rule.verdict == CONVERTED:
            assert draft != base.draft, f"'{name}' is not converted by kompose: its draft stays with {case.at}"


@pytest.mark.parametrize("name", sorted(n for n, rule in BY_ID.items() if rule.values))
def test_a_value_that_an_export_cannot_say_is_refused(mesh: Mesh, name: str) -> None:
    refused = [case for case in CASES[name] if case.refused]
    assert refused, f"nothing shows that other values of '{name}' are refused"
    for case in refused:
        found = conversion_report(mesh.read(case).source)
        with pytest.raises(UserError, match="and an export knows only") as caught:
            refuse_lost(found)
        assert caught.value.exit_code == 2
