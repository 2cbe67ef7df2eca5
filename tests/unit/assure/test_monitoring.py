"""Threshold monitoring: the joint limit (A3), its properties, alignment, minutes, and the levels that it rests on."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from testban.assure import monitoring as room
from testban.assure.monitoring import Place, Settings
from testban.assure.sites import NAMED, place
from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.records import Channel, Response, Segment
from testban.base.spans import Span
from testban.detect import envelope
from testban.run import monitoring as run_monitoring
from testban.show import monitoring as page

NS = 10**9


@pytest.mark.parametrize(
    ("n", "want"), [(1, 1.28155), (2, 0.47827), (3, 0.08996), (5, -0.33439), (10, -0.82153)]
)
def test_a3_equal_stations(n, want):
    assert room.upper_limit(np.zeros((1, n)), 1.0)[0][0] == pytest.approx(want, abs=1e-5)


def test_unequal_stations_and_the_one_that_rules():
    m, rule = room.upper_limit(np.array([[3.0, 2.8, 3.3], [np.nan, np.nan, 3.3], [np.nan] * 3]), 0.3)
    assert m[0] == pytest.approx(3.00762, abs=1e-5)
    assert m[1] == pytest.approx(3.3 + 0.3 * norm.ppf(0.9), abs=1e-8)
    assert np.isnan(m[2])
    assert rule.tolist() == [1, 2, -1]


def test_the_safe_limit_holds_where_an_event_is_there_and_the_published_one_does_not():
    """Readings scatter about the event itself: 90 % of safe limits lie above it, whatever the number of stations."""
    from scipy.stats import gamma

    random = np.random.default_rng(3)
    for n in (1, 3, 12):
        values = 4.0 + random.normal(0.0, 0.35, (4000, n))
        safe = room.upper_limit(values, 0.35, safe=True)[0]
        assert np.mean(safe >= 4.0) == pytest.approx(0.9, abs=0.015)
        assert -np.log(room.uniform_product(n, 0.9)) == pytest.approx(gamma.ppf(0.9, n), abs=1e-9)
        published = room.upper_limit(values, 0.35)[0]
        assert (published <= safe + 1e-8).all()
        if n == 12:
            assert np.mean(published >= 4.0) < 0.1
    noise = np.maximum(4.0 + random.normal(0.0, 0.35, (4000, 6)), np.array([2.0, 3.5, 4.2, 4.4, 5.0, 5.5]))
    assert np.mean(room.upper_limit(noise, 0.35, safe=True)[0] >= 4.0) > 0.9


magnitudes = st.lists(st.floats(1.0, 6.0), min_size=1, max_size=8)


@given(magnitudes, st.floats(0.1, 0.8), st.floats(0.5, 0.99))
def test_the_limit_solves_its_equation(values, sigma, level):
    got = room.upper_limit(np.array([values]), sigma, level)[0][0]
    want = brentq(
        lambda m: np.prod(norm.sf((m - np.array(values)) / sigma)) - (1.0 - level),
        min(values) - 6,
        max(values) + 6,
    )
    assert got == pytest.approx(want, abs=1e-6)


@given(magnitudes, st.floats(1.0, 6.0), st.floats(0.0, 1.0))
def test_more_stations_never_raise_it_and_more_noise_never_lowers_it(values, more, louder):
    base = room.upper_limit(np.array([values]), 0.35)[0][0]
    assert room.upper_limit(np.array([[*values, more]]), 0.35)[0][0] <= base + 1e-8
    assert room.upper_limit(np.array([[v + louder for v in values]]), 0.35)[0][0] >= base - 1e-8


def test_alignment_takes_the_largest_near_the_arrival_and_never_passes_over_a_gap():
    x = np.arange(40.0)
    x[25] = np.nan
    got = room.aligned(x, 10, 2, 30)
    assert got[:11].tolist() == [12.0 + k for k in range(11)]
    assert np.isnan(got[13:18]).all()
    assert np.isnan(got[28:]).all()


def test_minutes_keep_the_worst_and_tell_what_was_not_watched():
    limit = np.full(130, 2.0)
    limit[70] = 3.5
    limit[100:] = np.nan
    rows = room.minutes(6000, limit, limit, np.zeros(130, np.int64), np.isfinite(limit).astype(int))
    assert [r.limit for r in rows] == [2.0, 3.5, None]
    assert [r.watched for r in rows] == [1.0, 40 / 60, 0.0]
    hour = room.hidden(rows, 3.0, 3600)[0]
    assert (hour.minutes, hour.unwatched, hour.above) == (3, 2, 2)
    assert hour.largest == 3.5


def test_places():
    assert place("punggye-ri") == NAMED["punggye-ri"]
    assert place("10,-20,5").depth_km == 5.0
    for bad in ("", "x", "10", "400,0", "10,95", "1,2,900", "1,2,3,4", "nan,1"):
        with pytest.raises(InputError, match="--site"):
            place(bad)
    with pytest.raises(InputError):
        room.Settings(level=1.5)


def channel():
    return Channel(
        nslc=Nslc("XX", "A", "", "BHZ"), longitude=0.0, latitude=0.0, elevation_m=0.0, dip_deg=-90.0, azimuth_deg=0.0,
        response=Response(input_unit="m/s", stages=(), sensitivity=1e9, sensitivity_frequency_hz=1.0),
    )  # fmt: skip


def noise(seconds, seed=1):
    x = np.random.default_rng(seed).normal(0.0, 300.0, seconds * 20)
    return np.round(x).astype(np.int32)


def segments(x, start):
    return [Segment(nslc=Nslc("XX", "A", "", "BHZ"), start_ns=start, sample_rate_hz=20.0, samples=x)]


BANDS = ((0.8, 2.0), (1.0, 3.0))


def test_levels_do_not_depend_on_where_the_span_is_cut():
    start = 400_000 * 3600 * NS
    x = noise(4 * 3600)
    whole, _ = envelope.levels(
        segments(x, start), [channel()], Span(start + 3600 * NS, start + 3 * 3600 * NS), BANDS
    )
    cut = start + 3600 * NS + 1234 * NS
    a, _ = envelope.levels(segments(x, start), [channel()], Span(start + 3600 * NS, cut), BANDS)
    pieces = [*segments(x[:70_000], start), *segments(x[70_000:], start + 3500 * NS)]
    b, _ = envelope.levels(pieces, [channel()], Span(cut, start + 3 * 3600 * NS), BANDS)
    assert np.array_equal(whole, np.concatenate([a, b], axis=1))
    assert (whole != envelope.MISSING).all()


def test_levels_have_the_size_of_a_sine_and_a_gap_is_missing():
    start, f = 400_000 * 3600 * NS, 1.25
    t = np.arange(3600 * 20) / 20.0
    x = np.round(5e4 * np.sin(2 * np.pi * f * t)).astype(np.int32)  # velocity amplitude 5e4 / 1e9 m/s
    x = x + noise(3600) // 300
    parts = [*segments(x[:36_000], start), *segments(x[36_400:], start + 1820 * NS)]
    got, _ = envelope.levels(parts, [channel()], Span(start, start + 3600 * NS), BANDS)
    want = np.log10(5e4 / 1e9 * 1e9 / (2 * np.pi * f) * f)  # A/T in nm/s of the same sine: v / (2 pi)
    assert np.median(got[0][got[0] != envelope.MISSING]) / 1000.0 == pytest.approx(want, abs=0.06)
    assert (got[:, 1801:1819] == envelope.MISSING).all()


def test_no_response_no_level():
    start = 400_000 * 3600 * NS
    dumb = Channel(nslc=Nslc("XX", "A", "", "BHZ"), longitude=0.0, latitude=0.0, elevation_m=0.0)
    got, _ = envelope.levels(segments(noise(3600), start), [dumb], Span(start, start + 3600 * NS), BANDS)
    assert (got == envelope.MISSING).all()


def test_terms_of_stations_are_taken_once_and_read_from_a_table(tmp_path):
    path = tmp_path / "terms.csv"
    path.write_text("network,station,term\nIC,MDJ,0.45\nIU,INCN,-0.1\n")
    terms = run_monitoring.terms_of(path)
    assert terms == (("IC.MDJ", 0.45), ("IU.INCN", -0.1))
    said = page.assumptions(Settings(terms=terms))
    assert "2 stations" in said[-1].en
    assert len(page.assumptions(Settings())) == len(said) - 1
    for bad in ((("A.B", 3.0),), (("A.B", 0.1), ("A.B", 0.2))):
        with pytest.raises(InputError, match="term"):
            Settings(terms=bad)
    where = Place(name="x", longitude=0.0, latitude=0.0)
    site = SimpleNamespace(key="IC.MDJ", longitude=30.0, latitude=0.0)
    station = SimpleNamespace(site=site, members=("one",))
    held = {("IC.MDJ", None): [(0, np.zeros((2, 60), np.int16))]}
    plain, mended = (
        run_monitoring._heard(where, [station], held, s)[0].add for s in (Settings(), Settings(terms=terms))
    )
    assert plain - mended == pytest.approx(0.45)
