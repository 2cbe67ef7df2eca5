"""Findings as a table: what was masked, refused or flagged, and when."""

from collections.abc import Iterable
from pathlib import Path

from testban.base.records import Finding
from testban.base.times import format_time
from testban.formats import csvio

COLUMNS = ("kind", "subject", "start", "end", "message")


def write(path: str | Path, findings: Iterable[Finding]) -> None:
    """One row a finding, in the order given."""
    rows = [
        {
            "kind": f.kind,
            "subject": f.subject,
            "start": format_time(f.span.start_ns) if f.span else None,
            "end": format_time(f.span.end_ns) if f.span else None,
            "message": f.message,
        }
        for f in findings
    ]
    csvio.write_rows(path, COLUMNS, rows)
