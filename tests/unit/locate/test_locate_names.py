"""Phase names as observatories write them."""

import pytest

from testban import locate
from testban.earth import travel
from testban.locate.phases import candidates, is_p, plain


@pytest.mark.parametrize(
    ("written", "meant"),
    [("iP", "P"), ("eS", "S"), ("EPG", "PG"), ("IPN", "PN"), ("qPn", "Pn"), ("epP", "pP"), ("eLg", "Lg"), ("PKIKP", "PKPdf"),
     ("iPKPdf", "PKPdf"), ("P+", "P"), ("P?", "P"), ("Pn_", "Pn"), ("P(D)", "P"), (" P ", "P"), ("p", "P"), ("s", "S"), ("PDIFF", "Pdiff"),
     ("PKP2", "PKPab")],
)  # fmt: skip
def test_marks_beside_a_name_are_taken_off(written: str, meant: str) -> None:
    assert plain(written) == meant
    assert candidates(written) == candidates(meant)


@pytest.mark.parametrize(
    "name", ["", *travel.load().phases, "P*", "S*", "Pn", "Sn", "PKP", "LR", "IAML", "e", "i"]
)
def test_standard_names_and_amplitudes_stay_as_they_are(name: str) -> None:
    assert plain(name) == name


def test_what_has_no_travel_times_is_told_apart() -> None:
    assert is_p("iP")
    assert locate.has_times("iP")
    assert locate.has_times("")
    assert not locate.has_times("IAML")
    assert not locate.has_times("P4KP")
