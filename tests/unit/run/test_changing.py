"""An event keeps its name while its arrivals do; what has moved is said."""

import msgspec

from testban.base.records import Arrival, Ellipse, Event, Origin
from testban.base.times import parse_time
from testban.run import changing

T = parse_time("2026-06-08T06:25:12Z")
AT = ("2026-06-08", "2026-06-08T06:40:00Z", "2026-06-08T06:38:00Z")


def event(name: str, stations: str, *, late_s: float = 0.0, lon: float = 78.4) -> Event:
    arrivals = tuple(
        Arrival(pick_id=f"XX.{s}/{late_s}", station_key=f"XX.{s}", phase="P", time_ns=T + round((60 + 10 * i + late_s) * 1e9),
                distance_deg=5.0, azimuth_deg=0.0, backazimuth_deg=180.0)
        for i, s in enumerate(stations)
    )  # fmt: skip
    origin = Origin(
        time_ns=T + round(late_s * 1e9), longitude=lon, latitude=49.6, depth_km=0.0, depth_fixed=True, depth_reason="", time_sigma_s=0.5,
        ellipse=Ellipse(smajor_km=20.0, sminor_km=10.0, strike_deg=0.0), rms_s=0.5, n_defining=len(stations), n_stations=len(stations),
        gap_deg=180.0, secondary_gap_deg=200.0, min_distance_deg=5.0, max_distance_deg=6.0,
    )  # fmt: skip
    return Event(event_id=name, origin=origin, arrivals=arrivals)


def test_appeared_revised_withdrawn():
    now, changes = changing.compare([], [event("a", "ABC")], *AT)
    assert [(c.change, c.known.event) for c in changes] == [("appeared", "a")]
    now, changes = changing.compare(now, [event("b", "ABCD", late_s=0.4, lon=78.6)], *AT)
    assert [(c.change, c.known.event, c.known.event_id) for c in changes] == [("revised", "a", "b")]
    assert changes[0].moved == {"km": 14.5, "time_s": 0.4, "n_stations": [3, 4]}
    assert "moved: km 14.5, time_s 0.4" in changing.told(changes[0])
    now, changes = changing.compare(now, [event("b", "ABCD", late_s=0.4, lon=78.6)], *AT)
    assert changes == []
    now, changes = changing.compare(now, [event("c", "DEF", late_s=900.0)], *AT)
    assert [(c.change, c.known.event) for c in changes] == [("withdrawn", "a"), ("appeared", "c")]
    assert [k.event for k in now] == ["c"]


def test_one_shared_arrival_is_no_identity_and_the_larger_share_wins():
    before, _ = changing.compare([], [event("a", "ABCDE")], *AT)
    near, far = event("b", "ABC"), event("c", "ABCDEF", late_s=0.2)
    for order in ([near, far], [far, near]):
        now, changes = changing.compare(before, order, *AT)
        assert sorted((k.event, k.event_id) for k in now) == [("a", "c"), ("b", "b")]
        assert [(c.change, c.known.event) for c in changes] == [("appeared", "b"), ("revised", "a")]
    _, changes = changing.compare(before, [event("d", "AXYZ")], *AT)
    assert [c.change for c in changes] == ["appeared", "withdrawn"] or [c.change for c in changes] == [
        "withdrawn",
        "appeared",
    ]


def test_what_is_known_is_read_back_from_the_lines():
    now, first = changing.compare([], [event("a", "ABC"), event("z", "UVW", late_s=500.0)], *AT)
    now, second = changing.compare(now, [event("b", "ABCD")], *AT)
    lines = [msgspec.json.encode(c).decode() for c in (*first, *second)]
    assert changing.replayed([*lines, "{torn"]) == {"2026-06-08": {"a": now[0]}}
