"""What a person sees: bars only for work that there is, counts with their nouns."""

from testban.cli import terminal


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


def test_quiet_is_silent(capsys):
    with terminal.progress(True) as report:
        report("measure", 1, 2)
    assert capsys.readouterr().err == ""
