"""Events of one place located together: relative positions that single location cannot give, and honest errors."""

import math
import random

import numpy as np

from testban import locate
from testban.base.geo import delaz_, destination_, offset_km_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.locate.errors_model import correlations_, model_sigma_
from testban.locate.linear import cholesky_
from testban.locate.predict import tables

PLACES = ((129.07, 41.29), (129.10, 41.28), (129.05, 41.31))


def _world(seed: int, far_event: bool = False):
    """Sites, and picks of events that share their model errors but not their stations (a third is missing at random)."""
    rnd, rng = random.Random(11), np.random.default_rng(seed)
    model, table = travel.load(), tables("ak135").error
    sites = {}
    for i in range(30):
        lon, lat = destination_(129.07, 41.29, rnd.uniform(0, 360), rnd.uniform(4, 85))
        sites[f"S{i:02d}"] = Site(key=f"S{i:02d}", longitude=lon, latitude=lat)
    unit = np.array([_unit(s.longitude, s.latitude) for s in sites.values()])
    c = np.empty((30, 30))
    correlations_(unit, np.zeros(30, np.int64), c)
    sigma = np.array(
        [model_sigma_(table, 0, delaz_(129.07, 41.29, s.longitude, s.latitude)[0]) for s in sites.values()]
    )
    c *= np.outer(sigma, sigma)
    assert cholesky_(c, 30)
    common = (np.tril(c) * rng.standard_normal(30)).sum(axis=1)
    events = []
    for e, (lon, lat) in enumerate((*PLACES, (140.0, 30.0)) if far_event else PLACES):
        rows = []
        for i, s in enumerate(sites.values()):
            if rng.random() < 0.35:
                continue
            delta = delaz_(lon, lat, s.longitude, s.latitude)[0]
            t = float(model.predict("P1", 0.0, delta)[0]) + common[i] + rng.normal(0.0, 0.05)
            pick = Pick(
                pick_id=f"{e}-{i}", station_key=s.key, time_ns=round((1e5 * e + t) * 1e9), time_sigma_s=0.05
            )
            rows.append((pick, "P"))
        events.append(rows)
    return sites, events


def _unit(lon: float, lat: float):
    from testban.base.geo import unit_vector_

    return unit_vector_(lon, lat)


def _scatter(located) -> float:
    """Root mean square of the positions about the true ones once the common shift is removed, km."""
    off = np.array(
        [
            offset_km_(*place, o.origin.longitude, o.origin.latitude)
            for place, o in zip(PLACES, located, strict=True)
        ]
    )
    return float(np.sqrt(np.mean(np.sum((off - off.mean(axis=0)) ** 2, axis=1))))


def test_common_errors_leave_relative_positions():
    held, ratios, inside = locate.Settings(fixed_depth_km=0.0), [], 0
    for seed in range(12):
        sites, events = _world(seed)
        alone = [locate.locate(rows, sites, held) for rows in events]
        located, family = locate.locate_together(events, sites, held)
        assert family == (0, 0, 0)
        ratios.append(_scatter(located) / _scatter(alone))
        for place, one in zip(PLACES, located, strict=True):
            cov = np.array(one.origin.covariance)[1:3, 1:3]
            off = np.array(offset_km_(one.origin.longitude, one.origin.latitude, *place))
            inside += float(off @ np.linalg.solve(cov, off)) <= 4.6052
    assert float(np.median(ratios)) < 0.5
    assert inside >= 26  # of 36, which share their errors by threes


def test_what_is_apart_stays_alone_and_order_does_not_matter():
    sites, events = _world(3, far_event=True)
    located, family = locate.locate_together(events, sites)
    assert family == (0, 0, 0, 1)
    assert located[3] == locate.locate(events[3], sites)
    again, _ = locate.locate_together([rows[::-1] for rows in events], sites)
    assert again == located
    turned, family = locate.locate_together(events[::-1], sites)
    assert family == (0, 1, 1, 1)
    for a, b in zip(turned[::-1], located, strict=True):
        assert (
            math.hypot(
                *offset_km_(a.origin.longitude, a.origin.latitude, b.origin.longitude, b.origin.latitude)
            )
            < 0.02
        )
