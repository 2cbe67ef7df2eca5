"""Pairs of phases in bands: windows, bounds, corrections, weights, and the fit on events of a known truth."""

import itertools
import math
import random

import msgspec
import pytest

from testban.base.measurements import BandRatio, PathMeasurement, PhaseLevel
from testban.identify import calibration, pairs, pairs_fit, phases, source_size, windows


def levels(
    shift: dict[str, float], snr: float = 10.0, bands: tuple[phases.Band, ...] = phases.BANDS[:4]
) -> tuple[PhaseLevel, ...]:
    return tuple(
        PhaseLevel(phase=name, band_hz=band, log10_rms=v, seen=snr >= 2.0, snr=snr)
        for band in bands
        for name, v in shift.items()
    )  # fmt: skip


def path(i: int, shift: dict[str, float], **changes: object) -> PathMeasurement:
    whole = [0.5 * (shift["Pn"] + shift["Pg"]) - shift["Lg"]] * 3
    made = PathMeasurement(
        station_key=f"XX.S{i}", distance_deg=3.0 + 0.5 * i, azimuth_deg=40.0 * i, usable=True, components=3,
        bands=tuple(
            BandRatio(band_hz=b, components=3, log10_ps=v) for b, v in zip(pairs.WHOLE_BANDS, whole, strict=True)
        ),
        phases=levels(shift), phases_vertical=levels(shift),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def event(rng: random.Random, p: float, n: int = 5) -> list[PathMeasurement]:
    """P stronger than S by p on all paths, an event's deviation shared by all pairs, paths with their own."""
    own = rng.gauss(0.0, 0.15)
    out = []
    for i in range(n):
        noise = {k: rng.gauss(0.0, 0.1) for k in ("Pn", "Pg", "Sn", "Lg")}
        at = {"Pn": p + own, "Pg": p + own, "Sn": 0.0, "Lg": 0.0}
        out.append(path(i, {k: at[k] + noise[k] for k in noise}))
    return out


def fitted(rng: random.Random, n: int = 60) -> pairs.PairModel:
    x = {f"x{i:03d}": event(rng, 0.4) for i in range(n)}
    q = {f"q{i:03d}": event(rng, -0.4) for i in range(n)}
    made = pairs_fit.fit(x, q)
    assert made is not None
    return made


def test_windows_of_single_phases_do_not_overlap_and_need_room() -> None:
    for km, p, s in ((60.0, 10.0, 18.0), (300.0, 44.0, 78.0), (700.0, 94.0, 167.0), (1500.0, 193.0, 345.0)):
        found = windows.phases(km, p, s)
        for (_, _, end), (_, start, _) in itertools.pairwise(found):
            assert end <= start + 1e-9 or end - start < windows.GUARD_S
        assert all(b - a >= windows.PHASE_SHORTEST_S for _, a, b in found)
    assert windows.phases(60.0, 10.0, 18.0) == ()
    assert [n for n, *_ in windows.phases(700.0, 94.0, 167.0)] == ["Pn", "Pg", "Sn", "Lg"]


def test_a_phase_in_the_noise_makes_a_bound_and_two_make_nothing() -> None:
    band = (4.0, 6.0)
    seen = phases.level("Pn", band, 400.0, 1.0)
    weak = phases.level("Lg", band, 1.5, 1.0)
    assert seen is not None
    assert weak is not None
    assert seen.log10_rms == pytest.approx(0.5 * math.log10(399.0))
    assert not weak.seen
    got = phases.ratio([seen, weak], ("Pn", "Lg"), band)
    assert got == (pytest.approx(0.5 * math.log10(399.0 / 3.0)), "lower")
    assert phases.ratio([msgspec.structs.replace(seen, seen=False), weak], ("Pn", "Lg"), band) is None
    assert phases.level("Pn", band, math.nan, 1.0) is None
    assert phases.ratio([seen], ("Pn", "Lg"), band) is None


def test_a_path_that_may_not_decide_has_no_ratio() -> None:
    blocked = path(0, {"Pn": 0.0, "Pg": 0.0, "Sn": 0.0, "Lg": -2.0}, usable=False, lg_blocked=True)
    assert pairs.raw(blocked, "Pn/Lg", (4.0, 6.0), vertical=False) is None
    assert pairs.raw(blocked, pairs.WHOLE, (4.0, 6.0), vertical=False) is None


def test_the_corner_follows_from_the_radiated_energy() -> None:
    """Apparent stress of the Brune spectrum, integrated numerically, is the one put in (S and P with one corner each)."""
    zeta, stress = 1.3, 1e6
    m0 = 10.0**15.4
    fc = source_size.corner_hz(15.4, zeta, 0.0, 6.0)
    rho = 2700.0
    energy = 0.0
    for speed, pattern, corner in ((source_size.BETA, 0.4, fc), (source_size.ALPHA, 4.0 / 15.0, zeta * fc)):
        wc = 2.0 * math.pi * corner
        n, top = 20000, 400.0 * wc
        step = top / n
        integral = sum(
            ((i + 0.5) * step * m0 / (1.0 + ((i + 0.5) * step / wc) ** 2)) ** 2 * step for i in range(n)
        )
        energy += pattern / (4.0 * math.pi * rho * speed**5) * integral / math.pi
    assert rho * source_size.BETA**2 * energy / m0 == pytest.approx(stress, rel=0.02)


def test_the_correction_for_size_vanishes_at_the_reference_and_with_one_corner() -> None:
    band = (4.0, 6.0)
    assert source_size.correction(band, source_size.REFERENCE) == (0.0, 0.0)
    assert source_size.p_over_s(5.0, 6.0, 1.0, 0.25, 6.0) == pytest.approx(0.0, abs=1e-12)
    assert source_size.p_over_s(50.0, 6.5, 1.5, 0.0, 6.0) == pytest.approx(2.0 * math.log10(1.5), abs=1e-3)
    small, large = source_size.correction(band, 3.5), source_size.correction(band, 6.0)
    assert small[0] < 0.0 < large[0]
    unknown = source_size.correction(band, None)
    assert unknown[0] == 0.0
    assert unknown[1] > large[1]


def test_weights_are_a_share_and_never_negative() -> None:
    model = fitted(random.Random(1), 20)
    seen = pairs.observe(event(random.Random(2), 0.4), model, None)
    w = pairs.weights(seen, model)
    assert sum(w) == pytest.approx(1.0)
    assert min(w) >= 0.0
    assert len(w) == len(seen) == 19


def test_ratios_that_hang_together_are_not_counted_as_independent() -> None:
    """Nineteen ratios of one event are worth a little more than one, not nineteen; and each is worth no more than itself."""
    model = calibration.PS_DEFAULT.pairs
    assert model is not None
    seen = pairs.observe(event(random.Random(3), 0.3), model, None)
    joint = pairs.join(seen, model)
    assert joint is not None
    best = max(s.ratio.apart / s.scale(True) for s in seen)
    apart = 2.0 * joint.half / joint.explosion
    assert apart < 1.6 * best
    assert apart < 0.5 * best * math.sqrt(len(seen))
    one = pairs.join(seen[:1], model)
    assert one is not None
    assert one.explosion == pytest.approx(model.inflation * seen[0].scale(True))


def test_a_missing_ratio_is_left_out_and_order_does_not_matter() -> None:
    model = fitted(random.Random(4), 20)
    paths = event(random.Random(5), 0.4)
    some = [msgspec.structs.replace(p, phases=tuple(x for x in p.phases if x.phase != "Sn")) for p in paths]
    names = {s.ratio.pair for s in pairs.observe(some, model, None)}
    assert names == {"Pn/Lg", "Pg/Lg", "P/S"}
    assert pairs.observe(some[::-1], model, None) == pairs.observe(some, model, None)
    assert pairs.observe([], model, None) == ()
    assert pairs.join((), model) is None


def test_the_fit_finds_a_known_truth_and_its_spreads_cover_new_events() -> None:
    rng = random.Random(6)
    model = fitted(rng)
    for r in model.ratios:
        assert r.apart == pytest.approx(0.8, abs=0.12)
        assert r.spread_event == pytest.approx(0.15, abs=0.05)
    inside = 0
    for i in range(100):
        explosion = i % 2 == 0
        joint = pairs.join(pairs.observe(event(rng, 0.4 if explosion else -0.4), model, None), model)
        assert joint is not None
        at, scale = (joint.half, joint.explosion) if explosion else (-joint.half, joint.earthquake)
        inside += abs(joint.value - at) < 1.645 * scale
    assert 82 <= inside <= 99


def test_without_a_class_there_is_no_model() -> None:
    assert pairs_fit.fit({"x": []}, {"q": []}) is None
