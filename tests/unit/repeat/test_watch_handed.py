"""What the watch hands on: names, rates, evidence that identify reads, differences that relocate reads (simulated)."""

import json

import numpy as np
import pytest

from testban.formats import difftimes
from testban.repeat import Peak, Template, TemplateChannel, Threshold, measure, onsets
from testban.repeat.template import RATE
from testban.run import beside, repeats

T0 = 1_400_000_000 * 10**9


def template(name: str, at_ns: int = T0, kind: str = "explosion") -> Template:
    c = TemplateChannel(
        station="XX.AAA", location="", component="Z", sources=("XX.AAA..BHZ",), band=(0.7, 2.0), unit="counts",
        offset_samples=40 * RATE, samples=wave(), noise=0.1, snr=100.0,
    )  # fmt: skip
    return Template(
        template_id=name, origin_ns=at_ns, longitude=0.0, latitude=1.0, depth_km=0.0, rate_hz=RATE, channels=(c,),
        provenance=(("kind", kind),),
    )  # fmt: skip


def wave(shift_s: float = 0.0) -> np.ndarray:
    t = np.arange(60 * RATE) / RATE - shift_s
    return sum(
        np.sin(2 * np.pi * f * (t - 3.0) + f) * np.exp(-(((t - 6.0) / 2.5) ** 2)) for f in (0.8, 1.2, 1.7)
    )


def found(t: Template, at_ns: int, statistic: float = 12.0) -> repeats.Found:
    limit = Threshold(
        z=7.0, beta=1.2, beta_sigma=0.1, level=4.0, excesses=50, noise_hours=100.0, beyond=87.0, false_alarms_per_year=1.0
    )  # fmt: skip
    seen = measure.Measured(
        time_ns=at_ns, relative_magnitude=-0.5, relative_magnitude_sigma=0.1, matches=(),
        onsets=(onsets.Onset(station="XX.AAA", master_ns=t.origin_ns + 43 * 10**9, difference_ns=at_ns - t.origin_ns + 12_300_000, correlation=0.91),),
    )  # fmt: skip
    peak = Peak(time_ns=at_ns, statistic=statistic, stations=1)
    return repeats.Found(template=t, threshold=limit, peak=peak, measured=seen)


@pytest.mark.parametrize("shift", [0.0, 0.013, -0.121, 0.337])
def test_lag_of_p_is_good_to_a_tenth_of_a_sample(shift):
    c = template("a").channels[0]
    x = np.zeros(200 * RATE)
    x[100 * RATE : 160 * RATE] = wave(shift)
    got = onsets.lag(c, x, np.ones(len(x), dtype=bool), 100 * RATE)
    assert got is not None
    assert got[1] / RATE == pytest.approx(shift, abs=0.1 / RATE)
    hole = np.ones(len(x), dtype=bool)
    hole[105 * RATE] = False
    assert onsets.lag(c, x, hole, 100 * RATE) is None


def test_two_masters_that_find_one_event_give_one_name_and_a_master_keeps_its_own():
    a, b = template("a"), template("b", T0 + 86_400 * 10**9)
    day = 86_400 * 10**9
    rows = [found(a, T0 + 9 * day), found(b, T0 + 9 * day + 10**9), found(a, T0 + day), found(a, T0)]
    names = repeats.names(rows, [a, b])
    assert names[0] == names[1]
    assert names[2:] == ["b", "a"]
    files = dict(repeats.evidence_files(rows, [a, b]))
    assert set(files) == {f"{names[0]}.json", "b.json"}
    assert len(json.loads(files[f"{names[0]}.json"])["repeats"]) == 2


def test_the_rate_beyond_a_statistic_falls_from_the_asked_one_and_is_never_less_than_measured():
    f = found(template("a"), T0)
    assert repeats.rate(f.threshold, 7.0) == pytest.approx(1.0)
    assert 1.0 > repeats.rate(f.threshold, 7.4) > repeats.rate(f.threshold, 7.6)
    assert repeats.rate(f.threshold, 60.0) == repeats.LEAST_RATE


def test_what_is_written_is_read_by_relocate_and_identify(tmp_path):
    a = template("a")
    f = found(a, T0 + 10**15)
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "of-an-earlier-search.json").write_text("{}")
    repeats.write([f], [a], lambda _s, _t: (12.5, -3.25), tmp_path)
    (pair,) = difftimes.read_pairs(tmp_path / "difftimes.txt")
    assert (pair.first, pair.station, pair.phase, pair.correlation) == ("a", "XX.AAA", "P", 0.91)
    assert pair.second_ns - pair.first_ns == pytest.approx(10**15 + 12_300_000, abs=100_001)
    assert difftimes.read_phases(tmp_path / "phases.txt") == {("XX.AAA", "P"): (12.5, -3.25)}
    (path,) = (tmp_path / "evidence").iterdir()
    (read,) = beside.repeats(path)
    assert (read.template, read.kind, read.statistic, read.threshold) == ("a", "explosion", 12.0, 7.0)


def test_only_what_stands_well_over_its_threshold_becomes_a_master():
    a = template("a")
    day = 86_400 * 10**9
    rows = [
        found(a, T0),
        found(a, T0 + day, 8.0),
        found(a, T0 + 2 * day, 12.0),
        found(a, T0 + 2 * day + 10**9, 13.0),
    ]
    ((name, f),) = repeats.masters_to_be(rows, [a])
    assert f.peak.statistic == 13.0
    assert name == repeats.names(rows, [a])[2]
