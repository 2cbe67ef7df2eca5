"""An event that is made of another event's later phases is none, whichever of the two is found first."""

import random

import numpy as np
import pytest

from testban import associate
from testban.associate.associator import RATE_S
from testban.associate.claims import LATER, Claim, later_of, time_
from testban.associate.contest import Contest
from testban.associate.ghosts import N_PHASES, N_ZONES, explained, explained_
from testban.associate.search import Search
from testban.associate.settings import Settings
from testban.associate.table import Table
from testban.base.geo import delaz_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
MODEL = travel.load()
ROWS = later_of(MODEL)
NAMES = [name for name, _, _ in LATER]
EVENT = (97.0, -0.5)


@pytest.mark.parametrize(
    ("name", "delta", "behind"),
    [
        ("SKP", 120.0, 216.7), ("SKP", 146.0, 215.4), ("SKPbc", 132.0, 207.3), ("SKPbc", 136.0, 213.0), ("SKPbc", 140.0, 217.1),
        ("SKPbc", 146.0, 221.2), ("SKPab", 132.0, 208.2), ("SKPab", 136.0, 218.1), ("SKPab", 142.0, 233.7),
    ],
)  # fmt: skip
def test_branches_of_skp_are_those_of_taup(name, delta, behind):
    """Seconds behind PKPdf, ak135 by TauP 2.0, surface source."""
    t, _ = time_(MODEL.kernel, ROWS, NAMES.index(name), 0.0, delta)
    assert abs(t - float(MODEL.predict("PKPdf", 0.0, delta)[0]) - behind) < 0.5


def test_skp_ends_where_its_branches_do():
    assert np.isnan(time_(MODEL.kernel, ROWS, NAMES.index("SKPab"), 0.0, 146.0)[0])
    assert np.isnan(time_(MODEL.kernel, ROWS, NAMES.index("SKPbc"), 0.0, 129.0)[0])


def sites():
    """A national network 125 to 147 degrees from the event."""
    rnd = random.Random(5)
    return [
        Site(key=f"XX.S{i:03d}", longitude=rnd.uniform(-116.0, -84.0), latitude=rnd.uniform(31.0, 47.0))
        for i in range(240)
    ]


def pick(name, key, seconds):
    return Pick(
        pick_id=name, station_key=key, time_ns=T0 + round(seconds * 1e9), phase_hint="P", time_sigma_s=0.3
    )


def recording(first, later, seed=1):
    """First P at a share of the stations, SKPab at another, in an hour of false picks."""
    rnd, out = random.Random(seed), []
    for s in sites():
        delta = delaz_(*EVENT, s.longitude, s.latitude)[0]
        if rnd.random() < first:
            t = float(MODEL.predict("P1", 0.0, delta)[0])
            out.append(pick(f"{s.key}-first", s.key, t + rnd.gauss(0.0, 0.6)))
        t = time_(MODEL.kernel, ROWS, NAMES.index("SKPab"), 0.0, delta)[0]
        if t == t and rnd.random() < later:
            out.append(pick(f"{s.key}-later", s.key, t + rnd.gauss(0.0, 0.8)))
        out += [pick(f"{s.key}-{i}", s.key, rnd.uniform(-600.0, 3000.0)) for i in range(rnd.randrange(3))]
    return out


@pytest.mark.parametrize(("first", "later"), [(0.25, 0.6), (0.4, 0.4)])
def test_later_phases_make_no_event_of_their_own(first, later):
    (event,) = associate.associate(recording(first, later), sites()).events
    assert delaz_(event.origin.longitude, event.origin.latitude, *EVENT)[0] < 8.0
    assert sum(a.phase.startswith("SKP") for a in event.arrivals) >= 15


def test_found_first_it_is_taken_back(monkeypatch):
    """Without the comparison the later phases stand as an event: the test above says something."""
    monkeypatch.setattr(Contest, "_suspect", lambda self, h, located, other: False)
    monkeypatch.setattr(Contest, "explained", lambda self, claim, h, rate: 0.0)
    assert len(associate.associate(recording(0.25, 0.6), sites()).events) > 1


def test_an_event_elsewhere_is_not_explained_away():
    """A second one, eleven minutes later and 80 degrees away, with as many picks."""
    picks, rnd = recording(0.4, 0.0), random.Random(8)
    for s in sites():
        delta = delaz_(-70.0, -30.0, s.longitude, s.latitude)[0]
        if rnd.random() < 0.4:
            t = 660.0 + float(MODEL.predict("P1", 0.0, delta)[0])
            picks.append(pick(f"{s.key}-other", s.key, t + rnd.gauss(0.0, 0.6)))
    assert len(associate.associate(picks, sites()).events) == 2


def worth(share_of_stations, at):
    """Odds of picks of one kind at a share of the stations as phases of the event."""
    rnd, more = random.Random(3), recording(0.4, 0.0)
    for s in sites():
        t = at(delaz_(*EVENT, s.longitude, s.latitude)[0])
        if t == t and rnd.random() < share_of_stations:
            more.append(pick(f"{s.key}-x", s.key, t + rnd.gauss(0.0, 0.8)))
    both = Table(more, sites())
    claim = Claim(
        longitude=EVENT[0], latitude=EVENT[1], depth_km=0.0, time_ns=T0, reach_deg=180.0, n_first=90,
        numbers=tuple(i for i, p in enumerate(both.picks) if p.pick_id.endswith("first")),
    )  # fmt: skip
    window = both.window(T0 - round(RATE_S * 1e9), T0 + 5_000_000_000_000, T0)
    rows = [i for i, n in enumerate(window.number) if both.picks[n].pick_id.endswith("x")]
    rate = np.full(len(window.number), 1e-3)
    return explained(Search(both, Settings()), both, window, claim, rows, 500.0, rate, 0.0)


def test_one_phase_explains_what_comes_at_its_times_alone():
    ab = NAMES.index("SKPab")
    at_phase = worth(0.5, lambda delta: time_(MODEL.kernel, ROWS, ab, 0.0, delta)[0])
    elsewhere = worth(0.5, lambda delta: 1440.0 - 4.0 * delta + 600.0)
    assert at_phase > 60.0
    assert elsewhere < 20.0


def test_a_pick_counts_once():
    """Two phases at one time: the second explains nothing that the first has."""
    residual, base = np.full((10, N_PHASES), np.nan), np.full((10, N_PHASES), 5.0)
    residual[:, 3] = 0.0
    one = explained_(
        residual.copy(), base, np.full(10, 500.0), np.full(10, 40.0), np.zeros(10, np.int64), np.full((N_PHASES, 2 * N_ZONES), 10.0)
    )  # fmt: skip
    residual[:, 4] = 0.0
    two = explained_(
        residual.copy(), base, np.full(10, 500.0), np.full(10, 40.0), np.zeros(10, np.int64), np.full((N_PHASES, 2 * N_ZONES), 10.0)
    )  # fmt: skip
    assert one == two > 20.0
