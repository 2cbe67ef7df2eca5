"""The worth of an event seen out to some distance: its nearest stations, all of them, against as many at random."""

import numpy as np

from testban.associate import circle, odds


def bins(near, far):
    """Ten listening stations in the bin to 1.3 deg and thirty in that to 6 deg; so many P picks of evidence 2 in each."""
    b = np.zeros((circle.N_CLASSED_BINS, circle.N_COLUMNS))
    for i, stations, n in ((4, 10.0, near), (9, 30.0, far)):
        b[i, [circle.ALL_P, circle.LISTENED]] = stations
        b[i, circle.CHANCE] = 0.5 * stations
        b[i, [circle.NUMBER, circle.N_P]] = n
        b[i, circle.EVIDENCE] = 2.0 * n
        b[i, circle.RAW_P] = (2.0 + np.log(2.0)) * n
    return b


def test_nearest_stations_are_worth_more_than_as_many_scattered_ones():
    gains = np.empty(odds.N_CLASSED)
    together, radius = circle.best_(bins(9.0, 0.0), gains)
    scattered, _ = circle.best_(bins(2.0, 7.0), gains)
    assert radius == 4
    assert together > scattered + 5.0
    for b in (bins(9.0, 0.0), bins(2.0, 7.0)):
        assert circle.best_(b, gains)[0] >= circle.beyond_(b, -1, gains)


def test_the_closed_form_of_a_share_is_the_greatest_likelihood_ratio():
    for raw, n, m in ((30.0, 6.0, 10.0), (20.0, 3.0, 40.0)):
        f = np.linspace(1e-4, circle.FULL, 20000)
        assert np.isclose(
            circle.share_gain_(raw, n, m), np.max(raw + n * np.log(f) + (m - n) * np.log(1 - f)), atol=1e-3
        )


def test_a_silent_network_nearby_bounds_what_is_seen_far_off():
    gains = np.empty(odds.N_CLASSED)

    def seen(listening):
        b = np.zeros((circle.N_CLASSED_BINS, circle.N_COLUMNS))
        b[circle.NEAR_BINS - 1, [circle.ALL_P, circle.LISTENED]] = listening
        b[circle.NEAR_BINS, circle.ALL_P] = 60.0
        b[circle.NEAR_BINS, circle.CHANCE] = 30.0
        b[circle.NEAR_BINS, [circle.NUMBER, circle.N_P]] = 20.0
        b[circle.NEAR_BINS, circle.EVIDENCE] = 60.0
        return circle.beyond_(b, -1, gains)

    assert seen(200.0) < seen(1.0) - 10.0
    assert seen(1.0) == seen(0.0)


def test_picks_at_the_rim_of_a_shadow_give_no_error_and_no_gain():
    """A pick may meet a phase at the exact distance where the curve, which goes in steps, has none."""
    gains = np.empty(odds.N_CLASSED)
    b = bins(0.0, 0.0)
    before = circle.beyond_(b, -1, gains)
    far = max(i for i in range(circle.N_BINS) if circle.ZONE_OF[i] >= circle.FAR_ZONE)
    b[far, [circle.NUMBER, circle.N_P]] = 2.0
    b[far, circle.EVIDENCE] = 8.0
    assert circle.beyond_(b, -1, gains) == before
