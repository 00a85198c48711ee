"""The documents of both APIs against what they answer: every operation asked with what its document allows, and with what it
does not, by schemathesis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.apis import Apis

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.mark.parametrize(("api", "operations"), [("sales", 14), ("marketing", 11)])
def test_no_answer_is_an_error_of_the_server_or_one_that_the_document_does_not_know(
    tidy: Apis, tmp_path: Path, api: str, operations: int
) -> None:
    user, address = f"{api}-app", f"http://127.0.0.1:{tidy.port(f'{api.upper()}_API_PORT')}/openapi.json"
    key = tidy.secret(f"{user}-password").strip()
    how = ["--auth", f"{user}:{key}", "--checks", ",".join(CHECKS), "--max-examples", "15", "--seed", "1"]
    command = [sys.executable, "-m", "schemathesis.cli", "run", address, *how, "--continue-on-failure", "--no-color"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert f"Tested: {operations}\n" in done.stdout, done.stdout


def test_filters_whose_names_begin_alike_are_not_taken_for_each_other(apis: Apis) -> None:
    between = "order_date_from=2024-01-01T00:00:00&order_date_to=2024-02-01T00:00:00"
    for filters in (f"customer_id=1&product_id=1&{between}&{one}" for one in ("status=DELIVERED", "region=AMER") * 3):
        answer = apis.ask(f"/orders?{filters}", "alex")
        assert answer.status_code == 200, answer.text
        assert [order["order_id"] for order in answer.json()["items"]] == [1]
