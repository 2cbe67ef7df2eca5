"""A stream of picks ends where a batch does; what an event needs under the IDC's rule."""

import random

from test_associate_events import T0, false_picks, network, record

from testban import associate
from testban.associate.settings import Settings

HOUR = 3600 * 10**9


def three_hours():
    """Two events seven hours apart, with false picks around both."""
    sites = network(12)
    picks = record(sites, name="a") + false_picks(sites, 6)
    later = record(sites, where=(130.5, 40.0), t0=T0 + 7 * HOUR, seed=3, name="b")
    return sites, picks + later


def test_a_stream_in_portions_ends_exactly_as_a_batch():
    sites, picks = three_hours()
    batch = associate.associate(picks, sites)
    assert len(batch.events) == 2
    for order in ("time", "shuffled"):
        rest = sorted(picks, key=lambda p: (p.time_ns, p.pick_id))
        if order == "shuffled":
            random.Random(4).shuffle(rest)
        stream, seen, result = associate.Stream(sites), [], None
        for i in range(0, len(rest), 17):
            result = stream.feed(rest[i : i + 17])
            seen.append(len(result.events))
        assert result == batch
        assert seen[0] < 2


def test_the_rule_of_the_idc_asks_for_a_sum_of_weights():
    sites = network(4)
    picks = [p for p in record(sites, later=False) if p.phase_hint != "S"]
    four = associate.associate(picks, sites, Settings(add_score=-8.0))
    assert [e.origin.n_defining for e in four.events] == [4]
    assert associate.associate(picks, sites, Settings(add_score=-8.0, rule="idc")).events == ()
    many = network(9)
    assert len(associate.associate(record(many), many, Settings(rule="idc")).events) == 1
