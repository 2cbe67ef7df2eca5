"""A StationXML knows the elements of an array; picks refer to the array by one name."""

import obspy
import pytest
from obspy.core.inventory import Channel, Inventory, Network, Station

from testban.run.stages import _stations


def element(code, lat, lon):
    channel = Channel("SHZ", "", latitude=lat, longitude=lon, elevation=600.0, depth=0.0, azimuth=0.0, dip=-90.0,
                      sample_rate=40.0, start_date=obspy.UTCDateTime(2000, 1, 1))  # fmt: skip
    return Station(code, latitude=lat, longitude=lon, elevation=600.0, channels=[channel])


def test_the_array_stands_among_the_stations(tmp_path):
    places = [(46.79, 82.29), (46.81, 82.29), (46.80, 82.31), (46.78, 82.30), (46.82, 82.30), (46.80, 82.27)]
    stations = [element(f"MK{i:02d}", lat, lon) for i, (lat, lon) in enumerate(places, 1)]
    alone = element("FAR", 10.0, 10.0)
    path = tmp_path / "stations.xml"
    Inventory([Network("IM", [*stations, alone])], "test").write(str(path), "STATIONXML")
    sites = {s.key: s for s in _stations(path).sites()}
    assert sites["IM.MK"].latitude == pytest.approx(46.8, abs=0.03)
    assert {"IM.MK01", "IM.FAR"} <= set(sites)
    assert _stations(None) is None
