"""The numbers that rows follow from are the same on every machine and every Python."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from datameesh_cli.core.seed.chance import key, mix, settle, split, whole
from datameesh_cli.core.seed.dataset import dataset_from
from datameesh_cli.core.seed.people_file import people_from
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.core.seed.rows import copy_text

SEED = Path(__file__).parents[3] / "seed"


def test_mix_is_splitmix64() -> None:
    # The first output of the reference implementation for seed 0.
    assert mix(0) == 0xE220A8397B1DCDAF
    assert mix(1, 2) != mix(2, 1)


def test_key_is_fnv1a() -> None:
    assert key("a") == 0xAF63DC4C8601EC8C


@pytest.mark.parametrize("total", [0, 1, 7, 234050000])
def test_split_gives_all_and_nothing_more(total: int) -> None:
    parts = split(total, [whole(60, 180, i) for i in range(458)])
    assert sum(parts) == total
    assert min(parts) >= 0


def test_settle_reaches_the_sum_within_the_bounds() -> None:
    settled = settle([5, 9, 1, 30], 20, 0, 10)
    assert sum(settled) == 20
    assert all(0 <= value <= 10 for value in settled)
    with pytest.raises(ValueError, match="cannot have the sum 41"):
        settle([1, 1, 1, 1], 41, 0, 10)


# Changing a generator or a declaration changes these: then the new rows are meant, and so is the new digest.
DIGESTS = {
    "small": "cfd783a29c3d44e7",
    "flow": "522e3dba5b82aa4a",
    "journey": "17bab2b896ec8994",
    "pushdown": "ccb5a93410a3fb7b",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_set_is_the_same_bytes_everywhere(name: str) -> None:
    people = people_from(yaml.safe_load((SEED / "people.yaml").read_text()), "seed/people.yaml")
    made = plan(people, name)
    digest = hashlib.sha256()
    for domain in ("marketing", "sales"):
        data = yaml.safe_load((SEED / domain / "dataset.yaml").read_text())
        dataset = dataset_from(data, domain, domain, tuple(DIGESTS))
        for table in dataset.tables:
            for text, _ in copy_text(dataset, table, made, name):
                digest.update(text)
    assert digest.hexdigest()[:16] == DIGESTS[name]
