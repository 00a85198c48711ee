"""How many checks there are for each data set on the smallest plan, counted by hand as they are added.

A check that no longer applies is missed here, though everything that does apply is green. Whoever adds, removes or moves a check
changes a number of each set; `pytest tests/contract/test_checks.py` tells which without an engine.
"""

from __future__ import annotations

APPLICABLE: dict[str, dict[str, int]] = {
    "small": {"applies": 316, "data": 25, "plan": 68, "mode": 3, "target": 4},
    "flow": {"applies": 240, "data": 101, "plan": 68, "mode": 3, "target": 4},
    "journey": {"applies": 256, "data": 85, "plan": 68, "mode": 3, "target": 4},
    "pushdown": {"applies": 271, "data": 70, "plan": 68, "mode": 3, "target": 4},
}
"""By data set: how many checks apply, how many need another data set, a service that the smallest plan leaves out,
mode academic, a cluster."""

REASONS = {
    "data": r"needs data set \w+(?: or \w+)*; loaded: \w+",
    "plan": r"trino-worker is left out of this plan: left out below 3 GiB: the coordinator also works"
    r"|(sales|marketing)-api(-1|-db)? is left out of this plan: left out below \d+ MiB: .*",
    "mode": r"only in mode academic",
    "target": r"only on kubernetes",
}
"""What a check may give as its reason, by the kind of it."""
