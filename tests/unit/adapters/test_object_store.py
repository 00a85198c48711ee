"""The object store's refusals, as errors that a user can act on. What a real server does is in services/minio/smoke.yaml."""

from __future__ import annotations

import datetime
import re
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from datameesh_cli.adapters.authority import Authority
from datameesh_cli.adapters.object_store import ObjectStore
from datameesh_cli.core.kind import Trust
from datameesh_cli.errors import DmError, UnhealthyError, UserError


class Server(HTTPServer):
    """Answers every request with one status and one S3 error code."""

    status, code = 200, ""


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = f"<Error><Code>{self.server.code}</Code><Message>said {self.server.code}</Message></Error>".encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_PUT = do_HEAD = do_DELETE = do_GET

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    listening = Server(("127.0.0.1", 0), Answer)
    Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    yield listening
    listening.shutdown()
    listening.server_close()


def store(server: Server) -> ObjectStore:
    return ObjectStore(f"127.0.0.1:{server.server_port}", "someone", "secret-enough")


@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (404, "NoSuchKey", UserError, "cannot read lake/a: it does not exist"),
        (404, "NoSuchBucket", UserError, "cannot read lake/a: it does not exist"),
        (403, "AccessDenied", UserError, "cannot read lake/a: said AccessDenied"),
        (403, "SignatureDoesNotMatch", UserError, "cannot read lake/a: said SignatureDoesNotMatch"),
        (400, "XMinioStorageFull", UnhealthyError, "cannot read lake/a: XMinioStorageFull said XMinioStorageFull"),
    ],
)
def test_a_refusal_says_what_and_why(server: Server, status: int, code: str, kind: type[DmError], says: str) -> None:
    server.status, server.code = status, code
    with pytest.raises(kind, match=re.escape(says)) as caught:
        store(server).get("lake", "a")
    assert caught.value.hint


def test_what_is_not_there_has_no_state(server: Server) -> None:
    server.status = 404
    assert store(server).stat("lake", "a") is None


def test_a_name_that_no_bucket_can_have_is_the_users_mistake(server: Server) -> None:
    with pytest.raises(UserError, match="invalid bucket name"):
        store(server).put("X", "a", b"1")


def test_nobody_listening_is_an_unhealthy_stack() -> None:
    with pytest.raises(UnhealthyError, match=r"no object store answers at 127\.0\.0\.1:1"):
        ObjectStore("127.0.0.1:1", "someone", "secret-enough").list("lake")


NOW = datetime.datetime.now(datetime.timezone.utc)


def authority(folder: Path) -> Trust:
    """An authority of that folder, as what trusts it for the name `store`."""
    folder.mkdir()
    (folder / "ca").write_text(Authority(folder, "x", NOW).certificate)
    return Trust(str(folder / "ca"), "store")


@pytest.mark.parametrize(
    ("shown_by", "shown_for", "says"),
    [
        ("ours", "store", ""),
        ("other", "store", "shows no certificate of this stack's authority"),
        ("ours", "another", "shows no certificate of this stack's authority"),
        ("nobody", "", "shows no certificate of this stack's authority"),
    ],
    ids=["ours", "another authority", "another name", "plain HTTP"],
)
def test_over_tls_who_shows_a_certificate_of_the_authority_for_the_name_is_believed_and_nobody_else(
    server: Server, tmp_path: Path, shown_by: str, shown_for: str, says: str
) -> None:
    trusts = {name: authority(tmp_path / name) for name in ("ours", "other")}
    if shown_for:
        both = tmp_path / "both"
        both.write_text(Authority(tmp_path / shown_by, "x", NOW).leaf([shown_for]))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(both)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.status, server.code = 404, "NoSuchKey"
    asks = ObjectStore(f"127.0.0.1:{server.server_port}", "someone", "secret-enough", trusts["ours"])
    with pytest.raises(UnhealthyError if says else UserError, match=says or "it does not exist"):
        asks.get("lake", "a")
