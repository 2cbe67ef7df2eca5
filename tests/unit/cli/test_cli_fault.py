"""A fault of the program ends in one line and a kept trace, never in a stack trace on the screen."""

import sys
from pathlib import Path

import pytest

from testban import cli


def test_own_fault_is_one_line_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr(sys, "argv", ["testban", "doctor"])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 70
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    kept = next(tmp_path.glob("testban-fault-*.txt"))
    assert str(kept) in said.err
    assert "ZeroDivisionError: by design" in kept.read_text()
