"""The kernels of the watch beside slow twins and tables."""

import numpy as np
import pytest

from testban.base.errors import FormatError, InputError
from testban.base.ids import Nslc
from testban.base.records import Channel, Response, ResponseStage, Segment
from testban.base.spans import Span
from testban.formats import template_file
from testban.repeat import (
    Template,
    TemplateChannel,
    decide,
    grid,
    kernels,
    measure,
    reach,
    scan,
    stack,
    threshold,
)
from testban.repeat import correlate as co
from testban.repeat.ground import ground
from testban.repeat.template import RATE, Component, components

BAND = (0.7, 2.0)
START = 1_500_000_000 * 10**9 // grid.BLOCK_NS * grid.BLOCK_NS


def coloured(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.standard_normal(n))
    return x - np.convolve(x, np.ones(200) / 200, "same") + rng.standard_normal(n)


def segment(x: np.ndarray, rate: float = 20.0, start: int = START, channel: str = "BHZ") -> Segment:
    return Segment(nslc=Nslc("XX", "AAA", "", channel), start_ns=start, sample_rate_hz=rate, samples=x)


def flat(gain: float) -> Response:
    return Response(input_unit="m/s", stages=(ResponseStage(kind="gain", gain=gain),))


def wavelet(n: int, seed: int = 1) -> np.ndarray:
    t = np.arange(n) / RATE
    return coloured(seed, n + 4000)[2000 : 2000 + n] * np.exp(-t / 15.0) * np.minimum(1.0, t / 2.0)


@pytest.mark.parametrize(
    ("r", "n", "p"), [(0.3, 100, 1.152e-3), (0.5, 100, 5.087e-8), (0.3, 240, 1.054e-6), (0.2, 400, 2.750e-5)]
)
def test_g1_tail_of_a_correlation(r, n, p):
    assert threshold.tail_probability(r, n) == pytest.approx(p, rel=0.01)
    assert threshold.tail_probability(-r, n) == pytest.approx(1.0 - p, abs=0.01 * p)


def test_tail_beside_scipy_and_hostile_values():
    from scipy.stats import t as student

    for r in (0.01, 0.1, 0.35, 0.658, 0.9):
        for n in (3, 24, 60, 1000):
            want = student.sf(r * np.sqrt((n - 1) / (1 - r * r)), n - 1)
            assert threshold.tail_probability(r, n) == pytest.approx(want, rel=1e-8, abs=1e-300)
    with pytest.raises(InputError):
        threshold.tail_probability(1.0, 10)


def test_thresholds_of_white_noise_for_one_alarm_a_year():
    # science table G: B 3 Hz, T 10 s needs r > 0.655, T 40 s 0.358 (trials 2 B a second).
    for seconds, r in ((10, 0.655), (40, 0.358)):
        p = 1.0 / (2 * 3.0 * threshold.YEAR_S)
        n = 2 * 3 * seconds
        assert threshold.tail_probability(r - 0.006, n) > p > threshold.tail_probability(r + 0.006, n)


def test_energy_after_a_loud_burst_keeps_its_digits():
    x = 1e-3 * coloured(2, 5000)
    x[1000:1100] *= 1e9
    got = co.window_energy(x, 333, 100, 4000)
    want = np.array([np.sum(x[i : i + 333] ** 2) for i in range(100, 4100)])
    assert np.max(np.abs(got / want - 1.0)) < 1e-12


def component(x: np.ndarray, valid: np.ndarray | None = None) -> Component:
    full = np.ones(len(x), dtype=bool) if valid is None else valid
    return Component(location="", component="Z", sources=("XX.AAA..BHZ",), unit="nm/s", samples=x, valid=full)


def part_of(x: np.ndarray) -> co.Part:
    c = TemplateChannel(
        station="XX.AAA", location="", component="Z", sources=("XX.AAA..BHZ",), band=BAND, unit="nm/s",
        offset_samples=0, samples=x, noise=1.0, snr=10.0,
    )  # fmt: skip
    return co.part((c,), (x,))


def slow_z(recorded: co.Recorded, t: np.ndarray, at: list[int]) -> dict[int, float]:
    """r by its definition, NaN where less than 70 % of the template has samples."""
    y = recorded.x
    out = {}
    for i in at:
        a = co.FIRST + i
        part, hold = y[a : a + len(t)], recorded.valid[a : a + len(t)]
        left = np.sum(t[hold] ** 2)
        enough = left >= co.LEAST * np.sum(t * t)
        fewer = np.sqrt(np.mean(hold))
        out[i] = fewer * np.sum(t * part) / np.sqrt(left * np.sum(part**2)) if enough else np.nan
    return out


def test_correlation_is_that_of_its_definition_also_beside_a_gap():
    x, t = ground_of(coloured(3, co.N)), ground_of(wavelet(1200))
    valid = np.ones(co.N, dtype=bool)
    valid[30_000:30_500] = False
    recorded = co.Recorded(component(x, valid), BAND)
    own, _, _ = recorded.roots(t)
    r = co.products([(recorded.spectrum, co.spectrum(t, BAND))])[0][co.FIRST : co.FIRST + co.OUT].copy()
    kernels.normalise_(r, own, 1.0 / np.sqrt(np.sum(t * t)))
    want = slow_z(
        recorded, t, [0, 5000, 27_900, 28_100, 28_400, 28_700, 28_900, 28_990, 29_050, 29_600, 60_000]
    )
    missing = 0
    for i, value in want.items():
        missing += np.isnan(value)
        assert own[i] == 0.0 if np.isnan(value) else r[i] == pytest.approx(value, abs=2e-4)
    assert 0 < missing < len(want)


def test_z_of_a_station_is_that_of_its_definition():
    x, t = ground_of(coloured(4, co.N)), ground_of(wavelet(1200))
    x[50_000 : 50_000 + len(t)] += 40.0 * t
    recorded = co.Recorded(component(x), BAND)
    part = part_of(t)
    made = co.station_blocks([(part, {0: recorded})])[0]
    own, root, _ = recorded.roots(t)
    r = co.products([(recorded.spectrum, part.transforms[0])])[0][co.FIRST : co.FIRST + co.OUT].copy()
    kernels.normalise_(r, own, 1.0 / np.sqrt(np.sum(t * t)))
    nu = co.freedom(r, np.ones_like(r), 1.0, BAND, len(t))
    z = np.sign(r) * np.sqrt(-nu * np.log(1.0 - r.astype(float) ** 2))
    wide = np.array([np.max(z[max(0, i - 3) : i + 4]) for i in range(len(z))])
    thin = np.sort(wide[::8])
    middle = thin[len(thin) // 2]
    spread = np.sort(np.abs(thin - middle))[len(thin) // 2] / np.sqrt(0.454936)
    assert np.max(np.abs(made.z - (wide - middle) / spread)) < 1e-3
    assert np.allclose(made.gain, nu * np.sum(t * t) * root.astype(float) ** 2, rtol=1e-5)
    assert np.argmax(made.z) == pytest.approx(50_000 - co.FIRST, abs=3)


def test_a_row_does_not_depend_on_the_batch_that_it_goes_in():
    recorded = co.Recorded(component(ground_of(coloured(6, co.N))), BAND)
    parts = [part_of(ground_of(wavelet(1200, seed))) for seed in range(11)]
    together = co.station_blocks([(p, {0: recorded}) for p in parts])
    for p, made in zip(parts, together, strict=True):
        alone = co.station_blocks([(p, {0: recorded})])[0]
        assert alone.z.tobytes() == made.z.tobytes()
        assert alone.gain.tobytes() == made.gain.tobytes()


def test_statistic_of_noise_is_normal_and_a_burst_does_not_widen_it():
    x = coloured(5, co.N)
    x[40_000:40_400] *= 300.0
    recorded = co.Recorded(component(ground_of(x)), BAND)
    made = co.station_blocks([(part_of(ground_of(wavelet(1200))), {0: recorded})])[0]
    inside = made.z[np.isfinite(made.z)]
    assert 0.85 < np.std(inside) < 1.25
    assert np.max(np.abs(inside)) < 6.5


def ground_of(x: np.ndarray) -> np.ndarray:
    padded = np.zeros(co.N)
    padded[: len(x)] = x
    got = ground([segment(padded)], None, BAND, START, RATE)
    assert got is not None
    return got[0][: len(x)]


def test_ground_does_not_depend_on_gain_rate_or_phase_of_the_samples():
    n = 120_000
    t = np.arange(n) / 40.0
    x = sum(np.sin(2 * np.pi * f * t + f) for f in (0.8, 1.13, 1.7)) * np.exp(-(((t - 1500) / 300) ** 2))
    one = ground([segment(x, 40.0)], flat(1e9), BAND, START, RATE)
    two = ground([segment(5.0 * x[::2], 20.0)], flat(5e9), BAND, START, RATE)
    late = ground([segment(x[1::2], 20.0, START + 25_000_000)], flat(1e9), BAND, START, RATE)
    for other in (two, late):
        hold = one[1] & other[1]
        assert hold.sum() > 50_000
        assert np.max(np.abs(one[0] - other[0])[hold]) < 2e-3 * np.max(np.abs(one[0]))


def test_turned_horizontals_are_the_same_motion():
    n = 82_000
    north, east = coloured(7, n), coloured(8, n)
    a = np.radians(25.0)
    one, two = north * np.cos(a) + east * np.sin(a), -north * np.sin(a) + east * np.cos(a)

    def channel(code: str, azimuth: float) -> Channel:
        return Channel(
            nslc=Nslc("XX", "AAA", "", code), longitude=0.0, latitude=0.0, azimuth_deg=azimuth, dip_deg=0.0
        )

    plain = components(
        [segment(north, channel="BHN"), segment(east, channel="BHE")], [channel("BHN", 0.0), channel("BHE", 90.0)],
        ("", "BH"), BAND, START, 130.0,
    )  # fmt: skip
    turned = components(
        [segment(one, channel="BH1"), segment(two, channel="BH2")], [channel("BH1", 25.0), channel("BH2", 115.0)],
        ("", "BH"), BAND, START, 130.0,
    )  # fmt: skip
    assert [c.component for c in plain] == [c.component for c in turned] == ["R", "T"]
    for p, q in zip(plain, turned, strict=True):
        assert np.max(np.abs(p.samples - q.samples)) < 1e-6 * np.max(np.abs(p.samples))


def simple_template(x: np.ndarray, offset: int = 600) -> Template:
    c = TemplateChannel(
        station="XX.AAA", location="", component="Z", sources=("XX.AAA..BHZ",), band=BAND, unit="counts",
        offset_samples=offset, samples=x, noise=0.01, snr=100.0,
    )  # fmt: skip
    return Template(
        template_id="t",
        origin_ns=START,
        longitude=0.0,
        latitude=1.0,
        depth_km=0.0,
        rate_hz=RATE,
        channels=(c,),
    )


def planted(hours: int, at_s: float, size: float, seed: int = 11) -> tuple[Template, np.ndarray]:
    """A template and noise that holds it, times `size`, at `at_s` after START; the window begins 30 s later."""
    t = wavelet(1200)
    noise = coloured(seed, hours * 3600 * 20)
    i = round((at_s + 30.0) * 20)
    noise[i : i + len(t)] += size * t
    return simple_template(ground_of(t)), noise


def loader(x: np.ndarray, cut: float = 1e9):
    def load(_station: str, w: Span):
        lo = max(0, int((w.start_ns - START) / 5e7) - 200)
        hi = min(len(x), int((w.end_ns - START) / 5e7) + 200)
        if hi <= lo:
            return (), ()
        place = Channel(nslc=Nslc("XX", "AAA", "", "BHZ"), longitude=0.0, latitude=0.0, dip_deg=-90.0)
        return [segment(x[lo:hi], start=START + lo * 50_000_000)], [place]

    return load


def test_a_swarm_of_weak_repeats_does_not_raise_its_own_threshold():
    rng = np.random.default_rng(5)
    cells = np.max(rng.standard_normal((7, 120, 60)), axis=2)
    quiet = [scan.Hour(block=k, template=0, cells=np.roll(cells, k, axis=1), peaks=()) for k in range(4)]
    swarm = [
        scan.Hour(block=h.block, template=0, cells=np.vstack([np.full(120, 6.5), h.cells[1:]]), peaks=())
        for h in quiet
    ]
    assert decide(swarm, 60.0, 1.0).threshold == decide(quiet, 60.0, 1.0).threshold


def test_a_planted_repeat_is_found_and_measured():
    template, x = planted(3, 5000.0, 3.0)
    first = START // grid.BLOCK_NS
    hours = list(scan.scan([stack.Prepared(template)], range(first, first + 3), loader(x), lambda _: 7))
    got = decide(hours, 60.0, 1.0)
    assert len(got.detections) == 1
    assert abs(got.detections[0].time_ns - START - 5000 * 10**9) < 0.2e9
    assert got.detections[0].statistic > got.threshold.z > 5.0
    level = reach(hours[1], got.threshold.z)
    assert level is not None
    assert -1.0 < level < np.log10(3.0)
    m = measure.measure(template, got.detections[0].time_ns, loader(x))
    assert abs(m.time_ns - START - 5000 * 10**9) < 0.05e9
    assert m.matches[0].amplitude_ratio == pytest.approx(3.0, rel=0.2)
    assert m.relative_magnitude == pytest.approx(np.log10(3.0), abs=0.08)


def test_relative_yield_spans_both_slopes_and_the_error_of_the_size():
    """A magnitude less is a factor 10 at slope 1 and 21.5 at 0.75; an error makes the interval wider on both ends."""
    low, high = measure.relative_yield(-1.0, 0.0)
    assert (low, high) == pytest.approx((10.0 ** (-1.0 / 0.75), 0.1))
    assert measure.relative_yield(0.0, 0.0) == pytest.approx((1.0, 1.0))
    wide = measure.relative_yield(-1.0, 0.1)
    assert wide[0] < low < high < wide[1]
    low, high = measure.relative_yield(0.05, 0.1)
    assert low < 1.0 < high


def test_reach_is_where_nine_of_ten_are_found():
    """Repeats of the size that `reach` states and 0.1 are found in most tries, those of 0.3 less in few."""

    def wave() -> np.ndarray:
        t = np.arange(2000) / 20.0
        return coloured(1, 6000)[2000:4000] * np.exp(-t / 60.0) * np.minimum(1.0, t / 5.0)

    template = simple_template(ground_of(wave()))
    first = START // grid.BLOCK_NS
    prepared = [stack.Prepared(template, 0)]
    noise = coloured(21, 4 * 3600 * 20)
    z = 6.5
    quiet = list(scan.scan(prepared, range(first + 1, first + 3), loader(noise), lambda _: 1))
    level = reach(quiet[0], z)
    assert level is not None
    found = {}
    for less in (-0.1, 0.3):
        hits = tries = 0
        for shift in range(0, 300, 50):
            x = noise.copy()
            times = np.arange(4000 + shift, 10_000, 300)
            for at in times:
                i = round((at + 30.0) * 20)
                x[i : i + 2000] += 10.0 ** (level - less) * wave()
            peaks = [
                p
                for h in scan.scan(prepared, range(first + 1, first + 3), loader(x), lambda _: 1)
                for p in h.peaks
            ]
            hits += sum(
                any(abs(p.time_ns - START - at * 1e9) < 1e9 and p.statistic > z for p in peaks)
                for at in times
            )
            tries += len(times)
        found[less] = hits / tries
    assert found[-0.1] > 0.75
    assert found[0.3] < 0.45


def test_hours_do_not_depend_on_the_chunk_they_are_scanned_in():
    template, x = planted(4, 7195.0, 2.0)
    prepared = [stack.Prepared(template, 1)]
    first = START // grid.BLOCK_NS
    whole = list(scan.scan(prepared, range(first, first + 4), loader(x), lambda _: 2))
    parts = [
        h
        for k in range(4)
        for h in scan.scan(prepared, range(first + k, first + k + 1), loader(x), lambda _: 2)
    ]
    for a, b in zip(whole, parts, strict=True):
        assert a.cells.tobytes() == b.cells.tobytes()
        assert a.peaks == b.peaks


def test_g2_false_alarms_in_simulated_noise_are_as_many_as_asked_for():
    """Two and a half simulated days of coloured noise; `bench.figures_watch alarms` does the month."""
    template = simple_template(ground_of(wavelet(400)))
    first, count, asked = START // grid.BLOCK_NS, 60, 5_000.0
    x = coloured(31, count * 3600 * 20)
    hours = list(
        scan.scan(
            [stack.Prepared(template)], range(first, first + count), loader(x), lambda b: 7 if b % 2 else 1
        )
    )
    got = decide(hours, 10.0, asked)
    expected = asked * got.searched_hours / 24.0 / 365.25
    assert expected > 30
    assert 0.5 < len(got.detections) / expected < 2.0


def test_the_end_of_a_record_raises_no_alarm():
    """Windows that lie partly beyond it have fewer degrees of freedom: their scatter must not be larger."""
    t = ground_of(wavelet(2400))
    edge, inside = [], []
    for seed in range(30):
        x = ground_of(coloured(100 + seed, co.N))
        valid = np.ones(co.N, dtype=bool)
        valid[50_000:] = False
        recorded = co.Recorded(component(x, valid), BAND)
        own, _, _ = recorded.roots(t)
        r = co.products([(recorded.spectrum, co.spectrum(t, BAND))])[0][co.FIRST : co.FIRST + co.OUT].copy()
        kernels.normalise_(r, own, 1.0 / np.sqrt(np.sum(t * t)))
        part = np.flatnonzero((own > 0.0) & (np.arange(co.OUT) + co.FIRST + 0.65 * len(t) > 50_000))
        edge.append(r[part])
        inside.append(r[:40_000])
    assert len(edge[0]) > 100
    assert np.std(np.concatenate(edge)) < 1.15 * np.std(np.concatenate(inside))


def test_surrogates_do_not_resemble_the_template():
    template, _ = planted(1, 100.0, 1.0)
    c = template.channels[0]
    own = co.spectrum(c.samples)
    for kind in range(len(stack.SURROGATES)):
        s = stack.surrogate(c, kind)
        most = np.max(np.abs(co.products([(co.spectrum(s), own)])))
        assert np.sum(s * s) == pytest.approx(np.sum(c.samples**2), rel=1e-9)
        assert most / np.sqrt(np.sum(s * s) * np.sum(c.samples**2)) < 0.75


def test_threshold_of_an_ideal_tail_and_too_little_noise():
    rng = np.random.default_rng(3)
    cells = np.max(rng.standard_normal((100_000, 60)), axis=1)
    got = threshold.fit(cells, 1.0)
    # 60 independent values in 30 s: one a year beyond the normal quantile of 1 / (2 * 3.156e7).
    assert got.z == pytest.approx(5.59, abs=0.15)
    assert got.beta == pytest.approx(1.0, abs=0.1)
    with pytest.raises(InputError, match="cells of 30 s"):
        threshold.fit(cells[:20], 1.0)
    with pytest.raises(InputError, match="positive rate"):
        threshold.fit(cells, 0.0)


def test_template_file_comes_back_and_damage_is_named():
    template, _ = planted(1, 100.0, 1.0)
    data = template_file.encode(template)
    back = template_file.decode(data)
    assert template_file.encode(back) == data
    assert np.array_equal(back.channels[0].samples, template.channels[0].samples)
    for bad, words in (
        (data[:-100], "cut short"),
        (b"hello", "made by"),
        (b"", "made by"),
        (data[:200] + b"x" + data[201:], "changed"),
    ):
        with pytest.raises(FormatError, match=words):
            template_file.decode(bad)


def test_medians_found_digit_by_digit_are_those_of_sorting():
    rng = np.random.default_rng(5)
    for n in (1, 2, 7, 1000, 9001):
        z = np.where(rng.random(8 * n) < 0.1, np.nan, rng.standard_normal(8 * n)).astype(np.float32)
        z[: n // 3] = 0.25  # ties
        keys = np.empty(n + 1, dtype=np.uint32)
        middle, away, held = kernels.middle_spread_(z, 8, keys)
        seen = np.sort(z[::8][np.isfinite(z[::8])])
        assert held == len(seen)
        if held:
            assert middle == seen[held // 2]
            assert away == np.sort(np.abs(seen - seen[held // 2]))[held // 2]
        root = (rng.random(len(z)) < 0.7).astype(np.float32)
        r = np.float32(0.125) * np.nan_to_num(z)
        size, many = kernels.median_size_(r, root, 1.0, 8, keys)
        sizes = np.sort(np.abs(r[::8][root[::8] > 0.0]))
        assert many == len(sizes)
        assert size == (sizes[many // 2] if many else 0.0)


def test_signed_root_is_that_of_the_logarithm():
    r = np.linspace(-0.999, 0.999, 4001).astype(np.float32)
    one = np.ones(len(r), dtype=np.float32)
    top, gain = np.zeros_like(one), np.zeros_like(one)
    kernels.accumulate_(r, one, one, 1.0, 100.0, 2.0, True, top, gain)
    q = r.astype(np.float64) ** 2
    want = 2.0 * np.sign(r) * np.sqrt(-100.0 * np.log1p(-q))
    assert np.max(np.abs(top - want)) < 1e-5 * np.max(np.abs(want))
    assert np.all(gain == 4.0)
