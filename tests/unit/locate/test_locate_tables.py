"""Location by travel-time tables of one's own, and starts among the stations of a local event."""

import numpy as np
import pytest

from testban import locate
from testban.base.geo import KM_PER_DEG, delaz_, destination_, distance_km_
from testban.base.records import Pick, Site
from testban.earth import elevation, ellipticity, travel
from testban.earth.grid_times import GridTimes

LON, LAT = 60.0, 50.0
DISTANCES = np.arange(0.0, 31.0)


def slow_world(factor: float) -> GridTimes:
    """The first P of ak135 at nodes, slower by a factor."""
    depths = np.array([0.0, 5.0, 15.0, 30.0])
    rows = [travel.load().predict("P1", h, DISTANCES)[0] * factor for h in depths]
    return GridTimes(depths, DISTANCES, np.array(rows))


def event(factor: float, depth: float, near: float, step: float):
    """Sites round a source and picks as the slow world has them, with ellipticity and elevation."""
    source, sites, rows = locate.TableTimes("slow", {"P": slow_world(factor)}), {}, []
    for i in range(9):
        lon, lat = destination_(LON, LAT, 25.0 * i, near + step * i)
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat, elevation_m=300.0 * i)
        t = source.seconds("P", LON, LAT, depth, sites[f"S{i}"])
        rows.append(
            (Pick(pick_id=f"{i}", station_key=f"S{i}", time_ns=round(t * 1e9), time_sigma_s=0.1), "P")
        )
    return source, sites, rows


@pytest.mark.parametrize(
    ("factor", "depth", "near", "step"), [(1.05, 0.0, 2.0, 2.5), (1.05, 5.0, 0.5, 0.2), (0.6, 0.0, 3.0, 1.0)]
)
def test_a_location_by_tables_finds_the_source_of_their_world(factor, depth, near, step):
    source, sites, rows = event(factor, depth, near, step)
    settings = locate.Settings(fixed_depth_km=depth)
    own = locate.locate(rows, sites, settings, paths=source).origin
    plain = locate.locate(rows, sites, settings).origin
    assert distance_km_(own.longitude, own.latitude, LON, LAT) < 0.2
    assert distance_km_(plain.longitude, plain.latitude, LON, LAT) > 1.0
    assert abs(own.time_ns) < 50_000_000
    assert own.model == "ak135+slow-tables"


def test_ellipticity_and_elevation_are_added_to_the_tables():
    site = Site(key="A", longitude=60.0, latitude=70.0, elevation_m=2000.0)
    delta, azimuth, _ = delaz_(LON, LAT, site.longitude, site.latitude)
    source = locate.TableTimes("same", {"P": slow_world(1.0)})
    time, p, _ = travel.load().predict("P1", 0.0, delta)
    expected = (
        time + ellipticity.correction("P", 0.0, delta, azimuth, LAT) + elevation.correction("P", p, 2000.0)
    )
    assert source.seconds("P", LON, LAT, 0.0, site) == pytest.approx(
        expected, abs=0.2
    )  # the nodes are a degree apart
    low = Site(key="A", longitude=60.0, latitude=70.0)
    assert source.seconds("P", LON, LAT, 0.0, site) - source.seconds(
        "P", LON, LAT, 0.0, low
    ) == pytest.approx(elevation.correction("P", p, 2000.0))
    assert source.seconds("S", LON, LAT, 0.0, site) is None
    assert source.seconds("P", LON, LAT, 0.0, Site(key="far", longitude=0.0, latitude=-60.0)) is None


@pytest.mark.parametrize("seed", range(4))
def test_an_event_among_a_few_near_stations_is_not_lost_to_a_far_hollow(seed):
    """Six P within 30 km of the epicentre: from afar a plane wave fits them passably, and the grid is coarser than the network."""
    rng = np.random.default_rng(seed)
    sites, rows = {}, []
    for i in range(6):
        lon, lat = destination_(
            LON, LAT, float(rng.uniform(0.0, 220.0)), float(rng.uniform(4.0, 30.0)) / KM_PER_DEG
        )
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
        t = float(travel.load().predict("P1", 7.0, delaz_(LON, LAT, lon, lat)[0])[0])
        rows.append(
            (Pick(pick_id=f"{i}", station_key=f"S{i}", time_ns=round(t * 1e9), time_sigma_s=1.0), "P")
        )
    origin = locate.locate(rows, sites, locate.Settings(fixed_depth_km=7.0)).origin
    assert distance_km_(origin.longitude, origin.latitude, LON, LAT) < 1.0
