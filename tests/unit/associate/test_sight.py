"""Silence and amplitude where noise and up-time are supplied: what should have been seen and was not, counts against."""

import msgspec
import numpy as np
import pytest

from testban import associate
from testban.associate.settings import Settings
from testban.associate.sight import Sight, chance
from testban.associate.silence import distance_term
from testban.associate.table import Table
from testban.base.geo import delaz_
from testban.base.records import NoiseHour, Pick, Site
from testban.base.spans import Span
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
HOUR = 3_600_000_000_000
TRUTH = (20.0, 40.0)
SIZE = 4.5


def sites(n=12):
    up = (Span(T0 - 10 * HOUR, T0 + 10 * HOUR),)
    return [
        Site(
            key=f"XX.S{i:02d}",
            longitude=(20.0 + 37.0 * i) % 360.0 - 180.0,
            latitude=10.0 + 5.0 * (i % 7),
            up=up,
        )
        for i in range(n)
    ]


def noise(where, level):
    return [
        NoiseHour(
            station_key=s.key, nslc=None, hour_ns=T0 // HOUR * HOUR, band_hz=(1, 3), up_s=3600.0, rms_counts=1.0,
            a_over_t_nm_s=level[s.key] if isinstance(level, dict) else level,
        )
        for s in where
    ]  # fmt: skip


def record(where):
    """P of every station within 90 degrees, amplitudes as of SIZE without scatter."""
    model, out = travel.load(), []
    for s in where:
        d, _, _ = delaz_(*TRUTH, s.longitude, s.latitude)
        if d < 90.0:
            t = float(model.predict("P1", 0.0, d)[0])
            a = 0.8 * 10.0 ** (SIZE - distance_term(d, 0.0))
            out.append(
                Pick(
                    pick_id=s.key, station_key=s.key, time_ns=T0 + round(t * 1e9), phase_hint="P",
                    time_sigma_s=0.3, amplitude_nm=a, period_s=0.8,
                )
            )  # fmt: skip
    return out


def gain(where, picks, level, all_picks=None):
    """What `Sight` says of an event at the truth that holds `picks`; the window holds all_picks."""
    table = Table(all_picks or picks, where)
    window = table.window(T0 - HOUR, T0 + HOUR, T0)
    origin = associate.associate(record(where), where).events[0].origin
    origin = msgspec.structs.replace(origin, longitude=TRUTH[0], latitude=TRUTH[1], depth_km=0.0, time_ns=T0)
    held = {p.pick_id for p in picks}
    rows = {
        k: (int(window.station[k]), 0, 3.0)
        for k in range(len(window.number))
        if table.picks[int(window.number[k])].pick_id in held
    }
    sight = Sight(noise(where, level), travel.load())
    return sight.gain(origin, rows, table, window, np.array([0.5, 0.3]))


def test_silence_of_quiet_stations_speaks_against_an_event():
    where = sites()
    whole = record(where)
    part = whole[:3]
    own = {p.station_key for p in part}
    assert gain(where, part, 0.01) < gain(where, whole, 0.01) - 10.0
    down = [s if s.key in own else msgspec.structs.replace(s, up=()) for s in where]
    loud = {s.key: 0.01 if s.key in own else 1000.0 for s in where}
    assert gain(down, part, 0.01) > gain(where, part, 0.01) + 5.0
    assert gain(down, part, loud) == pytest.approx(gain(where, part, loud), abs=0.1)


def test_a_station_that_is_down_or_busy_is_not_silent():
    where = sites()
    whole = record(where)
    part = whole[:3]
    mute = gain(where, part, 0.01)
    down = [s if s.key in {p.station_key for p in part} else msgspec.structs.replace(s, up=()) for s in where]
    assert gain(down, part, 0.01) > mute + 5.0
    assert gain(where, part, 0.01, whole) > mute + 5.0


def test_amplitudes_of_one_size_are_worth_more_than_those_of_many():
    where = sites()
    whole = record(where)
    mixed = [
        msgspec.structs.replace(p, amplitude_nm=p.amplitude_nm * (30.0 if i % 2 else 1.0 / 30.0))
        for i, p in enumerate(whole)
    ]
    assert gain(where, whole, 0.5) > gain(where, mixed, 0.5) + 3.0


def test_nothing_is_said_where_no_noise_is_known():
    where = sites()
    assert gain(where, record(where), 0.0) is None
    with_noise = associate.associate(record(where), where, Settings(), noise(where, 0.0))
    assert with_noise.events == associate.associate(record(where), where).events


def test_chance_grows_with_size():
    for wave in (0, 1):
        values = [chance(x, wave) for x in np.linspace(-3.0, 3.0, 61)]
        assert values == sorted(values)
        assert values[-1] < 1.0
    assert chance(0.0, 0) == pytest.approx(0.475)
