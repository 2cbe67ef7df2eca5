"""What an accepted event explains away, and what it does not: picks that come from elsewhere."""

import numpy as np
import pytest

from testban.associate.claims import LATER, absorb_, claim_, elsewhere_, later_of, time_
from testban.base.geo import delaz_
from testban.earth import travel

KERNEL = travel.load().kernel
FIRST = np.array([travel.load().index(n) for n in ("P1", "S1")])
ROWS = later_of(travel.load())
PCP = [n for n, _, _ in LATER].index("PcP")
STATION = (77.0, 50.0)
EVENT = (147.0, 37.0)


def taken(turn_deg, slower):
    """Whether a pick at the time of PcP, its direction turned, belongs to the event; and what its rate becomes."""
    delta, _, baz = delaz_(*EVENT, *STATION)
    t, p = time_(KERNEL, ROWS, PCP, 0.0, delta)
    data = np.array([[t, 0.2, p + slower, 0.5, (baz + turn_deg) % 360.0, 4.0, 0.95]])
    lon, lat = np.array([STATION[0]]), np.array([STATION[1]])
    start, saw, hint = np.array([0, 1]), np.array([1]), np.array([1])
    used, rate = np.zeros(1, np.int64), np.array([1e-5])
    rows, residual = np.empty((1, 2), np.int64), np.empty(1)
    n = absorb_(
        KERNEL,
        FIRST,
        ROWS,
        *EVENT,
        0.0,
        0.0,
        180.0,
        20,
        saw,
        lon,
        lat,
        start,
        data,
        hint,
        rate,
        used,
        rows,
        residual,
    )
    first = np.array([float(travel.load().predict("P1", 0.0, delta)[0])])
    claim_(KERNEL, FIRST, ROWS, *EVENT, 0.0, 0.0, 180.0, 20, first, lon, lat, start, data, rate)
    return n, rate[0]


def test_a_pick_from_the_event_is_its_later_phase():
    n, rate = taken(0.0, 0.0)
    assert n == 1
    assert rate > 1e-3


@pytest.mark.parametrize(("turn_deg", "slower"), [(117.0, 0.0), (-60.0, 0.0), (0.0, 5.0)])
def test_a_pick_from_elsewhere_is_left_to_others(turn_deg, slower):
    n, rate = taken(turn_deg, slower)
    assert n == 0
    assert rate == 1e-5 or turn_deg == 0.0


def test_without_a_direction_time_decides():
    row = np.array([0.0, 0.2, np.nan, np.nan, np.nan, np.nan, 0.95])
    assert not elsewhere_(row, 5.0, 0.0, 10.0, 0.0)


def raised(n_first, saw, since):
    """Rate of a pick so long after the origin at a station 5 degrees away that saw the event at `saw` (s)."""
    data, rate = np.array([[since, 0.2, *([np.nan] * 4), 0.95]]), np.array([1e-5])
    claim_(
        KERNEL, FIRST, ROWS, 0.0, 0.0, 0.0, 0.0, 8.0, n_first, np.array([saw]), np.array([5.0]), np.array([0.0]),
        np.array([0, 1]), data, rate,
    )  # fmt: skip
    return rate[0]


def late(n_first, saw, since_of_lg):
    """Rate of a pick about the time of Lg at that station."""
    return raised(n_first, saw, 5.0 * 111.19 / 3.5 + since_of_lg)


P_S = float(travel.load().predict("P1", 0.0, 5.0)[0])


def test_nothing_comes_before_a_p_that_was_picked():
    """A second reading follows the first; only where P was not picked may a pick before its time be one of it."""
    assert raised(12, P_S + 1.0, P_S) == 1e-5
    assert raised(12, P_S - 1.0, P_S) > 1e-2
    assert raised(12, np.inf, P_S - 2.0) > 1e-2
    assert raised(12, np.inf, P_S - 8.0) == 1e-5


def test_between_its_phases_the_coda_is_thin():
    s = float(travel.load().predict("S1", 0.0, 5.0)[0])
    assert raised(5, P_S, 0.5 * (P_S + s) + 5.0) < 5e-3 < raised(5, P_S, s)


def test_a_station_that_missed_p_may_have_lg():
    assert late(12, np.inf, 0.0) > 5e-3
    assert late(12, np.inf, 40.0) == 1e-5  # not its coda
    assert late(9, np.inf, 0.0) == 1e-5  # an event too small for it
    assert late(12, P_S, 40.0) > 1e-3  # where P was seen the coda is


def test_a_large_event_is_picked_late_where_its_p_was_missed():
    """SKP at a station 137 degrees away without PKP: of an event of 50 picks, not of one of 15."""
    t = float(travel.load().predict("PKPdf", 0.0, 137.0)[0]) + 220.0
    for n_first, least, most in ((50, 5e-3, 1.0), (15, 0.0, 1.1e-5)):
        data, rate = np.array([[t, 0.2, *([np.nan] * 4), 0.95]]), np.array([1e-5])
        claim_(
            KERNEL, FIRST, ROWS, 0.0, 0.0, 0.0, 0.0, 180.0, n_first, np.array([np.inf]), np.array([137.0]), np.array([0.0]),
            np.array([0, 1]), data, rate,
        )  # fmt: skip
        assert least < rate[0] < most
