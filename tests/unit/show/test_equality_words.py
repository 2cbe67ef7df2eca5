"""What parties found is told in the words of the language."""

from testban.run.equality_report import _verdicts


def test_verdicts_of_parties_are_translated():
    both = _verdicts({"A": "explosion-like", "B": "undetermined"})
    assert both.en == "A: explosion-like; B: undetermined"
    assert both.ru == "A: похоже на взрыв; B: не определено"
    assert _verdicts({}).ru == "–"
