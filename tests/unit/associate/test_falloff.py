"""The share of listening stations that saw an event falls with distance: what that says of a score that leaves it free."""

import itertools

import numpy as np
import pytest

from testban.associate import falloff
from testban.associate.circle import RADII_DEG


def counts(**bins):
    """Stations with P and those that listened, by bins named after their outer edge: d1_3=(2, 10) is the one to 1.3 deg."""
    out = np.zeros((2, falloff.N_BINS))
    for name, (n, of) in bins.items():
        out[:, RADII_DEG.index(float(name[1:].replace("_", ".")))] = n, of
    return out


def likelihood(n, of, f):
    return sum(a * np.log(q) + (b - a) * np.log(1 - q) for a, b, q in zip(n, of, f, strict=True) if b > 0)


def test_pooling_gives_the_falling_shares_that_fit_best():
    """Twin: all falling shares on a grid."""
    grid = np.linspace(0.01, 0.99, 50)
    for n, of in (
        ((1, 5, 2), (4, 8, 20)),
        ((0, 3, 4), (5, 6, 9)),
        ((3, 2, 1), (4, 6, 9)),
        ((2, 0, 5), (6, 3, 8)),
    ):
        c = counts(d0_9=(n[0], of[0]), d1_3=(n[1], of[1]), d3_5=(n[2], of[2]))
        best = max(likelihood(n, of, f) for f in itertools.product(grid, repeat=3) if f[0] >= f[1] >= f[2])
        assert falloff.falling_(c) == pytest.approx(best, abs=0.02)


def test_what_falls_off_loses_nothing():
    for c in (
        counts(d0_6=(4, 4), d1_8=(6, 9), d4_7=(2, 30)),
        counts(d0_6=(3, 4), d2_5=(9, 12), d4_7=(12, 16), d9_0=(15, 20)),
        counts(d4_7=(12, 50)),
        counts(),
    ):
        assert falloff.falloff_(c) == 0.0


def test_a_silent_network_near_by_speaks_against_what_is_seen_farther_off():
    silent = falloff.falloff_(counts(d2_5=(0, 30), d4_7=(3, 50), d6_0=(22, 60)))
    assert silent < -5.0
    assert falloff.falloff_(counts(d2_5=(0, 2), d6_0=(22, 60))) > -2.0  # two stations may be deaf
    assert falloff.falloff_(counts(d2_5=(20, 30), d6_0=(22, 60))) == 0.0
