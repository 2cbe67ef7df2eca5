"""What local events of several networks explain is no distant event."""

import random

import numpy as np
import pytest

from testban import associate
from testban.associate.clumps import chord, nearest_, networks
from testban.associate.contest import _partners
from testban.associate.fitting import Hypothesis
from testban.base.geo import delaz_, destination_, unit_vector_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
NETWORKS = {"AA": (-69.0, -21.0), "BB": (8.5, 47.0)}
ELSEWHERE = (-61.0, 34.6)  # 56 and 54 degrees from them
DEPTH_KM = 110.0


def sites():
    out = []
    for seed, (name, centre) in enumerate(NETWORKS.items(), 3):
        rnd = random.Random(seed)
        for i in range(12):
            lon, lat = destination_(*centre, rnd.uniform(0.0, 360.0), rnd.uniform(0.2, 1.2))
            out.append(Site(key=f"{name}.S{i:02d}", longitude=lon, latitude=lat))
    return out


def recording(delta, seed):
    """A deep event near each network, in time and direction as P from elsewhere, at its five inner stations, S at four; the truths."""
    model, rnd = travel.load(), random.Random(seed)
    picks, truths, everywhere = [], [], sites()
    for name, centre in NETWORKS.items():
        away, azimuth, _ = delaz_(*centre, *ELSEWHERE)
        place = destination_(*centre, azimuth, delta)
        origin = float(model.predict("P1", 0.0, away)[0]) - float(model.predict("P1", DEPTH_KM, delta)[0])
        truths.append((*place, origin))
        own = [s for s in everywhere if s.key.startswith(name)]
        own.sort(key=lambda s: delaz_(*centre, s.longitude, s.latitude)[0])
        for i, s in enumerate(own[:5]):
            to = delaz_(*place, s.longitude, s.latitude)[0]
            for phase in ("P", "S")[: 2 if i < 4 else 1]:
                t = origin + float(model.predict(f"{phase}1", DEPTH_KM, to)[0]) + rnd.gauss(0.0, 0.2)
                picks.append(pick(s.key, phase, t, phase))
    for s in everywhere:
        picks += [pick(s.key, "P", rnd.uniform(-3600.0, 5400.0), f"false{k}") for k in range(2)]
    return picks, truths


def pick(key, hint, seconds, name):
    return Pick(pick_id=f"{key}-{name}", station_key=key, time_ns=T0 + round(seconds * 1e9), phase_hint=hint)


@pytest.mark.parametrize(("delta", "seed"), [(0.9, 0), (0.9, 1), (1.1, 1), (1.3, 0)])
def test_two_local_events_are_no_distant_one(delta, seed):
    """One event at a distance explains all ten P and is worth more than either of the two, not than both."""
    picks, truths = recording(delta, seed)
    events = associate.associate(picks, sites()).events
    assert len(events) == 2
    for lon, lat, origin in truths:
        assert any(
            delaz_(e.origin.longitude, e.origin.latitude, lon, lat)[0] < 1.2
            and abs((e.origin.time_ns - T0) / 1e9 - origin) < 30.0
            for e in events
        )


def test_a_pick_called_s_is_no_reflection():
    for delta, seed in ((0.9, 0), (1.1, 0)):
        picks, _ = recording(delta, seed)
        called = {p.pick_id for p in picks if p.phase_hint == "S"}
        for e in associate.associate(picks, sites()).events:
            assert not {a.pick_id for a in e.arrivals if a.phase in ("pP", "sP")} & called


def slow(unit, degrees):
    """Numbers of the networks: from every place on through all within reach."""
    near = unit @ unit.T >= np.cos(np.radians(degrees))
    out = []
    for i in range(len(unit)):
        seen, left = {i}, [i]
        while left:
            for j in np.flatnonzero(near[left.pop()]).tolist():
                if j not in seen:
                    seen.add(j)
                    left.append(j)
        out.append(min(seen))
    return out


def test_networks_are_those_of_the_slow_walk():
    rnd = random.Random(2)
    for _ in range(20):
        places = [(rnd.uniform(-30.0, 30.0), rnd.uniform(-30.0, 30.0)) for _ in range(40)]
        unit = np.array([unit_vector_(*p) for p in places])
        assert networks(unit, 5.0).tolist() == slow(unit, 5.0)
    assert networks(np.empty((0, 3)), 5.0).tolist() == []


def test_nearest_is_that_of_all_distances():
    rnd = random.Random(3)
    places = [(rnd.uniform(-20.0, 20.0), rnd.uniform(-20.0, 20.0)) for _ in range(60)]
    unit = np.array([unit_vector_(*p) for p in places])
    rows, out = np.arange(10, 60), np.empty(50, dtype=np.int64)
    nearest_(unit, rows, unit[:10], chord(3.0), out)
    for i, got in zip(rows.tolist(), out.tolist(), strict=True):
        away = [delaz_(*places[i], *p)[0] for p in places[:10]]
        assert got == (int(np.argmin(away)) if min(away) < 3.0 else -1)
    assert 0 < np.sum(out >= 0) < 50


def test_a_copy_of_an_event_is_no_part_of_it():
    def fit(numbers):
        return Hypothesis(
            x=(0.0, 0.0, 0.0, 0.0),
            numbers=numbers,
            waves=[0] * len(numbers),
            values=[1.0] * len(numbers),
            score=9.0,
        )

    whole, copy, part, other = (
        fit(list(range(20))),
        fit(list(range(1, 20))),
        fit([*range(6), 30]),
        fit([40, 41]),
    )
    assert _partners([whole, copy, part, other]) == [part]
