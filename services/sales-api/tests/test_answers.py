"""What the APIs answer to who asks well and to who does not: a row more once, and nothing that is smuggled in."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest

from tests.integration.apis import ORDER, Apis
from tests.integration.stack import until


@pytest.mark.row("S-API-06")
def test_an_order_more_is_number_21_and_there_at_once(tidy: Apis) -> None:
    before = tidy.ask("/orders?limit=1", "alex").json()["total"]
    revenue = tidy.ask("/customers/1", "alex").json()["revenue"]
    price = tidy.ask("/products/2", "alex").json()["unit_price"]
    made = tidy.add("/orders", ORDER, "sales-app", "order-of-the-test")
    assert (made.status_code, made.headers["Location"]) == (201, "/orders/21")
    order = made.json()
    assert (order["order_id"], order["total_amount"], order["status"], order["region"]) == (
        21,
        price * 3,
        "PENDING",
        "AMER",
    )
    assert before == 20
    until(lambda: tidy.ask("/orders?limit=1", "alex").json()["total"] == 21, 1, "both replicas know of it", every=0.05)
    assert tidy.ask("/orders/21", "alex").json() == order
    assert tidy.ask("/customers/1", "alex").json()["revenue"] == revenue + price * 3


@pytest.mark.row("S-API-07")
def test_a_lead_more_is_number_116(tidy: Apis) -> None:
    lead = {"email": "new@example.com", "source": "Email", "campaign_id": 2, "first_name": "New"}
    made = tidy.add("/leads", lead, "marketing-app", "lead-of-the-test", api="marketing")
    assert made.status_code == 201, made.text
    assert made.json() | lead == made.json()
    assert (made.json()["lead_id"], made.json()["campaign_name"]) == (116, "Black Friday")


def test_the_same_request_twice_is_carried_out_once(tidy: Apis) -> None:
    first = tidy.add("/orders", ORDER, "sales-app", "twice-the-same")
    again = tidy.add("/orders", ORDER, "sales-app", "twice-the-same")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    other = tidy.add("/orders", ORDER | {"quantity": 4}, "sales-app", "twice-the-same")
    assert (other.status_code, other.json()["detail"]) == (422, "this Idempotency-Key was used for another request")
    # A key is one account's: another one's is another request.
    assert tidy.add("/orders", ORDER, "sales", "twice-the-same").json()["order_id"] != first.json()["order_id"]
    assert tidy.psql("sales-db", "SELECT count(*) FROM orders WHERE order_id > 20") == "2"


def test_ten_at_once_are_one_order(tidy: Apis) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: tidy.add("/orders", ORDER, "sales-app", "ten-at-once"), range(10)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["order_id"] for a in answers}) == 1
    assert sum("Idempotency-Replayed" not in a.headers for a in answers) == 1
    assert tidy.psql("sales-db", "SELECT count(*) FROM orders WHERE order_id > 20") == "1"


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (ORDER | {"quantity": 0}, 422, "quantity"),
        (ORDER | {"quantity": "3"}, 422, "quantity"),
        (ORDER | {"quantity": 10**30}, 422, "quantity"),
        (ORDER | {"total_amount": 1}, 422, "total_amount"),
        ({"customer_id": 1}, 422, "product_id"),
        (ORDER | {"product_id": 4711}, 422, "no such product"),
        ([ORDER], 422, "_schema"),
        (None, 400, ""),
        (7, 422, "_schema"),
    ],
)
def test_an_order_that_is_none_is_refused_with_what_is_wrong(apis: Apis, body: Any, status: int, named: str) -> None:
    said = apis.ask(
        "/orders",
        "sales-app",
        method="POST",
        data=b"" if body is None else json.dumps(body).encode(),
        headers={"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"},
    )
    assert (said.status_code, said.headers["Content-Type"]) == (status, "application/problem+json")
    assert said.json()["status"] == status
    assert named in said.text
    assert apis.psql("sales-db", "SELECT count(*) FROM orders") == "20"


def test_broken_json_too_much_of_it_and_another_type_are_problems(apis: Apis) -> None:
    headers = {"Idempotency-Key": "broken-json", "Content-Type": "application/json"}
    for data, more, status in (
        (b'{"customer_id": 1,', {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"[" + b"1," * 100_000 + b"1]", {}, 413),
    ):
        said = apis.ask("/orders", "sales-app", method="POST", data=data, headers=headers | more)
        assert said.status_code == status, said.text
        assert said.headers["Content-Type"] == "application/problem+json", said.text


@pytest.mark.parametrize(
    "query",
    [
        "country=' OR 1=1 --",
        "country=Germany'; DROP TABLE orders; --",
        "country=$1",
        "country=%s",
        "country={}",
        "email=\\'; SELECT pg_sleep(9); --",
        "region=EMEA') UNION SELECT ssn FROM customer_pii --",
    ],
)
def test_sql_in_a_filter_is_a_text_like_any_other(apis: Apis, query: str) -> None:
    began = time.monotonic()
    name, _, value = query.partition("=")
    said = apis.ask("/customers", "alex", params={name: value})
    assert (said.status_code, said.json()) == (200, {"items": [], "total": 0, "next": None})
    assert time.monotonic() - began < 5
    assert apis.psql("sales-db", "SELECT count(*) FROM orders") == "20"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/customers?limit=0", 422),
        ("/customers?limit=201", 422),
        ("/customers?limit=1e9", 422),
        ("/customers?limit=1&limit=2", 422),
        ("/customers?after=1;DROP TABLE orders", 422),
        ("/customers?after=1,2", 422),
        ("/customers?after=99999999999", 422),
        ("/customers?region=%00", 422),
        ("/customers?region=%ff", 400),
        ("/customers?order%20by=ssn", 422),
        ("/orders?order_date_from=yesterday", 422),
        ("/orders?customer_id=1 OR 1=1", 422),
        ("/orders/1%20OR%201=1", 404),
        ("/orders/99999999999999999999", 404),
        ("/orders/-1", 404),
        ("/nothing", 404),
        ("/../etc/passwd", 404),
        ("/docs/../../../../etc/passwd", 404),
        ("/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404),
    ],
)
def test_what_cannot_be_asked_is_a_problem(apis: Apis, path: str, status: int) -> None:
    said = apis.ask(path, "alex")
    assert (said.status_code, said.headers["Content-Type"]) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail"} <= set(said.json())
    assert said.json()["status"] == status


def test_pages_go_through_all_rows_once_also_when_rows_come_in_between(tidy: Apis) -> None:
    seen, path = [], "/orders?limit=6"
    while path:
        page = tidy.ask(path, "alex").json()
        seen += [item["order_id"] for item in page["items"]]
        if len(seen) == 6:
            tidy.add("/orders", ORDER, "sales-app", "in-between-pages")
        path = page["next"]
    assert seen == list(range(1, 22))


def test_a_page_that_one_has_is_not_sent_again_until_it_changes(tidy: Apis) -> None:
    first = tidy.ask("/orders?limit=3&status=PENDING", "alex")
    mark = {"If-None-Match": first.headers["ETag"]}
    again = tidy.ask("/orders?limit=3&status=PENDING", "alex", headers=mark)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    tidy.add("/orders", ORDER, "sales-app", "changes-a-page")
    until(
        lambda: tidy.ask("/orders?limit=3&status=PENDING", "alex", headers=mark).status_code == 200,
        1,
        "it changed",
        0.05,
    )


def test_what_is_kept_of_one_person_is_not_anothers(apis: Apis) -> None:
    """Somebody who sees all rows asks first, and often; who sees some, or none, is answered from the table."""
    for _ in range(5):
        everything = apis.ask("/customers", "alex").json()
        assert everything["total"] == 15
        some = apis.ask("/customers", "emea_user").json()
        assert {c["region"] for c in some["items"]} == {"EMEA"}
        assert some["total"] == 6
        assert apis.ask("/customers", "emma").status_code == 403
        assert apis.ask("/personal-data/1", "admin").json()["ssn"] == "123-45-6789"
        assert apis.ask("/personal-data/1", "alex").json()["ssn"] == "***-**-6789"
    assert apis.ask("/orders?region=AMER", "emea_user").json() == {"items": [], "total": 0, "next": None}


def test_a_row_that_gives_a_region_works_at_the_next_request(apis: Apis) -> None:
    pair = "('emea_user', 'APAC')"
    apis.psql("sales-db", f"INSERT INTO security.user_regions VALUES {pair}")
    try:
        seen = apis.ask("/customers", "emea_user").json()["items"]
        assert {c["region"] for c in seen} == {"EMEA", "APAC"}
    finally:
        apis.psql("sales-db", f"DELETE FROM security.user_regions WHERE (user_name, region) = {pair}")
    assert {c["region"] for c in apis.ask("/customers", "emea_user").json()["items"]} == {"EMEA"}


def test_each_reading_of_what_is_personal_is_in_the_log_of_the_database(apis: Apis) -> None:
    """Also the second and third of the same page: it is not kept."""
    for _ in range(3):
        before = _readings(apis)
        assert apis.ask("/personal-data?limit=1", "alex").status_code == 200
        until(lambda before=before: _readings(apis) > before, 5, "the reading is written down")


def _readings(apis: Apis) -> int:
    done = subprocess.run(["docker", "logs", apis.container("sales-db")], check=True, capture_output=True, text=True)
    return len(
        [
            line
            for line in (done.stdout + done.stderr).splitlines()
            if "AUDIT: OBJECT" in line and "customer_pii" in line
        ]
    )


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!!",
        "Basic " + base64.b64encode(b"alex").decode(),
        "Basic " + base64.b64encode(b"alex:" + b"x" * 5000).decode(),
        "Basic " + base64.b64encode(b"alex:a\0b").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic " + base64.b64encode(b"nobody:nothing").decode(),
        "Bearer x",
        "Bearer a.b.c",
        "Digest username=alex",
    ],
)
def test_who_does_not_say_who_it_is_gets_a_401_that_says_how(apis: Apis, header: str) -> None:
    said = apis.ask("/customers", headers={"Authorization": header} if header else {})
    assert (said.status_code, said.headers["Content-Type"]) == (401, "application/problem+json")
    assert "Basic realm=" in said.headers["WWW-Authenticate"]


@pytest.mark.row("S-API-08")
@pytest.mark.parametrize(
    ("api", "path"),
    [
        ("sales", "/customers"),
        ("sales", "/orders"),
        ("sales", "/products"),
        ("sales", "/personal-data"),
        ("marketing", "/campaigns"),
        ("marketing", "/leads"),
        ("marketing", "/metrics/campaigns"),
    ],
)
def test_every_row_is_as_the_document_says(apis: Apis, api: str, path: str) -> None:
    document = apis.ask("/openapi.json", api=api).json()
    answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    page = apis.ask(path, "admin", api=api).json()
    assert page["items"]
    for item in page["items"]:
        jsonschema.validate(
            {"items": [item]} | {k: page[k] for k in ("total", "next")}, answer | {"components": document["components"]}
        )
    assert set(page["items"][0]) == set(document["components"]["schemas"][_model(answer, document)]["properties"])


def _model(answer: dict[str, Any], document: dict[str, Any]) -> str:
    page = document["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
    return str(page["properties"]["items"]["items"]["$ref"].rpartition("/")[2])
