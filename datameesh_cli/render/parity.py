"""`dm k8s parity` as text."""

from __future__ import annotations

from collections import Counter

from datameesh_cli.core.parity import Difference, group_of
from datameesh_cli.render.output import print_line, print_table
from datameesh_cli.usecases.compare_targets import ComparedTargets

_WIDTH = 160


def print_parity(compared: ComparedTargets) -> None:
    """Given a comparison, print the counts by group, the undeclared differences, the declared ones by reason, what
    neither was asked, and the outdated."""
    parity = compared.parity
    declared = [d for d in parity.differences if d.because]
    by_group = Counter(group_of(d.fact) for d in declared)
    undeclared = Counter(group_of(d.fact) for d in parity.undeclared)
    groups = sorted({*parity.same, *by_group, *undeclared})
    rows = [(g, parity.same.get(g, 0), by_group[g], undeclared[g]) for g in groups]
    rows.append(("all", sum(parity.same.values()), len(declared), len(parity.undeclared)))
    columns = ["facts about", "the same", "declared to differ", "different"]
    print_table(columns, rows, right=columns[1:])
    for reason, count in sorted(Counter(d.because for d in declared).items()):
        print_line(f"declared, {count}: {reason}")
    for reason, count in parity.unasked.items():
        print_line(f"not asked of either, {count}: {reason}")
    for entry in parity.outdated:
        print_line(f"declared and not seen: {entry.of} ({entry.because})")
    if parity.undeclared:
        different = [(d.fact, *_sides(d)) for d in parity.undeclared]
        print_table(["difference", "compose", "kubernetes"], different)
    print_line(f"{compared.compose} under Compose, {compared.kubernetes}; {compared.seconds:.1f} s")


def _sides(difference: Difference) -> tuple[str, str]:
    """Both values, from shortly before the place where they part."""
    here, there = ("nothing" if v is None else v for v in (difference.compose, difference.kubernetes))
    apart = next((n for n, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), min(len(here), len(there)))
    start = max(apart - 40, 0)
    return _cut(here, start), _cut(there, start)


def _cut(text: str, start: int) -> str:
    shown = text[start : start + _WIDTH]
    return ("..." if start else "") + shown + ("..." if len(text) > start + _WIDTH else "")
