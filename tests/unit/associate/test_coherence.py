"""A common wave front is worth something, scattered residuals of the same size are not."""

import msgspec
import pytest

from testban import locate
from testban.associate import coherence
from testban.base.geo import delaz_
from testban.base.records import Pick, Site
from testban.earth import travel


def small_network_far_event():
    sites = {
        f"S{i}": Site(key=f"S{i}", longitude=5.0 + 0.5 * (i % 4), latitude=60.0 + 0.5 * (i // 4))
        for i in range(12)
    }
    model = travel.load("ak135")
    picks = []
    for key, s in sites.items():
        delta = delaz_(78.0, 50.0, s.longitude, s.latitude)[0]
        t = float(model.predict("P1", 0.0, delta)[0])
        picks.append((Pick(pick_id=key, station_key=key, time_ns=round(t * 1e9), time_sigma_s=0.1), "P"))
    return sites, picks


def test_scattered_residuals_gain_nothing():
    sites, picks = small_network_far_event()
    settings = locate.Settings(search=False)
    smooth = locate.locate(picks, sites, settings, (78.0, 50.0, 0.0, 0))
    assert coherence.gain(smooth, sites) > 3.0
    rough = msgspec.structs.replace(
        smooth,
        arrivals=tuple(
            msgspec.structs.replace(a, residual_s=(a.residual_s or 0.0) + (1.2 if i % 2 else -1.2))
            for i, a in enumerate(smooth.arrivals)
        ),
    )
    assert coherence.gain(rough, sites) < -5.0


def test_three_picks_say_nothing():
    sites, picks = small_network_far_event()
    found = locate.locate(
        [picks[0], picks[3], picks[8]], sites, locate.Settings(search=False), (78.0, 50.0, 0.0, 0)
    )
    assert coherence.gain(found, sites) == pytest.approx(0.0)
