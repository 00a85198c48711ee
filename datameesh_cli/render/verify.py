"""`dm verify` as text: a line as each check ends, then the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from datameesh_cli.render.output import print_line, print_table, report
from datameesh_cli.usecases.verify_stack import CheckResult, Verified

_SIGNS = {"passed": "✓", "failed": "✗"}


def say_result(result: CheckResult) -> None:
    """Given the result of a check that just ended, print it as one line of progress; what does not apply waits for the table."""
    if result.result in _SIGNS:
        why = f": {result.why}" if result.why else ""
        report(f"  {_SIGNS[result.result]} {result.seconds:6.2f} s  {_place(result.file)}: {result.name}{why}")


def print_verified(verified: Verified) -> None:
    """Given a run, print a line per check that ran, the others by their reason, and the counts."""
    rows = [
        (r.name, _place(r.file), " ".join(r.rows), r.result, f"{r.seconds:.2f}", r.why)
        for r in verified.results
        if r.result in _SIGNS
    ]
    print_table(["check", "of", "rows", "result", "seconds", "why"], rows, right=["seconds"])
    reasons = Counter(r.why for r in verified.results if r.result not in _SIGNS)
    for reason, count in sorted(reasons.items()):
        print_line(f"not applicable, {count}: {reason}")
    print_line(f"data set: {', '.join(verified.loaded) or 'none loaded'}; {verified.seconds:.1f} s")
    print_line(f"{verified.passed} passed, {verified.failed} failed, {verified.not_applicable} not applicable")


def failure_message(verified: Verified) -> str:
    """Given a run with failures, return the one line that names them."""
    names: Sequence[str] = [f"'{r.name}'" for r in verified.results if r.result == "failed"]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{len(names)} of {len(verified.results)} checks failed: {shown}"


def _place(file: str) -> str:
    return file.removeprefix("services/").removesuffix("/smoke.yaml").removeprefix("tests/")
