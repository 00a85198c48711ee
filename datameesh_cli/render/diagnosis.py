"""`dm doctor` as text: one line a finding, one `->` fix for each that is not well, and the count."""

from __future__ import annotations

from datameesh_cli.render.output import print_line
from datameesh_cli.usecases.diagnose_host import Diagnosed

_SIGNS = {"ok": "✓", "warn": "!", "missing": "✗"}


def print_diagnosed(diagnosed: Diagnosed) -> None:
    """Given the findings, print them with their fixes and how many there are of each kind."""
    for finding in diagnosed.findings:
        print_line(f"{_SIGNS[finding.verdict]} {finding.name:<16} {finding.seen}")
        if finding.fix:
            print_line(f"    -> {finding.fix}")
    well = sum(f.verdict == "ok" for f in diagnosed.findings)
    print_line(f"{well} ok, {len(diagnosed.warnings)} to think about, {len(diagnosed.missing)} missing")
