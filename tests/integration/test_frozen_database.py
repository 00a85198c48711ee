"""A database that answers nothing any more, while its kernel still takes connections, makes queries fail and not hang."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.integration.stack import Stack, docker


@pytest.fixture
def freeze(stack: Stack) -> Iterator[Callable[[str], None]]:
    """Freezes a service's container when called; it goes on after the test."""
    frozen = []

    def pause(service: str) -> None:
        container = f"{stack.project}-{service}-1"
        frozen.append(container)
        deadline = time.monotonic() + 30
        # A freezer that meets a process amid its birth gives up.
        while subprocess.run(["docker", "pause", container], capture_output=True).returncode:
            assert time.monotonic() < deadline, f"the engine cannot pause {container}"
            time.sleep(1)

    yield pause
    for container in frozen:
        docker("unpause", container)
    stack.until_healthy()


def test_a_query_to_a_frozen_domain_fails_within_the_time_of_a_login(
    stack: Stack, freeze: Callable[[str], None]
) -> None:
    stack.dm("seed", "--no-lake", "--force")
    ask = ["sql", "SELECT count(*) FROM marketing.public.leads"]
    stack.dm(*ask)
    freeze("marketing-db")
    began = time.monotonic()
    failed = stack.dm(*ask, code=4, timeout=120)
    assert "The connection attempt failed" in failed.stderr
    assert time.monotonic() - began < 60  # 10 s for the login; the rest is for a busy machine
    # The other domain is not drawn in.
    stack.dm("sql", "SELECT count(*) FROM sales.public.customers")


def test_a_mesh_with_rows_of_a_users_is_not_emptied_by_the_demo(stack: Stack) -> None:
    stack.dm("seed", "--no-lake", "--force")
    sales = f"{stack.project}-sales-db-1"
    order = "INSERT INTO orders (customer_id, total_amount, product_id, quantity, region) VALUES (1, 5, 1, 1, 'AMER')"
    docker("exec", sales, "psql", "-qc", order)
    refused = stack.dm("demo", "--ram", "1536m", code=2)
    assert "would lose what was changed since the last load: sales.customers (1 changed" in refused.stderr
    assert "sales.orders (1 added)" in refused.stderr
    assert docker("exec", sales, "psql", "-qAtc", "SELECT count(*) FROM orders").strip() == "21"
    stack.dm("seed", "--set", "journey", "--no-lake", "--force")
