"""Speed of the capability map: 64,800 places x 170 stations once, and day by day for a month; memory; a rival beside it.

`python -m bench.figures_capability_days [DAYS]`. Needs no data. The days differ in noise (a storm that walks through the
stations) and in which stations are up; every day is computed exactly, nothing is interpolated between days. The rival is
the same model in NumPy arrays, on one sixtieth of the places.
"""

import resource
import sys
import time

import msgspec
import numpy as np
from scipy.special import ndtr

from bench.figures_assure import grid
from testban.assure import capability, scenario
from testban.assure.capability import Rule
from testban.assure.gauss import cdf_table
from testban.base.geo import KM_PER_DEG, unit_vector_

STATIONS = 170


def network(day: int) -> tuple[capability.Sensor, ...]:
    """170 stations of one day: noise up to three times higher in a storm, one station in twenty down."""
    rng = np.random.default_rng(day)
    ims = scenario.sensors(scenario.read(scenario.text_of("ims"), "ims"))
    many = tuple(
        msgspec.structs.replace(s, longitude=(s.longitude + 37.0 * k + 180.0) % 360.0 - 180.0)
        for k in range(5)
        for s in ims
    )
    out = []
    for i, s in enumerate(many[:STATIONS]):
        storm = 1.0 + 2.0 * np.exp(-(((i - 6 * day) % STATIONS) ** 2) / 200.0)
        up = 0.0 if rng.random() < 0.05 else s.reliability
        out.append(msgspec.structs.replace(s, noise_nm_s=s.noise_nm_s * float(storm), reliability=up))
    return tuple(out)


def rival(sensors, rule: Rule, lon, lat) -> np.ndarray:
    """The same thresholds by NumPy over all places at once: distances, Q by table, Poisson-binomial, 40 bisections."""
    places = np.array([unit_vector_(float(x), float(y)) for x, y in zip(lon, lat, strict=True)])
    cos = places @ np.array([unit_vector_(s.longitude, s.latitude) for s in sensors]).T
    d = np.degrees(np.arccos(np.clip(cos, -1, 1)))
    steps = np.arange(20.0, 106.0, 0.05)
    far = np.interp(d, steps, [capability.decay_(capability.model_of(rule), float(x)) for x in steps])
    q = np.where(d < 20.0, 2.4 * np.log10(np.maximum(d, 0.2) * KM_PER_DEG) - 3.95, far)
    limit = np.where(
        (d >= rule.nearest_deg) & (d <= rule.farthest_deg), q + capability.base_of(sensors, rule), 99.0
    )
    up = np.array([s.reliability for s in sensors])
    low, high = np.full(lon.size, -2.0), np.full(lon.size, 10.0)
    for _ in range(40):
        m = 0.5 * (low + high)
        p = up * ndtr((m[:, None] - limit) / rule.sigma)
        state = np.zeros((rule.points, lon.size))
        state[0] = 1.0
        for i in range(p.shape[1]):
            for j in range(rule.points - 1, -1, -1):
                state[j] = state[j] * (1.0 - p[:, i]) + (state[j - 1] * p[:, i] if j else 0.0)
        seen = 1.0 - state.sum(axis=0)
        low, high = np.where(seen >= rule.level, low, m), np.where(seen >= rule.level, m, high)
    return high


def main() -> list[dict[str, object]]:
    """Print everything."""
    days = max(1, int(sys.argv[1])) if len(sys.argv) > 1 else 30
    rule, (lon, lat) = Rule(), grid(1.0)
    cdf_table()
    capability.thresholds(network(0), rule, lon[:100], lat[:100])
    part = slice(0, lon.size, 60)
    begun = time.process_time()
    slow = rival(network(0), rule, lon[part], lat[part])
    rival_s = (time.process_time() - begun) * lon.size / slow.size
    begun = time.process_time()
    one = capability.thresholds(network(0), rule, lon, lat)
    one_s = time.process_time() - begun
    ok = np.isfinite(one[part]) & (slow < 9.9)
    print(
        f"once: {one_s:.2f} s of processor; NumPy {rival_s:.1f} s (scaled); largest difference {np.abs(one[part] - slow)[ok].max():.1e}"
    )
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worst, means = np.full(lon.size, -np.inf), []
    for day in range(days):
        mb = capability.thresholds(network(day), rule, lon, lat)
        worst = np.fmax(worst, mb)
        means.append(float(np.nanmean(mb)))
    took = time.process_time() - begun
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{days} days x {lon.size} places x {STATIONS} stations: {took:.1f} s of processor, one thread; memory {after / 1024:.0f} MiB at most"
    )
    print(
        f"  (of which {max(0, after - before) / 1024:.1f} MiB by the days); mean mb by day {min(means):.2f} to {max(means):.2f}"
    )
    return []


if __name__ == "__main__":
    main()
