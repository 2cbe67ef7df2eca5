"""Depth from recordings behind P: a planted depth is found, chance is what it says, and nothing shallow is buried by PcP."""

import msgspec
import numpy as np
import pytest

from testban.earth import travel
from testban.locate import Heard, stacked, stacked_depth

DISTANCES = (31.0, 44.0, 52.0, 68.0, 83.0)
TABLE = travel.load("ak135")


def _quiet(seed: int, deltas: tuple[float, ...] = DISTANCES) -> list[Heard]:
    """Shares of noise: independent over 2.4 s, as ranks of moving maxima are."""
    rng = np.random.default_rng(seed)
    return [
        Heard(
            longitude=10.0 * i,
            latitude=0.0,
            delta_deg=d,
            first_s=6.0,
            step_s=0.1,
            share=np.repeat(rng.permutation(92) + 1.0, 24) / 93.0,
        )
        for i, d in enumerate(deltas)
    ]


def _with(
    heard: list[Heard], depth: float, phases: tuple[str, ...] = ("pP", "sP"), share: float = 0.01
) -> list[Heard]:
    out = []
    for h in heard:
        own = h.share.copy()
        for phase in phases:
            t = TABLE.predict(phase, depth, h.delta_deg)[0] - TABLE.predict("P1", depth, h.delta_deg)[0]
            i = round((t - h.first_s) / h.step_s)
            own[max(0, i - 12) : i + 13] = share
        out.append(msgspec.structs.replace(h, share=own))
    return out


@pytest.mark.parametrize("depth", [36.0, 120.0, 276.0, 560.0])
def test_a_planted_depth_is_found(depth: float) -> None:
    found = stacked_depth(_with(_quiet(1), depth))
    assert found is not None
    assert abs(found.depth_km - depth) <= 8.0
    assert found.chance <= 0.003
    assert found.n_stations == len(DISTANCES)
    assert found.recorded == found.score
    assert depth < 60.0 or found.recorded > found.alike


def test_a_second_shot_is_alike_at_all_stations() -> None:
    heard = []
    for h in _quiet(4):
        own = h.share.copy()
        own[378:403] = 0.01  # 45 s behind P
        heard.append(msgspec.structs.replace(h, share=own))
    found = stacked_depth(heard)
    assert found is not None
    assert found.alike >= found.recorded


def test_chance_is_what_it_says() -> None:
    """Of 120 sets of noise as many reach a chance of 5 % and 20 % as that says (within four standard errors)."""
    chances = np.array([_chance(seed) for seed in range(120)])
    for level in (0.05, 0.2):
        expected, error = 120 * level, np.sqrt(120 * level * (1 - level))
        assert abs(int((chances <= level).sum()) - expected) <= 4.0 * error
    assert chances.min() >= 1.0 / (1.0 + stacked.TRIALS)


def _chance(seed: int) -> float:
    found = stacked_depth(_quiet(1000 + seed))
    assert found is not None
    return found.chance


def test_core_reflections_do_not_bury_a_shallow_source() -> None:
    heard = []
    for h in _quiet(3):
        t = TABLE.predict("PcP", 0.0, h.delta_deg)[0] - TABLE.predict("P1", 0.0, h.delta_deg)[0]
        own = h.share.copy()
        i = round((t - h.first_s) / h.step_s)
        own[max(0, i - 12) : i + 25] = 0.005
        heard.append(msgspec.structs.replace(h, share=own))
    with_pcp, without = stacked_depth(heard), stacked_depth(_quiet(3))
    assert with_pcp is not None
    assert without is not None
    assert with_pcp.score == pytest.approx(without.score, abs=0.6)


def test_what_the_picks_say_counts() -> None:
    from testban.locate import DepthPoint

    heard = _with(_quiet(5), 400.0, share=0.05)
    curve = [
        DepthPoint(depth_km=z, chi2=c, n_defining=8, longitude=0.0, latitude=0.0, time_ns=0)
        for z, c in ((0.0, 1.0), (30.0, 2.0), (100.0, 60.0), (700.0, 200.0))
    ]
    free, priced = stacked_depth(heard), stacked_depth(heard, curve=curve)
    assert free is not None
    assert priced is not None
    assert abs(free.depth_km - 400.0) <= 8.0
    assert priced.depth_km < 100.0


def test_the_kernel_is_its_slow_twin() -> None:
    rng = np.random.default_rng(9)
    worth, length = rng.normal(size=(3, 50)), np.array([50, 40, 45])
    place = rng.integers(-1, 40, size=(3, 2, 11))
    price, moves = rng.random(11), rng.random((20, 3))
    sums = []
    for shift in [(0, 0, 0), *[tuple((m * length.max()).astype(int)) for m in moves]]:
        total = -price
        for n in range(3):
            for c in range(2):
                at = (place[n, c] + shift[n]) % length[n]
                total = total + np.where(place[n, c] >= 0, worth[n, at], 0.0)
        sums.append(total)
    best, score, reached = stacked._stack(worth, length, place, price, moves)
    assert best == int(np.argmax(sums[0]))
    assert score == pytest.approx(float(sums[0].max()))
    assert reached == sum(s.max() >= sums[0].max() for s in sums[1:])


def test_stations_at_one_place_are_one_witness() -> None:
    """What scattered near the source is the same to neighbours: five of them prove nothing, five apart do."""
    heard = _with([_quiet(11)[0]] * 5, 300.0)
    apart = [msgspec.structs.replace(h, longitude=10.0 * i) for i, h in enumerate(heard)]
    near = [msgspec.structs.replace(h, longitude=0.2 * i) for i, h in enumerate(heard)]
    assert stacked_depth(near) is None
    alone, five = stacked_depth([*near, *_quiet(12)[3:]]), stacked_depth(apart)
    assert alone is not None
    assert five is not None
    assert alone.n_stations == 3
    assert five.chance <= 0.01 < alone.chance


def test_the_order_of_stations_does_not_matter() -> None:
    heard = _with(_quiet(2), 200.0)
    assert stacked_depth(heard) == stacked_depth(heard[::-1])


def test_too_few_stations_say_nothing() -> None:
    assert stacked_depth(_quiet(1)[:1]) is None
    assert stacked_depth(_quiet(1, (5.0, 12.0, 110.0))) is None
