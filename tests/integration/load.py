"""Requests at a steady rate, as programs send them: connections that stay open, and no second try."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came of the requests: how many of each status (or kind of error), and the seconds of each, sorted."""

    seen: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Of answers that were not 2xx: when, status and Retry-After."""

    @property
    def total(self) -> int:
        """How many were sent."""
        return sum(self.seen.values())


def at_rate(port: int, path: str, headers: Mapping[str, str], rate: int, seconds: float, threads: int = 20) -> Load:
    """Given where to ask and how often a second, do so for that long and return what came of it."""
    load, lock, begin = Load(), threading.Lock(), time.monotonic()
    left = iter(range(int(rate * seconds)))

    def ask() -> None:
        connection: http.client.HTTPConnection | None = None
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            sent = time.monotonic()
            after = ""
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", path, headers=dict(headers))
                answer = connection.getresponse()
                answer.read()
                what, after = str(answer.status), answer.getheader("Retry-After") or ""
                if answer.will_close:
                    connection = None
            except (OSError, http.client.HTTPException) as failed:
                what, connection = type(failed).__name__, None
            with lock:
                load.seen[what] += 1
                load.seconds.append(time.monotonic() - sent)
                if not what.startswith("2"):
                    load.others.append(f"{sent - begin:.1f} {what} {after}")

    workers = [threading.Thread(target=ask) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    load.seconds.sort()
    return load
