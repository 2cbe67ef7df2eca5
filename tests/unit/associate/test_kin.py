"""What a further event of a sequence needs: less than elsewhere, by the sequence's own places and number, and only around it."""

import math

import numpy as np
import pytest

from testban.associate import kin
from testban.associate.search import Search
from testban.associate.settings import Settings
from testban.associate.table import Table
from testban.base.geo import destination_
from testban.base.records import Pick, Site

CENTRE = (12.0, 44.0)


@pytest.fixture(scope="module")
def net():
    places = [destination_(*CENTRE, 137.5 * i, 0.5 * math.sqrt(i + 0.5)) for i in range(20)]
    sites = [Site(key=f"XX.S{i:02d}", longitude=x, latitude=y) for i, (x, y) in enumerate(places)]
    table = Table([Pick(pick_id=s.key, station_key=s.key, time_ns=10**18) for s in sites], sites)
    return Search(table, Settings()), table.unit


def around(n, deg):
    return [destination_(*CENTRE, 137.5 * i, deg * (i % 2)) for i in range(n)]


def test_two_events_are_no_sequence_and_three_are():
    assert kin.members(around(2, 0.1)) == []
    assert len(kin.members(around(3, 0.1))) == 3
    assert kin.members([(12.0, 44.0), (13.0, 44.0), (12.0, 45.0), (11.0, 44.0)]) == []
    shuffled = [around(6, 0.1)[i] for i in np.random.default_rng(1).permutation(6)]
    assert kin.members(shuffled) == kin.members(around(6, 0.1))


def test_what_is_needed_grows_with_places_and_time_and_falls_with_number(net):
    few = kin.members(around(4, 0.1))
    base = kin.needed(*net, few, 3600.0)
    assert 5.0 < base < net[0].needed(3600.0) - 3.0
    assert np.isclose(kin.needed(*net, few, 7200.0) - base, math.log(2.0))
    assert np.isclose(kin.needed(*net, few * 10, 3600.0), base - math.log(10.0))
    wide = kin.members(around(4, 0.25))
    assert kin.needed(*net, wide, 3600.0) > base


def test_only_places_around_members_are_home():
    members = kin.members(around(4, 0.1))
    assert kin.home(members, destination_(*CENTRE, 50.0, 0.25))
    assert not kin.home(members, destination_(*CENTRE, 50.0, 0.5))
    assert not kin.home([], CENTRE)
