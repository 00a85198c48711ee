"""HTTP against a server of our own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from datameesh_cli.adapters import http
from datameesh_cli.core.kind import Request
from datameesh_cli.errors import UnhealthyError
from tests.fakes.tls import tls_server, trust_in


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        if self.path.startswith("/to?"):
            self.send_response(303)
            self.send_header("Location", self.path.removeprefix("/to?"))
            self.end_headers()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(418 if self.path == "/teapot" else 200)
        self.end_headers()
        self.wfile.write(b"got " + body + self.headers.get("X-Sent", "").encode())

    do_GET = do_POST

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    listener = HTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{listener.server_port}"
    listener.shutdown()
    listener.server_close()


def test_method_headers_and_body_arrive_and_come_back(server: str) -> None:
    answer = http.request(server + "/x", Request(method="POST", headers={"X-Sent": "something"}, body="grüße"))
    assert (answer.status, answer.text) == (200, "got grüßesomething")


def test_a_status_is_an_answer_and_no_failure(server: str) -> None:
    assert http.request(server + "/teapot", Request()).status == 418


def test_a_redirect_is_followed_on_the_same_server_and_is_the_answer_when_it_leads_to_another(server: str) -> None:
    assert http.request(server + "/to?/teapot", Request()).status == 418
    assert http.request(f"{server}/to?{server}/teapot", Request()).status == 418
    assert http.request(server + "/to?http://127.0.0.1:1/elsewhere", Request()).status == 303


def test_nobody_there_is_an_unhealthy_stack() -> None:
    with pytest.raises(UnhealthyError, match="got no answer"):
        http.request("http://127.0.0.1:1/", Request(), timeout=2)


def test_the_machines_proxy_is_not_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert http.request(server + "/x", Request()).status == 200


def test_a_page_over_tls_is_asked_for_by_the_server_s_name(tmp_path: Path) -> None:
    with tls_server(tmp_path / "a", ["web"], lambda _asked: (200, b"hello")) as port:
        url = f"https://127.0.0.1:{port}/"
        assert http.request(url, Request(), trust=trust_in(tmp_path / "a", "web")).text == "hello"
        with pytest.raises(UnhealthyError, match="does not show a certificate of this stack"):
            http.request(url, Request(), trust=trust_in(tmp_path / "a", "other"))
