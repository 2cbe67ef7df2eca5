"""What a person sees: bars only for work that there is, and one line that says what was wrong with the words given."""

import subprocess
import sys

import numpy as np
import pytest

from testban import cli
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.times import parse_time
from testban.cli import terminal
from testban.formats.waveforms import write_mseed
from testban.run import demo


def test_a_stage_without_work_and_a_failure_before_any_leave_no_trace(capsys):
    with terminal.progress(False):
        pass
    assert capsys.readouterr().err == ""
    with terminal.progress(False) as report:
        report("depth", 0, 0)
        report("measure", 0, 6)
        report("measure", 6, 6)
    said = capsys.readouterr().err
    assert "depth" not in said
    assert "measure" in said
    assert "6/6" in said


def test_the_demonstration_says_of_which_recordings_it_speaks():
    said = []
    demo._named("dprk_2009", lambda *words: said.append(words))("detect", 1, 7)
    assert said == [("dprk_2009 detect", 1, 7)]


def test_quiet_is_silent(capsys):
    with terminal.progress(True) as report:
        report("measure", 1, 2)
    assert capsys.readouterr().err == ""


def told(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["testban", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capsys.readouterr()
    assert (stop.value.code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    return line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("process",), "expected SOURCE, got none. See: testban process --help"),
        (("process", "a"), "expected --inventory, got none. See: testban process --help"),
        (("process", "a", "--inventory"), "--inventory: expected a value after it, got none."),
        (("process", "a", "--inventory", "b", "--ou", "c"), "Did you mean --out instead of --ou?"),
        (("keys", "generate"), "See: testban keys generate --help"),
        (("proces",), 'Did you mean "process"?'),
    ],
)
def test_words_that_are_no_command_get_one_line(monkeypatch, capsys, words, line):
    assert line in told(monkeypatch, capsys, *words)


def test_the_help_lists_every_verb_under_a_title_and_the_demonstration_first(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["testban", "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().out
    assert all(name in said for names in cli._VERBS.values() for name in names)
    assert said.index("demo ") < said.index("process ") < said.index("identify ") < said.index("doctor ")


def test_a_span_without_recordings_is_told_with_the_span_that_has_them(monkeypatch, capsys, tmp_path):
    archive, inventory = tmp_path / "a.mseed", tmp_path / "s.csv"
    inventory.write_text("network,station,latitude,longitude\nXX,AAA,44,129\n")
    samples = np.arange(2000, dtype=np.int32)
    start = parse_time("2024-05-01T10:00:00")
    write_mseed(
        archive,
        [Segment(nslc=Nslc("XX", "AAA", "", "BHZ"), start_ns=start, sample_rate_hz=20.0, samples=samples)],
    )
    ask = ("process", archive, "--inventory", inventory, "--out", tmp_path / "o")
    line = told(monkeypatch, capsys, *ask, "--start", "2020-01-01", "--end", "2020-01-02")
    assert (
        "expected recordings from 2020-01-01T00:00:00Z to 2020-01-02T00:00:00Z, got recordings from 2024"
        in line
    )
    line = told(monkeypatch, capsys, *ask, "--start", "2020-01-02", "--end", "2020-01-01")
    assert "expected --start before --end" in line


def test_a_reader_that_goes_away_is_no_failure():
    """`testban --help | head -1`: the contract keeps status 1 for negative findings."""
    words = [sys.executable, "-m", "testban.cli", "--help"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stderr
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0


def test_ctrl_c_says_what_to_do_next_and_is_no_success(monkeypatch, capsys):
    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setattr("testban.run.doctor.installation", stopped)
    monkeypatch.setattr(sys, "argv", ["testban", "doctor"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 130
    assert "give the same command again" in capsys.readouterr().err


def test_a_mistyped_setting_and_a_table_of_other_columns_are_named(monkeypatch, capsys, tmp_path):
    (tmp_path / "c.toml").write_text("min_station = 3\n")
    (tmp_path / "s.csv").write_text("station;breite;laenge\nAAA;44;129\n")
    ask = ("process", tmp_path, "--inventory", tmp_path / "s.csv", "--out", tmp_path / "o")
    line = told(monkeypatch, capsys, *ask, "--config", tmp_path / "c.toml")
    assert "'min_station' is no setting (did you mean min_stations?)" in line
    line = told(monkeypatch, capsys, *ask)
    assert "begins with 'station;breite;laenge'" in line
    assert "has the columns station, latitude and longitude" in line
