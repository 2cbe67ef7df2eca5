"""Tables for the terminal."""

import fake
import msgspec

from testban.base.records import Finding
from testban.show import tables


def test_events_as_a_table():
    bulletin, _ = fake.bulletin()
    lines = tables.text(tables.events(bulletin.events)).splitlines()
    assert len(lines) == 4
    assert "2016-01-06 01:30:00.9" in lines[1]
    assert "explosion-like" in lines[1]
    assert "undetermined" in lines[3]


def test_no_event():
    assert "no event" in tables.text(tables.events(()))


def test_foreign_text_is_neither_markup_nor_control():
    bulletin, _ = fake.bulletin()
    e = msgspec.structs.replace(bulletin.events[0], event_id="[bold]x\x1b[31m")
    shown = tables.text(tables.events([e]))
    assert "[bold]x" in shown
    assert "\x1b" not in shown
    found = [Finding(kind="[red]a", subject=f"s{i}", message="\x07[/]") for i in range(3)]
    shown = tables.text(tables.findings(found))
    assert "[red]a" in shown
    assert "\x07" not in shown
    assert " 3 " in shown


def test_findings_are_counted_by_kind():
    found = [Finding(kind=f"k{i % 20}", subject="a", message="m") for i in range(50)]
    lines = tables.text(tables.findings(found, most=5)).splitlines()
    assert len(lines) == 7
    assert "15 more kinds" in lines[-1]
