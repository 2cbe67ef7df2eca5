"""What is wrong with the data is told in Russian too, in the words of the rooms that find it."""

import re

import pytest

from testban.detect.condition import _REASONS
from testban.formats.unused_rows import ADVICE, NO_TIME, Unused
from testban.show import reasons
from testban.show.reasons_findings import KINDS

SAID = (
    "3 more: isolated samples far outside their surroundings, masked (41 samples)",
    "1 samples at flat tops: kept for times, refused for amplitudes",
    "processed IC.MDJ.00.BH, not IC.MDJ.10.BH (one sensor of a station at a time)",
    "the orientation table says azimuth 5.8, dip 0, the metadata 359.9, 0; the table is used",
    "StationXML:a.xml and table:b.csv place it 3.2 km apart; the first is used",
    "response left out: its input unit is 'PA' (x.xml)",
    "response left out: a polynomial (x.xml)",
    "bytes 512 to 1024: IC.MDJ.00.BHZ: samples contradict the record's own check",
    "bytes 0 to 63: record is cut short: 63 bytes are left",
    "integer samples beside floating-point ones of the same time, the latter used (longer, or counts)",
    "IC.MDJ gave no amplitude: no valid response, or no sample above 8 Hz; it watches nothing",
    "no response is known; amplitudes are not measured",
)


@pytest.mark.parametrize("text", SAID)
def test_a_finding_is_told_in_russian_with_its_numbers(text):
    both = reasons.reason(text)
    assert not both.foreign
    assert (both.en, bool(re.search("[а-яё]", both.ru))) == (text, True)
    assert all(n in both.ru or n.replace(".", ",") in both.ru for n in re.findall(r"\d+(?:\.\d+)?", text))


def test_every_kind_of_bad_sample_has_its_words():
    for kind, text in _REASONS.values():
        assert kind in KINDS
        assert not reasons.reason(text).foreign


def test_rows_that_are_not_used_are_told_in_russian():
    for why in ADVICE:
        table = Unused("p.csv", 3)
        table.add(why, "yesterday")
        table.add(why)
        (finding,) = table.findings()
        assert not reasons.reason(finding.message).foreign
    one = Unused("p.csv", 1)
    one.add(NO_TIME)
    assert (
        reasons.reason(one.findings()[0].message).ru
        == "строки без правильного времени: не используются 1 из 1"
    )
