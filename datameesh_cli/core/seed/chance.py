"""Numbers that look random and follow from their arguments alone.

Python's `random` promises stable output only for `random()`; everything built on it (`choice`, `shuffle`, `randint`) has
changed between versions. This is SplitMix64's finaliser on plain integers: the same everywhere, and any row's number can be
asked for without making the rows before it.
"""

from __future__ import annotations

from collections.abc import Sequence

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def mix(*numbers: int) -> int:
    """Given integers, return 64 bits that depend on all of them and on their order."""
    state = 0
    for number in numbers:
        state = (state + _GOLDEN + number) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def key(text: str) -> int:
    """Given a name (of a table, a column, a set), return its number for `mix`."""
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = ((state ^ byte) * 0x100000001B3) & _MASK
    return state


def whole(low: int, high: int, *numbers: int) -> int:
    """Given bounds, return an integer between them, both included."""
    return low + mix(*numbers) % (high - low + 1)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Given a total and positive weights, return whole parts in proportion to the weights whose sum is the total exactly."""
    parts, given, passed, whole_weight = [], 0, 0, sum(weights)
    for weight in weights:
        passed += weight
        upto = total * passed // whole_weight
        parts.append(upto - given)
        given = upto
    return parts


def settle(values: Sequence[int], total: int, low: int, high: int) -> list[int]:
    """Given values and bounds, return values within the bounds, each moved as little as need be, whose sum is the total.

    Raise ValueError if no values within the bounds have that sum.
    """
    if not low * len(values) <= total <= high * len(values):
        raise ValueError(f"{len(values)} numbers between {low} and {high} cannot have the sum {total}")
    settled = [min(max(value, low), high) for value in values]
    missing = total - sum(settled)
    step = 1 if missing > 0 else -1
    at = 0
    while missing:
        if low <= settled[at] + step <= high:
            settled[at] += step
            missing -= step
        at = (at + 1) % len(settled)
    return settled
