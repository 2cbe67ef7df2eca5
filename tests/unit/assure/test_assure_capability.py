"""Capability against the worked unit numbers, a slow twin, and limits."""

import itertools
from statistics import NormalDist

import numpy as np
import pytest

from testban.assure import capability
from testban.assure.capability import Rule, Sensor
from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.earth import decay
from testban.size import censored

D = np.array([25.0, 35.0, 45.0, 60.0, 75.0, 88.0])
NOISE = (0.5, 1.0, 0.3, 2.0, 0.8, 1.5)


def six(r):
    return tuple(
        Sensor(code=f"S{i}", longitude=0.0, latitude=0.0, noise_nm_s=n, reliability=r)
        for i, n in enumerate(NOISE)
    )


def test_a1_published_decay():
    assert [decay.veith_clawson(d, 0.0) for d in (30.0, 60.0, 90.0)] == pytest.approx(
        [3.721, 3.731, 4.061], abs=1e-3
    )


@pytest.mark.parametrize(("r", "p", "m90"), [(1.0, 0.497286, 4.2994), (0.9, 0.393295, 4.4439)])
def test_a2_six_stations(r, p, m90):
    rule = Rule(sigma=0.4)
    # the worked number has Q in thousandths: log10 2 as 0.301, 3e-5 below ours
    assert capability.detected(D, six(r), rule, 4.0 + decay.LOG10_2 - 0.301) == pytest.approx(p, abs=1e-5)
    assert capability.threshold(D, six(r), rule) == pytest.approx(m90, abs=1e-3)


def test_a3_threshold_monitoring_limit():
    for n, m in ((3, 0.08996), (10, -0.82153)):
        assert censored.upper_limit([0.0] * n, 1.0) == pytest.approx(m, abs=1e-4)


def slow(distances, sensors, rule, m):
    """Every combination of detecting stations, added up."""
    p = []
    for d, s in zip(distances, sensors, strict=True):
        q = decay.veith_clawson(d, 0.0)
        p.append(s.reliability * NormalDist().cdf((m - q - np.log10(rule.snr * s.noise_nm_s)) / rule.sigma))
    total = 0.0
    for hit in itertools.product((0, 1), repeat=len(p)):
        if (
            sum(h * (rule.array_points if s.array else 1) for h, s in zip(hit, sensors, strict=True))
            >= rule.points
        ):
            total += np.prod([x if h else 1 - x for h, x in zip(hit, p, strict=True)])
    return total


def test_points_of_arrays_against_every_combination():
    sensors = tuple(
        Sensor(code=s.code, longitude=0, latitude=0, noise_nm_s=s.noise_nm_s, array=i % 2 == 0)
        for i, s in enumerate(six(1.0))
    )
    for need, array in ((2, 1), (3, 2), (4, 2), (3, 3)):
        rule = Rule(points=need, array_points=array)
        for m in (3.5, 4.0, 4.5):
            assert capability.detected(D, sensors, rule, m) == pytest.approx(
                slow(D, sensors, rule, m), abs=1e-9
            )


def test_map_is_the_point_and_more_stations_never_hurt():
    rng = np.random.default_rng(1)
    sensors = tuple(
        Sensor(
            code=str(i),
            longitude=float(rng.uniform(-180, 180)),
            latitude=float(rng.uniform(-80, 80)),
            noise_nm_s=1.0,
        )
        for i in range(40)
    )
    lon, lat = rng.uniform(-180, 180, 60), rng.uniform(-90, 90, 60)
    rule = Rule()
    whole = capability.thresholds(sensors, rule, lon, lat)
    for g in range(0, 60, 7):
        d = np.array([delaz_(lon[g], lat[g], s.longitude, s.latitude)[0] for s in sensors])
        assert whole[g] == pytest.approx(capability.threshold(d, sensors, rule), abs=1e-4)
    fewer = capability.thresholds(sensors[:30], rule, lon, lat)
    assert np.all((whole <= fewer + 1e-4) | np.isnan(fewer))
    common = capability.thresholds(sensors, Rule(common_sigma=0.2), lon, lat)
    assert np.all(common > whole)


def test_no_network_sees_nothing_and_bad_input():
    assert np.isnan(capability.thresholds((), Rule(), np.zeros(1), np.zeros(1))).all()
    assert np.isnan(capability.threshold(D, six(0.1), Rule()))
    with pytest.raises(InputError, match="noise above 0"):
        capability.thresholds(
            (Sensor(code="A", longitude=0, latitude=0, noise_nm_s=0.0),), Rule(), np.zeros(1), np.zeros(1)
        )
