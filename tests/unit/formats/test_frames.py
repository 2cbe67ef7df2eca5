"""DataFrames, columns and ObsPy catalogues in and out, for association and location."""

import datetime
import random

import numpy as np
import pytest

from testban import associate, locate
from testban.base.errors import InputError
from testban.base.geo import delaz_, destination_
from testban.base.records import Event
from testban.base.times import parse_time
from testban.earth import travel
from testban.formats import frames, obspy_bridge

T0 = 1.7e9


def world():
    """Columns of stations and picks of one event at 20 E 45 N, as PyOcto takes them."""
    rnd, model = random.Random(2), travel.load()
    stations = {"id": [], "longitude": [], "latitude": [], "elevation": []}
    picks = {"station": [], "phase": [], "time": [], "probability": []}
    for i in range(14):
        lon, lat = destination_(20.0, 45.0, 25.0 * i, rnd.uniform(0.3, 3.0))
        stations["id"].append(f"XX.S{i:02d}.")
        stations["longitude"].append(lon)
        stations["latitude"].append(lat)
        stations["elevation"].append(100.0 * i)
        for phase, name in (("P", "P1"), ("S", "S1")):
            picks["station"].append(f"XX.S{i:02d}.")
            picks["phase"].append(phase)
            t = float(model.predict(name, 10.0, delaz_(20.0, 45.0, lon, lat)[0])[0])
            picks["time"].append(T0 + t + rnd.gauss(0.0, 0.1))
            picks["probability"].append(0.9)
    return stations, picks


def test_columns_to_events_and_back():
    stations, picks = world()
    table = frames.read_picks(picks, stations)
    assert len(table.picks) == 28
    assert table.sites[3].elevation_m == 300.0
    assert {p.phase_hint for p in table.picks} == {"P", "S"}
    found = associate.associate(table.picks, table.sites)
    events, assignments = frames.events(found.events, table.picks, as_pandas=False)
    assert len(events["idx"]) == 1
    assert abs(events["longitude"][0] - 20.0) < 0.2
    assert abs(events["latitude"][0] - 45.0) < 0.2
    assert len(assignments["pick_idx"]) >= 20
    for row, station, time in zip(
        assignments["pick_idx"], assignments["station"], assignments["time"], strict=True
    ):
        assert picks["station"][row].startswith(station)
        assert picks["time"][row] == pytest.approx(time, abs=1e-6)
    assigned = {k: [v[i] for i in assignments["pick_idx"]] for k, v in picks.items()}
    assigned["event_idx"] = assignments["event_idx"]
    arrivals = frames.read_arrivals(assigned, stations)
    o = locate.locate(arrivals.events["0"], {s.key: s for s in arrivals.sites}).origin
    assert abs(o.longitude - 20.0) < 0.1


def test_times_of_every_kind_mean_the_same():
    obspy = pytest.importorskip("obspy")
    iso, ns = "2023-11-14T22:13:20.250000Z", parse_time("2023-11-14T22:13:20.25Z")
    moments = [
        T0 + 0.25, iso, np.datetime64("2023-11-14T22:13:20.250"), obspy.UTCDateTime(iso),
        datetime.datetime.fromisoformat("2023-11-14T22:13:20.25"), np.float64(T0 + 0.25),
    ]  # fmt: skip
    moments.append(
        datetime.datetime(
            2023, 11, 15, 0, 13, 20, 250000, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
        )
    )
    for moment in moments:
        table = frames.read_picks({"sta": ["A"], "time": [moment], "lat": [1.0], "lon": [2.0]})
        assert table.picks[0].time_ns == ns, moment
    none = [np.datetime64("NaT"), None, float("nan"), "not a time", 1e30]
    table = frames.read_picks({"sta": ["A"] * 6, "time": [T0, *none], "lat": [1.0] * 6, "lon": [2.0] * 6})
    assert len(table.picks) == 1
    assert "5 of 6 rows" in table.findings[0].message


def test_what_is_no_table_is_said():
    for bad in (3, [1, 2], {"station": ["A"]}, {"station": ["A"], "time": [1.0, 2.0]}, {}):
        with pytest.raises(InputError):
            frames.read_picks(bad)
    stations, picks = world()
    with pytest.raises(InputError, match="longitude"):
        frames.read_picks(picks, {"id": stations["id"], "latitude": stations["latitude"]})
    assert frames.events((), as_pandas=False)[0]["idx"] == []


def test_pandas_frames_where_pandas_is():
    pandas = pytest.importorskip("pandas")
    stations, picks = world()
    plain = frames.read_picks(picks, stations)
    frame = pandas.DataFrame(picks, index=range(100, 128))
    assert frames.read_picks(frame, pandas.DataFrame(stations)) == plain
    frame["time"] = pandas.to_datetime(frame["time"], unit="s", utc=True)
    stamped = frames.read_picks(frame, pandas.DataFrame(stations))
    assert max(abs(a.time_ns - b.time_ns) for a, b in zip(stamped.picks, plain.picks, strict=True)) < 1000
    found = associate.associate(plain.picks, plain.sites)
    events, assignments = frames.events(found.events, plain.picks)
    assert isinstance(events, pandas.DataFrame)
    assert set(assignments.columns) >= {"event_idx", "pick_idx", "residual"}


def test_obspy_catalogue_out_and_in():
    pytest.importorskip("obspy")
    from obspy.core.inventory import Inventory, Network, Station

    stations, picks = world()
    table = frames.read_picks(picks, stations)
    rows = [(p, p.phase_hint) for p in table.picks]
    first = locate.locate(rows, {s.key: s for s in table.sites})
    event = Event(event_id="e1", origin=first.origin, arrivals=first.arrivals)
    catalogue = obspy_bridge.events_to_obspy([event], table.picks)
    own = [
        Station(code=s.key.split(".")[1], latitude=s.latitude, longitude=s.longitude, elevation=s.elevation_m)
        for s in table.sites
    ]
    inventory = Inventory(networks=[Network(code="XX", stations=own)], source="test")
    arrivals = obspy_bridge.arrivals_from_obspy(catalogue, inventory)
    assert len(arrivals.events) == 1
    (got,) = arrivals.events.values()
    assert len(got) == len(rows)
    for a, b in zip(sorted(p.time_ns for p, _ in got), [p.time_ns for p in table.picks], strict=True):
        assert abs(a - b) <= 500_000  # published times are whole milliseconds
    again = locate.locate(got, {s.key: s for s in arrivals.sites}).origin
    assert abs(again.longitude - first.origin.longitude) < 0.02
    assert abs(again.latitude - first.origin.latitude) < 0.02
    for e in catalogue:
        e.origins, e.preferred_origin_id = [], None
    bare = obspy_bridge.picks_from_obspy(catalogue, inventory)
    assert len(bare.picks) == len(rows)
    found = associate.associate(bare.picks, bare.sites)
    assert len(found.events) == 1
