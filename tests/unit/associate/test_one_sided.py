"""Outside a network few picks fit many places, unless three stations say by their P and S how far away the event is."""

import random

import pytest

from testban import associate
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
CENTRE = (-69.0, -21.0)
PLACE = destination_(*CENTRE, 70.0, 2.2)


def formed(seed, called):
    """What is made of three P and S from outside fourteen stations; called: what the picks of S are called."""
    rnd, model = random.Random(seed), travel.load()
    where = [destination_(*CENTRE, rnd.uniform(0.0, 360.0), rnd.uniform(0.1, 1.5)) for _ in range(14)]
    sites = [Site(key=f"XX.S{i:02d}", longitude=lon, latitude=lat) for i, (lon, lat) in enumerate(where)]

    def pick(key, name, hint, seconds):
        return Pick(
            pick_id=f"{key}{name}", station_key=key, time_ns=T0 + round(seconds * 1e9), phase_hint=hint, time_sigma_s=0.3
        )  # fmt: skip

    picks = []
    for s in sorted(sites, key=lambda s: delaz_(*PLACE, s.longitude, s.latitude)[0])[:3]:
        delta = delaz_(*PLACE, s.longitude, s.latitude)[0]
        for phase, hint in (("P", "P"), ("S", called)):
            t = float(model.predict(f"{phase}1", 0.0, delta)[0])
            picks.append(pick(s.key, phase, hint, t + rnd.gauss(0.0, 0.3)))
    for s in sites:
        picks += [pick(s.key, f"false{k}", "P", rnd.uniform(-7200.0, 7200.0)) for k in range(4)]
    return associate.associate(picks, sites)


@pytest.mark.parametrize("seed", [3, 7, 9])
def test_three_pairs_of_p_and_s_hold_a_place_from_one_side(seed):
    result = formed(seed, "S")
    (event,) = result.events
    assert event.origin.gap_deg > 300.0
    asked_of_p_alone = result.explanations[0].needed + associate.Settings().one_sided
    assert event.score < asked_of_p_alone
    assert delaz_(event.origin.longitude, event.origin.latitude, *PLACE)[0] < 0.3


@pytest.mark.parametrize("seed", [3, 7, 9])
def test_picks_that_nobody_called_s_do_not(seed):
    assert not formed(seed, "").events
