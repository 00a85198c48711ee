"""Starts a replica: `python -m api`, with the domain's resources.py in $API_RESOURCES (a folder)."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from types import FrameType

from waitress.server import create_server

sys.path.insert(0, os.environ.get("API_RESOURCES", "/etc/api"))
from resources import RESOURCES  # type: ignore[import-not-found]

from api.app import made
from api.settings import Settings

logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line for each request that waits for a thread
settings = Settings.of(os.environ)
app, service = made(settings, RESOURCES)
_ = app.spec  # made once, before anybody asks
server = create_server(
    app,
    host="0.0.0.0",
    port=settings.port,
    threads=settings.threads,
    connection_limit=200,
    max_request_body_size=2**20,
    max_request_header_size=16384,
    ident="",
    clear_untrusted_proxy_headers=False,
)


def stop(_: int, __: FrameType | None) -> None:
    """Who balances sees it at the next look and sends nobody more; what comes until then is answered."""
    if not service.draining:
        service.draining = True
        threading.Thread(target=end, daemon=True).start()


def end() -> None:
    """When nobody asks any more, the log is written, and that is it."""
    time.sleep(settings.drain)
    until = time.monotonic() + 8
    while time.monotonic() < until and (server.task_dispatcher.queue or server.task_dispatcher.active_count):
        time.sleep(0.05)
    try:
        service.traffic.flush()
    finally:
        os._exit(0)


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
service.traffic.start()
service.pages.start()
# What is there now stays: the collector need not look through it again and again.
gc.collect()
gc.freeze()
sys.stderr.write(f"{settings.title}: {len(RESOURCES)} collections at port {settings.port}\n")
server.run()
