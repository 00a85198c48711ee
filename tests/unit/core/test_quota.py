"""Quotas of namespaces: counted by hand, refused with the arithmetic."""

from __future__ import annotations

import pytest

from datameesh_cli.core.quota import quotas_from, refuse_over_quota
from datameesh_cli.core.ram_plan import MemoryShare, RamPlan
from datameesh_cli.errors import HostError, UserError
from tests.fakes.values import a_service

SERVICES = (
    a_service("sales-db", namespace="sales-domain"),
    a_service("trino-coordinator", namespace="data-platform"),
    a_service("trino-worker", namespace="data-platform"),
)


def _share(service: str, limit: int, replicas: int = 1) -> MemoryShare:
    return MemoryShare(service, limit, replicas, None, {}, 0.1, "")


PLAN = RamPlan(
    2048, ("analytics",), (_share("sales-db", 100), _share("trino-coordinator", 700), _share("trino-worker", 400, 2))
)


def test_what_fits_exactly_fits() -> None:
    refuse_over_quota(PLAN, SERVICES, {"sales-domain": 100, "data-platform": 1500})
    refuse_over_quota(PLAN, SERVICES, {})


def test_a_mib_too_much_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(HostError) as refused:
        refuse_over_quota(PLAN, SERVICES, {"sales-domain": 100, "data-platform": 1499})
    assert refused.value.exit_code == 3
    assert "namespace data-platform may hold 1499 MiB, its limits come to 1500 MiB" in refused.value.message
    assert refused.value.message.endswith("trino-coordinator 700 + trino-worker 800")
    assert "--quota data-platform=1500m" in refused.value.hint


def test_a_namespace_of_nobody_is_refused() -> None:
    with pytest.raises(UserError, match="no service lives in namespace 'sales'"):
        refuse_over_quota(PLAN, SERVICES, {"sales": 100})


def test_quotas_are_read() -> None:
    assert quotas_from(["data-platform=2g", "sales-domain=300m"]) == {"data-platform": 2048, "sales-domain": 300}
    assert quotas_from([]) == {}


@pytest.mark.parametrize("text", ["data-platform", "=2g", "data-platform=", "data-platform=much"])
def test_a_quota_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        quotas_from([text])
