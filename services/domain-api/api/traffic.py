"""What was asked: counters for Prometheus, and where there is a database for it, a row a call and figures a minute."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from datetime import datetime, timezone
from io import StringIO

from psycopg2 import Error

from api.database import Connection, Database
from api.problem import Problem

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
MOST_WAITING = 20_000
_EVERY = 1.0
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "?"})

Call = tuple[float, str, str, str, int, float, str, str, str]
"""When, method, path, endpoint, status, milliseconds, who, from where, which replica."""

_LOG = "COPY api_logs (ts, method, path, endpoint, status, duration_ms, person, client, replica) FROM STDIN"
# Counted anew from the rows, by one replica after the other: so the sum of a minute is the number of its rows.
_MINUTES = """
    SELECT pg_advisory_xact_lock(30081);
    INSERT INTO metrics (ts, endpoint, request_count, error_count, avg_ms, p95_ms)
    SELECT date_trunc('minute', ts), endpoint, count(*), count(*) FILTER (WHERE status >= 500), avg(duration_ms),
        percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)
    FROM api_logs WHERE ts >= date_trunc('minute', to_timestamp(%s)) GROUP BY 1, 2
    ON CONFLICT (ts, endpoint) DO UPDATE SET request_count = excluded.request_count, error_count = excluded.error_count,
        avg_ms = excluded.avg_ms, p95_ms = excluded.p95_ms"""


class Traffic:
    """The calls that one replica answered."""

    def __init__(self, replica: str, kept: Database | None) -> None:
        self._replica, self._kept = replica, kept
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._seconds: dict[str, list[float]] = {}
        self._waiting: deque[Call] = deque()
        self.lost = 0
        self._since = 0.0
        self._summed = 0.0
        self._wake = threading.Event()

    def start(self) -> None:
        """Begin to write rows down, beside what answers."""
        if self._kept:
            threading.Thread(target=self._write_on, daemon=True, name="log").start()

    def add(self, method: str, path: str, endpoint: str, status: int, seconds: float, who: tuple[str, str]) -> None:
        """Given a call and who made it (name, address), count it and have it written down."""
        with self._lock:
            self._counts[method, endpoint, status] += 1
            held = self._seconds.setdefault(endpoint, [0.0] * (len(BUCKETS) + 2))
            for n, most in enumerate(BUCKETS):
                if seconds <= most:
                    held[n] += 1
                    break
            held[-2] += 1
            held[-1] += seconds
            if self._kept:
                if len(self._waiting) >= MOST_WAITING:
                    self.lost += 1
                else:
                    call = (
                        time.time(),
                        method,
                        path[:500],
                        endpoint,
                        status,
                        seconds * 1000,
                        who[0],
                        who[1],
                        self._replica,
                    )
                    self._waiting.append(call)

    def page(self) -> str:
        """Return the counters as Prometheus reads them."""
        with self._lock:
            counts, seconds = dict(self._counts), {e: list(h) for e, h in self._seconds.items()}
        lines = ["# TYPE http_requests_total counter"]
        lines += [
            f'http_requests_total{{method="{m}",endpoint="{e}",status="{s}"}} {n}'
            for (m, e, s), n in sorted(counts.items())
        ]
        lines.append("# TYPE http_request_duration_seconds histogram")
        for endpoint, held in sorted(seconds.items()):
            below = 0.0
            for most, number in zip((*BUCKETS, "+Inf"), (*held[:-2], 0.0), strict=True):
                below = held[-2] if most == "+Inf" else below + number
                lines.append(f'http_request_duration_seconds_bucket{{endpoint="{endpoint}",le="{most}"}} {below:.0f}')
            lines.append(f'http_request_duration_seconds_sum{{endpoint="{endpoint}"}} {held[-1]:.6f}')
            lines.append(f'http_request_duration_seconds_count{{endpoint="{endpoint}"}} {held[-2]:.0f}')
        lines += ["# TYPE api_log_rows_lost_total counter", f"api_log_rows_lost_total {self.lost}"]
        return "\n".join(lines) + "\n"

    def flush(self) -> None:
        """Write down what waits."""
        while self._kept and self._waiting:
            calls = [self._waiting[n] for n in range(min(len(self._waiting), 2000))]
            self._kept.run(lambda conn, calls=calls: _insert(conn, calls))
            self._since = min(self._since or calls[0][0], calls[0][0])
            for _ in calls:
                self._waiting.popleft()
        if self._kept and self._since and time.time() - self._summed > 10:
            self._kept.run(lambda conn: _execute(conn, _MINUTES, (self._since,)))
            self._since, self._summed = 0.0, time.time()

    def _write_on(self) -> None:
        forget, said = time.monotonic() + 60, ""
        while True:
            time.sleep(_EVERY)
            try:
                self.flush()
                if time.monotonic() > forget and self._kept:
                    self._kept.run(lambda conn: _execute(conn, "SELECT forget_old_calls()", ()))
                    forget = time.monotonic() + 3600
                said = ""
            except (Problem, Error) as failed:
                # They wait, and are counted where they become too many.
                if str(failed) != said:
                    said = str(failed)
                    sys.stderr.write(f"the request log waits: {said}\n")


def _insert(conn: Connection, calls: list[Call]) -> None:
    with conn.cursor() as cursor:
        cursor.copy_expert(_LOG, StringIO("".join(map(_line, calls))))


def _line(call: Call) -> str:
    """A call as COPY reads it. A time is a text, and a character that ends a field or a line is none any more."""
    at = datetime.fromtimestamp(call[0], timezone.utc).isoformat()
    return "\t".join((at, *(str(value).translate(_ESCAPED) for value in call[1:]))) + "\n"


def _execute(conn: Connection, statement: str, values: tuple[float, ...]) -> None:
    with conn.cursor() as cursor:
        cursor.execute(statement, values)
