"""What became of every key of every Compose service: converted, repaired (by which pass, why), or dropped (why). Nothing is silent.

A key that no rule knows, or a value that an export cannot say, is an error: whoever uses a new one says in `rules.py` what becomes
of it, and shows it in tests/integration/test_k8s_fidelity.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datameesh_cli.core.k8s.rules import REFUSED, RULES, TOP_RULES, UNKNOWN, Key, Rule
from datameesh_cli.core.k8s.source import Part, Source
from datameesh_cli.errors import UserError

_BY_HEAD = {head: tuple(r for r in RULES if r.head == head) for head in {r.head for r in RULES}}


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """What became of one key of one service."""

    service: str
    key: str
    verdict: str
    by: str
    reason: str


def conversion_report(source: Source) -> tuple[KeyVerdict, ...]:
    """Return what became of every key; `unknown` where no rule fits, `refused` where its value cannot be said."""
    found = [
        f for p in source.parts for k in _sorted(keys(p.body)) if (f := _verdict(p.name, k, rule_of(k, p, source)))
    ]
    # An extension is one key, whatever is in it; a kind of which nothing is used says nothing.
    rest = {k: "" if k.startswith("x-") else v for k, v in source.compose.items() if k != "services" and v != {}}
    found += [f for k in _sorted(keys(rest)) if (f := _verdict("(model)", k, rule_of(k, None, source)))]
    return tuple(dict.fromkeys(found))


def refuse_lost(found: Iterable[KeyVerdict]) -> None:
    """Given fates, raise UserError, naming service and key, for the first that would be lost on Kubernetes."""
    for said in found:
        if said.verdict == UNKNOWN:
            raise UserError(
                f"service '{said.service}': no pass knows the Compose key '{said.key}', so it would be lost on Kubernetes",
                "remove it from the fragment, or say in core/k8s/rules.py what becomes of it",
            )
        if said.verdict == REFUSED:
            raise UserError(f"service '{said.service}': {said.reason}", "correct the fragment")


def keys(value: Any, path: tuple[str, ...] = (), beside: Mapping[str, Any] | None = None) -> Iterator[Key]:
    """Given a Compose service, yield every value in it, and the mappings on the way; entries of a list share a path; null says
    nothing."""
    if isinstance(value, Mapping) and value:
        if path:
            yield Key(path, value, beside or {}, leaf=False)
        for name, inner in value.items():
            yield from keys(inner, (*path, str(name)), value)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from keys(inner, (*path, "[]"), beside)
    elif value is not None:
        yield Key(path, value, beside or {})


def rule_of(key: Key, part: Part | None, source: Source) -> Rule | None:
    """Given a key and its service (None: the model's own keys), return the rule that says what becomes of it, or None."""
    if part is None:
        return next((r for r in TOP_RULES if r.fits(key.path)), None)
    fitting = (r for r in _BY_HEAD.get(key.path[0], ()) if r.fits(key.path))
    return next((r for r in fitting if r.when is None or r.when(key, part, source)), None)


def _sorted(found: Iterable[Key]) -> Sequence[Key]:
    return sorted(found, key=lambda k: k.name)


def _verdict(service: str, key: Key, rule: Rule | None) -> KeyVerdict | None:
    if rule is None:
        return KeyVerdict(service, key.name, UNKNOWN, "", "") if key.leaf else None
    if rule.values and not re.fullmatch(rule.values, str(key.value)):
        wanted = rule.values.replace("|", " or ").replace(r"\d+(/tcp)?", "a port").replace("(:true)?", "")
        said = f"{key.name} is '{key.value}', and an export knows only {wanted}: {rule.reason}"
        return KeyVerdict(service, key.name, REFUSED, rule.by, said)
    return KeyVerdict(service, key.name, rule.verdict, rule.by, rule.reason)
