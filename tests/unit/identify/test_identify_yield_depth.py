"""Yield and depth together: a known truth is recovered, two shots of one place compared, refusals."""

import math
import random

import msgspec
import pytest

from testban.base.errors import InputError
from testban.base.measurements import PathMeasurement, PhaseLevel
from testban.identify import phases, relations, yield_depth
from testban.identify.yield_depth import BandStep, Master

BOWERS, ANYWHERE = relations.RELATIONS["bowers"], relations.site("anywhere")
MASTER = Master(yield_kt=(5.0, 5.0), depth_m=(400.0, 400.0))


def made(
    kt: float, depth_m: float, corner_hz: float = 3.0, rng: random.Random | None = None
) -> tuple[BandStep, ...]:
    """Steps of a shot over a master of 5 kt at 400 m by the model, with noise where a generator is given."""
    out = []
    for band in phases.BANDS[:4]:
        f = math.sqrt(band[0] * band[1])
        v = yield_depth.predicted(
            f, math.log10(kt / 5.0), math.log10(depth_m / 400.0), math.log10(corner_hz), 1.87
        )
        out.append(
            BandStep(band_hz=band, log10_ratio=v + (rng.gauss(0.0, 0.11) if rng else 0.0), sigma=0.11, n=6)
        )
    return tuple(out)


def test_equal_shots_have_equal_spectra() -> None:
    assert yield_depth.predicted(3.0, 0.0, 0.0, 0.3, 2.4) == pytest.approx(0.0, abs=1e-12)
    low, high = (yield_depth.predicted(f, 1.0, 0.0, 0.5, 1.87) for f in (0.01, 1000.0))
    assert low == pytest.approx(0.87, abs=1e-3)
    assert high == pytest.approx(0.87 - 2.0 / 3.0, abs=1e-3)


@pytest.mark.parametrize(("kt", "depth"), [(1.0, 400.0), (5.0, 400.0), (50.0, 600.0)])
def test_a_known_yield_and_depth_lie_inside(kt: float, depth: float) -> None:
    got = yield_depth.estimate(made(kt, depth), MASTER, None, BOWERS, ANYWHERE, (0.01, 2000.0), 0.9)
    assert got.yield_kt[0] <= kt <= got.yield_kt[2]
    assert got.depth_m[0] <= depth <= got.depth_m[2]


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = random.Random(7)
    inside = 0
    for _ in range(24):
        kt = 10.0 ** rng.uniform(0.0, 1.7)
        depth = 10.0 ** rng.uniform(math.log10(0.6 * 120.0 * kt ** (1.0 / 3.0)), math.log10(1500.0))
        found = made(kt, depth, 10.0 ** rng.uniform(0.0, 0.8), rng)
        got = yield_depth.estimate(found, MASTER, None, BOWERS, ANYWHERE, (0.1, 1000.0), 0.9)
        inside += got.yield_kt[0] <= kt <= got.yield_kt[2]
    assert inside >= 18


def test_mb_narrows_what_spectra_say_and_a_known_depth_too() -> None:
    found = made(20.0, 500.0)
    ends = (0.1, 1000.0)
    alone = yield_depth.estimate(found, MASTER, None, BOWERS, ANYWHERE, ends, 0.9)
    both = yield_depth.estimate(found, MASTER, (5.22, 0.1), BOWERS, ANYWHERE, ends, 0.9)
    known = yield_depth.estimate(found, MASTER, (5.22, 0.1), BOWERS, ANYWHERE, ends, 0.9, 500.0)

    def width(y: yield_depth.YieldDepth) -> float:
        return y.yield_kt[2] / y.yield_kt[0]

    assert width(both) < width(alone)
    assert width(known) <= width(both) * 1.01
    assert both.spectra_alone_kt == alone.yield_kt
    assert known.depth_m[0] >= 450.0
    assert known.depth_m[2] <= 560.0


def station(key: str, shift: float, *, ground: bool = True, bands: int = 4) -> PathMeasurement:
    return PathMeasurement(
        station_key=key, distance_deg=5.0, azimuth_deg=0.0, usable=True, components=3, ground=ground,
        phases=tuple(
            PhaseLevel(phase=name, band_hz=b, log10_rms=shift, seen=True, snr=9.0)
            for b in phases.BANDS[:bands]
            for name in ("Pn", "Pg", "Lg")
        ),
    )  # fmt: skip


def test_stations_are_compared_in_the_same_units_only() -> None:
    master = [station(k, 0.0) for k in "ABC"]
    event = [station("A", 0.5), station("B", 0.6), station("C", -9.0, ground=False)]
    found = yield_depth.steps(event, master)
    assert [s.n for s in found] == [2] * 4
    assert all(s.log10_ratio == pytest.approx(0.55) for s in found)
    assert yield_depth.steps(event[1:], master) == ()
    assert yield_depth.steps(event, []) == ()
    assert yield_depth.apart_in_units(event, master) == ("C",)
    assert yield_depth.apart_in_units(event, []) == ()


def test_too_little_is_refused_and_a_senseless_master_too() -> None:
    two = yield_depth.steps(
        [station(k, 0.5, bands=2) for k in "AB"], [station(k, 0.0, bands=2) for k in "AB"]
    )
    for found, master in (
        (two, MASTER),
        (made(5.0, 400.0), Master(yield_kt=(5.0, 1.0), depth_m=(400.0, 400.0))),
        (made(5.0, 400.0), msgspec.structs.replace(MASTER, depth_m=(-1.0, 400.0))),
        (made(5.0, 400.0), msgspec.structs.replace(MASTER, yield_kt=(math.nan, 5.0))),
    ):
        with pytest.raises(InputError):
            yield_depth.estimate(found, master, None, BOWERS, ANYWHERE, (0.1, 1000.0), 0.9)
