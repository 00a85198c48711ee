"""A server of the tests that speaks TLS, with a certificate of an authority of the tests."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from datameesh_cli.adapters.authority import Authority
from datameesh_cli.core.kind import Trust

NOW = datetime.datetime.now(datetime.UTC)
Page = Callable[[BaseHTTPRequestHandler], tuple[int, bytes]]
"""Gets a request, and says status and body."""


@contextmanager
def tls_server(folder: Path, names: Sequence[str], page: Page) -> Iterator[int]:
    """Given a folder of the test, the names of the certificate and what is answered, yield the port of a server."""
    folder.mkdir(exist_ok=True)
    (folder / "leaf.pem").write_text(Authority(folder, "test", NOW).leaf(list(names), ""))
    (folder / "ca.pem").write_text(Authority(folder, "test", NOW).certificate)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            status, body = page(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def trust_in(folder: Path, name: str) -> Trust:
    """Given the folder of such a server, return whom a client trusts that expects the name."""
    return Trust(str(folder / "ca.pem"), name)
