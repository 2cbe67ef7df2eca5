"""P with a direction and an S behind it at one array give a place."""

import numpy as np
import pytest

from testban import associate
from testban.associate.odds import curve
from testban.associate.pairs import places
from testban.associate.table import Table
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
MODEL = travel.load()
ARRAY = Site(key="XX.ARR", longitude=25.0, latitude=62.0)
CURVE = curve(MODEL, 0.0, (0.5, 0.3), 25.0)


def pick(name, seconds, hint, slowness=None, backazimuth=None):
    return Pick(
        pick_id=name, station_key=ARRAY.key, time_ns=T0 + round(seconds * 1e9), phase_hint=hint, time_sigma_s=0.3,
        slowness_s_per_deg=slowness, slowness_sigma=None if slowness is None else 0.6, backazimuth_deg=backazimuth,
        backazimuth_sigma=None if backazimuth is None else 4.0,
    )  # fmt: skip


def found(delta, turn=0.0, slower=0.0, s_from=0.0, s_hint="S"):
    """Distances (deg) of the places of one P and S from where they come from."""
    where = destination_(ARRAY.longitude, ARRAY.latitude, 70.0, delta)
    d, _, baz = delaz_(*where, ARRAY.longitude, ARRAY.latitude)
    p, slow, _ = (float(v) for v in MODEL.predict("P1", 0.0, d))
    s, slow_s, _ = (float(v) for v in MODEL.predict("S1", 0.0, d))
    table = Table(
        [
            pick("p", p, "P", slow + slower, (baz + turn) % 360.0),
            pick("s", s, s_hint, slow_s, (baz + s_from) % 360.0),
        ],
        [ARRAY],
    )
    window = table.window(T0 - 10**12, T0 + 4 * 10**12, T0)
    return [
        (delaz_(lon, lat, *where)[0], o) for lon, lat, o in places(window, table, np.ascontiguousarray(CURVE))
    ]


@pytest.mark.parametrize("delta", [2.0, 8.0, 19.0])
def test_a_pair_gives_its_place(delta):
    ((away, o),) = found(delta)
    assert away < 0.15
    assert abs(o) < 2.0


@pytest.mark.parametrize("wrong", [{"slower": -6.0}, {"s_from": 60.0}, {"s_hint": "P"}])
def test_what_does_not_belong_together_gives_none(wrong):
    assert found(8.0, **wrong) == []


def test_a_pair_joins_the_candidates_of_an_association():
    others = [Site(key=f"XX.N{i}", longitude=25.0 + 6.0 * i, latitude=56.0 - 2.0 * i) for i in range(2)]
    where = destination_(ARRAY.longitude, ARRAY.latitude, 70.0, 8.0)
    d, _, baz = delaz_(*where, ARRAY.longitude, ARRAY.latitude)
    p, slow, _ = (float(v) for v in MODEL.predict("P1", 0.0, d))
    s, slow_s, _ = (float(v) for v in MODEL.predict("S1", 0.0, d))
    picks = [pick("p", p, "P", slow, baz), pick("s", s, "S", slow_s, baz)]
    for i, site in enumerate(others):
        away = delaz_(*where, site.longitude, site.latitude)[0]
        t = float(MODEL.predict("P1", 0.0, away)[0])
        picks.append(
            Pick(
                pick_id=f"n{i}",
                station_key=site.key,
                time_ns=T0 + round(t * 1e9),
                phase_hint="P",
                time_sigma_s=0.3,
            )
        )
    (event,) = associate.associate(picks, [ARRAY, *others]).events
    assert delaz_(*where, event.origin.longitude, event.origin.latitude)[0] < 0.5
