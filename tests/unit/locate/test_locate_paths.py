"""Travel times by path: any source of them, and the door to RSTT with a stand-in of its interface."""

import math
import sys
import types

import pytest

from testban import locate
from testban.base.errors import InputError
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.run.rstt import Rstt

LON, LAT = 60.0, 50.0


def true_time(phase: str, lon: float, lat: float, depth: float, site: Site) -> float:
    """A world whose mantle is 4 % slow to the east of the source and as the model elsewhere."""
    delta, azimuth, _ = delaz_(lon, lat, site.longitude, site.latitude)
    t = float(travel.load().predict("P1", depth, delta)[0])
    return t * (1.04 if azimuth < 180.0 else 1.0)


def arrivals():
    """Ten stations all round at 3 to 10 degrees, times of the true world."""
    sites, rows = {}, []
    for i in range(10):
        lon, lat = destination_(LON, LAT, 36.0 * i + 5.0, 3.0 + 0.7 * i)
        site = Site(key=f"S{i}", longitude=lon, latitude=lat)
        sites[site.key] = site
        t = true_time("Pn", LON, LAT, 0.0, site)
        rows.append(
            (Pick(pick_id=f"{i}", station_key=site.key, time_ns=round(t * 1e9), time_sigma_s=0.2), "P")
        )
    return sites, rows


class World:
    """The true world as a source of times, for Pn only."""

    name = "world"
    resolved = True

    def seconds(self, phase, longitude, latitude, depth_km, site):
        return true_time(phase, longitude, latitude, depth_km, site) if phase == "Pn" else None


def error_km(o) -> float:
    return delaz_(o.longitude, o.latitude, LON, LAT)[0] * 111.2


def test_times_by_path_stand_in_place_of_the_tables():
    sites, rows = arrivals()
    plain = locate.locate(rows, sites).origin
    better = locate.locate(rows, sites, paths=World()).origin
    assert error_km(plain) > 8.0
    assert error_km(better) < 0.2
    assert better.model == "ak135+world"
    assert plain.model == "ak135"
    assert abs(better.time_ns) < 50_000_000
    curve = locate.depth_curve(rows, sites, paths=World())
    assert len(curve) > 10


def test_a_source_without_times_changes_nothing():
    sites, rows = arrivals()

    class Nothing(World):
        def seconds(self, phase, longitude, latitude, depth_km, site):
            return None

    o = locate.locate(rows, sites, paths=Nothing()).origin
    plain = locate.locate(rows, sites).origin
    assert o.model == "ak135"
    assert delaz_(o.longitude, o.latitude, plain.longitude, plain.latitude)[0] < 1e-4


class FakeSlbm:
    """The part of RSTT's SlbmInterface that is used: radians and km in, seconds out, its own exceptions."""

    def loadVelocityModel(self, path):
        with open(path) as f:  # noqa: PTH123
            if f.read() != "a model":
                raise RuntimeError("not an RSTT model")

    def createGreatCircle(self, phase, lat, lon, depth, station_lat, station_lon, station_depth):
        if phase not in ("Pn", "Sn", "Pg", "Lg"):
            raise RuntimeError("unknown phase")
        deg = math.degrees
        self.site = Site(key="x", longitude=deg(station_lon), latitude=deg(station_lat))
        if delaz_(deg(lon), deg(lat), self.site.longitude, self.site.latitude)[0] > 15.0:
            raise RuntimeError("too far")
        self.source = (deg(lon), deg(lat), depth)

    def getTravelTime(self):
        return true_time("Pn", *self.source, self.site)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "fake.geotess"
    path.write_text("a model")
    return path


def test_rstt_through_its_interface(monkeypatch, model):
    monkeypatch.setitem(sys.modules, "rstt", types.SimpleNamespace(SlbmInterface=FakeSlbm))
    sites, rows = arrivals()
    o = locate.locate(rows, sites, paths=Rstt(model)).origin
    assert error_km(o) < 0.2
    assert o.model == "ak135+RSTT"
    far = Site(key="far", longitude=0.0, latitude=0.0)
    assert Rstt(model).seconds("Pn", LON, LAT, 0.0, far) is None
    assert Rstt(model).seconds("PKPdf", LON, LAT, 0.0, far) is None


def test_what_rstt_lacks_is_said(monkeypatch, model, tmp_path):
    with pytest.raises(InputError, match="model file of RSTT"):
        Rstt(tmp_path / "none")
    monkeypatch.setitem(sys.modules, "rstt", None)
    with pytest.raises(InputError, match="Python module rstt"):
        Rstt(model)
    monkeypatch.setitem(sys.modules, "rstt", types.SimpleNamespace(BetterWin=1))
    with pytest.raises(InputError, match="another one of that name"):
        Rstt(model)
    monkeypatch.setitem(sys.modules, "rstt", types.SimpleNamespace(SlbmInterface=FakeSlbm))
    model.write_text("something else")
    with pytest.raises(InputError, match="cannot read the model"):
        Rstt(model)
