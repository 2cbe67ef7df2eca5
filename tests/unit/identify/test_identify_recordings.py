"""Real recordings, catalogue origins: tests and earthquakes separate by event; skipped without $TESTBAN_DATA."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from testban import identify
from testban.base import geo, times
from testban.base.records import Ellipse, Event, Origin, Site, Verdict
from testban.formats import waveforms
from testban.identify import calibration, regional

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


@pytest.fixture(scope="module")
def measured():
    """Paths of all events at hand at catalogue origins, as `bench/figures_identify.py` measures them."""
    bench = Path(__file__).parents[3] / "bench"
    sys.path.insert(0, str(bench))
    try:
        spec = importlib.util.spec_from_file_location("figures_identify", bench / "figures_identify.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(bench))
    rows = {
        name: (kind, module.measure(o, parts, inv, places)[0])
        for name, kind, o, parts, inv, places in module.regional_events()
    }
    return module, {k: v[1] for k, v in rows.items()}, {k: v[0] for k, v in rows.items()}


def test_the_shipped_table_is_what_the_recordings_give(measured):
    bench, paths, kinds = measured
    made = bench.fitted(paths, kinds, (), "x")
    shipped = calibration.PS_DEFAULT
    for field in ("explosion", "earthquake", "vertical_explosion", "vertical_earthquake"):
        for (band, a), (other, b) in zip(getattr(made, field), getattr(shipped, field), strict=True):
            assert band == other
            assert a == pytest.approx(b, abs=0.002)
    assert made.distance_slope == pytest.approx(shipped.distance_slope, abs=0.002)
    assert (made.n_explosions, made.n_earthquakes) == (shipped.n_explosions, shipped.n_earthquakes)


@pytest.mark.parametrize("vertical", [False, True])
@pytest.mark.parametrize("whole_region", [False, True])
def test_no_event_left_out_of_the_fit_gets_a_wrong_verdict(measured, vertical, whole_region):
    """With three components tests are explosion-like; the vertical alone may leave events undetermined, never wrong."""
    bench, paths, kinds = measured
    right = {"explosion": 0, "earthquake": 0}
    for name, own in paths.items():
        out = [k for k in paths if bench.region(k) == bench.region(name)] if whole_region else [name]
        if whole_region and name.startswith("dprk"):
            continue  # all tests are of one region
        settings = identify.Settings(ps=bench.fitted(paths, kinds, out))
        used = bench.vertical_only(own) if vertical else own
        a = identify.assess(Event(event_id=name, origin=origin(0, 0.0, 0.0), arrivals=()), used, (), settings)
        if kinds[name] == "collapse":
            assert a.verdict is Verdict.UNDETERMINED
            continue
        assert a.verdict.value in (f"{kinds[name]}-like", "undetermined"), name
        right[kinds[name]] += a.verdict.value == f"{kinds[name]}-like"
    if not vertical:
        assert right["explosion"] == (0 if whole_region else 3)
        assert right["earthquake"] >= 4
