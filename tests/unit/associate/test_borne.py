"""Later phases tell rival places apart: stations on one side picked P, the nearest S, the others Lg, all called S."""

import numpy as np
import pytest

from testban.associate import borne
from testban.associate.table import Table
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.locate.errors_model import P_ERROR

T0 = 1_500_000_000_000_000_000
TRUTH = (6.6, 48.3)
PLACED = (
    (98.0, 1.1),
    (48.0, 2.2),
    (88.0, 3.1),
    (5.0, 3.1),
    (38.0, 4.2),
)  # azimuth and distance of the stations, deg


def sites():
    rows = []
    for i, (azimuth, delta) in enumerate(PLACED):
        lon, lat = destination_(*TRUTH, azimuth, delta)
        rows.append(Site(key=f"XX.S{i}", longitude=lon, latitude=lat))
    return rows


def window(where, late, names=("P1", "S1", "Lg", "Lg", "Lg", "Lg"), hint=2, between=None):
    """P at every station; S at the first, Lg at the others, `late` s behind their times, called S (hint 2) or not (0).

    between: seconds behind P at which another event's P was picked.
    """
    model, picks = travel.load(), []
    for i, s in enumerate(where):
        d, _, _ = delaz_(*TRUTH, s.longitude, s.latitude)
        for name, phase in (("P", "P1"), ("S" if hint else "", names[i + 1])):
            t = float(model.predict(phase, 10.0, d)[0]) + (late if phase != "P1" else 0.0)
            picks.append(
                Pick(
                    pick_id=f"{s.key}{phase}", station_key=s.key, time_ns=T0 + round(t * 1e9), phase_hint=name,
                    time_sigma_s=0.2 if phase == "P1" else 2.0,
                )
            )  # fmt: skip
        if between is not None:
            t = T0 + round((float(model.predict("P1", 10.0, d)[0]) + between) * 1e9)
            picks.append(Pick(pick_id=f"{s.key}other", station_key=s.key, time_ns=t, phase_hint="P"))
    table = Table(picks, where)
    return table, table.window(T0 - 10**12, T0 + 10**12, T0)


def worth(table, w, place, o, held=()):
    model = travel.load()
    phases = np.array([model.index(p) for p in borne.PHASES])
    first = w.start[:-1].copy()
    rate = np.full(len(w.number), 0.008)
    return borne.explained_(
        model.kernel, P_ERROR, phases, *place, 10.0, o, first, np.array(held, dtype=np.int64), table.lon, table.lat,
        w.start, w.station, w.data, w.hint, rate, w.used,
    )  # fmt: skip


def test_later_phases_tell_the_place_from_one_on_the_same_side():
    table, w = window(sites(), 2.0)
    there = worth(table, w, TRUTH, 0.0)
    lon, lat = destination_(*TRUTH, 250.0, 0.9)
    assert there > worth(table, w, (lon, lat), -12.5) + 2.0
    assert there > worth(table, w, TRUTH, -12.5) + 4.0


def test_a_pick_called_s_is_seldom_a_stray_and_any_other_pick_often():
    called = worth(*window(sites(), 2.0), TRUTH, 0.0)
    plain = worth(*window(sites(), 2.0, hint=0), TRUTH, 0.0)
    assert called > plain + 5.0


def test_an_s_that_the_score_holds_counts_against_strays_once():
    table, w = window(sites(), 0.0)
    held = [int(w.start[0]) + 1]  # S of the first station
    gain = np.log(0.008 / borne.STRAY_S)
    free = worth(table, w, TRUTH, 0.0)
    both = worth(table, w, TRUTH, 0.0, held)
    assert both < free  # it is no later phase beside itself
    assert both == pytest.approx(worth(table, w, TRUTH, 100.0, held) - gain + both, abs=1e-9)


def test_what_stands_far_from_every_later_phase_is_worth_nothing():
    assert worth(*window(sites(), 0.0), TRUTH, 200.0) == 0.0


def test_an_s_behind_the_p_of_a_known_event_may_be_of_its_coda():
    table, w = window(sites(), 2.0, between=8.0)
    free = worth(table, w, TRUTH, 0.0)
    w.used[[i for i, n in enumerate(w.number) if table.picks[n].pick_id.endswith("other")]] = 1
    assert worth(table, w, TRUTH, 0.0) == pytest.approx(worth(*window(sites(), 2.0, hint=0), TRUTH, 0.0))
    assert worth(table, w, TRUTH, 0.0) < free - 5.0
