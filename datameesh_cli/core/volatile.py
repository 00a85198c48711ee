"""What no two runs share, even of one stack, each only where it cannot be anything else: a number is not a duration by its unit."""

from __future__ import annotations

import hashlib
import itertools
import re

_LONGEST = 400
_ASSIGNMENT = re.compile(r"[ │]*\w+ := ")
"""A line of a query plan that says where a scan has a column from; after each start the engine lists them in another order."""
_ANYWHERE = (
    (re.compile(r"\b\d{8}_\d{6}_\d{5}_[a-z0-9]{5}(?![a-z0-9])"), "<query>"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])"), "<uuid>"),
    (re.compile(r"\bsnap-\d+-\d+-"), "snap-<snapshot>-"),
    (re.compile(r"-[0-9a-f]{32}/"), "-<uuid>/"),
    (re.compile(r"\b\d{5}-<uuid>"), "<commit>-<uuid>"),
    (re.compile(r"#df_\d+\b"), "#df"),
    (re.compile(r"(?<=://)\d{1,3}(\.\d{1,3}){3}(?=[:/])"), "<address>"),
)
_IN_WORDS = (
    (re.compile(r"(?mi)^(X-Amz-Request-Id|X-Amz-Id-2|X-Ratelimit-Remaining|Date|Last-Modified): .*$"), r"\1: <run>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"), "<time>"),
    (re.compile(r"(?mi)^\[?\d\d:\d\d:\d\d\]? "), "<time> "),
    (re.compile(r"(?i)\b(from|host|at|to|address|addr|peer)([ =:\"'(]+)\d{1,3}(\.\d{1,3}){3}\b"), r"\1\2<address>"),
    (re.compile(r"\(\d{1,3}(\.\d{1,3}){3}\)(?=, port)"), "(<address>)"),
    (
        re.compile(r"(?i)\b(took|in|after|elapsed:?|waited) \d+(\.\d+)? ?(ns|us|μs|ms|s|m|h|seconds?)\b"),
        r"\1 <duration>",
    ),
    (re.compile(r"\b\d+ hours \d+ minutes and \d+\.\d+ seconds \(\d+\.\d+s\)"), "<duration>"),
    # A row that PostgreSQL refused, with the time of the attempt in a column that says now().
    (re.compile(r"(?m)(Failing row contains \(.*?)\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"), r"\1<time>"),
    (re.compile(r"(?i)<RequestId>[0-9A-F]{16}</RequestId>"), "<request>"),
)


def of_rows(text: str) -> str:
    """Given rows of a table as text, return it without what differs from run to run. Numbers, times and versions are data."""
    runs = itertools.groupby(text.splitlines(), lambda line: bool(_ASSIGNMENT.match(line)))
    lines = [line for assigned, run in runs for line in (sorted(run) if assigned else run)]
    return _without("\n".join(lines), _ANYWHERE)


def of_words(text: str) -> str:
    """Given what a program or a refusal says, return it without what differs from run to run: when, how long, to which address."""
    return _without(text, (*_ANYWHERE, *_IN_WORDS))


def _without(text: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, name in patterns:
        text = pattern.sub(name, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def shortened(text: str) -> str:
    """Given a long text, return its beginning and a hash of the whole, so that equal means equal all the same."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}... (sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]}, {len(text)} characters)"
