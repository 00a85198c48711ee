"""What an operator sets reaches the replicas, and what is secret reaches them as a file."""

from __future__ import annotations

import pytest

from tests.integration.apis import UP, Apis
from tests.integration.stack import docker


@pytest.mark.row("S-API-17")
def test_the_length_of_a_page_is_a_setting_and_the_password_a_file(apis: Apis) -> None:
    assert len(apis.ask("/customers", "alex").json()["items"]) == 15
    try:
        apis.stack.dm(*UP, API_PAGE_SIZE="4")
        assert len(apis.ask("/customers", "alex").json()["items"]) == 4
        assert len(apis.ask("/leads", "alex", "marketing").json()["items"]) == 4
    finally:
        apis.stack.dm(*UP)
    assert len(apis.ask("/customers", "alex").json()["items"]) == 15
    password, replica = apis.secret("sales-db-api-password").strip(), apis.container("sales-api-1")
    assert password not in docker("exec", replica, "cat", "/proc/1/environ")
    assert docker("exec", replica, "cat", "/run/secrets/sales-db-api-password").strip() == password
