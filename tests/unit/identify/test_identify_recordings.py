"""Real recordings, catalogue origins: tests and earthquakes separate by event; skipped without $TESTBAN_DATA."""

import json
import os
from pathlib import Path

import pytest

from testban import identify
from testban.base import geo, times
from testban.base.records import Ellipse, Event, Origin, Site, Verdict
from testban.formats import waveforms
from testban.identify import regional

DATA = os.environ.get("TESTBAN_DATA", "")
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not DATA or not (Path(DATA) / "waveforms").is_dir(),
        reason="TESTBAN_DATA does not name the recordings",
    ),
]


def origin(time_ns, lon, lat):
    return Origin(
        time_ns=time_ns,
        longitude=lon,
        latitude=lat,
        depth_km=0.0,
        depth_fixed=True,
        depth_reason="catalogue",
        time_sigma_s=0.5,
        ellipse=Ellipse(smajor_km=5.0, sminor_km=5.0, strike_deg=0.0),
        rms_s=0.5,
        n_defining=5,
        n_stations=5,
        gap_deg=90.0,
        secondary_gap_deg=120.0,
        min_distance_deg=1.0,
        max_distance_deg=10.0,
    )


def event(name, key="origin_time", files=None, move_km=0.0, move_s=0.0):
    folder = Path(DATA) / "waveforms" / name
    j = json.loads((folder / "event.json").read_text())
    lon, lat = geo.destination_(j["lon"], j["lat"], 45.0, move_km / geo.KM_PER_DEG)
    o = origin(times.parse_time(j[key]) + round(move_s * 1e9), lon, lat)
    parts = [s for f in files or sorted(folder.glob("*.mseed")) for s in waveforms.read(folder / f)[0]]
    places = {}
    for line in (folder / "stations.csv").read_text().splitlines()[1:]:
        net, sta, la, lo = line.split(",")[:4]
        places[f"{net}.{sta}"] = Site(key=f"{net}.{sta}", longitude=float(lo), latitude=float(la))
    keys = sorted({s.nslc.net_sta for s in parts} & set(places))
    paths = [
        identify.measure_path(o, places[k], [s for s in parts if s.nslc.net_sta == k], (), ()) for k in keys
    ]
    return identify.assess(Event(event_id=name, origin=o, arrivals=()), paths, ()), paths


def value(assessment):
    return next(e for e in assessment.evidence if e.name == regional.NAME).value


@pytest.mark.parametrize("move", [(0.0, 0.0), (10.0, 1.0)])
def test_tests_are_explosion_like_and_separate_from_earthquakes(move):
    km, s = move
    tests = [
        event("dprk_2009-05-25", move_km=km, move_s=s),
        event(
            "dprk_2016-01-06",
            files=["regional_800s.mseed", "regional_800s_float.mseed"],
            move_km=km,
            move_s=s,
        ),
        event("dprk_2017-09-03", files=["regional_800s.mseed"], move_km=km, move_s=s),
    ]
    quakes = [
        event("eq_2019-07-06_ridgecrest", move_km=km, move_s=s),
        event("eq_1982-09-24_california_nevada_lnn", move_km=km, move_s=s),
    ]
    assert all(a.verdict is Verdict.EXPLOSION for a, _ in tests)
    assert not any(a.verdict is Verdict.EXPLOSION for a, _ in quakes)
    assert min(value(a) for a, _ in tests) - max(value(a) for a, _ in quakes) >= 0.3
    decided = {p.station_key for _, paths in tests for p in paths if p.usable}
    assert not decided & {"IU.MAJO", "II.ERM", "JP.JMN", "JP.JTM", "JP.JMM", "JP.JGF", "JP.JSD", "G.INU"}


def test_the_collapse_is_not_explosion_like():
    a, _ = event("dprk_2017-09-03", "collapse_time", ["regional_800s.mseed", "continuous_2h_IC.MDJ.mseed"])
    assert a.verdict is not Verdict.EXPLOSION
