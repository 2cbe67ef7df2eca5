"""One event gives one event; false picks give none; order and chunks change no byte; silence is reported."""

import random
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from testban import associate
from testban.associate import bins, dense, drift, odds, scan
from testban.associate.judging import Judging
from testban.associate.settings import Settings
from testban.associate.table import Table
from testban.base.geo import delaz_, destination_, distance_km_
from testban.base.records import NoiseHour, Pick, Site
from testban.base.spans import Span
from testban.earth import travel

TRUTH = (129.08, 41.3)
T0 = 1_500_000_000_000_000_000


def network(n, seed=2, nearest=3.0, farthest=11.0, centre=TRUTH):
    rnd = random.Random(seed)
    out = []
    for i in range(n):
        lon, lat = destination_(*centre, rnd.uniform(0, 360), rnd.uniform(nearest, farthest))
        out.append(Site(key=f"XX.S{i:02d}", longitude=lon, latitude=lat))
    return out


def record(sites, where=TRUTH, t0=T0, seed=1, later=True, name=""):
    """P of every station, S and coda picks of most."""
    rnd = random.Random(seed)
    model = travel.load()
    picks = []
    for s in sites:
        d, _, _ = delaz_(*where, s.longitude, s.latitude)

        def add(kind, t, hint="", sigma=0.3, s=s):
            picks.append(
                Pick(
                    pick_id=f"{name}{s.key}-{kind}",
                    station_key=s.key,
                    time_ns=t0 + round(t * 1e9),
                    phase_hint=hint,
                    time_sigma_s=sigma,
                    amplitude_nm=20.0,
                    period_s=0.8,
                )
            )

        add("P", float(model.predict("P1", 0.0, d)[0]) + rnd.gauss(0, 0.4), rnd.choice(["P", ""]))
        if later:
            add("S", float(model.predict("S1", 0.0, d)[0]) + rnd.gauss(0, 1.5), rnd.choice(["S", ""]), 1.0)
            add("c", d * 111.2 / 3.4 + rnd.uniform(-20, 40), "", 1.0)
    return picks


def false_picks(sites, n, seed=8, length=600.0):
    rnd = random.Random(seed)
    return [
        Pick(
            pick_id=f"n{i}",
            station_key=rnd.choice(sites).key,
            time_ns=T0 + round(rnd.uniform(-120, length) * 1e9),
        )
        for i in range(n)
    ]


def test_a_regional_event_among_its_coda_is_one_event():
    for n, limit in ((20, 6.0), (7, 15.0)):
        sites = network(n)
        result = associate.associate(record(sites) + false_picks(sites, n // 2), sites)
        assert len(result.events) == 1
        e = result.events[0]
        assert distance_km_(e.origin.longitude, e.origin.latitude, *TRUTH) < limit
        assert abs(e.origin.time_ns - T0) < 2e9
        assert sum(a.phase.startswith("P") for a in e.arrivals) >= n - 1


def test_order_of_the_picks_changes_no_byte():
    sites = network(9)
    picks = record(sites) + false_picks(sites, 6)
    first = msgspec.json.encode(associate.associate(picks, sites))
    random.Random(3).shuffle(picks)
    assert msgspec.json.encode(associate.associate(picks, sites[::-1])) == first


def test_false_picks_make_no_event():
    sites = network(12)
    assert associate.associate(false_picks(sites, 24), sites).events == ()
    assert associate.associate([], sites).events == ()


def test_two_events_compete_for_picks():
    sites = network(12)
    other = destination_(*TRUTH, 200.0, 4.0)
    picks = record(sites) + record(sites, other, T0 + 300_000_000_000, seed=5, name="b")
    events = associate.associate(picks, sites).events
    assert len(events) == 2
    assert distance_km_(events[1].origin.longitude, events[1].origin.latitude, *other) < 25.0
    used = [a.pick_id for e in events for a in e.arrivals]
    assert len(used) == len(set(used))


def test_a_teleseismic_event_over_the_date_line():
    where = (179.5, -18.0)
    sites = network(15, nearest=25.0, farthest=95.0, centre=where)
    events = associate.associate(record(sites, where, later=False), sites).events
    assert len(events) == 1
    assert distance_km_(events[0].origin.longitude, events[0].origin.latitude, *where) < 30.0


def test_silence_is_reported_where_up_time_is_known():
    sites = [msgspec.structs.replace(s, up=(Span(T0 - 10**12, T0 + 10**12),)) for s in network(9)]
    quiet = [
        NoiseHour(
            station_key=s.key,
            nslc=None,
            hour_ns=T0 // 3_600_000_000_000 * 3_600_000_000_000,
            band_hz=(1, 4),
            up_s=3600.0,
            rms_counts=1.0,
            a_over_t_nm_s=0.01,
        )
        for s in sites
    ]
    picks = [p for p in record(sites) if p.station_key != sites[0].key]
    e = associate.associate(picks, sites, Settings(), quiet).events[0]
    status = {x.station_key: x.status for x in e.expected}
    assert status[sites[0].key] == "not-seen"
    assert status[sites[1].key] == "seen"


def test_unknown_stations_are_counted():
    sites = network(8)
    stray = Pick(pick_id="x", station_key="YY.NONE", time_ns=T0)
    result = associate.associate([*record(sites), stray], sites)
    assert result.n_without_coordinates == 1
    assert len(result.events) == 1
    assert result.explanations[0].picks


def test_later_phases_count_in_no_rate():
    """S behind P leaves the rates of all other picks; S with nothing ahead of it counts like any pick."""
    sites = network(4)
    plain = [p for p in record(sites, later=False) for p in (msgspec.structs.replace(p, phase_hint="P"),)]

    def with_s(lag_s):
        last = plain[-1]
        later = msgspec.structs.replace(
            last, pick_id="later", time_ns=last.time_ns + round(lag_s * 1e9), phase_hint="S"
        )
        return rates([*plain, later])

    def rates(picks):
        table = associate.table.Table(picks, sites)
        first, last = int(table.time_ns.min()), int(table.time_ns.max())
        window = table.window(first, last + 1, first)
        return {table.picks[n].pick_id: r for n, r in zip(window.number, window.rate, strict=True)}

    bare = rates(plain)
    behind, alone = with_s(90.0), with_s(400.0)
    assert {k: v for k, v in behind.items() if k != "later"} == bare
    assert all(alone[k] != v for k, v in bare.items())
    assert np.isfinite(behind["later"])


def free(window, value):
    """Arrays of `scan.shots_`."""
    begin = np.empty((2, len(window.start)), np.int64)
    shots = np.empty((2 * len(window.number), 8))
    scan.shots_(window.start, window.data, window.hint, value, window.used, begin, shots)
    return begin, shots


@pytest.mark.parametrize(("drift_east", "drift_north"), [(0.0, 0.0), (9.0, -4.0)])
def test_projection_against_its_slow_twin(drift_east, drift_north):
    """Every bin holds, for each station and wave, the evidence of the nearest pick whose slack reaches it."""
    sites = network(5)
    table = Table(record(sites) + false_picks(sites, 4), sites)
    window = table.window(T0 - 10**13, T0 + 10**13, T0)
    curve = odds.curve(travel.load(), 0.0, (0.5, 0.3), 25.0)
    cell = np.array([129.5, 41.0, 0.7, 180.0])
    value = -np.log(2.0 * window.rate)
    n, step, begin = 60, 2.0, -100.0
    packed, chance = np.zeros((odds.N_CLASSED, n), np.int64), np.empty((2, odds.N_CLASSED))
    traits = np.full(5, odds.SHEAR, np.int64)
    traits[1] |= odds.POINTS
    traits[2] |= 16 << odds.SHARE_BIT  # one of four at its place
    part = (1.0, 1.0, 0.25, 1.0, 1.0)
    place = drift.still(cell[None])[0]
    lon, lat = np.radians(cell[:2])
    place[3:6] = drift_east * np.array([-np.sin(lon), np.cos(lon), 0.0])
    place[3:6] += drift_north * np.array(
        [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)]
    )
    scan.project_(
        cell, place, curve, table.unit, table.lon, table.lat, window.start, *free(window, value), traits, odds.logs(),
        begin, step, packed, chance,
    )  # fmt: skip
    sums = np.cumsum(packed, axis=1)
    fast, count = (
        (sums & (bins.COUNT - 1)).sum(axis=0) * bins.UNIT,
        (sums >> 32).sum(axis=0) / odds.WHOLE_SHARE,
    )
    slow, many, total = np.zeros(n), np.zeros(n), 0.0
    for s, site in enumerate(table.sites):
        d, az, _ = delaz_(cell[0], cell[1], site.longitude, site.latitude)
        row = int(np.sin(np.radians(d) / 2.0) * (odds.ROWS - 1))
        for wave in range(2):
            t = float(travel.load().predict(("P1", "S1")[wave], 0.0, d)[0])
            p = curve[row, (odds.P_P, odds.P_S)[wave]]
            p = np.hypot(p * np.sin(np.radians(az)) + drift_east, p * np.cos(np.radians(az)) + drift_north)
            slack = 0.8 * cell[2] * p + odds.model_slack_(d, wave)
            total += part[s] * (0.5, 0.3)[wave]
            for b in range(n):
                middle, best = begin + (b + 0.5) * step, []
                for k in range(window.start[s], window.start[s + 1]):
                    width = slack + min(2.0 * window.data[k, 1], 10.0)
                    w = value[k] + np.log((0.5, 0.3)[wave] / width)
                    away = abs(window.data[k, 0] - t - middle)
                    if away <= width and window.hint[k] != 2 - wave and w > 0:
                        best.append((away, w))
                if best:
                    slow[b] += part[s] * min(best)[1]
                    many[b] += part[s]
    assert np.isclose(chance[0].sum(), total)
    assert np.isclose(chance[0, odds.N_ZONES :].sum(), 0.8)
    assert fast.max() > 5
    # bins at the edge of a slack may round either way
    assert np.mean(count == many) > 0.8
    assert np.all(np.abs(fast - slow)[count == many] < 0.5)


def test_zones_weigh_counts_by_their_poisson_odds():
    """The closed form is the greatest odds over the free share, found by trying shares."""
    for total, n, chance in ((30.0, 6.0, 40.0), (12.0, 3.0, 3.5), (9.0, 5.0, 2.0)):
        shares = np.linspace(1e-3, 1.0, 4000)
        assert np.isclose(
            odds.zone_gain_(total, n, chance), np.max(total + n * np.log(shares) - shares * chance), atol=1e-3
        )


def two_arrays(turn_deg=0.0):
    """P of one far event at two arrays, with the slowness and back-azimuth that they measure; a day of nothing else."""
    model = travel.load()
    where = (119.7, -0.5)
    sites = [
        Site(key="XX.NORTH", longitude=77.0, latitude=50.0, is_array=True),
        Site(key="XX.SOUTH", longitude=134.3, latitude=-19.9, is_array=True),
    ]
    picks = []
    for s in sites:
        d, _, baz = delaz_(*where, s.longitude, s.latitude)
        t, p, _ = model.predict("P1", 0.0, d)
        picks.append(
            Pick(
                pick_id=s.key,
                station_key=s.key,
                time_ns=T0 + round(float(t) * 1e9),
                phase_hint="P",
                time_sigma_s=0.2,
                slowness_s_per_deg=float(p),
                slowness_sigma=0.4,
                backazimuth_deg=(baz + (turn_deg if s.key == "XX.NORTH" else 0.0)) % 360.0,
                backazimuth_sigma=3.0,
            )
        )
    return where, sites, picks


def test_two_arrays_that_point_at_one_place_make_an_event():
    where, sites, picks = two_arrays()
    result = associate.associate(picks, sites)
    assert len(result.events) == 1
    o = result.events[0].origin
    assert distance_km_(o.longitude, o.latitude, *where) < 200.0
    assert o.n_defining == 2


def test_two_arrays_that_point_apart_make_none():
    _, sites, picks = two_arrays(turn_deg=180.0)
    assert associate.associate(picks, sites).events == ()


def test_s_alone_makes_no_event():
    """Where P is missing at most stations the picks are coda's; with P they are an event."""
    sites = network(9)
    picks = [p for p in record(sites) if p.pick_id[-1] != "c"]
    s_only = [p for p in picks if p.pick_id.endswith("S")]
    named = [msgspec.structs.replace(p, phase_hint="S") for p in s_only]
    assert associate.associate(named, sites).events == ()
    assert associate.associate(named + [p for p in picks if p.pick_id.endswith("P")][:3], sites).events == ()
    assert len(associate.associate(picks, sites).events) == 1


@pytest.mark.parametrize(
    ("hints", "enough"), [((2, 2, 2, 2), False), ((1, 2, 2, 2), False), ((1, 0, 2, 2), True)]
)
def test_p_that_are_called_s_make_no_event(hints, enough):
    """Growths of a coda are called S: taken as P at four stations they are no event until two P are named so, or left unnamed."""
    window = SimpleNamespace(data=np.full((4, 7), np.nan), station=np.arange(4), hint=np.array(hints))
    judging = SimpleNamespace(window=window, search=SimpleNamespace(settings=Settings()))
    assert Judging.enough(judging, range(4), (0, 0, 0, 0), (10.0, 50.0)) is enough


def test_cells_of_a_sequence_lie_around_its_events():
    """They cover the surroundings of every place, once each, in an order that follows from the places alone."""
    places = [(129.0, 41.0), (129.1, 41.05), (-179.95, 10.0)]
    cells = dense.nest(places)
    assert np.array_equal(cells, dense.nest(places[::-1]))
    assert len({(x, y) for x, y, _, _ in cells.tolist()}) == len(cells) <= dense.MOST_NEST_CELLS
    for lon, lat in places:
        for azimuth in range(0, 360, 30):
            to = destination_(lon, lat, azimuth, 0.9 * dense.NEST_REACH_DEG)
            near = min(delaz_(*to, x, y)[0] for x, y, _, _ in cells.tolist())
            assert near < 0.75 * dense.NEST_DEG
    assert dense.nest([]).shape == (0, 4)


def test_a_bound_leaves_out_no_bin_that_reaches_what_is_asked():
    """Bins at or above the least are the same whether those that cannot reach it are weighed or not."""
    sites = network(24)
    table = Table(record(sites) + false_picks(sites, 60), sites)
    window = table.window(T0 - 10**13, T0 + 10**13, T0)
    curve = odds.curve(travel.load(), 0.0, (0.5, 0.3), 25.0)
    value, traits = -np.log(2.0 * window.rate), np.full(24, odds.SHEAR, np.int64)
    n, reached = 600, 0
    for lon, lat, radius in ((129.5, 41.0, 0.7), (120.0, 35.0, 1.8), (131.0, 44.0, 0.3), (60.0, -20.0, 1.8)):
        packed, chance = np.zeros((odds.N_ZONES, n), np.int64), np.empty((2, odds.N_ZONES))
        scan.project_(
            np.array([lon, lat, radius, 180.0]), drift.still(np.array([[lon, lat]]))[0], curve, table.unit, table.lon,
            table.lat, window.start, *free(window, value), traits, odds.logs(), -600.0, 2.0, packed, chance,
        )  # fmt: skip
        which, every, left = np.empty(n, np.int64), np.empty(n), packed.copy()
        assert bins.weigh_(left, chance, odds.logs(), -1e9, which, every) == n
        assert not left.any()
        for b in range(0, n, 7):
            alone, one = np.empty(1), np.sum(packed[:, : b + 1], axis=1)[:, None]
            bins.weigh_(one, chance, odds.logs(), -1e9, np.empty(1, np.int64), alone)
            assert alone[0] == every[b]
        for least in (2.0, 5.0, 10.0, 20.0):
            values, some = np.empty(n), np.zeros(n)
            m = bins.weigh_(packed.copy(), chance, odds.logs(), least, which, values)
            some[which[:m]] = values[:m]
            assert np.array_equal(every[every >= least], some[every >= least])
            assert np.all(np.diff(which[:m]) > 0)
            reached += int(np.sum(every >= least))
    assert reached > 20
