"""Events held at the surface by their picks: what was recorded behind P moves the deep one and leaves the shot where it is."""

from pathlib import Path

import msgspec
import pytest

from testban import formats, links, locate, simulate
from testban.base.records import Event, Pick
from testban.run import deepening, worlds
from testban.run.stations import Station, find_stations
from testban.run.work import Serial
from testban.store import Catalogue

SCENARIO = """
title = "A deep earthquake and a shot, six far stations, one an array"
seed = 5
start = "2026-05-01T00:00:00Z"
duration_h = 2.0
stations_table = \"\"\"
code, longitude, latitude, elevation_m, noise, elements, aperture_km, element_instrument
AAA, 133.9, -23.7, 600, 0.3, 5, 8.0, sp20
BBB, 98.9, 18.5, 300, 0.35
CCC, 106.4, 47.8, 1400, 0.3
DDD, -146.9, 64.8, 400, 0.3
EEE, 171.0, -43.5, 400, 0.4
FFF, -118.3, 38.4, 2000, 0.3
\"\"\"
[defaults]
network = "XX"
instrument = "bb20"
[[instrument]]
name = "bb20"
rate_hz = 20.0
band = "BH"
sensitivity = 2.0e9
[[instrument]]
name = "sp20"
kind = "short-period"
rate_hz = 20.0
band = "SH"
sensitivity = 4.0e9
[[source]]
name = "deep"
kind = "earthquake"
longitude = 146.0
latitude = 19.0
depth_km = 260.0
time = "2026-05-01T00:10:00Z"
mb = 4.9
[[source]]
name = "shot"
kind = "explosion"
longitude = 146.0
latitude = 19.0
depth_km = 0.5
time = "2026-05-01T01:20:00Z"
mb = 4.9
"""


class Given:
    """The world on disk, its stations, its true events, and those as their first P hold them at the surface."""

    def __init__(self, root: Path) -> None:
        scene = simulate.read_scenario(SCENARIO)
        self.places = {s.key: s.longitude for s in simulate.sites(scene)}
        worlds.write(scene, root, workers=1, progress=lambda *_: None)
        self.source = str(root / "archive")
        inventory = formats.inventory.read_inventory([root / "stations.xml"])
        self.stations: list[Station] = find_stations(links.open_source([self.source]), inventory, None, None)[
            0
        ]
        self.truth = simulate.truth_events(scene)
        self.picks: list[Pick] = []
        self.events = [self._held(n, t) for n, t in enumerate(self.truth)]

    def _held(self, n: int, truth: Event) -> Event:
        sites = {s.site.key: s.site for s in self.stations}
        rows = []
        for a in truth.arrivals:
            near = min(sites, key=lambda k: abs(sites[k].longitude - self.places[a.station_key]))
            if a.phase == "P":
                pick = Pick(
                    pick_id=f"{n}-{near}", station_key=near, nslc=self.stations[0].channels[0].nslc, time_ns=a.time_ns,
                    time_sigma_s=0.3,
                )  # fmt: skip
                rows.append((pick, "P"))
        self.picks += [p for p, _ in rows]
        start = (truth.origin.longitude, truth.origin.latitude, 0.0, truth.origin.time_ns - 20 * 10**9)
        settings = locate.Settings(fixed_depth_km=0.0, search=False, whitened=True)
        found = locate.locate(rows, sites, settings, start)
        return Event(event_id=str(n), origin=found.origin, arrivals=found.arrivals)

    def deepened(self, catalogue: Catalogue, stations: list[Station]) -> tuple[Event, ...]:
        """The events as the main job makes them."""
        found, failures = deepening.deepened(
            self.events,
            self.picks,
            stations,
            [self.source],
            "ak135",
            ["test"],
            Serial(),
            catalogue,
            lambda *_: None,
        )
        assert failures == ()
        return found


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    return Given(tmp_path_factory.mktemp("deep"))


def test_the_deep_one_is_moved_and_the_shot_is_not(given: Given, tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "c.sqlite")
    deep, shot = given.deepened(catalogue, given.stations)
    catalogue.close()
    truth = given.truth[0].origin
    assert given.events[0].origin.time_ns < truth.time_ns - 15 * 10**9
    assert abs(deep.origin.depth_km - 260.0) <= 12.0
    assert abs(deep.origin.time_ns - truth.time_ns) <= 5 * 10**9
    assert deep.origin.depth_fixed
    assert deep.origin.depth_sigma_km is None
    assert deep.origin.depth_reason.startswith("fixed where pP and sP stand out")
    assert {a.pick_id for a in deep.arrivals} == {a.pick_id for a in given.events[0].arrivals}
    assert shot == given.events[1]


def test_order_of_stations_and_a_second_run_change_nothing(given: Given, tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "c.sqlite")
    first = given.deepened(catalogue, given.stations)
    again = given.deepened(catalogue, given.stations[::-1])
    catalogue.close()
    assert msgspec.msgpack.encode(first) == msgspec.msgpack.encode(again)


def test_a_depth_of_its_own_is_left_alone(given: Given) -> None:
    origin = msgspec.structs.replace(given.events[0].origin, depth_fixed=False, depth_sigma_km=5.0)
    assert not deepening.open_depth(msgspec.structs.replace(given.events[0], origin=origin))
    assert deepening.open_depth(given.events[0])


def test_an_event_of_a_sequence_is_not_asked(given: Given, tmp_path: Path) -> None:
    deep, shot = given.events
    near = msgspec.structs.replace(shot.origin, time_ns=deep.origin.time_ns + 600 * 10**9)
    later = msgspec.structs.replace(shot, origin=near)
    assert deepening.in_sequence(deep, [deep, later])
    assert not deepening.in_sequence(deep, [deep, shot])
    catalogue = Catalogue(tmp_path / "c.sqlite")
    found, _ = deepening.deepened(
        [deep, later], given.picks, given.stations, [given.source], "ak135", ["test"], Serial(), catalogue, lambda *_: None
    )  # fmt: skip
    catalogue.close()
    assert found == (deep, later)
