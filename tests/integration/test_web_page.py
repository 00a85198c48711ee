"""The query engine's web page: a browser is sent to the sign-in service and comes back as the person who signed in there."""

from __future__ import annotations

import html
import re
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.integration.stack import ROOT, SMALLEST, Stack, docker

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def running(shared: Stack) -> Stack:
    """The shared stack; no data is asked for."""
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    return shared


def at(stack: Stack, variable: str) -> str:
    """Where a published port answers."""
    plan = (stack.adapters.state.folder / "plan.env").read_text(encoding="utf-8")
    return "https://localhost:" + re.findall(rf"(?m)^{variable}=(\d+)$", plan)[0]


@contextmanager
def browser(stack: Stack) -> Iterator[requests.Session]:
    """A browser that trusts the stack's authority and nobody else, with cookies of its own."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(stack.adapters.state.secrets / "mesh-ca")
        yield session


def signed_in(session: requests.Session, stack: Stack, name: str, password: str) -> requests.Response:
    """What is shown at the end: the form is asked for by the page itself, filled in, and every redirect is followed."""
    form = session.get(at(stack, "TRINO_PORT") + "/ui/", timeout=60)
    assert form.url.startswith(at(stack, "SIGN_IN_PORT")), (
        "the page sends a browser away that nobody has signed in with"
    )
    action = html.unescape(re.findall(r'action="([^"]+)"', form.text)[0])
    typed = {"login": name, "password": password}
    return session.post(urllib.parse.urljoin(form.url, action), data=typed, timeout=60)


def test_alex_signs_in_once_and_sees_the_cluster_and_no_statement_but_his(running: Stack) -> None:
    running.dm("sql", "SELECT 'asked by admin' AS smoke")
    running.dm("sql", "--as", "alex", "SELECT 'asked by alex' AS smoke")
    with browser(running) as session:
        page = signed_in(session, running, "alex", running.adapters.state.secret("alex-password"))
        assert (page.status_code, page.url) == (200, at(running, "TRINO_PORT") + "/ui/"), page.text[:300]
        assert "Trino" in page.text
        assert session.get(at(running, "TRINO_PORT") + "/ui/api/stats", timeout=60).json()["activeWorkers"] >= 1
        listed = session.get(at(running, "TRINO_PORT") + "/ui/api/query", timeout=60).json()
        assert {query["sessionUser"] for query in listed} == {"alex"}
        assert any("asked by alex" in query["queryTextPreview"] for query in listed)
        assert all(cookie.secure for cookie in session.cookies)


@pytest.mark.parametrize(
    ("name", "password"), [("alex", "wrong"), ("alex", ""), ("nobody", "wrong"), ("healthcheck", "")]
)
def test_who_has_no_right_password_stays_at_the_form(running: Stack, name: str, password: str) -> None:
    secret = password or (running.adapters.state.secret("healthcheck-password") if name == "healthcheck" else "")
    with browser(running) as session:
        page = signed_in(session, running, name, secret)
        assert page.url.startswith(at(running, "SIGN_IN_PORT"))
        assert "do not belong together" in page.text
        stats = session.get(at(running, "TRINO_PORT") + "/ui/api/stats", timeout=60, allow_redirects=False)
        assert stats.status_code == 401
        old = {"username": "admin", "password": running.adapters.state.secret("admin-password")}
        form = session.post(at(running, "TRINO_PORT") + "/ui/login", data=old, timeout=60, allow_redirects=False)
        assert form.headers["location"].startswith(at(running, "SIGN_IN_PORT")), "the engine's own form is gone"


def test_without_the_sign_in_service_the_engine_starts_and_answers(running: Stack) -> None:
    names = {c.service: c.name for c in running.containers().values()}
    docker("stop", names["sign-in"])
    try:
        docker("restart", names["trino-coordinator"])
        deadline = time.monotonic() + 300
        while subprocess.run(running.command("sql", "SELECT 1"), cwd=ROOT, capture_output=True).returncode != 0:
            assert time.monotonic() < deadline, "no answer within 300 s"
            time.sleep(2)
    finally:
        docker("start", names["sign-in"])
        running.until_healthy()
    with browser(running) as session:
        page = signed_in(session, running, "alex", running.adapters.state.secret("alex-password"))
        assert page.url == at(running, "TRINO_PORT") + "/ui/"
